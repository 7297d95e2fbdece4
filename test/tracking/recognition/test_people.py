import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.tracking.recognition.people import People, check_name, load_people, read_people, write_people


def unit(number: int) -> Any:
    return np.eye(1, 8, number, dtype=np.float32)[0]


def recognizer(name: str = "mine", looks: bool = True) -> Any:
    return SimpleNamespace(name=name, looks=looks)


def test_people_are_kept_in_a_file_that_only_the_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "people.json"
    write_people(path, People("mine", {"ann": [unit(0), unit(1)], "bob": [unit(2)]}))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["people.json"]
    people = read_people(path)
    assert (people.recognizer, list(people.vectors)) == ("mine", ["ann", "bob"])
    np.testing.assert_allclose(people.vectors["ann"][1], unit(1))
    assert len(path.read_text().splitlines()) == 3  # a line a person


@pytest.mark.parametrize("looks", [True, False])
def test_their_portraits_are_known_at_once(tmp_path: Path, looks: bool) -> None:
    write_people(tmp_path / "people.json", People("mine", {"ann": [unit(0)], "bob": [unit(2)]}))
    portraits = load_people(tmp_path / "people.json", recognizer(looks=looks))
    assert all(portrait.is_known for portrait in portraits.values())
    assert portraits["ann"].similarity(unit(0)) == pytest.approx(1.0)
    assert portraits["ann"].likeness(portraits["bob"]) == pytest.approx(0.0)


def test_another_recognisers_people_are_refused(tmp_path: Path) -> None:
    write_people(tmp_path / "people.json", People("mine", {"ann": [unit(0)]}))
    with pytest.raises(InputError, match="enrolled with the recognizer mine, not dlib"):
        load_people(tmp_path / "people.json", recognizer("dlib"))


@pytest.mark.parametrize("name", ["", "f1", "f27", "1st", "Ann Lee", "ann/lee", "_ann"])
def test_names_that_are_no_ids_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="cannot be called"):
        check_name(name)
    check_name("f1st")


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"format": "x"}', '{"format": "rednet-people-1", "recognizer": "a", "people": {"ann": [0]}}'],
)
def test_a_damaged_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "people.json").write_text(text)
    with pytest.raises(InputError, match="people.json"):
        read_people(tmp_path / "people.json")
    with pytest.raises(InputError, match="rednet-enroll makes one"):
        read_people(tmp_path / "none.json")
