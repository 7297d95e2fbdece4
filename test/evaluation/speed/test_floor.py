import pytest
import torch

from rednet_ros.errors import WeightsError
from rednet_ros.evaluation.speed import floor
from rednet_ros.evaluation.speed.floor import Floor, gflop_per_face, matrix_rate_gflops


def test_the_operations_of_a_known_network_are_counted(monkeypatch):
    """A 3 x 3 convolution from 2 to 4 channels on 8 x 8 pixels: 64 * 4 * 2 * 9 products, each with a sum."""
    module = torch.nn.Conv2d(2, 4, 3, padding=1)
    monkeypatch.setattr(floor, "exportable", lambda weights, faces: (module, (torch.zeros(faces, 2, 8, 8),)))
    assert gflop_per_face("any") == pytest.approx(2 * 64 * 4 * 2 * 9 * 1e-9)


def test_the_shipped_network_has_a_plausible_number():
    assert 0.1 < gflop_per_face("rednet-lite") < 10


def test_unknown_weights_are_refused():
    with pytest.raises(WeightsError):
        gflop_per_face("no-such-weights")


def test_the_rate_of_matrix_products_is_found(monkeypatch):
    monkeypatch.setattr(floor, "_SIDES", {"cpu": (64, 128)})
    assert 0.01 < matrix_rate_gflops("cpu", torch.float32, 1) < 100_000


@pytest.mark.gpu
def test_the_rate_of_a_gpu_is_found_in_low_precision():
    assert matrix_rate_gflops("cuda", torch.float16, 1) > 1.5 * matrix_rate_gflops("cuda", torch.float32, 1)


def test_the_floor_of_a_batch_is_that_of_its_faces():
    assert Floor("cpu", "float32", 1, 100.0, 0.5).milliseconds(8) == 40.0
