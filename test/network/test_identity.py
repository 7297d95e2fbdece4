import torch

from rednet_ros.network.identity import IdentityBranch


def test_256_numbers_a_face():
    assert IdentityBranch(24)(torch.randn(3, 24, 2, 2)).shape == (3, 256)


def test_training_drops_six_of_ten():
    branch = IdentityBranch(24)
    code = torch.randn(64, 24, 2, 2)
    dropped = (branch(code) == 0).float().mean().item()
    assert 0.55 < dropped < 0.65


def test_running_drops_none_and_repeats():
    branch = IdentityBranch(24).eval()
    code = torch.randn(4, 24, 2, 2)
    assert (branch(code) != 0).all()
    assert torch.equal(branch(code), branch(code))
