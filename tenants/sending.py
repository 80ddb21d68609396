"""Sending tasks so that a broker that is away harms nobody, and so that nothing is queued twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

import redis
import structlog
from celery import Task
from kombu.exceptions import OperationalError

from tenants.heartbeats import store

log = structlog.get_logger(__name__)

# For how long a queued message stands for all others of its name; a worker that begins it ends that earlier.
ONCE_SECONDS = 15
# While the broker does not answer, a request must not wait for it each time.
PAUSE_SECONDS = 5.0
_PREFIX = "queued:"
_REST = "rest:"


class _Breaker:
    """Remembers in this process that the broker did not answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._closed_until = 0.0
        self._away = False

    def lets_through(self) -> bool:
        return time.monotonic() >= self._closed_until

    def failed(self, error: Exception) -> None:
        with self._lock:
            self._closed_until = time.monotonic() + PAUSE_SECONDS
            if not self._away:
                log.warning("broker_away", error=type(error).__name__)
            self._away = True

    def worked(self) -> None:
        if self._away:
            with self._lock:
                self._away = False
                log.info("broker_back")


_breaker = _Breaker()


def send(
    task: Task, *args: Any, once: str | None = None, expires: float | None = None, headers: dict[str, str] | None = None
) -> bool:
    """Queue ``task``; True if it was sent.

    ``once`` names what it is about: while such a message is queued, no second one is. A broker that does not answer is
    logged once, until it answers again; whoever relies on the message finds the work by its rows instead.
    """
    if not _breaker.lets_through():
        return False
    try:
        if once is not None and not store().set(_PREFIX + once, "1", nx=True, ex=ONCE_SECONDS):
            return False
        task.apply_async(args, expires=expires, headers=headers)
    except (OperationalError, redis.RedisError, OSError) as error:
        _breaker.failed(error)
        return False
    _breaker.worked()
    return True


def begun(once: str) -> None:
    """The message of this name is being worked on: what happens from now on needs another one."""
    try:
        store().delete(_PREFIX + once)
    except redis.RedisError as error:
        log.debug("mark_not_removed", error=type(error).__name__)


def rest(name: str, seconds: int) -> None:
    """Whoever looks for work regularly leaves this name alone for a while: there is nothing that could be done."""
    try:
        store().set(_REST + name, "1", ex=seconds)
    except redis.RedisError as error:
        log.debug("rest_not_noted", error=type(error).__name__)


def resting(names: Sequence[str]) -> set[str]:
    """Which of these names rest."""
    if not names:
        return set()
    try:
        found = store().mget([_REST + name for name in names])
    except redis.RedisError:
        return set()
    return {name for name, value in zip(names, found, strict=True) if value}
