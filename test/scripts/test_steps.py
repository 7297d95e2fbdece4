"""The steps of the set-up: what is shown, what is kept, and what is repeated."""

import sys
from pathlib import Path

import pytest
from environment import steps
from environment.layout import SetupError
from environment.steps import fingerprint, once, run_logged


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


def test_a_failure_shows_nothing_of_the_step_before(tmp_path: Path) -> None:
    run_logged("First", python("print('one')"), tmp_path / "setup.log")
    with pytest.raises(SetupError) as failure:
        run_logged("Second", python("raise SystemExit('two')"), tmp_path / "setup.log")
    assert "two" in str(failure.value)
    assert "one" not in str(failure.value)


def test_a_success_keeps_its_output_for_the_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "setup.log"
    run_logged("First", python("print('one')"), log)
    run_logged("Second", python("print('two')"), log)
    assert "First: done in" in capsys.readouterr().out
    assert log.read_text().index("one") < log.read_text().index("two")


def test_a_long_command_reports_its_last_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "REPORT_INTERVAL_S", 0.05)
    run_logged("Building", python("print('half way'); import time; time.sleep(0.5)"), tmp_path / "setup.log")
    assert "half way" in capsys.readouterr().out


def test_a_fingerprint_follows_texts_names_and_contents(tmp_path: Path) -> None:
    file = tmp_path / "Face.msg"
    file.write_text("string id")
    first = fingerprint(["3.11"], [file])
    assert fingerprint(["3.11"], [file]) == first
    assert fingerprint(["3.12"], [file]) != first

    file.write_text("string name")
    assert fingerprint(["3.11"], [file]) != first

    renamed = file.rename(tmp_path / "Head.msg")
    renamed.write_text("string id")
    assert fingerprint(["3.11"], [renamed]) != first


def test_a_step_is_repeated_for_another_key_only(tmp_path: Path) -> None:
    done: list[str] = []
    for key in ("a", "a", "b", "b", "a"):
        once(tmp_path / "stamps" / "messages", key, lambda key=key: done.append(key))
    assert done == ["a", "b", "a"]


def test_a_step_that_failed_is_repeated(tmp_path: Path) -> None:
    stamp, done = tmp_path / "messages", []
    once(stamp, "a", lambda: done.append("first"))
    with pytest.raises(ZeroDivisionError):
        once(stamp, "b", lambda: done.append(1 // 0))
    once(stamp, "a", lambda: done.append("again"))
    assert done == ["first", "again"]
