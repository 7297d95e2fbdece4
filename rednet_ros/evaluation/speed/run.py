"""Measures what a plan asks for, part after part, and collects the report: one JSON object, see `run`."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rednet_ros.errors import RednetError
from rednet_ros.evaluation.speed.machine import gflop_per_face, matrix_rate_gflops, this_machine
from rednet_ros.evaluation.speed.measures import (
    SETTINGS,
    Row,
    compare,
    measure_cameras,
    measure_frames,
    measure_network,
    measure_sharing,
)
from rednet_ros.evaluation.speed.peers import PEERS, NotAvailableError, title
from rednet_ros.evaluation.speed.scenes import Scene, composed_scene, recorded_scene
from rednet_ros.inference.engine import LandmarkEngine
from rednet_ros.tracking.detector.models import load_detector
from rednet_ros.tracking.tracker import FaceTracker

log = logging.getLogger(__name__)

FORMAT = 2
"""Of the report; the first format had other fields."""

FAIR_CAMERAS, FAIR_RATE_HZ = 3, 15.0

_START_MODULE, _ROS_MODULE = "rednet_ros.evaluation.speed.startup", "rednet_ros.nodes.topic_benchmark"
"""Started as processes. Each prints a JSON object; nothing here imports ROS."""


@dataclass(frozen=True)
class Plan:
    """What to measure. `command`: how to ask for it again, for people.

    `backends`: those compared, beside the automatic choice that all else is measured with. `input`: a video to
    measure on instead of composed scenes; its faces are what they are. `seconds`: for each figure. `memory_frames`,
    `fairness_s`: length of the long runs, 0 for none. `with_topics`, `with_peers`: where installed.
    """

    command: str
    weights: str
    device: str
    backends: tuple[str, ...]
    input: str | None
    size_px: tuple[int, int]
    faces: tuple[int, ...]
    cameras: tuple[int, ...]
    seconds: float
    memory_frames: int
    fairness_s: float
    with_topics: bool
    with_peers: bool


def run(plan: Plan) -> dict[str, Any]:
    """The report of a plan. Keys end with their unit; times without one are `Timing`s, in milliseconds.

    Raises the package's errors where the weights, the device or the input cannot be used. A part that fails costs no
    other: `left_out` has the reason.
    """
    return _Run(plan).report()


@dataclass
class _Run:
    plan: Plan
    left_out: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._machine = this_machine()
        self._engine = self._loaded("auto")
        self._detector = load_detector()
        self._gflop = gflop_per_face(self.plan.weights)
        self._rates_gflops: dict[tuple[int, str, str], float] = {}
        self._recording = recorded_scene(self.plan.input) if self.plan.input else None
        if self._gflop is None:
            self.left_out["floor of the network"] = "PyTorch, which counts the operations, is not installed"

    def report(self) -> dict[str, Any]:
        plan, engine, detector = self.plan, self._engine, self._detector
        height_px, width_px = self._scene(1).frames[0].shape[:2]
        scene = self._scene(1)
        return {
            "format": FORMAT,
            "command": plan.command,
            "machine": self._machine,
            "weights": engine.weights_name,
            "backend": engine.backend,
            "frames": f"{width_px} x {height_px}, {Path(plan.input).name if plan.input else 'composed of a portrait'}",
            "gflop_per_face": self._gflop,
            "faces": [self._faces(count) for count in ((1,) if self._recording else plan.faces)],
            "backends": [row for name in plan.backends for row in self._try(f"backend {name}", self._backend, name)],
            "peers": self._peers(),
            "cameras": [measure_cameras(scene, count, engine, detector, plan.seconds) for count in plan.cameras],
            "start": self._try("start and memory", self._start),
            "fairness": measure_sharing(scene, FAIR_CAMERAS, FAIR_RATE_HZ, engine, detector, plan.fairness_s)
            if plan.fairness_s
            else None,
            "ros": self._try("topics and messages", self._ros) if plan.with_topics else None,
            "rates_gflops": [
                {"threads": threads, "device": device, "precision": precision, "gflops": rate}
                for (threads, device, precision), rate in self._rates_gflops.items()
            ],
            "left_out": self.left_out,
        }

    def _faces(self, count: int) -> Row:
        log.info("faces: %d", count)
        row = measure_frames(self._scene(count), self._engine, self._detector, self.plan.seconds)
        return {**self._network(self._engine, count), **row}

    def _network(self, engine: LandmarkEngine, faces: int) -> Row:
        """The network alone, and its floor: its operations at the best rate with as many threads, there and then."""
        threads, floor_ms = engine.cpu_threads(faces), None
        network = measure_network(engine, faces, self.plan.seconds)
        if self._gflop is not None:
            last_word = engine.backend.split()[-1]
            key = (threads, engine.device, last_word if last_word in ("float16", "bfloat16") else "float32")
            self._rates_gflops[key] = max(self._rates_gflops.get(key, 0.0), matrix_rate_gflops(*key))
            floor_ms = 1e3 * faces * self._gflop / self._rates_gflops[key]
        return {"faces": faces, "threads": threads, "network": network, "floor_ms": floor_ms}

    def _backend(self, name: str) -> list[Row]:
        log.info("backend %s", name)
        engine = self._loaded(name)
        rows = [{"backend": engine.backend, **self._network(engine, faces)} for faces in self.plan.faces]
        if not engine.backend.startswith(name):
            raise RednetError(engine.notices[-1] if engine.notices else f"{engine.backend} ran instead")
        return rows

    def _peers(self) -> list[Row]:
        """This package and the others on the same frames with one face."""
        log.info("other libraries")
        with FaceTracker(engine=self._engine, detector=self._detector, settings=SETTINGS) as tracker:
            finders: dict[str, Callable[..., object]] = {f"rednet_ros, {self._engine.weights_name}": tracker.update}
            for name, make in PEERS.items() if self.plan.with_peers else ():
                try:
                    finders[title(name)] = make()
                except NotAvailableError as error:
                    self.left_out[name] = str(error)
            return compare(self._scene(1), finders, self.plan.seconds)

    def _start(self) -> Mapping[str, Any]:
        """A process of its own until its first face, and its memory over `memory_frames` more."""
        log.info("start and memory")
        return _json_of(_START_MODULE, self.plan.weights, self.plan.device, str(self.plan.memory_frames))

    def _ros(self) -> Mapping[str, Any]:
        log.info("topics and messages")
        for name in ("rclpy", "rednet_ros.msg", _ROS_MODULE):
            if find_spec(name) is None:
                raise RednetError(f"{name} is not importable; `make shell` has ROS and the messages")
        plan = self.plan
        options = ["--weights", plan.weights, "--device", self._engine.device, "--seconds", str(plan.seconds)]
        return _json_of(_ROS_MODULE, *options, *(["--input", plan.input] if plan.input else []))

    def _try(self, part: str, work: Callable[..., Any], *arguments: str) -> Any:
        try:
            return work(*arguments)
        except RednetError as error:
            log.warning("%s: %s", part, error)
            self.left_out[part] = str(error)
            return []

    def _loaded(self, backend: str) -> LandmarkEngine:
        return LandmarkEngine.load(self.plan.weights, self.plan.device, backend=backend)

    def _scene(self, faces: int) -> Scene:
        return self._recording or composed_scene(faces, self.plan.size_px)


def _json_of(module: str, *arguments: str) -> Mapping[str, Any]:
    """What a process prints, a JSON object. Raises RednetError, with the last line of its errors, where it fails."""
    run = subprocess.run([sys.executable, "-m", module, *arguments], capture_output=True, text=True, check=False)
    lines = run.stderr.strip().splitlines() or [f"ended with code {run.returncode}"]
    if run.returncode != 0:
        raise RednetError(lines[-1])
    try:
        return dict(json.loads(run.stdout))
    except (ValueError, TypeError) as error:
        raise RednetError(f"{module} printed no JSON object") from error
