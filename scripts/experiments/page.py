"""Parts of a page that are written by a program, between two markers each."""

from __future__ import annotations

import re


def markers(name: str) -> tuple[str, str]:
    """The lines before and behind the part of that name; comments, which readers do not see."""
    return f"<!-- begin {name}: written by scripts/experiments_report.py -->", f"<!-- end {name} -->"


def replaced(page: str, name: str, content: str) -> str:
    """The page with new content in the part of that name. Raises ValueError unless it has this part once."""
    begin, end = markers(name)
    pattern = re.compile(f"{re.escape(begin)}\n.*?{re.escape(end)}", re.DOTALL)
    if len(pattern.findall(page)) != 1:
        raise ValueError(f"the page needs one part {begin} ... {end}")
    return pattern.sub(lambda _: f"{begin}\n{content}\n{end}", page)
