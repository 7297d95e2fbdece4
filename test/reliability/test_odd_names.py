"""Files whose names are not UTF-8, or are, in a locale that is not: everything that a C++ library opens."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rednet_ros.resources import models_dir

NAMES = [b"M\xe4rz", "Март".encode()]
LOCALES = [{}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}]

SCRIPT = r"""
import importlib.util, os, shutil, sys
from pathlib import Path
import cv2, numpy as np, torch
from rednet_ros.errors import RednetError
from rednet_ros.inference.engine import LandmarkEngine
from rednet_ros.media.images import read_image, read_with_alpha, write_image
from rednet_ros.network import weights
from rednet_ros.network.config import REDNetConfig
from rednet_ros.network.rednet import REDNet
from rednet_ros.tracking.detector.models import YuNet, load_detector
from rednet_ros.media.video import VideoWriter, open_source, silence_codecs
from rednet_ros.training.imagenet_encoder import _read as read_encoder
from rednet_ros.training.datasets.pictures import announced_frames

silence_codecs()
folder = Path(sys.argv[1])
image = np.full((48, 64, 3), 200, np.uint8)
write_image(folder / "a.png", image)
assert read_image(folder / "a.png").shape == read_with_alpha(folder / "a.png").shape == (48, 64, 3)
assert len(list(open_source(folder / "a.png"))) == len(list(open_source(str(folder)))) == 1
with VideoWriter(folder / "a.mp4", 25) as writer:
    for _ in range(5):
        writer.write(image)
assert len(list(open_source(folder / "a.mp4"))) == announced_frames(folder / "a.mp4") == 5
shutil.copy(sys.argv[2], folder / "detector.onnx")
assert load_detector(str(folder / "detector.onnx")).detect(image) == []
try:
    YuNet(folder / "detector.onnx").detect(image)
except RednetError:
    pass  # no YuNet; the process lives
tiny = REDNet(REDNetConfig(backbone="resnet14", width=0.05, crop_px=64, temporal="none", identity=False))
weights.save(folder / "w.safetensors", tiny, weights.WeightsInfo("w", "none", "none"))
assert weights.load(folder / "w.safetensors")[1].name == "w"
assert read_encoder(folder / "w.safetensors")
for kind in ("onnx", "json", "safetensors"):
    shutil.copy(Path(sys.argv[2]).with_name(f"rednet-lite.{kind}"), folder)
for backend in ("opencv", *(["openvino"] if importlib.util.find_spec("openvino") else [])):
    assert LandmarkEngine.load(folder / "rednet-lite.safetensors", "cpu", backend=backend).notices == ()
print("survived")
"""


def run(script, *arguments, **variables):
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG", "PYTHONUTF8"))}
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={**environment, **variables},
        capture_output=True,
        timeout=120,
    )


@pytest.mark.parametrize("locale", LOCALES, ids=["usual", "C"])
@pytest.mark.parametrize("name", NAMES, ids=["latin-1", "utf-8"])
def test_no_name_ends_the_process(tmp_path, name, locale):
    folder = os.path.join(os.fsencode(tmp_path), name)  # noqa: PTH118  # bytes
    Path(os.fsdecode(folder)).mkdir()
    result = run(SCRIPT, folder, str(models_dir() / "centerface.onnx"), **locale)
    assert result.stdout.split() == [b"survived"], (result.returncode, result.stderr[-2000:])


OPENERS = r"(cv2\.VideoCapture|cv2\.VideoWriter|FaceDetectorYN\.create|safe_open|load_file|read_model|readNet\w*)"
SAFE = r"plain|np\.fromfile|np\.frombuffer|file\.graph|graph, numbers|found\.place|str\(found\.place\)|self\b"


def test_no_module_hands_a_path_to_a_library_by_itself(repository):
    """OpenCV's own readers of image files are not used at all; every other opener gets what `library_path` gives."""
    found = []
    for file in [*(repository / "rednet_ros").rglob("*.py"), *(repository / "scripts").rglob("*.py")]:
        text = file.read_text(encoding="utf-8")
        found += [(file.name, match[0]) for match in re.finditer(r"cv2\.(imread|imwrite|imreadmulti)\(.*", text)]
        found += [(file.name, match[0]) for match in re.finditer(rf"\b{OPENERS}\((?!{SAFE}).*", text)]
    assert found == []
