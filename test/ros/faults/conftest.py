"""A tracker node whose tracker is the real one, in a world that costs nothing to see (`bright_world`)."""

import os
import threading
import time

import numpy as np
import pytest

STAMP_0_S = 1000


@pytest.fixture
def world():
    """Detector, network and, once the node is configured, tracker. `engine.explosions`: so many next frames raise."""
    from rednet_ros.evaluation.tracking_bench.synthetic_scene import BrightDetector, BrightEngine
    from rednet_ros.tracking import FaceTracker

    class Engine(BrightEngine):
        explosions = 0

        def run(self, crops, previous_px, state):
            if self.explosions > 0:
                self.explosions -= 1
                raise ZeroDivisionError("the network fails as it was asked to")
            return super().run(crops, previous_px, state)

    class World:
        def __init__(self):
            self.detector, self.engine, self.tracker = BrightDetector(), Engine(), None

        def create(self, parameters):
            self.tracker = FaceTracker(engine=self.engine, detector=self.detector, settings=parameters.settings())
            return self.tracker

    return World()


@pytest.fixture
def make_stage(make_bench, world):
    """Makes a `Stage`: an active node with these parameters, and a camera whose images are answered one by one."""

    def make(**parameters):
        return Stage(make_bench(world.create, autostart=True, min_face_px=8.0, search_interval_s=0.0, **parameters))

    return make


@pytest.fixture
def real_stage(make_bench):
    """A `Stage` with the shipped weights and detector."""
    from rednet_ros.nodes.tracker.tracker_loading import load_tracker

    return Stage(make_bench(load_tracker, autostart=True))


@pytest.fixture
def stage(make_stage):
    """A `Stage` with the usual parameters."""
    return make_stage()


class Stage:
    """Publishes numbered images and waits for their answers: `stage.show(n)` returns the answer to image n or None."""

    def __init__(self, bench):
        from rednet_ros.msg import FaceLandmarks

        self.bench = bench
        self.publisher = bench.publisher()
        self._arrived = threading.Event()
        self.answer = None
        bench.client.create_subscription(FaceLandmarks, "faces", self._take, 50)
        while bench.node.count_subscribers("faces") < 2:
            time.sleep(0.01)

    def _take(self, message):
        self.bench.faces.clear()  # the bench keeps all of them, which is much in a soak
        self.bench.diagnostics.clear()
        self.answer = message
        self._arrived.set()

    def show(self, number, *, stamp_ns=None, wait_s=10.0):
        """Publish image `number` (stamped so many thirtieths of a second after the start) and wait for its answer."""
        stamp_ns = STAMP_0_S * 10**9 + number * 10**9 // 30 if stamp_ns is None else stamp_ns
        return self.ask(picture(number, stamp_ns), wait_s)

    def ask(self, message, wait_s):
        """Publish an image and wait for its answer; None where there is none in time."""
        self._arrived.clear()
        self.answer = None
        self.publisher.publish(message)
        self._arrived.wait(wait_s)
        return self.answer


def picture(number, stamp_ns):
    """Image `number` of an endless clip: one face that walks to and fro, and another that comes and goes."""
    from builtin_interfaces.msg import Time
    from std_msgs.msg import Header

    from rednet_ros.evaluation.tracking_bench.synthetic_scene import Square, paint
    from rednet_ros.nodes.outputs.messages import bgr_image

    squares = [Square(30 + 12 * np.sin(number / 20), 36, 20, pattern=1)]
    if number % 240 >= 120:
        squares.append(Square(76, 36 + 8 * np.sin(number / 15), 18, pattern=2))
    header = Header(stamp=Time(sec=stamp_ns // 10**9, nanosec=stamp_ns % 10**9), frame_id="camera")
    return bgr_image(header, paint(squares))


@pytest.fixture
def soak_frames():
    """How many frames the soak plays: few in `make test`; REDNET_SOAK_FRAMES (`make soak`) names another number."""
    return int(os.environ.get("REDNET_SOAK_FRAMES", "600"))
