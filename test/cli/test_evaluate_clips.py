"""rednet-evaluate --flicker, on small videos with a network that trembles."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from rednet_ros.cli import evaluate
from rednet_ros.errors import InputError
from rednet_ros.evaluation.flicker_run import clips
from rednet_ros.evaluation.networks import Network
from rednet_ros.inference.types import Estimate, FaceState
from rednet_ros.network.config import REDNetConfig
from rednet_ros.tracking.crops import CROP_SCALE
from rednet_ros.tracking.mean_shape import MEAN_SHAPE
from rednet_ros.tracking.types import Box, Detection, FloatArray, ImageArray

SIDE_PX = 64


def mean_face(center: float, side: float) -> FloatArray:
    """The mean face upright in a box of this longer side."""
    box = Box.around(MEAN_SHAPE)
    return ((MEAN_SHAPE - box.center) * side / max(box.width, box.height) + center).astype(np.float32)


class TremblingEngine:
    """Sees a face that fills the crop as it should, its mouth aside by a random pixel; by a quarter of it with state.

    The mouth alone: it lies within the box, so that the next crop stays the same.
    """

    crop_size_px, weights_name = SIDE_PX, "trembling"
    identity_threshold, gives_identity = None, False

    def __init__(self, has_state: bool = True) -> None:
        self._has_state = has_state
        self._noise = np.random.default_rng(0)

    def initial_state(self, faces: int) -> FaceState | None:
        return FaceState.zeros(REDNetConfig().state_shapes, faces) if self._has_state else None

    def run(self, crops: ImageArray, previous_px: FloatArray, state: FaceState | None) -> Estimate:
        scale = 0.25 if state is not None and state.parts["hidden"][0, 0] > 0 else 1.0
        usual = mean_face((SIDE_PX - 1) / 2, SIDE_PX / CROP_SCALE)
        growth = np.ptp(previous_px[:, :, 0], axis=1) / np.ptp(usual[:, 0])  # where the crop is a closer one
        growth = np.where(np.isfinite(growth), growth, 1.0)[:, None, None]
        landmarks = ((usual - (SIDE_PX - 1) / 2) * growth + (SIDE_PX - 1) / 2).astype(np.float32)
        landmarks[:, 48:] += scale * self._noise.normal(size=(20, 2)).astype(np.float32)
        following = None if state is None else FaceState({name: part + 1 for name, part in state.parts.items()})
        return Estimate(landmarks, np.full((len(crops), 68), 0.9, np.float32), None, following)


class FixedDetector:
    """One face in the middle of images that are not dark."""

    def detect(self, image_bgr: ImageArray) -> list[Detection]:
        if image_bgr.mean() < 50:
            return []
        points = mean_face(60, 60)
        five = [points[36:42].mean(axis=0), points[42:48].mean(axis=0), points[30], points[48], points[54]]
        return [Detection(Box.around(points), 0.9, np.array(five, np.float32))]


@pytest.fixture
def _trembling(monkeypatch: pytest.MonkeyPatch) -> None:
    def open_fakes(weights: list[str], device: str, major_only: bool, steps: int | None = None) -> list[Network]:
        return [Network(name, TremblingEngine(name != "still"), FixedDetector()) for name in weights]

    monkeypatch.setattr(evaluate, "open_networks", open_fakes)


def make_clip(folder: Path, levels: list[int]) -> Path:
    """A folder of frames."""
    folder.mkdir(parents=True)
    for index, level in enumerate(levels):
        cv2.imwrite(str(folder / f"{index:03}.png"), np.full((120, 120, 3), level, np.uint8))
    return folder


@pytest.mark.usefixtures("_trembling")
def test_flicker_of_the_tracker_is_less_than_frame_by_frame_and_the_report_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip, target = make_clip(tmp_path / "clip", [200] * 40), tmp_path / "flicker.json"
    assert evaluate.main(["--flicker", str(clip), "--weights", "fake", "--json", str(target)]) == 0
    record = json.loads(target.read_text())
    assert (record["clips"][0]["faces"], record["frames"]) == (1, 38)  # an acceleration needs a frame on either side
    assert record["share"] == pytest.approx(0.25, rel=0.2)
    # The second difference of independent normal steps has sqrt(1 + 4 + 1) times their deviation on either axis, its
    # length sqrt(pi / 2) times that in the mean; 20 of 68 landmarks move.
    eyes_px = np.ptp(mean_face(0, SIDE_PX / CROP_SCALE)[[36, 45], 0])
    expected = 100 * np.sqrt(6) * np.sqrt(np.pi / 2) / eyes_px * 20 / 68
    assert record["flicker"]["frame by frame"] == pytest.approx(expected, rel=0.1)
    assert record["away"]["frame by frame"] == 0.0
    assert record["lost"]["tracker"] == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0][:2] == ["weights", "fake:"]
    assert [line[:3] for line in lines if line[0] == "clip"][1:] == [["clip", "1", "38"]]
    (share,) = [line for line in lines if line[:3] == ["tracker,", "as", "a"]]
    assert float(share[-1]) == pytest.approx(0.25, rel=0.2)


@pytest.mark.usefixtures("_trembling")
def test_in_the_mean_of_shares_a_long_clip_weighs_as_much_as_a_short_one(tmp_path: Path) -> None:
    clips = [make_clip(tmp_path / f"clip{index}", [200] * count) for index, count in enumerate((12, 90))]
    target = tmp_path / "flicker.json"
    assert evaluate.main(["--flicker", *map(str, clips), "--weights", "fake", "--json", str(target)]) == 0
    record = json.loads(target.read_text())
    shares = [clip["flicker"]["tracker"] / clip["flicker"]["frame by frame"] for clip in record["clips"]]
    assert record["clip_share"] == pytest.approx(np.mean(shares), abs=2e-3)
    assert record["share"] == pytest.approx(np.average(shares, weights=[8, 86]), rel=0.05)


@pytest.mark.usefixtures("_trembling")
def test_weights_without_state_flicker_by_both_rules(tmp_path: Path) -> None:
    clip, target = make_clip(tmp_path / "clip", [200] * 40), tmp_path / "flicker.json"
    arguments = ["--flicker", str(clip), "--weights", "still", "--weights", "fake", "--json", str(target)]
    assert evaluate.main(arguments) == 0
    still, fake = json.loads(target.read_text())
    assert (still["has_state"], fake["has_state"]) == (False, True)
    assert still["share"] == pytest.approx(1.0, rel=0.2)


@pytest.mark.usefixtures("_trembling")
def test_a_clip_without_a_face_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip, target = make_clip(tmp_path / "clip", [10] * 12), tmp_path / "flicker.json"
    assert evaluate.main(["--flicker", str(clip), "--weights", "fake", "--json", str(target)]) == 0
    record = json.loads(target.read_text())
    assert (record["frames"], record["flicker"]["tracker"]) == (0, None)
    assert "-" in capsys.readouterr().out.splitlines()[2]


def test_folders_are_frames_or_videos(tmp_path: Path) -> None:
    frames = make_clip(tmp_path / "frames", [10])
    videos = tmp_path / "videos"
    videos.mkdir()
    for name in ("b.mp4", "a.avi", ".hidden"):
        (videos / name).touch()
    assert clips([str(frames), str(videos)]) == [frames, videos / "a.avi", videos / "b.mp4"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds neither"):
        clips([str(tmp_path / "empty")])


def test_a_folder_of_videos_holds_them_in_order_and_nothing_else(tmp_path: Path) -> None:
    for name in ("clip10.mp4", "clip9.mp4", "._clip9.mp4", ".DS_Store"):
        (tmp_path / name).touch()
    assert [path.name for path in clips([str(tmp_path)])] == ["clip9.mp4", "clip10.mp4"]
    (tmp_path / "._frame.jpg").touch()  # not a folder of images for that
    assert len(clips([str(tmp_path)])) == 2
