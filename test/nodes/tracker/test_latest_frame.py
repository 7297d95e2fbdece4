"""Latest frame wins."""

import threading

from rednet_ros.nodes.tracker.latest_frame import LatestFrameWorker, Mailbox

WAIT_S = 5.0


def test_only_the_newest_item_is_kept():
    mailbox = Mailbox()
    assert [mailbox.put(number) for number in (1, 2, 3)] == [False, True, True]
    assert mailbox.take() == {"": 3}
    assert mailbox.put(4) is False


def test_one_sender_does_not_replace_what_another_sent():
    mailbox = Mailbox()
    assert [mailbox.put(1, "front"), mailbox.put(2, "rear"), mailbox.put(3, "front")] == [False, False, True]
    assert mailbox.take() == {"rear": 2, "front": 3}


def test_waking_gives_what_there_is_be_it_nothing():
    mailbox = Mailbox()
    mailbox.wake()
    assert mailbox.take() == {}
    mailbox.put(1)
    mailbox.wake()
    assert mailbox.take() == {"": 1}


def test_closing_wakes_whoever_waits():
    mailbox = Mailbox()
    taken = []
    consumer = threading.Thread(target=lambda: taken.append(mailbox.take()))
    consumer.start()
    mailbox.close()
    consumer.join(WAIT_S)
    assert taken == [None]


def test_an_item_left_in_a_closed_mailbox_is_forgotten():
    mailbox = Mailbox()
    mailbox.put(1)
    mailbox.close()
    assert mailbox.take() is None


def test_who_woke_a_mailbox_before_it_was_closed_is_served():
    mailbox = Mailbox()
    mailbox.put(1)
    mailbox.wake()
    mailbox.close()
    assert [mailbox.take(), mailbox.take()] == [{}, None]


def test_what_was_asked_for_by_waking_is_done_though_the_worker_is_stopped():
    started, go_on = threading.Event(), threading.Event()
    processed = []

    def process(items):
        processed.append(items)
        started.set()
        assert go_on.wait(WAIT_S)

    worker = LatestFrameWorker(process, lambda error: None)
    worker.submit("under way")
    assert started.wait(WAIT_S)
    worker.submit("too late")
    worker.wake()
    threading.Timer(0.05, go_on.set).start()
    assert worker.stop(WAIT_S)
    assert processed == [{"": "under way"}, {}]


def test_a_busy_worker_reports_for_how_long():
    started, go_on = threading.Event(), threading.Event()

    def process(_items):
        started.set()
        assert go_on.wait(WAIT_S)

    worker = LatestFrameWorker(process, lambda error: None)
    assert worker.busy_s() == 0.0
    worker.submit(1)
    assert started.wait(WAIT_S)
    threading.Event().wait(0.02)
    assert 0.02 <= worker.busy_s() < WAIT_S
    go_on.set()
    assert worker.stop(WAIT_S)
    assert worker.busy_s() == 0.0


def test_a_busy_worker_skips_to_the_newest_item():
    started, go_on, finished = threading.Event(), threading.Event(), threading.Event()
    processed = []

    def process(items):
        item = items[""]
        started.set()
        assert go_on.wait(WAIT_S)
        processed.append(item)
        if item == 4:
            finished.set()

    worker = LatestFrameWorker(process, lambda error: None)
    assert worker.submit(1) is False
    assert started.wait(WAIT_S)
    assert [worker.submit(number) for number in (2, 3, 4)] == [False, True, True]
    go_on.set()
    assert finished.wait(WAIT_S)
    assert worker.stop(WAIT_S)
    assert processed == [1, 4]


def test_an_error_costs_one_item_even_if_reporting_it_fails():
    survived = threading.Event()

    def process(items):
        if items[""] == "bad":
            raise ValueError(items[""])
        survived.set()

    reported, was_reported = [], threading.Event()

    def report(error):
        reported.append(str(error))
        was_reported.set()
        raise RuntimeError("the log is gone")

    worker = LatestFrameWorker(process, report)
    worker.submit("bad")
    assert was_reported.wait(WAIT_S)
    worker.submit("good")
    assert survived.wait(WAIT_S)
    assert worker.stop(WAIT_S)
    assert reported == ["bad"]


def test_stopping_says_when_the_thread_is_stuck():
    release = threading.Event()
    started = threading.Event()

    def process(_items):
        started.set()
        release.wait(WAIT_S)

    worker = LatestFrameWorker(process, lambda error: None)
    worker.submit(1)
    assert started.wait(WAIT_S)
    assert worker.stop(timeout_s=0.01) is False
    release.set()
    assert worker.stop(WAIT_S)
