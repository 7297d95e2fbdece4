import json
from dataclasses import replace

import pytest

from rednet_ros.errors import InputError
from rednet_ros.evaluation.speed.results import Fairness, MemoryCurve, Report, load, save


def test_a_report_comes_back_from_its_file_as_it_was(make_report, tmp_path):
    report = make_report()
    save(report, tmp_path / "report.json")
    assert load(Report, tmp_path / "report.json") == report


def test_parts_that_were_not_measured_come_back_as_such(make_report, tmp_path):
    report = make_report(clip=None, frame_path=None, topics=(), memory=None, fairness=None)
    save(report, tmp_path / "report.json")
    assert load(Report, tmp_path / "report.json") == report


@pytest.mark.parametrize(
    "damage",
    [
        lambda values: values.pop("floors"),
        lambda values: values.update(colour="red"),
        lambda values: values["faces"][0].pop("network"),
        lambda values: values["faces"][0].update(network=7),
        lambda values: values.update(size_px=[640]),
    ],
)
def test_another_json_file_is_refused_by_name(make_report, tmp_path, damage):
    path = tmp_path / "report.json"
    save(make_report(), path)
    values = json.loads(path.read_text())
    damage(values)
    path.write_text(json.dumps(values))
    with pytest.raises(InputError, match="report.json: no results of rednet-benchmark"):
        load(Report, path)


@pytest.mark.parametrize("content", ["", "{", "[]", "nothing"])
def test_what_is_no_json_object_is_refused(tmp_path, content):
    path = tmp_path / "report.json"
    path.write_text(content)
    with pytest.raises(InputError, match="report.json"):
        load(Report, path)


def test_a_report_into_no_folder_says_so(make_report, tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        save(make_report(), tmp_path / "absent" / "report.json")


def test_growth_does_not_count_what_is_loaded_in_the_beginning():
    assert MemoryCurve("node", (10, 100, 500, 1000), (50.0, 100.0, 101.0, 103.0)).growth_mb == 3.0


def test_the_least_share_is_that_of_the_worst_camera(make_report):
    fairness = make_report().fairness
    starved = replace(fairness.cameras[0], processed=10)
    assert Fairness("x", 15.0, 1.0, (starved, replace(starved, processed=30))).least_share == 0.5
    assert Fairness("x", 15.0, 1.0, (replace(starved, processed=0),)).least_share == 0.0
