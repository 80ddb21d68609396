"""Refusals: one tree with stable codes, mapped once for the API and once for pages.

An action never returns an error value and never raises an HTTP exception; it raises one of these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise


@dataclass(frozen=True, slots=True)
class Cure:
    """One step that heals a refusal, offered as a button beside it."""

    label: str | Promise
    url: str | None = None
    role: str | None = None


class DomainError(Exception):
    """A refusal by a rule: nothing was changed, and the caller learns why and what helps.

    ``code`` is stable snake_case; ``message`` a translated sentence; ``fields`` maps input names to messages;
    ``facts`` are machine-readable values for the API (never personal data).
    """

    status = 422

    def __init__(
        self,
        code: str,
        message: str | Promise,
        *,
        cures: Sequence[Cure] = (),
        fields: Mapping[str, Sequence[str | Promise]] | None = None,
        **facts: Any,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.cures = tuple(cures)
        self.fields = dict(fields or {})
        self.facts = facts
        # Does the audit hold this refusal already?
        self.recorded = False

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class Malformed(DomainError):
    """The request cannot be understood (400)."""

    status = 400


class Forbidden(DomainError):
    """The actor lacks the permission (403)."""

    status = 403


class ReauthenticationRequired(Forbidden):
    """The act is signed: the person proves again who they are (403)."""

    def __init__(self, message: str | Promise, **facts: Any) -> None:
        super().__init__("reauthentication_required", message, **facts)


class NotFound(DomainError):
    """Missing, foreign or switched off: all three look alike (404)."""

    status = 404


class Conflict(DomainError):
    """The state, another row or a limit stands against it (409)."""

    status = 409


class StaleVersion(DomainError):
    """Somebody else changed the row since it was read (412)."""

    status = 412


class RuleRefused(DomainError):
    """A rule of the business refuses it (422)."""

    status = 422


class LimitReached(DomainError):
    """Too many tries in too little time (429)."""

    status = 429
