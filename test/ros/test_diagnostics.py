"""Statuses on /diagnostics of two nodes can be distinguished."""

import pytest

pytestmark = pytest.mark.ros


@pytest.mark.parametrize(
    ("namespace", "expected"),
    [
        ("/", "rednet_tracker: frames"),
        ("/front", "front/rednet_tracker: frames"),
        ("/a/b", "a/b/rednet_tracker: frames"),
    ],
)
def test_nodes_of_one_name_in_two_namespaces_have_statuses_of_their_own(namespace: str, expected: str) -> None:
    from rednet_ros.nodes.tracker import diagnostics

    name = diagnostics.frames_status(namespace, "rednet_tracker")
    assert name == expected
    message = diagnostics.array(
        diagnostics.Time(), [diagnostics.status(name, diagnostics.OK, "tracking", {"received": 7})]
    )
    found = diagnostics.find(message, name)
    assert found is not None
    assert diagnostics.values(found) == {"received": "7"}
    assert diagnostics.find(message, diagnostics.frames_status("/elsewhere", "rednet_tracker")) is None
