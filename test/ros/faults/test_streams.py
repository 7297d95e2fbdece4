"""What a camera, its driver, its clock and the network may do wrong: the node goes on, and makes no face up."""

import random

import pytest

pytestmark = pytest.mark.ros

SECOND_NS = 10**9


def stamp_ns(message):
    return message.header.stamp.sec * SECOND_NS + message.header.stamp.nanosec


def ids(message):
    return [face.id for face in message.faces]


def settle(stage, start=0, frames=15):
    """Play until the face of the first frames is there, and return its id."""
    for number in range(start, start + frames):
        answer = stage.show(number)
    (face_id,) = ids(answer)
    return face_id


def test_a_third_of_the_frames_lost(stage):
    """Every frame that arrives is answered with its own stamp, and the face keeps its id."""
    face_id = settle(stage)
    drop = random.Random(0)
    for number in (number for number in range(15, 110) if drop.random() >= 0.3):
        answer = stage.show(number)
        assert stamp_ns(answer) == 1000 * SECOND_NS + number * SECOND_NS // 30
        assert ids(answer) == [face_id]


def test_frames_twice_and_out_of_order(stage):
    face_id = settle(stage)
    shuffle = random.Random(1)
    for start in range(15, 105, 3):
        order = [start, start + 1, start + 2, start + 1]
        shuffle.shuffle(order)
        for number in order:
            answer = stage.show(number)
            assert stamp_ns(answer) == 1000 * SECOND_NS + number * SECOND_NS // 30
            assert ids(answer) == [face_id]


@pytest.mark.parametrize("jump_s", [3600, -900])
def test_a_clock_that_jumps_makes_the_faces_new_ones_and_nothing_else(stage, jump_s):
    face_id = settle(stage)
    answers = [
        stage.show(number, stamp_ns=(1000 + jump_s) * SECOND_NS + number * SECOND_NS // 30) for number in range(15, 40)
    ]
    assert all(answers)
    (new_id,) = ids(answers[-1])
    assert new_id != face_id
    assert all(set(ids(answer)) <= {new_id} for answer in answers)


def test_stamps_of_a_clock_that_stands_still(stage):
    """As with simulated time that nobody publishes: every stamp is zero."""
    for number in range(30):
        answer = stage.show(number, stamp_ns=0)
        assert stamp_ns(answer) == 0
    assert len(ids(answer)) == 1


def test_a_detector_that_fails_costs_no_tracked_face(stage, world, wait_until):
    face_id = settle(stage)
    world.detector.failures = 10**6
    for number in range(15, 115):
        assert ids(stage.show(number)) == [face_id]
    world.detector.failures = 0
    for number in range(135, 175):  # another face has come in the meantime
        answer = stage.show(number)
    assert len(ids(answer)) == 2
    assert face_id in ids(answer)
    assert stage.bench.node.statistics().failed == 0


def test_a_network_that_fails_costs_the_frame_and_no_face(stage, world, wait_until):
    face_id = settle(stage)
    world.engine.explosions = 3
    for number in (15, 16, 17):
        assert stage.show(number, wait_s=0.3) is None
    assert wait_until(lambda: stage.bench.node.statistics().failed == 3)
    assert ids(stage.show(18)) == [face_id]


def test_a_publisher_that_dies_and_another_that_takes_its_place(stage, wait_until):
    face_id = settle(stage)
    stage.bench.client.destroy_publisher(stage.publisher)
    assert wait_until(lambda: stage.bench.node.count_publishers("image") == 0)
    stage.publisher = stage.bench.publisher()
    assert ids(stage.show(20)) == [face_id]


@pytest.mark.parametrize("sim_time", [False, True])
def test_sim_time_and_its_jumps_do_not_disturb(make_stage, sim_time):
    """/clock runs, jumps back and stops; the stamps of the images decide, and timers of the node do not hang."""
    from builtin_interfaces.msg import Time
    from rosgraph_msgs.msg import Clock

    stage = make_stage(use_sim_time=sim_time)
    clock = stage.bench.client.create_publisher(Clock, "/clock", 10)
    for number in range(60):
        sec = 1000 + number // 30 if number < 40 else 500  # a bag that is played again
        clock.publish(Clock(clock=Time(sec=sec)))
        answer = stage.show(number, stamp_ns=(sec * SECOND_NS + number * SECOND_NS // 30))
        assert answer is not None
    assert len(ids(answer)) == 1
