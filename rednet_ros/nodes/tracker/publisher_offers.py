"""What publishers of a topic offer: the quality of service to ask for, and why nothing may come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy


@dataclass(frozen=True)
class Offer:
    """One publisher: `node` is its full name, `message_type` as `sensor_msgs/msg/Image`.

    `is_latched`: who subscribes later gets the last messages too (transient local durability).
    """

    node: str
    message_type: str
    is_reliable: bool
    is_latched: bool = False


@dataclass(frozen=True)
class Quality:
    """What a subscription asks for. Latched needs reliable: the middleware repeats nothing for best effort."""

    is_reliable: bool = False
    is_latched: bool = False

    @property
    def reliability(self) -> str:
        """For people."""
        return "reliable" if self.is_reliable else "best_effort"

    @property
    def durability(self) -> str:
        """For people."""
        return "transient_local" if self.is_latched else "volatile"

    def profile(self, depth: int) -> QoSProfile:
        """For rclpy."""
        return QoSProfile(
            depth=depth,
            reliability=ReliabilityPolicy[self.reliability.upper()],
            durability=DurabilityPolicy[self.durability.upper()],
        )


def offers(node: Node, topic: str) -> list[Offer]:
    """The publishers of the fully qualified `topic` that `node` knows of."""
    return [
        Offer(
            f"{info.node_namespace.rstrip('/')}/{info.node_name}",
            info.topic_type,
            info.qos_profile.reliability != ReliabilityPolicy.BEST_EFFORT,
            info.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL,
        )
        for info in node.get_publishers_info_by_topic(topic)
    ]


def quality(parameter: str, offered: Sequence[Offer]) -> Quality:
    """How to subscribe, so that every publisher is heard: latched where all of them latch.

    `parameter`: "reliable", "best_effort", or "auto": reliable where every publisher offers it.
    """
    all_reliable = bool(offered) and all(offer.is_reliable for offer in offered)
    all_latch = all_reliable and all(offer.is_latched for offer in offered)
    is_reliable = all_reliable if parameter == "auto" else parameter == "reliable"
    return Quality(is_reliable, is_reliable and all_latch)


def quality_of_small_messages(offered: Sequence[Offer]) -> Quality:
    """Best effort, which hears everybody, unless every publisher latches."""
    wanted = quality("auto", offered)
    return wanted if wanted.is_latched else Quality()


def complaint(topic: str, message_type: str, asked: Quality, offered: Sequence[Offer]) -> str:
    """Why nothing comes on `topic` to a subscription of this type and quality, and what to do; empty if it fits."""
    if not offered:
        return f"nobody publishes on {topic}"
    strangers = [offer for offer in offered if offer.message_type != message_type]
    if len(strangers) == len(offered):
        return (
            f"{strangers[0].node} publishes {strangers[0].message_type} on {topic}, not {message_type}: "
            "set image_transport, or the topic, to what the camera publishes"
        )
    unreliable = [offer for offer in offered if offer.message_type == message_type and not offer.is_reliable]
    if asked.is_reliable and unreliable:
        return (
            f"{unreliable[0].node} offers best_effort on {topic}, this node asks for reliable: "
            "set image_reliability to auto or best_effort, or publish reliably"
        )
    latched = [offer for offer in offered if offer.message_type == message_type and offer.is_latched]
    if latched and not asked.is_latched:
        return (
            f"{latched[0].node} latches what it published on {topic} (transient_local), which only comes where every "
            "publisher of the topic does so and image_reliability is not best_effort"
        )
    return ""
