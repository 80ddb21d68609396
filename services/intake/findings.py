"""What is special about a visitor, and whether it stands in its three places (FD-009).

The three belong together: it stands out on the page, it stands in the alert of the file, and whoever treats has
acknowledged it. What was found once stays found: neither a corrected answer nor a removed alert nor a removed highlight
makes the patient an ordinary one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kernel import audit, clock
from kernel.context import Actor
from services.intake import definitions, selectors
from services.intake.models import HandOver, IntakeSheet, SpecialFinding

HIGHLIGHT, ALERT, HAND_OVER = "highlight", "alert", "hand_over"


@dataclass(frozen=True, slots=True)
class Found:
    """One special circumstance: its words, and the stored finding (None while the form is only being filled in)."""

    key: str
    words: str
    finding: SpecialFinding | None

    @property
    def highlighted(self) -> bool:
        return self.finding is not None and self.finding.highlighted_at is not None


@dataclass(frozen=True, slots=True)
class Places:
    """The special circumstances of a form, which of the three places lack them, and the hand-over that stands."""

    found: tuple[Found, ...]
    missing: tuple[str, ...]
    hand_over: HandOver | None

    @property
    def in_words(self) -> tuple[str, ...]:
        return tuple(one.words for one in self.found)


def find(by: Actor, sheet: IntakeSheet, *, question: str = "", words: str = "") -> SpecialFinding:
    """Keep that something is special, once for each answer; inside the transaction of the action that found it."""
    known = SpecialFinding.objects.filter(sheet=sheet, question=question).first() if question else None
    if known is not None:
        return known
    finding = SpecialFinding.objects.create(
        sheet=sheet, question=question, words=words, found_at=clock.now(), found_by_name=by.name
    )
    audit.record(by=by, verb="intake.special_found", target=sheet, site=sheet.site.code, question=question)
    return finding


def places(sheet: IntakeSheet, *, now: datetime | None = None) -> Places:
    """Where the special circumstances of a form stand; nothing is missing where there are none.

    While the form is being filled in, a yes counts as it stands; the check and the highlight keep it for good.
    """
    rows = list(sheet.findings.all())
    found = _found(sheet, rows)
    standing = next((one for one in sheet.hand_overs.all() if one.replaced_at is None), None)
    if not found:
        return Places((), (), standing)
    missing = []
    if not all(one.highlighted for one in found):
        missing.append(HIGHLIGHT)
    last = max((row.found_at for row in rows), default=None)
    unsaved = any(one.finding is None for one in found)
    if unsaved or last is None or not alert_stands(sheet, last):
        missing.append(ALERT)
    if unsaved or last is None or not told(standing, last, now or clock.now()):
        missing.append(HAND_OVER)
    return Places(tuple(found), tuple(missing), standing)


def alert_stands(sheet: IntakeSheet, last: datetime) -> bool:
    """Does the alert of the file still hold what was entered after the ``last`` finding?"""
    written = bool(sheet.alert_text) and sheet.alert_at is not None and sheet.alert_at >= last
    return written and sheet.alert_text in sheet.patient.alert


def told(hand_over: HandOver | None, last: datetime, now: datetime) -> bool:
    """Was the hand-over given after the ``last`` finding and acknowledged by the receiver? What the giver says of it
    counts until it has to be confirmed."""
    if hand_over is None or hand_over.given_at < last:
        return False
    if hand_over.acknowledged_at is not None:
        return True
    return hand_over.heard and hand_over.breached_at is None and now <= hand_over.confirm_by


def _found(sheet: IntakeSheet, rows: Sequence[SpecialFinding]) -> list[Found]:
    answers = selectors.answers_of(sheet)
    content, patient = sheet.form.content, sheet.patient
    asked = definitions.questions(content, patient)
    kept = {row.question: row for row in rows if row.question}
    live = definitions.special_keys(content, patient, answers)
    found = []
    for key, question in asked.items():
        if key in kept or key in live:
            said = definitions.answer_words(question, answers.get(key))
            found.append(Found(key, f"{definitions.in_language(question)} {said}".strip(), kept.get(key)))
    return found + [Found("", row.words, row) for row in rows if not row.question]
