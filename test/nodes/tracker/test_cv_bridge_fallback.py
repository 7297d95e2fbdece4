"""Stand-ins for cv_bridge, sound and broken, on the module path."""

from types import SimpleNamespace

import numpy as np
import pytest

from rednet_ros.nodes.tracker import cv_bridge_fallback
from rednet_ros.nodes.tracker.image_conversion import ImageError, to_bgr

SOUND = """
import numpy as np

class CvBridge:
    def imgmsg_to_cv2(self, message, desired_encoding):
        if message.encoding not in ("mono16", "grey16"):
            raise RuntimeError(f"[{message.encoding}] is not a color format")
        grey = np.frombuffer(message.data, "<u2").reshape(message.height, message.width) >> 8
        return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=-1)
"""
BROKEN_AT_IMPORT = "raise ImportError('numpy.core.multiarray failed to import')"
BROKEN_AT_CALL = """
class CvBridge:
    def imgmsg_to_cv2(self, message, desired_encoding):
        raise AttributeError('_ARRAY_API not found')
"""
DEADLY = """
import os

class CvBridge:
    def imgmsg_to_cv2(self, message, desired_encoding):
        os.kill(os.getpid(), 9)
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Puts a stand-in cv_bridge first on the module path and forgets what was found before."""

    def put(source):
        (tmp_path / "cv_bridge.py").write_text(source)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(__import__("sys").modules, "cv_bridge", raising=False)

    cv_bridge_fallback.probe.cache_clear()
    yield put
    cv_bridge_fallback.probe.cache_clear()
    __import__("sys").modules.pop("cv_bridge", None)


@pytest.fixture
def deep_image():
    values = np.array([[0, 256], [512, 65535]], "<u2")
    return SimpleNamespace(width=2, height=2, encoding="grey16", is_bigendian=0, step=4, data=values.tobytes())


def test_a_sound_cv_bridge_is_used(install, deep_image):
    install(SOUND)
    assert to_bgr(deep_image)[..., 0].tolist() == [[0, 1], [2, 255]]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (BROKEN_AT_IMPORT, "numpy.core.multiarray failed to import"),
        (BROKEN_AT_CALL, "_ARRAY_API not found"),
        (DEADLY, "code -9"),
    ],
)
def test_a_broken_cv_bridge_is_named_and_never_loaded_here(install, deep_image, source, reason):
    install(source)
    with pytest.raises(ImageError, match="does not work here") as caught:
        to_bgr(deep_image)
    assert reason in str(caught.value)


def test_what_cv_bridge_cannot_convert_is_reported_in_its_words(install, deep_image):
    install(SOUND)
    deep_image.encoding = "32FC2"
    with pytest.raises(ImageError, match=r"\[32FC2\] is not a color format"):
        to_bgr(deep_image)
