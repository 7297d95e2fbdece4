"""A landmark tracker in a process of its own, for the benchmark: questions come on stdin, answers leave by stdout, one
JSON object a line. `Tracker` has the questions.

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


class Tracker:
    """A tracker has a `name`; it can `start` anew for so many faces, give the number of faces in the next `frame`, and
    68 `points` of each face of a still. Images are H x W x 3 uint8 BGR. The other methods are questions."""

    name: str

    def start(self, faces: int) -> None:
        pass

    def frame(self, image: Any, time_s: float) -> int:
        return len(self.points(image))

    def points(self, image: Any) -> list[Any]:
        raise NotImplementedError

    def begin(self, frames: str, faces: int) -> dict[str, Any]:
        """Warm up on a clip, an .npy file of N x H x W x 3 bytes. `cpu_s`: of this process until its first face (None:
        there was none), which means something in a fresh process only; `memory_mb`: resident, 10^6 bytes."""
        self.start(faces)
        self._file, self._number, first_s = frames, 0, None
        for _ in range(BLOCK_FRAMES):
            if self._next(*self._images(1)) and first_s is None:
                first_s = time.process_time()
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return {"cpu_s": first_s, "memory_mb": pages * os.sysconf("SC_PAGE_SIZE") / 1e6}

    def block(self) -> dict[str, Any]:
        """The next `BLOCK_FRAMES` frames: CPU time of a frame, wall times, and the faces found in most frames."""
        images, wall_ms, found, start_cpu_s = self._images(BLOCK_FRAMES), [], [], time.process_time()
        for image in images:
            start_s = time.perf_counter()
            found.append(self._next(image))
            wall_ms.append(1e3 * (time.perf_counter() - start_s))
        cpu_ms = 1e3 * (time.process_time() - start_cpu_s) / BLOCK_FRAMES
        return {"cpu_ms": cpu_ms, "wall_ms": wall_ms, "found": statistics.median(found)}

    def still(self, picture: str) -> list[Any]:
        """68 points of each face in a picture, an .npy file."""
        return self.points(np.load(picture))

    def _images(self, count: int) -> list[Any]:
        """The clip's next: copies, so that the rest of it is no memory of this process."""
        clip = np.load(self._file, mmap_mode="r")
        return [np.array(clip[(self._number + index) % len(clip)]) for index in range(count)]

    def _next(self, image: Any) -> int:
        self._number += 1
        return self.frame(image, (self._number - 1) / FPS)


class MediaPipe(Tracker):
    """FaceMesh of MediaPipe's older interface, whose model lies inside the package (up to 0.10.21)."""

    def __init__(self) -> None:
        self._open = importlib.import_module("mediapipe").solutions.face_mesh.FaceMesh
        self.name = f"MediaPipe FaceMesh {version('mediapipe')}"

    def start(self, faces: int) -> None:
        self._video = self._open(max_num_faces=faces)

    def frame(self, image: Any, time_s: float) -> int:
        return len(self._found(self._video, image))

    def points(self, image: Any) -> list[Any]:
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


class Dlib(Tracker):
    """dlib's HOG detector and its 68 points, in every frame anew."""

    def __init__(self, model: str) -> None:
        dlib = importlib.import_module("dlib")
        self.name = f"dlib {dlib.__version__}, HOG"
        self._detect, self._predict = dlib.get_frontal_face_detector(), dlib.shape_predictor(model)

    def points(self, image: Any) -> list[Any]:
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        return [[[p.x, p.y] for p in self._predict(grey, box).parts()] for box in self._detect(grey)]


def serve(make: Callable[[], Tracker]) -> None:
    """Make a tracker, say its name, and answer until stdin ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries print what they like
    tracker = make()
    print(json.dumps({"name": tracker.name}), file=answers, flush=True)
    for line in sys.stdin:
        question = json.loads(line)
        answer = getattr(tracker, question.pop("question"))(**question)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    kind, *model = sys.argv[1:]
    serve(lambda: {"mediapipe": MediaPipe, "dlib": Dlib}[kind](*model))
