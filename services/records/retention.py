"""How long a file must be kept, and which files nobody has to keep any longer (CR-010). Nothing is removed by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import DateTimeField, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext as _

from kernel import audit, clock, parameters
from kernel.access import holds
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import RuleRefused
from services.patients.models import Patient
from services.records.models import ClinicalNote, RetentionHold, Treatment

WORD = "records.keep"


@dataclass(frozen=True, slots=True)
class Kept:
    """A file, its last entry, and until when it must be kept."""

    patient: Patient
    last: date
    until: date


@action(permission=WORD)
def hold_file(*, by: Actor, patient: Patient, until: date, reason: str) -> RetentionHold:
    """Keep a file at least until ``until``, e.g. while a dispute lasts. A hold never shortens.

    Raises RuleRefused (``reason_required``, ``until_in_the_past``).
    """
    if not reason.strip():
        sentence = _("Say why.")
        raise RuleRefused("reason_required", sentence, fields={"reason": [sentence]})
    if until <= clock.today(patient.site.timezone):
        sentence = _("Choose a later day.")
        raise RuleRefused("until_in_the_past", sentence, fields={"until": [sentence]})
    hold = RetentionHold.objects.create(
        patient=patient,
        until=until,
        reason=reason.strip(),
        set_at=clock.now(),
        set_by_id=by.user_id,
        set_by_name=by.name,
    )
    audit.record(by=by, verb="records.held", target=patient, hold=hold.code, until=until)
    return hold


def keep_until(patient: Patient) -> date:
    """The day until which the file must be kept: ``record_retention_years`` after its last entry, or a longer hold."""
    return kept(patient).until


def kept(patient: Patient) -> Kept:
    """The last entry of ``patient`` and until when the file must be kept."""
    return _kept(_with_last(Patient.objects.filter(pk=patient.pk)).get())


def in_dispute(patient: Patient) -> str | None:
    """What stands against giving the original chart away (slot ``chart.holds``): while the file is held beyond its time,
    because of a dispute or an order, the original is evidence (CR-008)."""
    held = RetentionHold.objects.filter(patient=patient, until__gte=clock.today(patient.site.timezone)).exists()
    return "retention_hold" if held else None


def expired(actor: Actor, *, limit: int = 200) -> list[Kept]:
    """The files that nobody has to keep any longer, the oldest first: a list for a decision, not an act."""
    if not holds(actor, WORD):
        return []
    today = clock.today()
    years = parameters.value("record_retention_years")
    before = clock.day_bounds(_years_later(today, -years))[0]
    rows = (
        _with_last(Patient.objects.filter(merged_into__isnull=True, withdrawn_at__isnull=True))
        .filter(Q(last__lt=before))
        .order_by("last", "id")
    )
    return [kept for kept in map(_kept, rows[:limit]) if kept.until < today]


def _with_last(rows: QuerySet[Patient]) -> Any:
    def latest(model: type[Treatment] | type[ClinicalNote], column: str) -> Subquery:
        found = model._base_manager.filter(patient=OuterRef("pk")).order_by(f"-{column}").values(column)[:1]
        return Subquery(found, output_field=DateTimeField())

    held = RetentionHold.objects.filter(patient=OuterRef("pk")).order_by("-until").values("until")[:1]
    return rows.select_related("site").annotate(
        last=Greatest(
            Coalesce(latest(Treatment, "performed_at"), F("created_at")),
            Coalesce(latest(ClinicalNote, "written_at"), F("created_at")),
        ),
        held_until=Subquery(held),
    )


def _kept(patient: Any) -> Kept:
    last = clock.local(patient.last, patient.site.timezone).date()
    lawful = _years_later(last, parameters.value("record_retention_years"))
    held: date | None = patient.held_until
    return Kept(patient, last, max(lawful, held) if held else lawful)


def _years_later(day: date, years: int) -> date:
    """The same day of another year; the last of February where there is no 29th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def holds_of(patient: Patient) -> Sequence[RetentionHold]:
    """The holds of a file, the latest first."""
    return list(RetentionHold.objects.filter(patient=patient))
