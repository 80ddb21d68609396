"""The only source of time.

The product never asks the operating system, the database or Django what time it is; it asks here. That is what lets one
file move a whole demo or test deployment (web, worker and beat alike) through a day, and what lets a test stand at
09:20:01. In production the file is ignored: real time is the only time there.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from pathlib import Path

from django.conf import settings
from django.utils import timezone


class ClockFixed(RuntimeError):
    """Somebody tried to move the clock of a production deployment."""


class Frozen:
    """A clock that stands still until it is told to go on."""

    def __init__(self, at: datetime) -> None:
        self.at = _aware(at)

    def move_to(self, at: datetime) -> datetime:
        """Stand at ``at`` from now on, before or after where it stood."""
        self.at = _aware(at)
        return self.at

    def advance(self, delta: timedelta) -> datetime:
        """Go on by ``delta``."""
        self.at += delta
        return self.at


@dataclass(frozen=True, slots=True)
class Move:
    """The clock jumped: what lies between ``before`` and ``after`` (aware UTC) has not happened yet."""

    before: datetime
    after: datetime


class Moved:
    """Who wants to know that the clock of this deployment was moved on purpose (the demo's simulator does)."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Move], object]] = []

    def connect(self, listener: Callable[[Move], object]) -> Callable[[Move], object]:
        """Register ``listener``; registering it twice changes nothing."""
        if listener not in self._listeners:
            self._listeners.append(listener)
        return listener

    def disconnect(self, listener: Callable[[Move], object]) -> None:
        """Forget ``listener``."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def send(self, move: Move) -> list[object]:
        """Tell every listener, in the order of registration; what one of them raises stops the rest and is the
        caller's.
        """
        return [listener(move) for listener in self._listeners]


moved = Moved()

_frozen_here: ContextVar[Frozen | None] = ContextVar("clock_frozen", default=None)
_frozen_everywhere: list[Frozen] = []
_read: tuple[tuple[str, int, int] | None, timedelta] = (None, timedelta(0))


def now() -> datetime:
    """The present moment, aware, in UTC."""
    frozen_clock = _frozen_here.get() or (_frozen_everywhere[-1] if _frozen_everywhere else None)
    if frozen_clock is not None:
        return frozen_clock.at
    return _system_now() + offset()


def today(tz: tzinfo | None = None) -> date:
    """The present day in ``tz`` (default: the zone of the running request or task, which is the tenant's)."""
    return local(now(), tz).date()


def local(moment: datetime, tz: tzinfo | None = None) -> datetime:
    """``moment`` as the wall clock of ``tz`` shows it. Raises ValueError for a naive value."""
    return _aware(moment).astimezone(tz or timezone.get_current_timezone())


def at_local(day: date, wall: time, tz: tzinfo | None = None) -> datetime:
    """The moment (UTC) at which the wall clock of ``tz`` shows ``wall`` on ``day``.

    Where the clocks are put back and ``wall`` happens twice, the first one counts. Where they are put forward and it
    never happens, the answer is as much later as the clocks jump: 02:30 becomes 03:30, so a due time is never lost.
    """
    zone = tz or timezone.get_current_timezone()
    return datetime.combine(day, wall.replace(tzinfo=None, fold=0), zone).astimezone(UTC)


def day_bounds(day: date, tz: tzinfo | None = None) -> tuple[datetime, datetime]:
    """The half-open span of a local day in UTC: from its midnight to the next one (23 to 25 hours)."""
    return at_local(day, time.min, tz), at_local(day + timedelta(days=1), time.min, tz)


@contextmanager
def frozen(at: datetime, *, every_thread: bool = False) -> Iterator[Frozen]:
    """Stand still at ``at``. The value yielded moves the clock while the block runs.

    By default only the running context sees it, so a loader may write last month's history beside a live request;
    ``every_thread`` lets all threads of this process stand still (tests of races).

    Raises ClockFixed in production.
    """
    _refuse_in_production()
    clock = Frozen(at)
    if every_thread:
        _frozen_everywhere.append(clock)
        try:
            yield clock
        finally:
            _frozen_everywhere.remove(clock)
        return
    token = _frozen_here.set(clock)
    try:
        yield clock
    finally:
        _frozen_here.reset(token)


def is_movable() -> bool:
    """May this deployment's clock be moved? Never in production."""
    return bool(settings.CLOCK_MAY_MOVE)


def offset() -> timedelta:
    """How far the deployment's clock stands before (positive) or behind the real one.

    The file is read again only when it changed; asking costs one ``stat``.
    """
    global _read
    if not is_movable():
        return timedelta(0)
    path = _path()
    try:
        found = os.stat(path)
    except OSError:
        return timedelta(0)
    key = (str(path), found.st_ino, found.st_mtime_ns)
    known, value = _read
    if known != key:
        value = _load(path)
        _read = (key, value)
    return value


def set_to(at: datetime) -> Move:
    """Let the deployment's clock show ``at`` now and run on from there.

    Raises ClockFixed in production, ValueError for a naive moment.
    """
    wanted = _aware(at)
    return _shift(lambda _offset: wanted - _system_now())


def advance(delta: timedelta) -> Move:
    """Move the deployment's clock by ``delta``, relative to where it stands. Raises ClockFixed in production."""
    return _shift(lambda current: current + delta)


def real() -> Move:
    """Let the deployment's clock show real time again. Raises ClockFixed in production."""
    return _shift(lambda _offset: timedelta(0))


def _shift(change: Callable[[timedelta], timedelta]) -> Move:
    _refuse_in_production()
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two people who advance at once move the clock twice: read, change and write happen under one lock.
    with open(path.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        current = offset()
        wanted = change(current)
        before = _system_now() + current
        if wanted:
            # A rename is atomic: no reader ever sees half a file.
            draft = path.with_suffix(".new")
            draft.write_text(json.dumps({"offset_seconds": wanted.total_seconds()}))
            os.replace(draft, path)
        else:
            path.unlink(missing_ok=True)
        return Move(before=before, after=_system_now() + wanted)


def _load(path: Path) -> timedelta:
    try:
        return timedelta(seconds=float(json.loads(path.read_text())["offset_seconds"]))
    except FileNotFoundError:
        return timedelta(0)


def _path() -> Path:
    return Path(settings.CLOCK_FILE)


def _refuse_in_production() -> None:
    if not is_movable():
        raise ClockFixed("the clock of a production deployment shows real time and cannot be moved")


def _system_now() -> datetime:
    return datetime.now(UTC)


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone says nothing")
    return moment.astimezone(UTC)
