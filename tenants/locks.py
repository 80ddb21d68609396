"""Locks between processes that nobody has to clean up: the database gives them back when the holder dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from tenants.directory import public_context


@contextmanager
def exclusive(name: str, key: str) -> Iterator[bool]:
    """Hold the lock ``name``/``key`` while the block runs; yields False at once when somebody else holds it.

    It lives on a connection of its own, because the block may reconnect (provisioning does, as the owner).
    """
    own = connection.copy()
    own.set_tenant(public_context())
    try:
        with own.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s), hashtext(%s))", [name, key])
            held = cursor.fetchone()[0]
        yield held
    finally:
        own.close()
