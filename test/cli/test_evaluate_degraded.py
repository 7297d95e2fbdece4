"""rednet-evaluate --degrade, on a painted person whom a painted network sees."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from painted_people import PaintedDetector, PaintedEngine, Person, paint

from rednet_ros.cli import evaluate
from rednet_ros.evaluation.networks import Network
from rednet_ros.media.images import read_image, write_image

RULES = ["with state", "without state", "without state and z0", "motion alone"]
FRAMES = 36


@pytest.fixture(autouse=True)
def _painted(monkeypatch: pytest.MonkeyPatch) -> None:
    def open_fakes(weights: list[str], device: str, major_only: bool, steps: int | None = None) -> list[Network]:
        return [Network(name, PaintedEngine(), PaintedDetector()) for name in weights]

    monkeypatch.setattr(evaluate, "open_networks", open_fakes)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A folder with frames of somebody who stands still, and a labels file."""
    folder = tmp_path / "clip"
    folder.mkdir()
    one, rows = Person(3, 160, 120), []
    for frame in range(FRAMES):
        write_image(folder / (name := f"{frame:03}.png"), paint([one]))
        rows.append({"image": name, "points": one.landmarks().tolist(), "sequence": "clip", "frame": frame})
    (folder / "labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_the_report_has_four_rules_and_keeps_phases_apart(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target, sheet = tmp_path / "numbers.json", tmp_path / "sheet.png"
    arguments = [str(clip / "labels.jsonl"), "--protocol", "tracking", "--degrade", "face", "--weights", "fake"]
    assert evaluate.main([*arguments, "--json", str(target), "--sheet", str(sheet)]) == 0
    record = json.loads(target.read_text())
    assert (record["degrade"], record["seed"], record["judged_by"]) == ("face", 0, "labels")
    assert (record["clips"], record["bursts"]) == (1, 1)
    assert list(record["rules"]) == list(record["over_time"]) == RULES
    for rule, numbers in record["rules"].items():
        assert numbers["just after"]["frames"] == 5
        assert sum(numbers[name]["frames"] for name in ("inside", "just after", "outside")) == FRAMES
        assert numbers["undegraded"]["error"] < 5
        # Where nothing moves the motion model cannot be wrong; the painted network sees nobody.
        assert (numbers["inside"]["failures"] == 0.0) == (rule == "motion alone")
    assert list(record["by_kind"]) == ["face"]
    text = capsys.readouterr().out
    rows = {line.split("|")[1].strip(): line.split("|")[2:-1] for line in text.splitlines() if line.startswith("| ")}
    assert list(rows) == ["rule", *RULES]
    inside = [cell.strip() for cell in rows["rule"]].index("inside")
    error, failures = rows["with state"][inside].strip(" %").split(", ")
    assert float(error) == pytest.approx(record["rules"]["with state"]["inside"]["error"], abs=0.01)
    assert float(failures) == pytest.approx(record["rules"]["with state"]["inside"]["failures"], abs=1)
    height, width = read_image(sheet).shape[:2]
    assert width > 5 * height  # one burst, six frames


def test_on_a_clip_without_labels_the_undegraded_tracker_is_the_measure(clip: Path, tmp_path: Path) -> None:
    target = tmp_path / "numbers.json"
    (clip / "labels.jsonl").unlink()
    assert evaluate.main(["--flicker", str(clip), "--degrade", "drop", "--weights", "a", "--json", str(target)]) == 0
    record = json.loads(target.read_text())
    assert (record["judged_by"], record["bursts"]) == ("tracker", 1)
    for numbers in record["rules"].values():
        assert numbers["inside"]["error"] < 2
        assert numbers["inside"]["failures"] == 0.0


def test_the_seed_moves_the_bursts_and_several_weights_have_the_same(clip: Path, tmp_path: Path) -> None:
    target, found = tmp_path / "numbers.json", []
    arguments = [str(clip / "labels.jsonl"), "--protocol", "tracking", "--degrade", "drop", "--json", str(target)]
    for seed, weights in ((0, ["a", "b"]), (1, ["a"])):
        named = [argument for name in weights for argument in ("--weights", name)]
        assert evaluate.main([*arguments, "--degrade-seed", str(seed), *named]) == 0
        found.append(json.loads(target.read_text()))
    (first, second), other = found
    assert first["rules"] == second["rules"]
    assert first["rules"]["with state"]["inside"]["frames"] != other["rules"]["with state"]["inside"]["frames"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["LABELS", "--degrade", "blur"], "--degrade needs --protocol tracking, or clips after --flicker"),
        (["LABELS", "--degrade", "blur", "--verification"], "--degrade needs --protocol tracking"),
        (["LABELS", "--protocol", "tracking", "--degrade", "blur", "--stateless"], "--stateless is not for --degrade"),
        (["LABELS", "--protocol", "tracking", "--degrade", "blur", "--reinit"], "--reinit is not for --degrade"),
        (["LABELS", "--protocol", "tracking", "--degrade", "blur", "--ced", "x.png"], "--ced is not for --degrade"),
        (["LABELS", "--protocol", "tracking", "--degrade", "blur", "--landmarks", "7"], "--degrade is for all"),
        (["LABELS", "--sheet", "x.png"], "--sheet needs --degrade"),
    ],
)
def test_arguments_that_do_not_fit(
    clip: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    assert evaluate.main([argument.replace("LABELS", str(clip / "labels.jsonl")) for argument in arguments]) == 2
    assert complaint in capsys.readouterr().err


def test_clips_that_are_too_short_say_so(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = clip / "labels.jsonl"
    labels.write_text("".join(line + "\n" for line in labels.read_text().splitlines()[:12]))
    assert evaluate.main([str(labels), "--protocol", "tracking", "--degrade", "blur", "--weights", "fake"]) == 2
    assert "needs a sequence of" in capsys.readouterr().err
