"""docs/troubleshooting.md quotes rclpy's own refusals of a new parameter value."""

import re

import pytest


@pytest.mark.parametrize(
    ("name", "value"), [("max_faces", 1000), ("grace_s", 1e9), ("max_faces", "3"), ("cameras", ["front"])]
)
def test_a_refusal_of_rclpy_is_on_the_page(make_bench, tracker, repository, name, value):
    successful, reason = make_bench(lambda parameters: tracker).set_parameter(name, value)
    assert not successful
    page = (repository / "docs" / "troubleshooting.md").read_text()
    section = page.split("## A parameter is not taken\n")[1].split("\n## ")[0]
    quoted = [re.escape(row).replace("…", ".+") for row in re.findall(r"^\| `(.+?)` \|", section, re.MULTILINE)]
    assert any(re.fullmatch(pattern, reason) for pattern in quoted), reason
