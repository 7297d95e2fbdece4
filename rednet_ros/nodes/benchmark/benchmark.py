"""The part of `rednet-benchmark` that needs ROS 2: messages, and images through topics to a tracker node.

Started by that command as `python3 -m rednet_ros.nodes.benchmark.benchmark`; writes `RosResults` as JSON. Exit code 0,
or 1 where the node cannot be measured.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rednet_ros.errors import RednetError
from rednet_ros.evaluation.speed.machine import resident_mb
from rednet_ros.evaluation.speed.portrait import load_portrait
from rednet_ros.evaluation.speed.results import FairCamera, Fairness, MemoryCurve, RosResults, TopicsRow, save
from rednet_ros.evaluation.speed.scenes import Scene, composed_scene, recorded_scene
from rednet_ros.evaluation.speed.stability import SAMPLES, first_and_last
from rednet_ros.evaluation.speed.timing import timing
from rednet_ros.nodes.benchmark.client import TrackerSession
from rednet_ros.nodes.benchmark.messages import measure_frame_path
from rednet_ros.nodes.demo.processes import yaml_text
from rednet_ros.nodes.fastdds import PROFILE_VARIABLE, image_environment
from rednet_ros.resources import DEFAULT_WEIGHTS

logger = logging.getLogger(__name__)

MOST_FACES = 32
_FIRST_FRAMES = 30
"""Until every face is found and all is loaded; not measured."""
_PROCESSES = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; see the module."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    options = _parser().parse_args(arguments)
    environment, reliability = image_environment(_PROCESSES)
    os.environ.update(environment)  # of the client, before the middleware reads it
    if PROFILE_VARIABLE not in environment:
        os.environ.pop(PROFILE_VARIABLE, None)
    bench = _Bench(options, environment, reliability)
    try:
        save(bench.run(), options.json)
    except RednetError as error:
        logger.error("%s", error)
        return 1
    return 0


class _Bench:
    def __init__(self, options: argparse.Namespace, environment: dict[str, str], reliability: str) -> None:
        self._options, self._environment, self._reliability = options, environment, reliability
        self._portrait = load_portrait()
        self._parameters = {
            "weights": yaml_text(options.weights),
            "device": options.device,
            "max_faces": str(MOST_FACES),
        }

    def run(self) -> RosResults:
        options = self._options
        return RosResults(
            frame_path=measure_frame_path(self._scene(1).frames[0], options.seconds / 10),
            topics=tuple(self._topics(faces) for faces in options.faces),
            memory=self._memory(options.memory_frames) if options.memory_frames else None,
            fairness=self._fairness(options.fairness) if options.fairness else None,
        )

    def _scene(self, faces: int) -> Scene:
        size_px = self._options.size
        return (
            recorded_scene(self._options.input)
            if self._options.input
            else composed_scene(self._portrait, faces, size_px)
        )

    def _session(self, cameras: Sequence[str] = ("",)) -> TrackerSession:
        return TrackerSession(self._parameters, self._environment, self._reliability, cameras)

    def _topics(self, faces: int) -> TopicsRow:
        """Images at 30 a second where the node keeps up, otherwise as fast as it answers."""
        scene, pace_s = self._scene(faces), 1 / 30
        with self._session() as session:
            camera, index, end_s = session.cameras[0], 0, float("inf")
            answered = 0
            while index < _FIRST_FRAMES + 5 or time.perf_counter() < end_s:
                if index == _FIRST_FRAMES:
                    end_s = time.perf_counter() + self._options.seconds
                    camera.latencies_s.clear()
                    camera.face_counts.clear()
                    answered = 0
                start_s = time.perf_counter()
                answered += session.exchange(scene.frames[index % len(scene.frames)])
                session.turn(max(0.0, start_s + pace_s - time.perf_counter()))
                index += 1
            if not camera.latencies_s:
                raise RednetError("the tracker node answered no image")
            return TopicsRow(
                faces=faces,
                tracked=session.tracked(),
                sent=index - _FIRST_FRAMES,
                answered=answered,
                profile=Path(self._environment.get(PROFILE_VARIABLE, "")).name or "none",
                answer=timing(camera.latencies_s),
                memory_mb=resident_mb(session.process.pid),
            )

    def _memory(self, frames: int) -> MemoryCurve:
        """As fast as the node answers."""
        scene = self._scene(1)
        counts: list[int] = []
        memory_mb: list[float] = []
        with self._session() as session:
            for index in range(frames):
                session.exchange(scene.frames[index % len(scene.frames)])
                if (index + 1) % max(1, frames // SAMPLES) == 0:
                    counts.append(index + 1)
                    memory_mb.append(resident_mb(session.process.pid))
        return MemoryCurve("tracker_node", tuple(counts), tuple(memory_mb))

    def _fairness(self, seconds: float) -> Fairness:
        """Every camera on its own schedule, whether the node keeps up or not."""
        options, scene = self._options, self._scene(1)
        names = [f"camera_{number + 1}" for number in range(options.fair_cameras)]
        with self._session(names) as session:
            start_s = time.perf_counter()
            period_s = 1 / options.fair_rate
            turns = round(seconds * options.fair_rate) * len(names)
            for turn in range(turns):
                session.turn(max(0.0, start_s + turn * period_s / len(names) - time.perf_counter()))
                index = turn // len(names) + turn % len(names) * len(scene.frames) // len(names)
                session.cameras[turn % len(names)].send(scene.frames[index % len(scene.frames)])
            session.turn(1.0)
            cameras = [
                FairCamera(camera.name, camera.sent, len(camera.latencies_s), *first_and_last(camera.latencies_s))
                for camera in session.cameras
            ]
        return Fairness("tracker_node", options.fair_rate, seconds, tuple(cameras))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rednet_ros.nodes.benchmark.benchmark", description="See rednet-benchmark.")
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--weights", default=DEFAULT_WEIGHTS)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--input")
    parser.add_argument("--size", type=int, nargs=2, default=(640, 480))
    parser.add_argument("--faces", type=int, nargs="+", default=[1])
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--memory-frames", type=int, default=0)
    parser.add_argument("--fairness", type=float, default=0.0)
    parser.add_argument("--fair-cameras", type=int, default=3)
    parser.add_argument("--fair-rate", type=float, default=15.0)
    return parser


if __name__ == "__main__":
    sys.exit(main())
