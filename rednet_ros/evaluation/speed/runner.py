"""Runs what a plan asks for, one part after the other, and collects the report."""

from __future__ import annotations

import logging
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from rednet_ros.errors import RednetError
from rednet_ros.evaluation.speed.clip import measure_clip, write_clip
from rednet_ros.evaluation.speed.floor import Floor, gflop_per_face, matrix_rate_gflops
from rednet_ros.evaluation.speed.machine import OthersWatch, this_machine
from rednet_ros.evaluation.speed.peers import PEERS, NotAvailable, measure_peer
from rednet_ros.evaluation.speed.portrait import load_portrait
from rednet_ros.evaluation.speed.results import BackendRow, PeerRow, Report, RosResults, load
from rednet_ros.evaluation.speed.scenes import Scene, composed_scene, recorded_scene
from rednet_ros.evaluation.speed.stability import measure_fairness, measure_memory
from rednet_ros.evaluation.speed.stages import measure_cameras, measure_faces, measure_network
from rednet_ros.inference.choice import DEVICE_OF
from rednet_ros.inference.engine import LandmarkEngine, choose_device
from rednet_ros.tracking.detector.models import load_detector
from rednet_ros.tracking.tracker import FaceTracker

log = logging.getLogger(__name__)

FAIR_CAMERAS, FAIR_RATE_HZ = 3, 15.0
TOPIC_FACES = (1, 8)
BACKEND_FACES = (1, 8)
_ROS_MODULE = "rednet_ros.nodes.benchmark.benchmark"
"""Started as a process: nothing here imports ROS."""


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


def run(plan: Plan) -> Report:
    """Raises the package's errors where the weights, the device or the input cannot be used."""
    return _Run(plan).report()


