"""Long commands: what is shown and what is kept."""

import sys
from pathlib import Path

import pytest
from environment import progress
from environment.layout import SetupError
from environment.progress import run_logged


def python(code: str) -> list[str]:
    return [sys.executable, "-u", "-c", code]


def test_a_failure_shows_its_output_and_the_log(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "setup.log"
    with pytest.raises(SetupError) as failure:
        run_logged("Building", python("print('no compiler'); raise SystemExit(3)"), log)
    assert "Building failed (exit code 3)" in str(failure.value)
    assert "no compiler" in str(failure.value)
    assert str(log) in str(failure.value)
    assert "no compiler" in log.read_text()


def test_a_success_keeps_its_output_for_the_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "setup.log"
    run_logged("First", python("print('one')"), log)
    run_logged("Second", python("print('two')"), log)
    assert "First: done in" in capsys.readouterr().out
    assert log.read_text().index("one") < log.read_text().index("two")


def test_a_long_command_reports_its_last_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_REPORTS", {True: 0.05, False: 0.05})
    run_logged("Building", python("print('half way'); import time; time.sleep(0.5)"), tmp_path / "setup.log")
    assert "half way" in capsys.readouterr().out
