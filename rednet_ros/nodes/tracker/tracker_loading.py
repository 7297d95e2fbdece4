"""From the node's parameters to the tracker it runs, and what to tell of it."""

from __future__ import annotations

from collections.abc import Callable

from rednet_ros.nodes.parameters.tracker import DETECTIONS_TOPIC, TrackerParameters
from rednet_ros.nodes.tracker.frame_pipeline import Tracker

TrackerFactory = Callable[[TrackerParameters], Tracker]


def load_tracker(parameters: TrackerParameters) -> Tracker:
    """The real tracker. Raises RednetError where the weights, the detector or the device or backend cannot be used."""
    from rednet_ros.tracking.detector.models import NoDetector
    from rednet_ros.tracking.tracker import FaceTracker, detector_for  # loads torch: seconds, and only when needed

    comes_by_topic, settings = parameters.detector == DETECTIONS_TOPIC, parameters.settings()
    return FaceTracker(
        parameters.weights,
        parameters.device,
        detector=NoDetector() if comes_by_topic else detector_for(settings, parameters.detector),
        settings=settings,
        backend=parameters.backend,
    )


def described(tracker: Tracker) -> tuple[dict[str, object], tuple[str, ...]]:
    """What `tracker` says of itself for people, and what went wrong in it though it goes on, the latest last.

    Of another tracker than the real one at least the name of its weights.
    """
    figures = getattr(tracker, "figures", None)
    told = {"weights": tracker.weights_name} if figures is None else dict(figures())
    return told, tuple(getattr(tracker, "notices", ()))
