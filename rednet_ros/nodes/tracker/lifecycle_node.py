"""A lifecycle node that survives requests which do not fit its state."""

from __future__ import annotations

from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.lifecycle import LifecycleNode


class SteadyLifecycleNode(LifecycleNode):
    """rclpy (7.1) lets the request of an unavailable transition end the process; here it is refused and logged."""

    def __init__(self, node_name: str, **node_options: object) -> None:
        super().__init__(node_name, **node_options)
        service = self._service_change_state
        answer = service.callback

        def answer_or_refuse(request: object, response: object) -> object:
            try:
                return answer(request, response)
            except rclpy_implementation.RCLError as error:
                wanted = request.transition.label or request.transition.id  # type: ignore[attr-defined]
                self.get_logger().error(f"transition {wanted} refused: {_first_sentence(error)}")
                response.success = False  # type: ignore[attr-defined]
                return response

        service.callback = answer_or_refuse


def _first_sentence(error: Exception) -> str:
    return str(error).split(", at ")[0]
