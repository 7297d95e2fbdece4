import numpy as np
import pytest

from rednet_ros.errors import WeightsError
from rednet_ros.evaluation.speed.machine import gflop_per_face, matrix_rate_gflops, resident_mb, this_machine


def test_memory_of_this_process():
    before_mb = resident_mb()
    held = np.ones(40_000_000, np.uint8)
    assert 30 < resident_mb() - before_mb < 60
    assert held.all()


def test_the_machine_has_a_name():
    machine = this_machine()
    assert machine["processor"]
    assert machine["cores"] >= 1


def test_the_operations_of_the_shipped_network_are_counted():
    assert gflop_per_face("rednet-lite") == pytest.approx(1.61, abs=0.01)


def test_unknown_weights_are_refused():
    with pytest.raises(WeightsError):
        gflop_per_face("no-such-weights")


def test_the_rate_of_matrix_products_is_found():
    assert 0.1 < matrix_rate_gflops(1) < 100_000


@pytest.mark.gpu
def test_the_rate_of_a_gpu_is_found_in_low_precision():
    assert matrix_rate_gflops(1, "cuda", "float16") > 1.5 * matrix_rate_gflops(1, "cuda")
