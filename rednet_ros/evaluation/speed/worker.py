"""A landmark tracker in a process of its own, for the benchmark: questions come on stdin, answers leave by stdout, one
JSON object a line. `Session` has the questions.

Runs without this package, in any Python that has NumPy and OpenCV: MediaPipe wants other versions of both than others.
`python worker.py mediapipe`, `python worker.py dlib SHAPE_PREDICTOR.dat`.
"""

from __future__ import annotations

import importlib
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np

FPS = 30.0
BLOCK_FRAMES = 30
"""Frames of one answer: a second, so that every block has its share of searches for new faces."""


class MediaPipe:
    """FaceMesh of MediaPipe's older interface, whose model lies inside the package (up to 0.10.21)."""

    def __init__(self) -> None:
        self._open = importlib.import_module("mediapipe").solutions.face_mesh.FaceMesh
        self.name = f"MediaPipe FaceMesh {version('mediapipe')}"

    def begin(self, faces: int) -> None:
        self._video = self._open(max_num_faces=faces)

    def frame(self, image: Any, time_s: float) -> int:
        return len(self._found(self._video, image))

    def still(self, image: Any) -> list[Any]:
        height, width = image.shape[:2]
        with self._open(static_image_mode=True, max_num_faces=8) as mesh:
            found = self._found(mesh, image)
        return [[[face.landmark[i].x * width, face.landmark[i].y * height] for i in _MESH_68] for face in found]

    def _found(self, mesh: Any, image: Any) -> list[Any]:
        return mesh.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)).multi_face_landmarks or []


_MESH_68 = (
    *(162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389),
    *(70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 168, 197, 5, 4, 75, 97, 2, 326, 305),
    *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),
    *(61, 39, 37, 0, 267, 269, 291, 321, 314, 17, 84, 91, 78, 82, 13, 312, 308, 317, 14, 87),
)
"""The points of the mesh that lie nearest to iBUG's 68: the jaw of one choice in use, the rest of another, each the
more accurate one."""


class Dlib:
    """dlib's HOG detector and its 68 points, in every frame anew."""

    def __init__(self, model: str) -> None:
        dlib = importlib.import_module("dlib")
        self.name = f"dlib {dlib.__version__}, HOG"
        self._detect, self._predict = dlib.get_frontal_face_detector(), dlib.shape_predictor(model)

    def begin(self, faces: int) -> None:
        pass

    def frame(self, image: Any, time_s: float) -> int:
        return len(self.still(image))

    def still(self, image: Any) -> list[Any]:
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        return [[[p.x, p.y] for p in self._predict(grey, box).parts()] for box in self._detect(grey)]


class Session:
    """Answers questions about a tracker: `name`; `begin(faces)`, before a clip of so many faces; `frame(image, time_s)`
    -> number of faces found; `still(image)` -> 68 points of each face. Images are H x W x 3 uint8 BGR."""

    def __init__(self, tracker: Any) -> None:
        self._tracker = tracker

    def begin(self, frames: str, shape: list[int], faces: int) -> dict[str, Any]:
        """Warm up on a clip, a file of N x H x W x 3 bytes. `cpu_s`: of this process until its first face (None:
        there was none), which means something in a fresh process only; `memory_mb`: resident, 10^6 bytes."""
        self._tracker.begin(faces)
        self._frame, first_s = 0, None
        for number in range(BLOCK_FRAMES):  # one by one: the clip is not in memory yet
            pixels = np.prod(shape[1:], dtype=int)
            self._frames = np.fromfile(frames, np.uint8, pixels, offset=number % shape[0] * pixels).reshape(
                1, *shape[1:]
            )
            if self._next() and first_s is None:
                first_s = time.process_time()
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        self._frames = np.fromfile(frames, np.uint8).reshape(shape)
        return {"cpu_s": first_s, "memory_mb": pages * os.sysconf("SC_PAGE_SIZE") / 1e6}

    def block(self, with_network: bool = False) -> dict[str, Any]:
        """The next `BLOCK_FRAMES` frames: CPU time of a frame, wall times, and the faces found in most frames;
        `network`: what a tracker tells of its network alone, if it can."""
        wall_ms, found, start_cpu_s = [], [], time.process_time()
        for _ in range(BLOCK_FRAMES):
            start_s = time.perf_counter()
            found.append(self._next())
            wall_ms.append(1e3 * (time.perf_counter() - start_s))
        cpu_ms = 1e3 * (time.process_time() - start_cpu_s) / BLOCK_FRAMES
        network = self._tracker.network() if with_network and hasattr(self._tracker, "network") else {}
        return {"cpu_ms": cpu_ms, "wall_ms": wall_ms, "found": statistics.median(found), "network": network}

    def still(self, picture: str) -> dict[str, Any]:
        """68 points of each face in a picture, an .npy file."""
        return {"faces": self._tracker.still(np.load(picture))}

    def cameras(self, **trial: Any) -> dict[str, Any] | None:
        """What a tracker makes of several cameras in real time, if it can."""
        return self._tracker.cameras(**trial) if hasattr(self._tracker, "cameras") else None

    def _next(self) -> int:
        number, self._frame = self._frame, self._frame + 1
        return int(self._tracker.frame(self._frames[number % len(self._frames)], number / FPS))


def serve(make: Callable[[], Any]) -> None:
    """Make a tracker, say its name, and answer until stdin ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries print what they like
    tracker = make()
    session = Session(tracker)
    print(json.dumps({"name": tracker.name}), file=answers, flush=True)
    for line in sys.stdin:
        question = json.loads(line)
        answer = getattr(session, question.pop("question"))(**question)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    kind, *model = sys.argv[1:]
    serve(lambda: {"mediapipe": MediaPipe, "dlib": Dlib}[kind](*model))
