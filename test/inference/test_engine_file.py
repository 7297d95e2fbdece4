import json

import pytest

from rednet_ros.inference import engine_file
from rednet_ros.inference.engine_file import EngineFile, EngineMismatchError

HERE = {"gpu": "NVIDIA Orin", "tensorrt": "10.3.0"}


@pytest.fixture
def engine(tmp_path):
    file = EngineFile(tmp_path / "sub" / "net.ep", "a" * 64)
    file.write(lambda path: path.write_bytes(b"engine") and None, {**HERE, "parity_px": 0.02})
    return file


def test_an_engine_of_this_machine_and_these_weights_is_taken(engine):
    told = engine.check(HERE)
    assert told["parity_px"] == 0.02
    assert json.loads(engine.sidecar.read_text())["weights_sha256"] == "a" * 64


def test_each_thing_that_differs_is_named(engine):
    with pytest.raises(EngineMismatchError) as caught:
        engine.check({"gpu": "NVIDIA H100", "tensorrt": "10.9"})
    assert "gpu is 'NVIDIA Orin' in the file, 'NVIDIA H100' here" in str(caught.value)
    assert "tensorrt is '10.3.0' in the file, '10.9' here" in str(caught.value)


def test_an_engine_of_other_weights_is_refused(engine):
    with pytest.raises(EngineMismatchError, match="weights_sha256"):
        EngineFile(engine.path, "b" * 64).check(HERE)


def test_an_engine_of_an_older_graph_is_refused(engine, monkeypatch):
    monkeypatch.setattr(engine_file, "GRAPH_VERSION", engine_file.GRAPH_VERSION + 1)
    with pytest.raises(EngineMismatchError, match="graph_version"):
        engine.check(HERE)


def test_a_damaged_engine_is_refused(engine):
    engine.path.write_bytes(b"engin")
    with pytest.raises(EngineMismatchError, match="damaged"):
        engine.check(HERE)


@pytest.mark.parametrize("text", ["", "[1]", "{", "null"])
def test_a_sidecar_that_is_none_is_refused(engine, text):
    engine.sidecar.write_text(text)
    with pytest.raises(EngineMismatchError, match="sidecar|cannot be read"):
        engine.check(HERE)


def test_a_missing_engine_is_told(engine):
    engine.path.unlink()
    with pytest.raises(EngineMismatchError, match="cannot be read"):
        engine.check(HERE)
    engine.sidecar.unlink()
    with pytest.raises(EngineMismatchError, match="there is no engine"):
        engine.check(HERE)


def write_two_files(path):
    path.write_bytes(b"structure")
    path.with_suffix(".bin").write_bytes(b"numbers")


@pytest.mark.parametrize("damage", [lambda file: file.write_bytes(bytes(7)), lambda file: file.unlink()])
def test_every_file_of_an_engine_is_checked(engine, damage):
    engine.write(write_two_files, HERE)
    engine.check(HERE)
    damage(engine.path.with_suffix(".bin"))
    with pytest.raises(EngineMismatchError, match=r"net\.bin is damaged|net\.bin cannot be read"):
        engine.check(HERE)


def test_a_sidecar_that_does_not_say_what_the_engine_holds_is_refused(engine):
    """Those of version 0.1 had the checksum of one file only."""
    told = json.loads(engine.sidecar.read_text())
    del told["files_sha256"]
    engine.sidecar.write_text(json.dumps(told))
    with pytest.raises(EngineMismatchError, match=r"no checksum of net\.ep"):
        engine.check(HERE)


def test_half_an_engine_is_never_seen(engine):
    def fail(path):
        path.write_bytes(b"half")
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space"):
        engine.write(fail, HERE)
    engine.check(HERE)  # the one of before is still whole
    assert engine.path.read_bytes() == b"engine"
    assert {path.name for path in engine.path.parent.iterdir()} == {"net.ep", "net.json"}
    new = EngineFile(engine.path.with_name("new.ep"), "a" * 64)
    with pytest.raises(OSError, match="No space"):
        new.write(fail, HERE)
    with pytest.raises(EngineMismatchError, match="there is no engine"):
        new.check(HERE)


def test_engines_of_other_weights_have_other_names(tmp_path, monkeypatch):
    monkeypatch.setenv(engine_file.CACHE_VARIABLE, str(tmp_path / "cache"))
    names = set()
    for content in (b"one", b"two"):
        (tmp_path / "mine.safetensors").write_bytes(content)
        names.add(engine_file.usual_file(tmp_path / "mine.safetensors", "tensorrt").path)
    assert len(names) == 2
    assert {path.parent for path in names} == {tmp_path / "cache"}
