"""The tables on the pages for integrators are those of the files they describe."""

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
