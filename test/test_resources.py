"""Tests of rednet_ros.resources."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rednet_ros.errors import RednetError, WeightsError
from rednet_ros.resources import DEFAULT_WEIGHTS, models_dir, resolve_weights

PRINT_MODELS_DIR = "from rednet_ros.resources import models_dir; print(models_dir())"


@pytest.fixture
def package_copy(repository: Path, tmp_path: Path) -> Path:
    """site-packages of a made-up prefix, with the modules that the search needs and nothing else."""
    site = tmp_path / "prefix/lib/python3/site-packages"
    (site / "rednet_ros").mkdir(parents=True)
    for name in ("__init__.py", "errors.py", "files.py", "resources.py"):
        shutil.copy(repository / "rednet_ros" / name, site / "rednet_ros" / name)
    return site


def ask(site: Path, ament_prefix_path: str = "") -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(site), "AMENT_PREFIX_PATH": ament_prefix_path}
    command = [sys.executable, "-S", "-c", PRINT_MODELS_DIR]
    return subprocess.run(command, env=environment, cwd=site, capture_output=True, text=True, check=False)


def test_a_checkout_finds_its_own_models(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDNET_ROS_MODELS", raising=False)
    assert models_dir() == repository / "models"


def test_the_variable_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDNET_ROS_MODELS", str(tmp_path))
    assert models_dir() == tmp_path


def test_a_wrong_variable_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDNET_ROS_MODELS", str(tmp_path / "absent"))
    with pytest.raises(RednetError, match="REDNET_ROS_MODELS=.*absent is no folder"):
        models_dir()


def test_an_installed_package_finds_the_share_folder_of_its_prefix(package_copy: Path, tmp_path: Path) -> None:
    models = tmp_path / "prefix/share/rednet_ros/models"
    models.mkdir(parents=True)
    assert ask(package_copy).stdout.strip() == str(models)


def test_a_package_outside_a_prefix_finds_the_one_of_ament(package_copy: Path, tmp_path: Path) -> None:
    models = tmp_path / "workspace/share/rednet_ros/models"
    models.mkdir(parents=True)
    assert ask(package_copy, f"{tmp_path / 'other'}:{tmp_path / 'workspace'}").stdout.strip() == str(models)


def test_without_any_models_the_error_says_what_to_do(package_copy: Path) -> None:
    answer = ask(package_copy)
    assert answer.returncode != 0
    assert "set REDNET_ROS_MODELS to a folder of weights" in answer.stderr


def test_weights_whose_card_alone_is_installed_are_said_to_be_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDNET_ROS_MODELS", str(tmp_path))
    (tmp_path / "rednet-base.md").touch()
    (tmp_path / "rednet-lite.onnx").touch()
    with pytest.raises(
        WeightsError, match=f"copy it from the folder models .* to {tmp_path}, .*; here are rednet-lite$"
    ):
        resolve_weights("rednet-base")


@pytest.mark.parametrize("name", ["demo.launch.py", "replay.launch.py"])
def test_launch_files_start_with_the_default_weights(name):
    text = (Path(__file__).parents[1] / "launch" / name).read_text()
    assert f'"weights", default_value="{DEFAULT_WEIGHTS}"' in " ".join(text.split()).replace("( ", "(")
