"""Every message that the page on troubleshooting quotes is one that the code prints."""

import ast
import re

import pytest

SHORTEST = 8
"""Shorter strings of the code are no messages."""


def wording(node):
    """The text of a literal or f-string, `…` for each value in it; None for other expressions."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.sub(r"%\.?\d*[sdf]", "…", node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
    return None


@pytest.fixture(scope="module")
def wordings(request):
    """Every text in the code that may be a message."""
    root = request.config.rootpath
    files = [*root.glob("rednet_ros/**/*.py"), *root.glob("launch/*.py")]
    found = {wording(node) for file in files for node in ast.walk(ast.parse(file.read_text()))}
    return {text for text in found if text and len(text) >= SHORTEST}


def quoted_messages(page):
    """The first cell of each row in the tables whose first column is called message."""
    messages, is_table_of_messages = [], False
    for line in page.splitlines():
        if not line.startswith("|"):
            is_table_of_messages = False
        elif line.startswith("| message |"):
            is_table_of_messages = True
        elif is_table_of_messages and not line.startswith("|---"):
            messages.append(line.split(" | ")[0].removeprefix("| ").strip("`"))
    return messages


def test_every_message_quoted_is_printed_by_the_code(repository, wordings):
    messages = quoted_messages((repository / "docs" / "troubleshooting.md").read_text())
    assert len(messages) > 35
    missing = [message for message in messages if not any(message in text for text in wordings)]
    assert missing == []


def test_a_message_that_the_code_does_not_print_would_be_found(wordings):
    assert not any("no weights file in …: look elsewhere" in text for text in wordings)


def test_the_parameters_named_on_the_pages_exist(repository):
    """`name:=value` of the launch files, in every page for integrators."""
    import documentation_tables

    from rednet_ros.nodes.parameters.launch import arguments

    rows = [row for name in documentation_tables.LAUNCH_FILES for row in documentation_tables.launch_rows(name)]
    known = {row.split("`")[1] for row in rows} | set(arguments())
    pages = ("quickstart", "launch", "cameras", "jetson", "privacy", "troubleshooting")
    for page in pages:
        text = (repository / "docs" / f"{page}.md").read_text()
        named = set(re.findall(r"[ `](\w+):=", text)) - {"faces", "image", "source", "__ns"}  # of `ros2 run`
        assert named <= known, page


def test_links_between_the_pages_lead_somewhere(repository):
    pages = [*(repository / "docs").glob("*.md"), repository / "examples" / "README.md", repository / "README.md"]
    for page in pages:
        text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
