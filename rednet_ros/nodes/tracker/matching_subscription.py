"""A subscription with the quality of service that its topic's publishers offer, also when that changes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription
from rclpy.topic_endpoint_info import TopicEndpointInfo

logger = logging.getLogger(__name__)


class Quality(NamedTuple):
    """What a subscription requests. Latched (transient local: late subscribers get the last messages too) goes with
    reliable only: the middleware repeats nothing for best effort."""

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


def best_quality(publishers: Sequence[TopicEndpointInfo], reliability: str = "auto") -> Quality:
    """The best quality with which the messages of every publisher arrive; latched where all of them latch.

    `reliability`: "reliable", "best_effort", or "auto": reliable where every publisher offers it.
    """
    all_reliable = bool(publishers) and all(map(_is_reliable, publishers))
    is_reliable = all_reliable if reliability == "auto" else reliability == "reliable"
    return Quality(is_reliable, is_reliable and all_reliable and all(map(_is_latched, publishers)))


def quality_of_small_messages(publishers: Sequence[TopicEndpointInfo]) -> Quality:
    """Best effort, which receives from every publisher, unless all of them latch."""
    best = best_quality(publishers)
    return best if best.is_latched else Quality()


class MatchingSubscription:
    """Subscribes to `topic` (fully qualified) at once, and again in `follow` where `choose` returns another quality.

    `incompatible` is called, with the reason, when a publisher is found whose messages cannot arrive.
    """

    def __init__(
        self,
        node: Node,
        message_type: type,
        topic: str,
        receive: Callable[[Any], None],
        *,
        choose: Callable[[Sequence[TopicEndpointInfo]], Quality],
        depth: int = 5,
        incompatible: Callable[[str], None] = lambda _reason: None,
    ) -> None:
        self.topic = topic
        self._node = node
        self._message_type = message_type
        self._receive = receive
        self._choose = choose
        self._depth = depth
        self._incompatible = incompatible
        self.quality = choose(self._publishers())
        self._subscription = self._subscribe()

    def follow(self) -> None:
        """Look at the publishers; messages under way at a change are lost."""
        wanted = self._choose(self._publishers())
        if wanted != self.quality:
            self.close()
            self.quality = wanted
            self._subscription = self._subscribe()

    def complaint(self) -> str:
        """Why no message may arrive, and what to do; empty where all publishers fit."""
        publishers, topic = self._publishers(), self.topic
        message_type = f"{self._message_type.__module__.split('.')[0]}/msg/{self._message_type.__name__}"
        if not publishers:
            return f"nobody publishes on {topic}"
        same_type = [publisher for publisher in publishers if publisher.topic_type == message_type]
        if not same_type:
            return (
                f"{_node_name(publishers[0])} publishes {publishers[0].topic_type} on {topic}, not {message_type}: "
                "set image_transport, or the topic, to what the camera publishes"
            )
        unreliable = [publisher for publisher in same_type if not _is_reliable(publisher)]
        if self.quality.is_reliable and unreliable:
            return (
                f"{_node_name(unreliable[0])} offers best_effort on {topic}, this node asks for reliable: "
                "set image_reliability to auto or best_effort, or publish reliably"
            )
        latched = [publisher for publisher in same_type if _is_latched(publisher)]
        if latched and not self.quality.is_latched:
            return (
                f"{_node_name(latched[0])} latches what it published on {topic} (transient_local), which only comes "
                "where every publisher of the topic does so and image_reliability is not best_effort"
            )
        return ""

    def close(self) -> None:
        """Unsubscribe."""
        self._node.destroy_subscription(self._subscription)

    def _publishers(self) -> list[TopicEndpointInfo]:
        return self._node.get_publishers_info_by_topic(self.topic)

    def _subscribe(self) -> Subscription:
        reliability, durability = self.quality.reliability, self.quality.durability
        logger.debug("subscribing %s, %s, %s", self.topic, reliability, durability)
        profile = QoSProfile(
            depth=self._depth,
            reliability=ReliabilityPolicy[reliability.upper()],
            durability=DurabilityPolicy[durability.upper()],
        )
        events = SubscriptionEventCallbacks(incompatible_qos=self._report_incompatible)
        return self._node.create_subscription(
            self._message_type, self.topic, self._receive, profile, event_callbacks=events
        )

    def _report_incompatible(self, _event: object) -> None:
        unknown = f"a publisher of {self.topic} offers an incompatible quality of service"
        self._incompatible(self.complaint() or unknown)


def _is_reliable(publisher: TopicEndpointInfo) -> bool:
    return publisher.qos_profile.reliability != ReliabilityPolicy.BEST_EFFORT


def _is_latched(publisher: TopicEndpointInfo) -> bool:
    return publisher.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL


def _node_name(publisher: TopicEndpointInfo) -> str:
    return f"{publisher.node_namespace.rstrip('/')}/{publisher.node_name}"
