"""What the process needs to be of use: database, broker, and the signs of life of what works in the background."""

from __future__ import annotations

from functools import cache

import redis
from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string


def ages() -> dict[str, float | None]:
    """Seconds since tick, relay and worker last gave a sign; None for what was never seen or cannot be asked.

    Who works in the background is known one floor up: ``HEARTBEAT_AGES`` names the callable that answers.
    """
    source = getattr(settings, "HEARTBEAT_AGES", None)
    return dict(import_string(source)()) if source else {}


def database() -> None:
    """Raise if the database does not answer."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def broker() -> None:
    """Raise if the broker does not answer within a second."""
    _broker().ping()


@cache
def _broker() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
