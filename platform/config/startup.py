"""Checks that a serving process makes before its first request."""

from __future__ import annotations

from django.core.checks import ERROR, Tags, run_checks
from django.core.exceptions import ImproperlyConfigured


def refuse_to_start_unsafe() -> None:
    """Raise ImproperlyConfigured when a view declares no permission or a setting loosens the walls between tenants."""
    problems = [message for message in run_checks(tags=[Tags.security, Tags.urls]) if message.level >= ERROR]
    if problems:
        raise ImproperlyConfigured("; ".join(f"{problem.id}: {problem.msg}" for problem in problems))
