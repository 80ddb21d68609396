"""Limits on how often something may be tried, counted once for all processes.

Two shapes. A *count* lets ``amount`` tries through per span and closes until the oldest of them is ``seconds`` old:
sign-in, codes, messages to a phone. A *flow* refills evenly and may be used up at once: API calls. Both are decided
inside the store by one script, so any number of parallel requests sees exact figures.

Without the store every process counts for itself: the limit becomes a little more generous, but it never disappears and
nothing stops working.
"""

from __future__ import annotations

import functools
import hashlib
import math
import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import redis
import structlog
from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_lazy as _

from kernel.errors import LimitReached

log = structlog.get_logger(__name__)

# KEYS: one per limit. ARGV: mark of this try, then (amount, milliseconds, shape) for each key.
# Returns the number of the limit that refused (0: none) and the milliseconds until it may let somebody through.
_SCRIPT = """
local moment = redis.call('TIME')
local now = moment[1] * 1000 + math.floor(moment[2] / 1000)
for index, key in ipairs(KEYS) do
  local amount, span, shape = tonumber(ARGV[index * 3 - 1]), tonumber(ARGV[index * 3]), ARGV[index * 3 + 1]
  if shape == 'count' then
    redis.call('ZREMRANGEBYSCORE', key, 0, now - span)
    if redis.call('ZCARD', key) >= amount then
      local oldest = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
      return {index, oldest[2] + span - now}
    end
  else
    local step = span / amount
    local due = tonumber(redis.call('GET', key) or now)
    if due - now > span - step then return {index, math.ceil(due - now - span + step)} end
  end
end
for index, key in ipairs(KEYS) do
  local amount, span, shape = tonumber(ARGV[index * 3 - 1]), tonumber(ARGV[index * 3]), ARGV[index * 3 + 1]
  if shape == 'count' then
    redis.call('ZADD', key, now, ARGV[1])
    redis.call('PEXPIRE', key, span)
  else
    local due = math.max(tonumber(redis.call('GET', key) or now), now)
    redis.call('SET', key, due + span / amount, 'PX', span * 2)
  end
end
return {0, 0}
"""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``amount`` per ``seconds`` under ``name``. ``flow`` refills evenly instead of closing."""

    name: str
    amount: int
    seconds: int
    flow: bool = False

    @property
    def shape(self) -> str:
        return "flow" if self.flow else "count"


@dataclass(frozen=True, slots=True)
class Ticket:
    """A try that was let through; ``give_back()`` uncounts it (a sign-in that succeeded was no failed one)."""

    mark: str
    keys: tuple[str, ...]

    def give_back(self) -> None:
        """Uncount the try under every counting limit."""
        try:
            with _store().pipeline(transaction=False) as pipe:
                for key in self.keys:
                    pipe.zrem(key, self.mark)
                pipe.execute()
        except redis.RedisError:
            _here.give_back(self.keys, self.mark)


def consume(*tries: tuple[Limit, str]) -> Ticket:
    """Count one try under each ``(limit, whom)``, or none of them.

    ``whom`` is what the limit is kept for (a user name, an address); it is hashed and belongs to the current tenant.
    Raises LimitReached with ``retry_after`` in whole seconds when one of the limits is used up.
    """
    mark = secrets.token_hex(8)
    keys = [_key(limit, whom) for limit, whom in tries]
    limits = [limit for limit, _whom in tries]
    try:
        refused, wait = _ask_store(keys, limits, mark)
    except redis.RedisError as error:
        log.warning("limits_without_store", error=type(error).__name__)
        refused, wait = _here.ask(keys, limits, mark)
    if refused:
        raise LimitReached(
            "limit_reached",
            _("Too many tries in a short time. Please wait and try again."),
            limit=limits[refused - 1].name,
            retry_after=max(1, math.ceil(wait / 1000)),
        )
    return Ticket(mark=mark, keys=tuple(key for key, limit in zip(keys, limits, strict=True) if not limit.flow))


def clear(limit: Limit, whom: str) -> None:
    """Forget every try of ``whom`` under ``limit``."""
    key = _key(limit, whom)
    _here.forget(key)
    try:
        _store().delete(key)
    except redis.RedisError as error:
        log.warning("limits_without_store", error=type(error).__name__)


def first_use(name: str, value: str, *, seconds: int) -> bool:
    """True exactly once per ``value`` within ``seconds``: a one-time code cannot be used twice."""
    key = _key(Limit(f"once:{name}", 1, seconds), value)
    try:
        return bool(_store().set(key, "1", nx=True, ex=seconds))
    except redis.RedisError as error:
        log.warning("limits_without_store", error=type(error).__name__)
        refused, _wait = _here.ask([key], [Limit(name, 1, seconds)], secrets.token_hex(8))
        return not refused


def _key(limit: Limit, whom: str) -> str:
    # The schema keeps a lock-out in one tenant away from the same name in another.
    schema = getattr(connection, "schema_name", "")
    digest = hashlib.sha256(whom.encode()).hexdigest()[:32]
    return f"limit:{schema}:{limit.name}:{limit.amount}:{limit.seconds}:{digest}"


def _ask_store(keys: Sequence[str], limits: Sequence[Limit], mark: str) -> tuple[int, float]:
    arguments: list[str | int] = [mark]
    for limit in limits:
        arguments += [limit.amount, limit.seconds * 1000, limit.shape]
    refused, wait = _script()(keys=list(keys), args=arguments)
    return int(refused), float(wait)


@functools.cache
def _store() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1, decode_responses=True)


@functools.cache
def _script() -> redis.commands.core.Script:
    return _store().register_script(_SCRIPT)


class _Here:
    """The same decisions inside one process, for as long as the store is away."""

    MOST_KEYS = 20_000

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tries: dict[str, list[tuple[float, str]]] = {}

    def ask(self, keys: Sequence[str], limits: Sequence[Limit], mark: str) -> tuple[int, float]:
        now = time.monotonic() * 1000
        with self._lock:
            if len(self._tries) > self.MOST_KEYS:
                self._tries.clear()
            for index, (key, limit) in enumerate(zip(keys, limits, strict=True), start=1):
                recent = [entry for entry in self._tries.get(key, ()) if entry[0] > now - limit.seconds * 1000]
                self._tries[key] = recent
                if len(recent) >= limit.amount:
                    return index, recent[0][0] + limit.seconds * 1000 - now
            for key in keys:
                self._tries[key].append((now, mark))
            return 0, 0.0

    def give_back(self, keys: Sequence[str], mark: str) -> None:
        with self._lock:
            for key in keys:
                self._tries[key] = [entry for entry in self._tries.get(key, ()) if entry[1] != mark]

    def forget(self, key: str) -> None:
        with self._lock:
            self._tries.pop(key, None)


_here = _Here()