class _Run:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._device = choose_device(plan.device)
        self._machine, self._others = this_machine(self._device), OthersWatch()
        self._engine = LandmarkEngine.load(plan.weights, self._device)
        self._gflop_per_face = gflop_per_face(plan.weights)
        self._detector = load_detector()
        self._portrait = load_portrait()
        self._recording = recorded_scene(plan.input) if plan.input else None
        self._left_out: dict[str, str] = {}
        self._rates_gflops: dict[tuple[torch.dtype, int], float] = {}

    def report(self) -> Report:
        plan = self._plan
        log.info("matrix products: %.1f GFLOP/s", self._floor(1).rate_gflops)
        rows = [self._row(faces) for faces in self._face_counts()]
        cameras = [
            measure_cameras(self._scene(1), count, self._engine, self._detector, plan.seconds)
            for count in self._logged("cameras", plan.cameras)
        ]
        backends = [row for name in plan.backends for row in self._backend(name)]
        # Once more: the best rate of the run counts.
        again = {faces: self._floor(faces) for faces in (1, *(row.faces for row in rows))}
        rows = [replace(row, floor_ms=again[row.faces].milliseconds(row.faces)) for row in rows]
        floors = {floor.threads: floor for floor in again.values()}
        with tempfile.TemporaryDirectory() as folder:
            clip = self._clip(Path(folder))
            ros = self._ros(Path(folder) / "ros.json")
        peers = self._peers()
        return Report(
            machine=self._machine,
            command=plan.command,
            weights=self._engine.weights_name,
            backend=self._engine.backend,
            size_px=self._scene(1).size_px,
            frames_from=Path(plan.input).name if plan.input else self._portrait.name,
            floors=tuple(floors.values()),
            others_share=self._others.share(),
            faces=tuple(rows),
            backends=tuple(backends),
            cameras=tuple(cameras),
            clip=clip,
            frame_path=ros.frame_path if ros else None,
            topics=ros.topics if ros else (),
            peers=peers,
            memory=ros.memory if ros else self._memory(),
            fairness=ros.fairness if ros else self._fairness(),
            gpu_memory_mb=torch.cuda.max_memory_reserved() / 1e6 if self._device == "cuda" else None,
            left_out=self._left_out,
        )

    def _floor(self, faces: int, engine: LandmarkEngine | None = None) -> Floor:
        """With an engine's precision and threads for so many faces; the best rate of the run so far counts."""
        engine = engine or self._engine
        dtype, threads = _precision(engine.backend), engine.cpu_threads(faces)
        best = self._rates_gflops.get((dtype, threads), 0.0)
        rate_gflops = max(matrix_rate_gflops(self._device, dtype, threads), best)
        self._rates_gflops[dtype, threads] = rate_gflops
        precision = str(dtype).removeprefix("torch.")
        return Floor(self._device, precision, threads, rate_gflops, self._gflop_per_face)

    def _backend(self, name: str) -> list[BackendRow]:
        plan = self._plan
        if DEVICE_OF.get(name, self._device) != self._device:
            return []
        log.info("backend %s", name)
        engine = LandmarkEngine.load(plan.weights, self._device, backend=name)
        counts = [count for count in BACKEND_FACES if count in plan.faces] or [plan.faces[0]]
        timings = [(count, measure_network(engine, count, plan.seconds)) for count in counts]
        if not engine.backend.startswith(name.replace("_", " ")):
            self._left_out[f"backend {name}"] = (
                engine.notices[-1] if engine.notices else f"{engine.backend} ran instead"
            )
            return []
        floors = {count: self._floor(count, engine).milliseconds(count) for count in counts}
        return [
            BackendRow(engine.backend, count, engine.cpu_threads(count), each, floors[count]) for count, each in timings
        ]

    def _face_counts(self) -> tuple[int, ...]:
        return (1,) if self._recording else tuple(self._logged("faces", self._plan.faces))

    def _row(self, faces: int) -> Any:
        scene, floor_ms = self._scene(faces), self._floor(faces).milliseconds(1)
        return measure_faces(scene, self._engine, self._detector, floor_ms, self._plan.seconds)

    def _scene(self, faces: int) -> Scene:
        return self._recording or composed_scene(self._portrait, faces, self._plan.size_px)

    def _clip(self, folder: Path) -> Any:
        plan = self._plan
        log.info("a video file")
        path, name = Path(plan.input or folder / "scene.mp4"), "one face, composed"
        if plan.input:
            name = path.name
        else:
            write_clip(path, self._scene(1))
        return self._try("the video file", lambda: measure_clip(path, name, plan.weights, self._device))

    def _ros(self, path: Path) -> RosResults | None:
        plan = self._plan
        missing = [name for name in ("rclpy", "rednet_ros.msg") if find_spec(name) is None]
        if not plan.with_topics or missing:
            why = f"{missing[0]} is not importable; `make shell` has it" if plan.with_topics else "not asked for"
            self._left_out["topics and messages"] = why
            return None
        log.info("topics and messages")
        width_px, height_px = plan.size_px
        faces = [1] if plan.input else [count for count in TOPIC_FACES if count in plan.faces] or [plan.faces[0]]
        command = [sys.executable, "-m", _ROS_MODULE, "--json", path, "--weights", plan.weights]
        command += ["--device", self._device, "--size", width_px, height_px, "--seconds", plan.seconds]
        command += ["--memory-frames", plan.memory_frames, "--fairness", plan.fairness_s, "--faces", *faces]
        command += ["--fair-cameras", FAIR_CAMERAS, "--fair-rate", FAIR_RATE_HZ]
        command += ["--input", plan.input] if plan.input else []
        return self._try("topics and messages", lambda: _run_ros([str(part) for part in command], path))

    def _peers(self) -> tuple[PeerRow, ...]:
        rows = []
        for name in PEERS if self._plan.with_peers else ():
            try:
                log.info("%s", name)
                rows.append(measure_peer(name, self._scene(1), self._plan.seconds))
            except NotAvailable as error:
                self._left_out[name] = str(error)
        return tuple(rows)

    def _memory(self) -> Any:
        if not self._plan.memory_frames:
            return None
        with FaceTracker(engine=self._engine, detector=self._detector) as tracker:
            return measure_memory(tracker, self._scene(1), self._plan.memory_frames)

    def _fairness(self) -> Any:
        if not self._plan.fairness_s:
            return None
        with FaceTracker(engine=self._engine, detector=self._detector) as tracker:
            return measure_fairness(tracker, self._scene(1), FAIR_CAMERAS, FAIR_RATE_HZ, self._plan.fairness_s)

    def _try(self, part: str, measure: Callable[[], Any]) -> Any:
        """One part that fails costs no other; its reason goes to the report."""
        try:
            return measure()
        except RednetError as error:
            log.warning("%s: %s", part, error)
            self._left_out[part] = str(error)
            return None

    @staticmethod
    def _logged(what: str, counts: tuple[int, ...]) -> Any:
        for count in counts:
            log.info("%s: %d", what, count)
            yield count


def _precision(backend: str) -> torch.dtype:
    """The last word of a backend's name."""
    dtype = getattr(torch, backend.split()[-1], None)
    return dtype if isinstance(dtype, torch.dtype) else torch.float32


def _run_ros(command: list[str], path: Path) -> RosResults:
    run = subprocess.run(command, stderr=subprocess.PIPE, stdout=sys.stderr, text=True, check=False)
    if run.returncode != 0:
        lines = run.stderr.strip().splitlines()
        raise RednetError(lines[-1] if lines else f"ended with code {run.returncode}")
    return load(RosResults, path)
