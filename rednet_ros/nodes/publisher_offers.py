"""What publishers of a topic offer: the quality of service to ask for, and why nothing may come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rclpy.node import Node
from rclpy.qos import ReliabilityPolicy


@dataclass(frozen=True)
class Offer:
    """One publisher: `node` is its full name, `message_type` as `sensor_msgs/msg/Image`."""

    node: str
    message_type: str
    is_reliable: bool


def offers(node: Node, topic: str) -> list[Offer]:
    """The publishers of the fully qualified `topic` that `node` knows of."""
    return [
        Offer(
            f"{info.node_namespace.rstrip('/')}/{info.node_name}",
            info.topic_type,
            info.qos_profile.reliability != ReliabilityPolicy.BEST_EFFORT,
        )
        for info in node.get_publishers_info_by_topic(topic)
    ]


def wants_reliable(parameter: str, offered: Sequence[Offer]) -> bool:
    """Whether to subscribe reliably: by the parameter's word, or with "auto" where every publisher offers it."""
    if parameter == "auto":
        return bool(offered) and all(offer.is_reliable for offer in offered)
    return parameter == "reliable"


def complaint(topic: str, message_type: str, is_reliable: bool, offered: Sequence[Offer]) -> str:
    """Why nothing comes on `topic` to a subscription of this type and reliability, and what to do; empty if it fits."""
    if not offered:
        return f"nobody publishes on {topic}"
    strangers = [offer for offer in offered if offer.message_type != message_type]
    if len(strangers) == len(offered):
        return (
            f"{strangers[0].node} publishes {strangers[0].message_type} on {topic}, not {message_type}: "
            "set image_transport, or the topic, to what the camera publishes"
        )
    unreliable = [offer for offer in offered if offer.message_type == message_type and not offer.is_reliable]
    if is_reliable and unreliable:
        return (
            f"{unreliable[0].node} offers best_effort on {topic}, this node asks for reliable: "
            "set image_reliability to auto or best_effort, or publish reliably"
        )
    return ""
