"""Looks of a recogniser of its own, which take time: one a frame at most, and for live cameras in a thread."""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from rednet_ros.tracking.recognition.chip import surroundings
from rednet_ros.tracking.recognition.recognizer import Recognizer
from rednet_ros.tracking.sighting import Sighting
from rednet_ros.tracking.types import FloatArray, ImageArray

log = logging.getLogger(__name__)

Answer = FloatArray | None


@dataclass(frozen=True)
class _Offer:
    """A face that may be looked at in this frame; see `Looker.offer`."""

    track_id: str
    is_undecided: bool
    looked_s: float
    image: ImageArray
    sighting: Sighting


class Looker:
    """Chooses which face the recogniser looks at. In every frame: `offer` for each face that is due, then `look`.

    `in_background`: the looks run in a thread of their own, and their answers come in a later frame; False: they come
    at once, so that results are repeatable. `problem`: why there will be no more looks; empty while there will be.
    """

    def __init__(self, recognizer: Recognizer, *, in_background: bool) -> None:
        self.problem = ""
        self._recognizer = recognizer
        self._thread = ThreadPoolExecutor(1, "recognizer") if in_background and recognizer.looks else None
        self._offers: list[_Offer] = []
        self._offered: set[str] = set()
        self._under_way: tuple[str, Future[Answer]] | None = None

    def offer(self, track_id: str, is_undecided: bool, looked_s: float, image: ImageArray, sighting: Sighting) -> None:
        """A face that is seen well and due for a look; `looked_s`: when it had its last one, on any clock."""
        self._offers.append(_Offer(track_id, is_undecided, looked_s, image, sighting))

    def was_offered(self, track_id: str) -> bool:
        """Whether a face was on offer in this frame."""
        return track_id in self._offered

    def look(self) -> list[tuple[str, Answer]]:
        """Look at one of the faces on offer, where no look is under way: those about whom nobody decided yet first,
        of them the one that waits longest. Returns the answers that are there, by track."""
        offers, self._offers = self._offers, []
        self._offered = {offer.track_id for offer in offers}
        answers = self._collected()
        if offers and self._under_way is None and not self.problem:
            chosen = min(offers, key=lambda offer: (not offer.is_undecided, offer.looked_s))
            self._under_way = (chosen.track_id, self._begun(chosen))
            answers += self._collected() if self._thread is None else []
        return answers

    def forget(self) -> None:
        """What is on offer, and the answer that is under way."""
        self._offers, self._offered, self._under_way = [], set(), None

    def close(self) -> None:
        """End the thread."""
        self.forget()
        if self._thread is not None:
            self._thread.shutdown(wait=True, cancel_futures=True)

    def _begun(self, offer: _Offer) -> Future[Answer]:
        near = surroundings(offer.image, offer.sighting.landmarks_px)
        future: Future[Answer] = Future()
        if near is None:
            future.set_result(None)
        elif self._thread is not None:
            part, points_px = near
            return self._thread.submit(self._recognizer.vector, part.copy(), points_px)
        else:
            try:
                future.set_result(self._recognizer.vector(*near))
            except Exception as error:  # a library's; the faces go on without it
                future.set_exception(error)
        return future

    def _collected(self) -> list[tuple[str, Answer]]:
        if self._under_way is None or not self._under_way[1].done():
            return []
        (track_id, future), self._under_way = self._under_way, None
        error = future.exception()
        if error is None:
            return [(track_id, future.result())]
        self.problem = f"recognizer {self._recognizer.name} failed: {type(error).__name__}: {error}"
        return []
