"""What no source file may do: run what a file says, unpickle, read YAML with objects in it, open a port, start a shell.

The few places that come near are named here, each with the reason why it is safe.
"""

import ast
from pathlib import Path

import pytest
import yaml

from rednet_ros.errors import InputError, WeightsError
from rednet_ros.media.images import read_image
from rednet_ros.network import weights
from rednet_ros.training.datasets.labels import read_labels

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("rednet_ros", "scripts", "launch", "examples", "cmake")

PICKLING = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
AUDITED_IMPORTS = {
    # An unpickler that resolves the names of NumPy's arrays and nothing else.
    "rednet_ros/training/rendering/rig.py": {"pickle"},
    # The name of an exception.
    "rednet_ros/training/imagenet_encoder.py": {"pickle"},
}
AUDITED_CALLS = {
    # A free port of the loopback, found and left again, for the processes of one training run.
    "rednet_ros/cli/processes.py": {"bind"},
    # The live view's port, of the loopback unless told otherwise: tried before viser listens there (docs/view.md).
    "rednet_ros/view/server.py": {"bind"},
}
FORBIDDEN_CALLS = {"eval", "exec", "system", "popen", "listen", "bind", "urlopen", "urlretrieve", "unsafe_load",
                   "full_load", "unsafe_load_all"}  # fmt: skip
OUR_METHODS = {"eval"}
"""Also the name of a method of torch (`network.eval()`), which takes no text."""


def sources():
    return sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def called(node):
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def keyword(node, name):
    values = [one.value.value for one in node.keywords if one.arg == name and isinstance(one.value, ast.Constant)]
    return values[0] if values else None


def receiver(node):
    value = node.func.value if isinstance(node.func, ast.Attribute) else None
    return value.id if isinstance(value, ast.Name) else ""


def findings(path, tree):
    """What is not allowed in one file, in words."""
    name = path.relative_to(ROOT).as_posix()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            modules = [one.name for one in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            for module in {module.split(".")[0] for module in modules} & PICKLING:
                if module not in AUDITED_IMPORTS.get(name, set()):
                    yield f"{name}:{node.lineno} imports {module}"
        if isinstance(node, ast.Call):
            text = called(node)
            if text in FORBIDDEN_CALLS and text not in AUDITED_CALLS.get(name, set()) and not _harmless(node, text):
                yield f"{name}:{node.lineno} calls {text}"
            if text == "load" and receiver(node) == "yaml":
                yield f"{name}:{node.lineno} reads YAML with yaml.load, not yaml.safe_load"
            if text == "load" and receiver(node) == "torch" and keyword(node, "weights_only") is not True:
                yield f"{name}:{node.lineno} unpickles with torch.load"
            if keyword(node, "allow_pickle") or keyword(node, "shell"):
                yield f"{name}:{node.lineno} allows a pickle or a shell"


def _harmless(node, text):
    """A method of an object with no argument: `network.eval()`."""
    return text in OUR_METHODS and isinstance(node.func, ast.Attribute) and not node.args and not node.keywords


def test_no_source_does_what_a_file_could_abuse():
    paths = sources()
    assert len(paths) > 100
    found = [text for path in paths for text in findings(path, ast.parse(path.read_text(encoding="utf-8")))]
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from joblib import load",
        "eval(text)",
        "yaml.load(text)",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "numpy.load(path, allow_pickle=True)",
        "subprocess.run(text, shell=True)",
        "os.system(text)",
        "server.bind(('', 80))",
        "server.listen(5)",
    ],
)
def test_the_search_finds_what_it_looks_for(code):
    assert list(findings(ROOT / "rednet_ros" / "new.py", ast.parse(code)))


def test_an_audited_place_that_is_gone_is_taken_off_the_list():
    for name, modules in AUDITED_IMPORTS.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        assert all(module in text for module in modules)
    assert all((ROOT / name).is_file() for name in AUDITED_CALLS)


def test_configuration_files_hold_plain_yaml():
    for path in [*(ROOT / "config").rglob("*.yaml"), *(ROOT / "config").rglob("*.rviz")]:
        yaml.safe_load(path.read_text(encoding="utf-8"))


def test_a_pickle_named_as_weights_is_refused_unread(tmp_path):
    """Whoever unpickles it writes a file."""
    torch = pytest.importorskip("torch")
    witness = tmp_path / "witness"

    class Malicious:
        def __reduce__(self):
            return (Path.touch, (witness,))

    path = tmp_path / "weights.safetensors"
    torch.save({"weights": Malicious()}, path)
    with pytest.raises(WeightsError, match="no safetensors file"):
        weights.load(path)
    assert not witness.exists()


@pytest.mark.parametrize(
    "name", ["../../../etc/passwd", "/etc/passwd", "~/no.safetensors", "~nobody-here/no.safetensors", "", ".", "\x00"]
)
def test_names_of_weights_that_are_no_weights_are_refused(name):
    with pytest.raises(WeightsError):
        weights.load(name)


def test_a_name_longer_than_any_file_system_takes_is_a_missing_file():
    with pytest.raises(WeightsError, match="no shipped weights"):
        weights.load("a" * 5000)
    with pytest.raises(InputError, match="no such image"):
        read_image("a" * 5000)
    with pytest.raises(InputError, match="no such labels"):
        read_labels("a" * 5000)
