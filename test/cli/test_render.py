import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from rednet_ros.cli import render
from rednet_ros.errors import InputError
from rednet_ros.media.images import DARK_GROUND


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


def write_rows(folder: Path, count: int) -> None:
    cv2.imwrite(str(folder / "grey.png"), np.full((2 * render.TILE_PX, 2 * render.TILE_PX, 3), 90, np.uint8))
    row = {"image": "grey.png", "points": [[100, 60]] * 34 + [[200, 180]] * 34, "visible": [1] * 34 + [0] * 34}
    (folder / "labels.jsonl").write_text((json.dumps(row) + "\n") * count)


def test_faces_stand_side_by_side_with_their_points(tmp_path: Path) -> None:
    write_rows(tmp_path, 10)
    render.write_sheet(tmp_path, tmp_path / "sheet.png")
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    gap_px, pitch_px = 2, render.TILE_PX + 2
    assert sheet.shape == (gap_px + 2 * pitch_px, gap_px + 8 * pitch_px, 3)
    np.testing.assert_allclose(sheet[gap_px + 30, gap_px + 50], render.SEEN_BGR, atol=3)
    np.testing.assert_allclose(sheet[gap_px + 90, gap_px + 7 * pitch_px + 100], render.HIDDEN_BGR, atol=3)
    rest = sheet[gap_px + pitch_px :, gap_px + 2 * pitch_px :]
    assert (rest == DARK_GROUND).all(), "no faces are left for the rest of the second row"


def test_nothing_rendered_and_no_picture_format(tmp_path: Path) -> None:
    write_rows(tmp_path, 0)
    with pytest.raises(InputError, match="nothing is rendered"):
        render.write_sheet(tmp_path, tmp_path / "sheet.png")
    write_rows(tmp_path, 1)
    with pytest.raises(InputError, match="take .png or .jpg"):
        render.write_sheet(tmp_path, tmp_path / "sheet.txt")
