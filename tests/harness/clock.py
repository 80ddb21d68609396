"""Time in the tests: it stands where a test puts it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kernel import clock

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Hand:
    """Puts the clock of this process somewhere and leaves it standing there."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._frozen: clock.Frozen | None = None

    def __call__(self, text: str, tz: ZoneInfo = SHANGHAI) -> datetime:
        """Stand at ``text`` (ISO, local to ``tz``: ``"2026-12-07 09:20:01"``) in every thread; returns it in UTC."""
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=tz)
        if self._frozen is None:
            self._frozen = self._stack.enter_context(clock.frozen(moment, every_thread=True))
        else:
            self._frozen.move_to(moment)
        return clock.now()

    def advance(self, **amount: float) -> datetime:
        """Go on by ``timedelta(**amount)``: ``at.advance(minutes=5)``."""
        assert self._frozen is not None, "say where the clock stands first: at('2026-12-07 09:00')"
        self._frozen.advance(timedelta(**amount))
        return clock.now()


@pytest.fixture
def at() -> Iterator[Hand]:
    """``at("2026-12-07 09:00")`` freezes the clock in Shanghai's time; calling it again moves it."""
    with ExitStack() as stack:
        yield Hand(stack)
