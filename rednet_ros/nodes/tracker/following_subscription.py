"""A subscription that asks for what the publishers of its topic offer, also when that changes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.subscription import Subscription

from rednet_ros.nodes.tracker.publisher_offers import Offer, Quality, complaint, offers

logger = logging.getLogger(__name__)


class FollowingSubscription:
    """Subscribes `topic` (fully qualified) at once, and anew in `follow` where `choose` wants another quality.

    `incompatible` is called, with the reason, when a publisher is found whose messages cannot come.
    """

    def __init__(
        self,
        node: Node,
        message_type: type,
        topic: str,
        receive: Callable[[Any], None],
        *,
        choose: Callable[[Sequence[Offer]], Quality],
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
        self.quality = choose(self.offers())
        self._subscription = self._subscribe()

    def offers(self) -> list[Offer]:
        """The publishers that there are."""
        return offers(self._node, self.topic)

    def follow(self) -> None:
        """Look at the publishers; messages on their way at a change are lost."""
        wanted = self._choose(self.offers())
        if wanted != self.quality:
            self.close()
            self.quality = wanted
            self._subscription = self._subscribe()

    def complaint(self) -> str:
        """Why no message may come, and what to do; empty where all fits."""
        name = f"{self._message_type.__module__.split('.')[0]}/msg/{self._message_type.__name__}"
        return complaint(self.topic, name, self.quality, self.offers())

    def close(self) -> None:
        """Unsubscribe."""
        self._node.destroy_subscription(self._subscription)

    def _subscribe(self) -> Subscription:
        logger.debug("subscribing %s, %s, %s", self.topic, self.quality.reliability, self.quality.durability)
        return self._node.create_subscription(
            self._message_type,
            self.topic,
            self._receive,
            self.quality.profile(self._depth),
            event_callbacks=SubscriptionEventCallbacks(incompatible_qos=self._tell_incompatible),
        )

    def _tell_incompatible(self, _event: object) -> None:
        unknown = f"a publisher of {self.topic} offers an incompatible quality of service"
        self._incompatible(self.complaint() or unknown)
