"""Trying again: how long to wait, when to give up, and what a row may say about a failure."""

from __future__ import annotations

from datetime import timedelta

from django.db import OperationalError

from kernel.actions import RETRYABLE
from kernel.errors import DomainError

MAX_ATTEMPTS = 8
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=1)
# After losing a lock to somebody quicker: that is nobody's failure and does not count as a try.
BUSY_PAUSE = timedelta(seconds=1)


def pause_after(attempts: int) -> timedelta:
    """The pause after ``attempts`` failed tries: 5 s, 10 s, 20 s … at most an hour."""
    return min(FIRST_PAUSE * 2 ** min(max(attempts - 1, 0), 16), LONGEST_PAUSE)


def is_busy(error: Exception) -> bool:
    """Did the database only ask to try again (deadlock, serialisation failure)?"""
    return isinstance(error, OperationalError) and getattr(error.__cause__, "sqlstate", None) in RETRYABLE


def described(error: Exception) -> str:
    """A failure for the row: its class and code. Messages may quote personal data and stay in the scrubbed log."""
    code = error.code if isinstance(error, DomainError) else getattr(error.__cause__, "sqlstate", None)
    return f"{type(error).__name__}: {code}"[:200] if code else type(error).__name__[:200]
