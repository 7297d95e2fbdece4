import json
from pathlib import Path

import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.training.datasets import LOADERS, open_dataset


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    points = np.arange(136, dtype=float).reshape(68, 2).tolist()
    path = tmp_path / "labels.jsonl"
    path.write_text(json.dumps({"image": "a.png", "source": "render", "points": points}) + "\n")
    return path


@pytest.mark.parametrize("spec", ["{file}", "labels:{file}", "labels:{folder}"])
def test_labels_files_need_no_format(labels: Path, spec: str) -> None:
    (face,) = open_dataset(spec.format(file=labels, folder=labels.parent))
    assert (face.source, face.image_path) == ("render", labels.parent / "a.png")


@pytest.mark.parametrize("name", LOADERS)
def test_what_does_not_exist_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="nowhere: no such file or folder"):
        open_dataset(f"{name}:{tmp_path / 'nowhere'}")


@pytest.mark.parametrize("name", LOADERS)
def test_an_empty_folder_is_no_data_set(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"expected|no such labels file"):
        open_dataset(f"{name}:{tmp_path}")


def test_an_unknown_format_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match="unknown format 'wflw'; the formats are labels, 300w, 300vw, helen, lfpw, aflw"
    ):
        open_dataset(f"wflw:{tmp_path}")


def test_a_folder_needs_its_format(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="say its format, as in 300w:"):
        open_dataset(str(tmp_path))


def test_a_format_needs_its_path() -> None:
    with pytest.raises(InputError, match="the path is missing behind the format, such as aflw:FOLDER"):
        open_dataset("aflw:")


def test_a_file_is_no_folder(labels: Path) -> None:
    with pytest.raises(InputError, match="expected the folder of the data set 300w, this is a file"):
        open_dataset(f"300w:{labels}")
