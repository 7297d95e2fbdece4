"""The tables on the pages for integrators are those of the files they describe."""

import re

import documentation_tables
import pytest

PAGES = {
    "launch.md": ("tracker.launch.py", "demo.launch.py", "replay.launch.py"),
    "subscribing.md": ("FaceLandmarks", "Face", "Landmark", "regions"),
}


@pytest.mark.parametrize(("page", "title"), [(page, title) for page, titles in PAGES.items() for title in titles])
def test_a_table_is_on_its_page(repository, page, title):
    rows = documentation_tables.tables()[title]
    assert len(rows) >= 3
    text = (repository / "docs" / page).read_text()
    missing = [row for row in rows if row not in text]
    assert not missing, "scripts/documentation_tables.py prints the table as it should be"
    assert "\n".join(rows) in text


def test_every_message_has_a_table(repository):
    assert {file.stem for file in (repository / "msg").iterdir()} == set(documentation_tables.MESSAGES)


def test_every_launch_file_has_a_table(repository):
    names = {file.name.removesuffix(".launch.py") for file in (repository / "launch").glob("*.launch.py")}
    assert names == set(documentation_tables.LAUNCH_FILES)


def test_regions_are_those_of_the_library():
    from rednet_ros.landmarks import REGIONS

    named = [row.split("|")[1:3] for row in documentation_tables.region_rows()]
    assert [(name.strip().replace(" ", "_"), indices.strip()) for name, indices in named] == [
        (name, f"{indices.start} to {indices.stop - 1}") for name, indices in REGIONS.items()
    ]


def node_source(repository, name):
    return (repository / "rednet_ros" / "nodes" / f"{name}.py").read_text()


def test_every_topic_of_the_tracker_is_on_its_page_with_type_and_depth(repository):
    topics = re.findall(
        r'^    Topic\("(\w+)", (\w+), (\d+),', node_source(repository, "outputs/outputs"), flags=re.MULTILINE
    )
    assert len(topics) >= 3
    page = (repository / "docs" / "nodes.md").read_text()
    for name, kind, depth in topics:
        assert re.search(rf"^\| out: `{name}` \| `\w+/{kind}` \| reliable, depth {depth} \|", page, re.MULTILINE), name


def test_every_service_of_the_tracker_is_on_its_page(repository):
    services = re.findall(r'create_service\((\w+), "([^"]+)"', node_source(repository, "tracker/tracker_node"))
    assert services
    page = (repository / "docs" / "nodes.md").read_text()
    for kind, name in services:
        package = "rednet_ros" if (repository / "srv" / f"{kind}.srv").exists() else "std_srvs"
        assert f"| `{name}` | `{package}/{kind}` |" in page, name


def test_the_topics_and_parameters_of_the_example_are_on_its_page(repository):
    source = (repository / "examples/rednet_attention/rednet_attention/attention_node.py").read_text()
    page = (repository / "examples" / "README.md").read_text()
    for kind, name in re.findall(r'create_publisher\((\w+), "(\w+)"', source):
        assert re.search(rf"^\| out: `{name}` \| `\w+/{kind}` \|", page, re.MULTILINE), name
    parameters = re.findall(r'declare_parameter\(\s*"(\w+)", ([^\n]+?), (?:_angle|Parameter)', source)
    assert len(parameters) == 2
    for name, default in parameters:
        assert f"| `{name}` | {default} |" in page, name
