"""Words that are better left unsaid: a nudge. It is counted, shown to who wrote it, and never blocks (TC-030)."""

from __future__ import annotations

from django.db.models import Model

from kernel.context import Actor
from services.policy import gates
from services.telephone.models import ForbiddenPhrase

GATE = "telephone.forbidden_phrase"


def found_in(*texts: str) -> list[ForbiddenPhrase]:
    """The forbidden phrases that stand in ``texts``; one query, none for silence."""
    said = "\n".join(text.casefold() for text in texts if text)
    if not said:
        return []
    return [phrase for phrase in ForbiddenPhrase.objects.filter(is_active=True) if phrase.text.casefold() in said]


def nudge(*, by: Actor, subject: Model, texts: tuple[str, ...]) -> list[ForbiddenPhrase]:
    """Count once when ``texts`` hold a forbidden phrase; which ones, so that the page can say what is better."""
    found = found_in(*texts)
    gates.check(GATE, by=by, subject=subject, ok=not found, message="")
    return found
