"""The Python example of the README runs as it stands there."""

import re

import numpy as np

from rednet_ros.media.video import VideoWriter


def test_the_python_example_runs(repository, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with VideoWriter("clip.mp4", 25) as writer:
        for _ in range(3):
            writer.write(np.full((120, 160, 3), 90, np.uint8))
    (example,) = re.findall(r"^```python\n(.*?)^```", (repository / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    exec(compile(example, "README.md", "exec"), {})
