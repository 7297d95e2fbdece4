"""Steps are repeated when an input changes, and only then."""

from pathlib import Path

from environment.stamps import Stamp, fingerprint


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


def test_a_stamp_agrees_with_what_was_written_last(tmp_path: Path) -> None:
    stamp = Stamp(tmp_path / "stamps" / "messages")
    assert not stamp.agrees("a")
    stamp.write("a")
    assert stamp.agrees("a")
    assert not stamp.agrees("b")
    stamp.remove()
    assert not stamp.agrees("a")
