"""One table is a parameter's declaration, range and documentation."""

from dataclasses import dataclass

import pytest

from rednet_ros.errors import InputError
from rednet_ros.nodes.parameters.table import check_values, specifications, struct
from rednet_ros.tracking.settings import parameter


@dataclass(frozen=True)
class Table:
    enabled: bool = parameter(True, "On or off.")
    count: int = parameter(3, "How many.", limits=(1, 5))
    share: float = parameter(0.5, "How much.", unit="s", limits=(0, 1), dynamic=True)
    mode: str = parameter("fast", "How.", choices=("fast", "slow"))
    names: tuple[str, ...] = parameter(("a",), "Which.", pattern="[a-z]+", read_only=True)


def test_the_table_is_the_struct():
    assert Table() == Table(enabled=True, count=3, share=0.5, mode="fast", names=("a",))
    types = [entry.type_name for entry in specifications(Table).values()]
    assert types == ["string array", "bool", "integer", "string", "double"]  # by when they take effect


@pytest.mark.parametrize(
    ("name", "value"),
    [("count", 1), ("count", 5), ("share", 0.0), ("mode", "slow"), ("names", ["b", "c"]), ("names", ("b",))],
)
def test_values_within_the_table_are_taken(name, value):
    assert specifications(Table)[name].refusal(value) is None


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("count", 0, "'count' must be 1 to 5, not 0"),
        ("count", 6, "'count' must be 1 to 5, not 6"),
        ("count", 2.0, "'count' is of type integer, not the double 2.0"),
        ("count", True, "not the bool True"),
        ("share", 1.5, "'share' must be 0 to 1 s, not 1.5"),
        ("share", 1, "is of type double, not the integer 1 (write 1.0)"),
        ("share", float("nan"), "must be finite"),
        ("mode", "medium", "'mode' must be one of fast, slow, not medium"),
        ("mode", None, "is of type string, not the NoneType None"),
        ("names", "a", "is of type string array, not the string 'a'"),
        ("names", ["a", "B"], "'names' must match [a-z]+, which 'B' does not"),
        ("names", [1], "which 1 does not"),
        ("enabled", "yes", "is of type bool, not the string 'yes'"),
    ],
)
def test_other_values_are_refused_with_the_reason(name, value, reason):
    assert reason in specifications(Table)[name].refusal(value)
    with pytest.raises(InputError) as caught:
        check_values(Table, {name: value})
    assert reason in str(caught.value)


def test_a_misspelt_name_gets_the_nearest_one():
    with pytest.raises(InputError, match=r"no parameter 'cuont'; did you mean 'count'\?"):
        check_values(Table, {"cuont": 3})


def test_a_name_like_no_other_gets_the_page_that_lists_them():
    with pytest.raises(InputError, match="no parameter 'zzz'; docs/nodes.md lists those that there are$"):
        check_values(Table, {"zzz": 3})


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("count", "'front.count' or 'left_rear_camera.count'"),
        ("cuont", "'front.count' or 'left_rear_camera.count'"),
        ("left_rear_camera.cuont", "'left_rear_camera.count'"),
        ("enabled", "'front.enabled' or 'left_rear_camera.enabled'"),
    ],
)
def test_a_name_without_its_prefix_gets_all_that_it_may_be(name, meant):
    known = {**specifications(Table, "front"), **specifications(Table, "left_rear_camera")}
    with pytest.raises(InputError, match=rf"; did you mean {meant}\?$"):
        check_values(known, {name: 3})


def test_a_table_can_be_declared_under_a_prefix():
    assert list(specifications(Table, "front"))[:2] == ["front.names", "front.enabled"]
    values = {"front.count": 4, "rear.count": 2, "front.names": ["x", "y"]}
    assert struct(Table, values, "front") == Table(count=4, names=("x", "y"))
    with pytest.raises(InputError, match="'front.count' must be 1 to 5, not 9"):
        check_values(specifications(Table, "front"), {"front.count": 9})


def test_a_field_without_a_declaration_is_no_parameter():
    @dataclass(frozen=True)
    class WithPlainField(Table):
        plain: int = 1

    assert "plain" not in specifications(WithPlainField)
    with pytest.raises(InputError, match="no parameter 'plain'"):
        check_values(WithPlainField, {"plain": 1})
