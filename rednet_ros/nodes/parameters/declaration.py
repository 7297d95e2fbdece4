"""Parameter tables on a ROS node: declare, check new values, read them as the table's struct."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from rednet_ros.nodes.parameters.table import (
    Specification,
    check_values,
    specifications,
    struct,
    unknown_name,
)

Table = TypeVar("Table")

_FOREIGN_PREFIXES = ("use_sim_time", "qos_overrides.", "start_type_description_service")
"""Parameters that every rclpy node may be given."""


class DeclaredParameters(Generic[Table]):
    """The parameters of one table, and of the groups that its values name, declared on one node.

    Create the node with `allow_undeclared_parameters=True`: then an unknown name is refused here, with the nearest
    known one, and not by rclpy, which suggests none. Raises InputError when the node was started with an unknown name
    or a value that the table refuses.
    `groups` gives further tables by the prefix of their names. `is_configured` says whether non-dynamic parameters are
    in use and must stay as they are; `changed` is called after new values were taken.
    """

    def __init__(
        self,
        node: Node,
        table: type[Table],
        *,
        groups: Callable[[Table], Mapping[str, type]] = lambda _values: {},
        is_configured: Callable[[], bool] = lambda: False,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._node = node
        self._table = table
        self._is_configured = is_configured
        given = _given(node)
        main = specifications(table)
        check_values(main, {name: value for name, value in given.items() if name in main})
        self._groups = dict(groups(struct(table, given)))
        self._specifications = main
        for prefix, group in self._groups.items():
            self._specifications = {**self._specifications, **specifications(group, prefix)}
        check_values(self._specifications, given)
        for specification in self._specifications.values():
            node.declare_parameter(specification.name, specification.default, descriptor(specification))
        node.add_on_set_parameters_callback(self._check)
        node.add_post_set_parameters_callback(lambda _parameters: changed())

    def read(self) -> Table:
        """The current values."""
        return struct(self._table, self._values())

    def read_group(self, prefix: str) -> Any:
        """The current values of the group under `prefix`, as its table."""
        return struct(self._groups[prefix], self._values(), prefix)

    def _values(self) -> dict[str, Any]:
        return {name: self._node.get_parameter(name).value for name in self._specifications}

    def _check(self, new: list[Parameter]) -> SetParametersResult:
        for entry in new:
            reason = self._refusal(entry)
            if reason is not None:
                return SetParametersResult(successful=False, reason=reason)
        return SetParametersResult(successful=True)

    def _refusal(self, new: Parameter) -> str | None:
        specification = self._specifications.get(new.name)
        if specification is None:
            known_to_rclpy = self._node.has_parameter(new.name)
            return None if known_to_rclpy else unknown_name(new.name, self._specifications)
        reason = specification.refusal(new.value)
        if reason is None and not specification.dynamic and self._is_configured():
            return f"parameter '{new.name}' is in use; clean the node up (lifecycle) before changing it"
        return reason


def _given(node: Node) -> dict[str, object]:
    """What the command line and params files set, but for what every rclpy node may be given."""
    overrides = node._parameter_overrides  # rclpy has no public way to see them
    return {name: entry.value for name, entry in overrides.items() if not name.startswith(_FOREIGN_PREFIXES)}


def descriptor(specification: Specification) -> ParameterDescriptor:
    """What `ros2 param describe` shows."""
    kind, pattern = specification.type_name, specification.pattern
    allowed = specification.constraint or (f"{kind} matching {pattern}" if pattern else f"any {kind}")
    message = ParameterDescriptor(
        description=specification.description,
        additional_constraints=f"{allowed}; takes effect {specification.takes_effect}",
        read_only=specification.read_only,
    )
    if specification.limits is None:
        return message
    low, high = specification.limits
    if specification.type_name == "integer":
        message.integer_range = [IntegerRange(from_value=int(low), to_value=int(high), step=1)]
    else:
        message.floating_point_range = [FloatingPointRange(from_value=float(low), to_value=float(high))]
    return message
