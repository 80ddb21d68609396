"""A stretch of one tenant's time: steps in the order of their moments, each done while the clock stands at its moment."""

from __future__ import annotations

import heapq
import itertools
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime

import structlog

from kernel import clock, context, outbox, timers
from kernel.errors import DomainError
from kernel.outbox.models import EventState, OutboxEvent
from kernel.outbox.relay import RelayReport, relay_alone

log = structlog.get_logger(__name__)

# What a step returns is its own affair.
Step = Callable[[], object]


class Timeline:
    """What is still to come until ``until`` (aware UTC). A step may plan further ones; what comes later is not played:
    it stands in the rows, from which the next stretch begins.

    ``spend`` bounds the real seconds; a stretch that takes longer ends early, at ``now``. ``tell`` hears every moment.
    """

    def __init__(
        self,
        frozen: clock.Frozen,
        until: datetime,
        *,
        spend: float | None = None,
        tell: Callable[[datetime], None] | None = None,
    ) -> None:
        self._frozen = frozen
        self.until = until
        self._steps: list[tuple[datetime, int, Step]] = []
        self._order = itertools.count()
        self._ends = time.monotonic() + spend if spend is not None else None
        self._tell = tell
        self.played = 0
        self.refused: Counter[str] = Counter()

    @property
    def now(self) -> datetime:
        """Where the clock of the stretch stands."""
        return self._frozen.at

    def at(self, moment: datetime, step: Step) -> None:
        """Plan ``step``; a moment that has passed means now."""
        moment = max(moment, self.now)
        if moment <= self.until:
            heapq.heappush(self._steps, (moment, next(self._order), step))

    def play(self) -> bool:
        """Do every step in order. False if the time to spend ran out before the end."""
        while self._steps:
            if self._ends is not None and time.monotonic() > self._ends:
                return False
            moment, _order, step = heapq.heappop(self._steps)
            self._frozen.move_to(moment)
            if self._tell is not None:
                self._tell(moment)
            try:
                # As in the product, what is asked often is read once for each of them (``kernel.parameters``).
                with context.bound(request_id=f"demo-{self.played}"):
                    step()
            except DomainError as refusal:
                # What a rule refuses to a person it refuses to the simulator; the day goes on without it.
                self.refused[refusal.code] += 1
                log.info("demo_step_refused", code=refusal.code, at=moment.isoformat())
            self.played += 1
        self._frozen.move_to(self.until)
        return True


def settle(limit: int = 20_000) -> None:
    """Deliver and fire what is due at this moment, until nothing is left."""
    for _round in range(limit // 500):
        _deliver()
        relayed = outbox.relay_pending(500) if _are_left() else RelayReport()
        fired = timers.fire_due(500)
        if not (relayed.delivered + relayed.failed + fired.fired + fired.failed):
            return


def _are_left() -> bool:
    """Are there events that were not delivered together: to other houses, or to try once more?"""
    return OutboxEvent.objects.filter(state=EventState.PENDING, try_at__lte=clock.now()).exists()


def _deliver() -> None:
    """Nobody works beside a loading process, so events are delivered together; one that fails is left to the relay."""
    try:
        while relay_alone().more:
            pass
    except Exception as error:  # whatever a handler raises, the relay takes the events one by one and keeps the failure
        log.warning("demo_batch_failed", error=repr(error))
