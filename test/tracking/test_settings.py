import pytest

from rednet_ros.errors import InputError
from rednet_ros.tracking.settings import TrackerSettings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_faces", 0),
        ("confirm_frames", 0),
        ("min_confidence", 1.5),
        ("min_face_px", float("nan")),
        ("detection_interval_s", -1.0),
        ("max_gap_s", float("inf")),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(InputError, match=f"{name} must be"):
        TrackerSettings(**{name: value})
