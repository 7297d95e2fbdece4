import pytest

from rednet_ros.evaluation.paper_tables import COST, TABLES, as_markdown


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize("number", TABLES)
def test_every_row_of_the_paper_fills_its_columns(number: int) -> None:
    for table in TABLES[number]:
        for row in table.of_paper().values():
            assert len(row) == len(table.groups) * len(table.numbers) + len(table.cost)
        lines = as_markdown(table, {}).splitlines()[2:]
        assert {len(cells(line)) for line in lines} == {len(cells(lines[0]))}
        assert {len(line) for line in lines} == {len(lines[0])}


def test_known_numbers_are_in_their_places() -> None:
    (table,) = TABLES[8]
    with_state = table.of_paper()["paper, with temporal module"]
    assert with_state["challenging", "nme_std"] == 3.28
    assert with_state["full", "failure_rate_10"] == 2.82
    (table,) = TABLES[5]
    assert table.of_paper()["paper, ResNet"][COST, "ms_per_face"] == 54.9
    assert TABLES[9][1].of_paper()["CFSS"]["300-VW", "nme_mean"] == 6.13


def test_our_rows_come_after_the_papers_with_dashes_where_there_is_nothing() -> None:
    (table,) = TABLES[7]
    ours = {"mine": {("challenging", "nme_mean"): 4.123, ("own", "nme_mean"): 3.0, (COST, "weights_mb"): None}}
    lines = as_markdown(table, ours).splitlines()
    assert cells(lines[2]) == [
        "",
        "challenging, mean %",
        "challenging, std %",
        "own, mean %",
        "own, std %",
        "memory, MB",
    ]
    assert cells(lines[-2]) == ["paper, recurrent", "6.33", "3.61", "-", "-", "257.00"]
    assert cells(lines[-1]) == ["mine", "4.12", "-", "3.00", "-", "-"]
