"""docs/recognition.md tells the numbers that the code has."""

from dataclasses import fields
from pathlib import Path

import pytest

from rednet_ros.tracking.recognition.by_dlib import DlibRecognizer
from rednet_ros.tracking.recognition.by_onnx import FORMAT, SFACE_THRESHOLD
from rednet_ros.tracking.recognition.gallery import MARGIN, MAX_DEPARTED
from rednet_ros.tracking.recognition.portrait import KNOWN_FRAMES, KNOWN_LOOKS, MAX_TURN, MAX_VIEWS, MIN_INSIDE
from rednet_ros.tracking.recognition.recognition import LOOK_INTERVAL_S, MAX_WAIT_FRAMES, MAX_WAIT_S, RECOVERED_S
from rednet_ros.tracking.settings import TrackerSettings

PAGE = " ".join((Path(__file__).parents[2] / "docs" / "recognition.md").read_text(encoding="utf-8").split())


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (KNOWN_FRAMES, "After {} such frames"),
        (KNOWN_LOOKS, "until there are {} looks"),
        (f"{LOOK_INTERVAL_S:g}", "then every {} s"),
        (f"{MAX_WAIT_S:g}", "does so for {} s at most"),
        (MAX_VIEWS, "up to {} vectors"),
        (DlibRecognizer.threshold, "| CC0-1.0 | {} |"),
        (SFACE_THRESHOLD, "SFace {} |"),
        (FORMAT, '"format": "{}"'),
        (MAX_WAIT_FRAMES, "in the {}th good frame at the latest"),
        (MAX_DEPARTED, "At most {} departed faces"),
        (round(100 * MIN_INSIDE), "less than {} % of the landmarks"),
    ],
)
def test_numbers(value: object, told: str) -> None:
    assert told.format(value) in PAGE


def test_numbers_in_words() -> None:
    assert (MARGIN, RECOVERED_S, MAX_TURN) == (0.1, 1.0, 0.6)
    assert "by a tenth of what lies between threshold and 1" in PAGE
    assert "For one second" in PAGE
    assert "about 35 degrees" in PAGE  # 0.8 of whose tangent is 0.6


def test_every_parameter() -> None:
    names = [field.name for field in fields(TrackerSettings) if field.name.startswith("recognition")]
    assert len(names) == 3
    assert all(f"| `{name}` |" in PAGE for name in names)
