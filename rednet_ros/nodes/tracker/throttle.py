"""The same complaint not too often."""

from __future__ import annotations

from rednet_ros.nodes.tracker.statistics import steady_s


class Throttle:
    """Says whether something may be said again, at most every `period_s` for each key."""

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._said_at_s: dict[str, float] = {}

    def is_due(self, key: str) -> bool:
        """True if nothing was said under `key` for the period; then it counts as said now."""
        now_s = steady_s()
        if now_s - self._said_at_s.get(key, -self._period_s) < self._period_s:
            return False
        self._said_at_s[key] = now_s
        return True
