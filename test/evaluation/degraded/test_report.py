import numpy as np

from rednet_ros.evaluation.degraded.bursts import OCCLUSIONS, Burst
from rednet_ros.evaluation.degraded.report import as_record, as_text
from rednet_ros.evaluation.degraded.run import ClipErrors
from rednet_ros.evaluation.networks import Network

RULES = ["with state", "without state", "without state and z0", "motion alone"]
LABELS = {"degrade": "occlude", "seed": 0, "unit": "landmarks", "boxes": "truth", "judged_by": "labels"}


def made_clip(kind: str, error: float) -> ClipErrors:
    """One burst, in which every rule has this error, and 2 % elsewhere."""
    errors = np.full(40, 0.02)
    errors[10:15] = error
    return ClipErrors(
        (Burst(10, 15, kind, (0, 0)),),
        dict.fromkeys(RULES, errors),
        {rule: np.full(40, 0.02) for rule in RULES},
        dict.fromkeys(RULES, 0),
    )


def test_kinds_have_a_table_of_their_own_where_there_are_several(network: Network) -> None:
    clips = [made_clip(kind, 0.05 + 0.1 * index) for index, kind in enumerate(OCCLUSIONS)]
    text = as_text(as_record(network, clips, LABELS))
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")]
    assert [row[0] for row in rows] == ["rule", *RULES, "kind", *OCCLUSIONS]
    by_kind = {row[0]: row[1:] for row in rows}
    assert by_kind["kind"] == ["bursts", *RULES]
    assert by_kind["hand"] == ["1"] + ["5.00, 0 %, 0.0"] * 4
    assert by_kind["face"] == ["1"] + ["35.00, 100 %, 0.0"] * 4
    assert "size of the box around the annotated landmarks" in text
    alone = as_text(as_record(network, clips[:1], LABELS))
    assert "by kind" not in alone


def test_what_never_happened_is_null_in_json_and_a_dash_in_the_table(network: Network) -> None:
    clip = made_clip("hand", np.nan)
    record = as_record(network, [clip], LABELS)
    assert record["rules"]["with state"]["inside"] == {"frames": 0, "error": None, "median": None, "failures": None}
    assert record["over_time"]["with state"]["inside"] == [None] * 12
    assert "-, - %" in as_text(record)
