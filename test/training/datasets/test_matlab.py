from pathlib import Path

import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.training.datasets.matlab import read_whole_numbers

io = pytest.importorskip("scipy.io", reason="scipy, which writes the files that are read here, is not installed")


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8, np.uint16, np.int32, np.int64])
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("count", [1, 3, 200])
def test_reads_every_kind_of_number(tmp_path: Path, dtype: type, compressed: bool, count: int) -> None:
    values = np.arange(1, count + 1).astype(dtype)
    variables = {"other": np.ones((2, 2)), "text": "abc", "error": values.reshape(-1, 1), "z": np.zeros(3)}
    io.savemat(tmp_path / "401.mat", variables, do_compression=compressed)
    assert read_whole_numbers(tmp_path / "401.mat", "error") == values.astype(int).tolist()


def test_an_empty_array_has_no_values(tmp_path: Path) -> None:
    io.savemat(tmp_path / "401.mat", {"error": np.zeros((0, 0))})
    assert read_whole_numbers(tmp_path / "401.mat", "error") == []


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"errors": np.ones(3)}, "has no numeric array 'error'"),
        ({"error": "abc"}, "has no numeric array 'error'"),
        ({"error": np.array([1.5])}, "not whole"),
        ({"error": np.array([np.nan])}, "not whole"),
    ],
)
def test_other_contents_are_refused(tmp_path: Path, variables: dict[str, object], complaint: str) -> None:
    io.savemat(tmp_path / "401.mat", variables)
    with pytest.raises(InputError, match=f"401.mat: .*{complaint}"):
        read_whole_numbers(tmp_path / "401.mat", "error")


@pytest.mark.parametrize("compressed", [False, True])
def test_files_cut_short_are_refused(tmp_path: Path, compressed: bool) -> None:
    path = tmp_path / "401.mat"
    io.savemat(path, {"error": np.random.default_rng(0).integers(0, 2000, 500)}, do_compression=compressed)
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(InputError, match="401.mat: damaged MATLAB file"):
        read_whole_numbers(path, "error")


@pytest.mark.parametrize("content", [b"", b"MATLAB 7.3 MAT-file, HDF5" + bytes(500)])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "401.mat"
    path.write_bytes(content)
    with pytest.raises(InputError, match="401.mat: not a MATLAB 5 file"):
        read_whole_numbers(path, "error")
