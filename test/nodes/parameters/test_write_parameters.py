"""config/tracker.yaml and the tables of docs/nodes.md are those of the declarations."""

from dataclasses import asdict, dataclass

import pytest
import write_parameters
import yaml

from rednet_ros.nodes.parameters.table import check_values, specifications, struct
from rednet_ros.nodes.parameters.tracker import CameraParameters, TrackerParameters
from rednet_ros.tracking.settings import parameter

WRITE = "run scripts/write_parameters.py"


def test_the_parameters_file_is_up_to_date(repository):
    assert (repository / write_parameters.YAML_FILE).read_text() == write_parameters.yaml_text(), WRITE


@pytest.mark.parametrize("name", write_parameters.TABLES)
def test_the_page_is_up_to_date(repository, name):
    page = (repository / write_parameters.PAGE).read_text()
    assert write_parameters.table_text(write_parameters.TABLES[name]) in page, WRITE
    assert f"<!-- {name}: begin" in page
    assert write_parameters.page_text(page) == page, WRITE


def test_an_outdated_table_is_replaced(repository):
    page = (repository / write_parameters.PAGE).read_text()
    assert (
        write_parameters.page_text(page.replace("| `max_faces` | integer | 8 |", "| `max_faces` | integer | 9 |"))
        == page
    )


def test_the_shipped_file_holds_every_parameter_with_its_default(repository):
    content = yaml.safe_load((repository / "config" / "tracker.yaml").read_text())
    values = content["/**"]["ros__parameters"]
    check_values(TrackerParameters, values)
    assert struct(TrackerParameters, values) == TrackerParameters()
    assert set(values) == set(specifications(TrackerParameters))
    assert set(asdict(TrackerParameters())) - set(values) == {"detect_in_background"}  # a node must not stall


def test_the_shipped_file_shows_the_parameters_of_a_camera(repository):
    lines = (repository / "config" / "tracker.yaml").read_text().splitlines()
    shown = yaml.safe_load("\n".join(line.removeprefix("    # ") for line in lines[lines.index("    #") + 1 :]))
    assert shown == {name: entry.default for name, entry in specifications(CameraParameters).items()}


def test_a_table_says_when_a_value_takes_effect():
    @dataclass(frozen=True)
    class Table:
        share: float = parameter(0.5, "How much.", unit="s", limits=(0, 1), dynamic=True)
        mode: str = parameter("fast", "How.", choices=("fast", "slow"))
        names: tuple[str, ...] = parameter(("a",), "Which.", pattern="[a-z]+", read_only=True)

    assert write_parameters.table_text(Table).splitlines()[2:] == [
        '| `names` | string array | ["a"] |  | at the start only | Which. |',
        "| `mode` | string | fast | one of fast, slow | on configuring | How. |",
        "| `share` | double | 0.5 | 0 to 1 s | on the next image | How much. |",
    ]
