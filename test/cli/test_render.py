from pathlib import Path

import pytest

from rednet_ros.cli import render


def test_missing_assets_are_an_error_of_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert render.main(["--assets", str(tmp_path / "absent"), "--output", str(tmp_path / "out")]) == 2
    assert "absent: no such folder" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("wrong", [["--count", "-1"], ["--size", "0"], ["--seed", "x"]])
def test_wrong_numbers_are_refused(tmp_path: Path, wrong: list[str]) -> None:
    with pytest.raises(SystemExit):
        render.main(["--assets", str(tmp_path), "--output", str(tmp_path), *wrong])


def test_output_that_is_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out").write_text("")
    monkeypatch.setattr(render, "find_assets", lambda _: None)
    assert render.main(["--assets", str(tmp_path), "--output", str(tmp_path / "out")]) == 2
    assert "out" in capsys.readouterr().err
