"""What releases to ROS's build farm and to PyPI need: keys that resolve, licences, a changelog, archives to install."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zipfile
from contextlib import redirect_stderr
from email.parser import Parser
from pathlib import Path

import cv2
import pytest
from rosdep_keys import DISTRIBUTIONS, KEYS_FILE, PLATFORMS, has_package, keys_of_this_repository

import rednet_ros
from rednet_ros.media.video import VideoWriter

BUILD = "import sys, setuptools.build_meta as backend; getattr(backend, 'build_' + sys.argv[1])(sys.argv[2])"
LARGEST_WHEEL_MB = 20.0


@pytest.fixture(scope="module")
def sdist(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source archive, built from the files that git knows, without the network."""
    pytest.importorskip("setuptools", "77", reason="pyproject.toml asks for setuptools 77")
    folder = tmp_path_factory.mktemp("sdist")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=repository, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("no git checkout")
    for name in filter(None, listed.stdout.split("\0")):
        if not name.startswith(("test/", "docs/")) and (repository / name).is_file():
            (folder / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(repository / name, folder / "tree" / name)
    return built("sdist", folder / "tree", folder)


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the source archive, as pip does where no wheel fits."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.unpack_archive(sdist, folder)
    (source,) = folder.iterdir()
    return built("wheel", source, folder)


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the wheel's files and nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    options = ["--no-deps", "--no-index", "--disable-pip-version-check", "--target", str(folder)]
    ran([sys.executable, "-m", "pip", "install", "--quiet", *options, str(wheel)], os.environ)
    return folder


def built(kind: str, source: Path, folder: Path) -> Path:
    ran([sys.executable, "-c", BUILD, kind, str(folder)], os.environ, cwd=source)
    (archive,) = folder.glob("*.tar.gz" if kind == "sdist" else "*.whl")
    return archive


def ran(command: list[str], environment: object, **options: object) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return str(done.stdout)


def command(installed: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """rednet-track of `installed`, out of reach of the checkout and of ROS; libraries are those of this Python."""
    kept = {name: value for name, value in os.environ.items() if name in ("HOME", "PATH", "OMP_NUM_THREADS", "TMPDIR")}
    environment = kept | {"PYTHONPATH": str(installed)}
    script = installed / "bin" / "rednet-track"
    return subprocess.run(
        [sys.executable, str(script), *arguments], env=environment, cwd=cwd, capture_output=True, text=True, check=False
    )


def test_rosdep_resolves_every_key_without_pip(repository: Path) -> None:
    """In every distribution, or on the Ubuntu and Debian releases under them; as rosdistro was at the file's date."""
    lines = [line for line in KEYS_FILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    known = {key: set(where.split()) for key, where in (line.split(":") for line in lines)}
    missing = keys_of_this_repository(repository) - known.keys()
    assert not missing, "look them up with scripts/rosdep_keys.py, a clone of ros/rosdistro at hand"
    everywhere = set(DISTRIBUTIONS), {platform.replace(" ", "-") for platform in PLATFORMS}
    assert [key for key, where in known.items() if where not in everywhere] == []


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"ubuntu": ["python3-x"]}, True),
        ({"ubuntu": {"*": ["python3-x"], "noble": None}}, False),
        ({"ubuntu": {"noble": ["python3-x"], "focal": None}}, True),
        ({"ubuntu": {"pip": {"packages": ["x"]}}}, False),
        ({"ubuntu": {"*": {"pip": {"packages": ["x"]}}}}, False),
        ({"ubuntu": {"focal": ["python3-x"]}}, False),
        ({"debian": ["python3-x"]}, False),
        (None, False),
    ],
)
def test_a_rule_counts_where_it_names_packages_of_the_system(rule: dict[str, object] | None, expected: bool) -> None:
    assert has_package(rule, "ubuntu", "noble") is expected


def test_every_licence_has_its_text(repository: Path) -> None:
    """bloom copies the files; the wheel's expression names the same licences."""
    licences = ElementTree.parse(repository / "package.xml").getroot().findall("license")
    assert all((repository / licence.attrib["file"]).stat().st_size > 1000 for licence in licences)
    (expression,) = re.findall(r'license_expression="([^"]+)"', (repository / "setup.py").read_text(encoding="utf-8"))
    assert expression.split(" AND ") == [licence.text for licence in licences]


def test_bloom_reads_the_changelog(repository: Path) -> None:
    """catkin_pkg.changelog is what bloom uses. docutils, under it, writes what it finds wrong on stderr."""
    changelog = pytest.importorskip("catkin_pkg.changelog", reason="catkin_pkg comes with ROS or `make setup`")
    with redirect_stderr(io.StringIO()) as complaints:
        read = changelog.get_changelog_from_path(str(repository / "CHANGELOG.rst"))
    assert complaints.getvalue() == ""
    assert [version for version, _, _ in read.foreach_version()][-1] == rednet_ros.__version__


@pytest.mark.slow
def test_the_wheel_is_small_and_says_what_it_is(wheel: Path) -> None:
    assert wheel.stat().st_size < LARGEST_WHEEL_MB * 1e6
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        described = Parser().parsestr(archive.read(metadata).decode())
    assert described["License-Expression"].startswith("Apache-2.0")
    assert len(described.get_all("License-File") or []) == 3
    assert {"fast", "gpu", "train", "render"} <= set(described.get_all("Provides-Extra") or [])
    page = str(described.get_payload())
    assert page.startswith("# rednet_ros")
    targets = re.findall(r"\]\(([^)]*)\)", page)
    assert [target for target in targets if not target.startswith("https://")] == [], "a package index has no such file"
    assert "Real output of one run" not in page, "the caption of a picture that is not there"
    assert "[performance]" not in page
    assert "dlib is more exact where it finds one (performance)" in page
    shipped = {Path(name).name for name in names if "/share/rednet_ros/models/" in name}
    assert {"centerface.onnx", "rednet-lite.onnx", "rednet-lite-clean.onnx", "rednet-base.md"} <= shipped
    assert not [name for name in names if name.startswith("test")]


@pytest.mark.slow
def test_an_installed_wheel_tracks_a_clip(repository: Path, installed: Path, tmp_path: Path) -> None:
    portrait = cv2.imread(str(repository / "rednet_ros" / "evaluation" / "speed" / "portrait.jpg"))
    with VideoWriter(tmp_path / "clip.mp4", 25) as writer:
        for _ in range(5):
            writer.write(portrait)
    done = command(installed, "clip.mp4", "--jsonl", "faces.jsonl", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in (tmp_path / "faces.jsonl").read_text().splitlines()]
    assert [len(row["faces"]) for row in rows] == [1] * 5


@pytest.mark.slow
def test_an_installed_wheel_says_where_large_weights_are(installed: Path, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "dark.png"), cv2.UMat(64, 64, cv2.CV_8UC3).get())
    done = command(installed, "dark.png", "--weights", "rednet-base", cwd=tmp_path)
    assert done.returncode == 2
    assert "rednet-base.safetensors does not come with this installation" in done.stderr
    assert "Traceback" not in done.stderr
