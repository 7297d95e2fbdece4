import subprocess
import sys
import time

import pytest

from rednet_ros.evaluation.speed.machine import OthersWatch, resident_mb, this_machine


def burn(seconds):
    end_s = time.process_time() + seconds
    while time.process_time() < end_s:
        pass


def test_own_work_and_that_of_children_is_not_others(monkeypatch):
    """The kernel's counters say that all cores did what this process and its children did, and 2 s more."""
    watch = OthersWatch()
    start = OthersWatch._now()
    burn(0.2)
    child = "import time\nwhile time.process_time() < 0.2: pass"
    subprocess.run([sys.executable, "-c", child], check=True)
    own_s = OthersWatch._now()[2] - start[2]
    assert own_s > 0.37  # both, in the kernel's ticks of 10 ms
    watch._start = (10.0, 100.0, 1.0)
    monkeypatch.setattr(watch, "_now", lambda: (10.0 + own_s + 2.0, 120.0, 1.0 + own_s))
    assert watch.share() == pytest.approx(0.1)


def test_where_the_kernel_says_nothing_nothing_is_claimed(monkeypatch):
    watch = OthersWatch()
    monkeypatch.setattr(watch, "_now", lambda: watch._start)
    assert watch.share() is None


def test_memory_of_this_and_of_another_process():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    time.sleep(0.1)
    assert 0.5 < resident_mb(child.pid) < resident_mb()
    child.communicate(b"\n")
    with pytest.raises(OSError, match="proc"):
        resident_mb(child.pid)


def test_the_machine_has_a_name():
    machine = this_machine("cpu")
    assert machine.cpu
    assert machine.cores >= 1
    assert machine.gpu == ""
