"""From the node's parameters to the tracker it runs, and what to tell of it."""

from __future__ import annotations

from collections.abc import Callable

from rednet_ros.nodes.frame_pipeline import Tracker
from rednet_ros.nodes.tracker_parameters import DETECTIONS_TOPIC, TrackerParameters

TrackerFactory = Callable[[TrackerParameters], Tracker]


def load_tracker(parameters: TrackerParameters) -> Tracker:
    """The real tracker. Raises RednetError where the weights, the detector or the device cannot be used."""
    from rednet_ros.tracking.detector import NoDetector, load_detector
    from rednet_ros.tracking.tracker import FaceTracker  # loads torch: seconds, and only when needed

    comes_by_topic = parameters.detector == DETECTIONS_TOPIC
    return FaceTracker(
        parameters.weights,
        parameters.device,
        detector=NoDetector() if comes_by_topic else load_detector(parameters.detector),
        settings=parameters.settings(),
    )


def tracker_figures(tracker: Tracker) -> dict[str, object]:
    """What `tracker` says of itself for people; of another tracker than the real one, the name of its weights."""
    figures = getattr(tracker, "figures", None)
    return {"weights": tracker.weights_name} if figures is None else dict(figures())
