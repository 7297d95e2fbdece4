"""The documents as a site: every page is in its table of contents, and Sphinx builds it without a warning."""

import os
import re
import subprocess
import sys

import pytest


def test_every_page_is_in_the_index_once(repository):
    docs = repository / "docs"
    listed = re.findall(r"^- \[[^\]]+\]\(([^)#]+)\)", (docs / "index.md").read_text(), flags=re.MULTILINE)
    assert len(listed) == len(set(listed))
    assert all((docs / page).is_file() for page in listed)
    assert {page for page in listed if "/" not in page} == {page.name for page in docs.glob("*.md")} - {"index.md"}
    assert {page for page in listed if page.startswith("../models/")} == {
        f"../models/{page.name}" for page in (repository / "models").glob("*.md")
    }


@pytest.mark.slow
def test_the_site_is_built_without_a_warning_and_without_torch_or_ros(repository, tmp_path):
    pytest.importorskip("furo", reason="requirements/docs.txt is not installed")
    for name in ("torch", "rclpy", "safetensors"):
        (tmp_path / "stand_ins" / name).mkdir(parents=True)
        (tmp_path / "stand_ins" / name / "__init__.py").write_text("raise RuntimeError('a page needs this')")
    site = tmp_path / "site"
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-W",
        "--keep-going",
        "-c",
        "docs",
        "-d",
        tmp_path / "trees",
        ".",
        site,
    ]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "stand_ins")}
    result = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert (site / "docs" / "quickstart.html").is_file()
    page = (site / "docs" / "api.html").read_text()
    for name in ("FaceTracker", "TrackerSettings.max_faces", "LandmarkEngine", "InputError"):
        assert re.search(rf'id="rednet_ros\.[\w.]*{name}"', page), name
    assert "toctree" not in (site / "docs" / "index.html").read_text().replace("toctree-", "")
