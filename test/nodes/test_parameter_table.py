"""One table is a parameter's declaration, range and documentation."""

from dataclasses import dataclass

import pytest

from rednet_ros.errors import InputError
from rednet_ros.nodes.parameter_table import check_values, parameter, specifications


@dataclass(frozen=True)
class Table:
    enabled: bool = parameter(True, "On or off.")
    count: int = parameter(3, "How many.", minimum=1, maximum=5)
    share: float = parameter(0.5, "How much.", unit="s", minimum=0, maximum=1, dynamic=True)
    mode: str = parameter("fast", "How.", choices=("fast", "slow"))


def test_the_table_is_the_struct():
    assert Table() == Table(enabled=True, count=3, share=0.5, mode="fast")
    assert [entry.type_name for entry in specifications(Table).values()] == ["bool", "integer", "double", "string"]


@pytest.mark.parametrize(("name", "value"), [("count", 1), ("count", 5), ("share", 0.0), ("mode", "slow")])
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
    with pytest.raises(InputError, match="known are: enabled, count, share, mode"):
        check_values(Table, {"zzz": 3})
