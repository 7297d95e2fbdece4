"""The documents as a site, for Sphinx: `sphinx-build -W -c docs . SITE` in the root of the repository.

The pages are the same files that GitHub shows. docs/index.md lists them as links; here every list becomes a part of the
table of contents. Taken by itself, as rosdoc2 does, the folder docs is a site, too, without README and cards.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

project = "rednet_ros"
author = copyright = "the rednet_ros authors"
version = release = re.findall(r"<version>(.+)</version>", (ROOT / "package.xml").read_text(encoding="utf-8"))[0]

extensions = ["myst_parser", "sphinx.ext.autodoc"]
include_patterns = [
    *("docs/*.md", "README.md", "CONTRIBUTING.md", "QUALITY_DECLARATION.md", "CHANGELOG.rst"),
    *("examples/README.md", "models/*.md"),
]
html_theme = "furo"
html_title = f"rednet_ros {version}"
myst_heading_anchors = 4
highlight_language = "none"  # commands, where a block names no language
default_role = "code"  # docstrings have names in single backticks

autodoc_mock_imports = ["torch", "safetensors", "openvino", "rclpy"]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"

_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)#\s]+)(#[^)]*)?\)")
_LISTED = re.compile(r"^- \[([^\]]+)\]\(([^):#]+)\.(?:md|rst)\)", re.MULTILINE)


def _read(app: Sphinx, page: str, source: list[str]) -> None:
    """Links to folders, which a site has none of, become their text; the index gets its table of contents."""
    folder = (Path(app.srcdir) / page).parent

    def shown(link: re.Match[str]) -> str:
        return link[2] if (folder / link[3]).is_dir() else link[0]

    source[0] = _LINK.sub(shown, source[0])
    if page == app.config.root_doc:
        source[0] = "\n## ".join(_with_toctree(part, app) for part in source[0].split("\n## "))


def _with_toctree(part: str, app: Sphinx) -> str:
    is_in_docs = Path(app.srcdir) == Path(app.confdir)
    pages = [f"{name} <{page}>" for name, page in _LISTED.findall(part) if not (is_in_docs and page.startswith("../"))]
    if not pages:
        return part
    return "\n".join([part, "", "```{toctree}", ":hidden:", f":caption: {part.splitlines()[0]}", *pages, "```", ""])


def setup(app: Sphinx) -> None:
    if Path(app.srcdir) == Path(app.confdir):
        app.config.include_patterns = ["*.md"]
        app.config.root_doc = "index"
    else:
        app.config.root_doc = "docs/index"
    app.connect("source-read", _read)
