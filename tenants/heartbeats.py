"""Signs of life of the background processes, for ``/readyz`` and the operators.

Each is the moment (machine time, seconds) at which a process last did its work, kept beside the queues: without the
broker there are none, which is what the reader should then see. The demo's clock has no say here.
"""

from __future__ import annotations

import functools
import time

import redis
import structlog
from django.conf import settings

log = structlog.get_logger(__name__)

TICK = "tick"
RELAY = "relay"
WORKER = "worker"
BACKLOG = "backlog"
_PREFIX = "heartbeat:"


@functools.cache
def store() -> redis.Redis:
    """The broker as a plain store, with short patience."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1, decode_responses=True)


def beat(name: str) -> None:
    """Say that ``name`` has just done its work. A store that does not answer is no reason to stop it."""
    _set(name, time.time())


def tell_backlog(seconds: float) -> None:
    """Say for how long the longest-waiting due entry has been due."""
    _set(BACKLOG, seconds)


def ages() -> dict[str, float | None]:
    """Seconds since tick, relay and worker last did their work; None for what was never seen or cannot be asked.

    A relay that has nothing to do counts as one that has done its work.
    """
    names = (TICK, RELAY, WORKER)
    present = time.time()
    return {name: None if seen is None else round(max(0.0, present - seen), 1) for name, seen in _get(*names).items()}


def backlog() -> float | None:
    """For how many seconds the longest-waiting due entry has been due at the last tick; None if that is not known."""
    return _get(BACKLOG)[BACKLOG]


def _get(*names: str) -> dict[str, float | None]:
    try:
        found = store().mget([_PREFIX + name for name in names])
    except redis.RedisError:
        return dict.fromkeys(names)
    return {name: None if value is None else float(value) for name, value in zip(names, found, strict=True)}


def _set(name: str, value: float) -> None:
    try:
        store().set(_PREFIX + name, f"{value:.3f}")
    except redis.RedisError as error:
        log.debug("heartbeat_without_store", heartbeat=name, error=type(error).__name__)
