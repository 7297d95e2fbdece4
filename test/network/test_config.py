import json
import math

import pytest

from rednet_ros.network.config import REDNetConfig


def test_the_default_is_the_papers_network():
    config = REDNetConfig()
    assert (config.backbone, config.width, config.crop_px, config.map_px) == ("vgg", 1.0, 256, 128)
    assert config.steps == ("detection", "regression")
    assert config.cells(config.sigma_px) == 2.5


def test_settings_survive_json():
    config = REDNetConfig(backbone="resnet50", width=0.25, crop_px=96, steps=("regression",), temporal="none")
    assert REDNetConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_lengths_scale_with_the_crop():
    assert REDNetConfig(crop_px=64).cells(8.0) == REDNetConfig(crop_px=128).cells(8.0) / 2 == 1.0


@pytest.mark.parametrize(("width", "channels"), [(1.0, 64), (0.25, 16), (0.0625, 8), (0.4, 24), (2.0, 128)])
def test_channels_scale_in_multiples_of_eight(width, channels):
    assert REDNetConfig(width=width).channels(64) == channels


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"backbone": "alexnet"}, "vgg, mobile, resnet152"),
        ({"crop_px": 100}, "multiple of 32"),
        ({"crop_px": 32}, "from 64"),
        ({"crop_px": 96.0}, "multiple of 32"),
        ({"crop_px": 1 << 20}, "1024"),
        ({"steps": ()}, "one or more"),
        ({"shared_steps": "no"}, "true or false"),
        ({"steps": ("segmentation", "regression")}, "detection or regression"),
        ({"temporal": "yes"}, "replace or spatial"),
        ({"temporal": "spatial"}, "spatial needs the backbone mobile, not vgg"),
        ({"width": 0}, "above 0"),
        ({"width": math.nan}, "above 0"),
        ({"sigma_px": 0.0}, "sigma_px"),
        ({"radius_px": math.nan}, "radius_px"),
    ],
)
def test_impossible_settings_are_refused(settings, told):
    with pytest.raises(ValueError, match=told):
        REDNetConfig(**settings)


def test_unknown_settings_are_named():
    with pytest.raises(ValueError, match=r"'depth'.*'backbone'"):
        REDNetConfig.from_dict({"depth": 3})
