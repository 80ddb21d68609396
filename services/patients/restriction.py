"""Restriction of processing: a restricted file is opened by exception only, with a reason that others review."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from kernel import audit, clock, parameters
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Cure, Forbidden, RuleRefused
from services.patients.models import FileRestriction, Patient
from services.patients.names import GATE
from services.policy.actions import override_gate
from services.policy.models import OverrideRecord
from services.sites.locking import lock_version

if TYPE_CHECKING:
    from services.sites.models import Site

BREAKERS = (
    "doctor", "specialist", "chief_physician", "doctor_supervisor", "head_nurse", "duty_superior", "supervisor",
    "higher_supervisor", "clinic_director", "dean",
)  # fmt: skip


def is_restricted(patient: Patient) -> bool:
    """Is processing of this file restricted now? A restriction ends by itself at its date."""
    return restricts(patient.restricted_until)


def restricts(until: datetime | None) -> bool:
    """Does a restriction ``until`` then stand now?"""
    return until is not None and until > clock.now()


def opened_by(actor: Actor, patient: Patient) -> OverrideRecord | None:
    """The exception by which ``actor`` has this file open now, if any."""
    if actor.user_id is None:
        return None
    return OverrideRecord.objects.filter(
        gate=GATE, subject_code=patient.code, by_id=actor.user_id, expires_at__gt=clock.now()
    ).first()


def may_open(actor: Actor) -> bool:
    """Is ``actor`` one of those who open restricted files by exception? What is not theirs is not offered."""
    return actor.can("policy.override") and bool(actor.roles & set(BREAKERS))


def require_open(actor: Actor, patient: Patient) -> bool:
    """Let ``actor`` pass to a file that is not restricted, or that they opened by exception (then True).

    The clock and events pass: what is promised goes on. Raises Forbidden (``file_restricted``).
    """
    if not is_restricted(patient) or actor.kind == "system":
        return False
    if opened_by(actor, patient) is not None:
        return True
    raise Forbidden(
        "file_restricted",
        _("This file is restricted. In an emergency it is opened with a reason, which is reviewed."),
        cures=(
            Cure(_("Open it with a reason"), url=_page_of_exception(patient))
            if may_open(actor)
            else Cure(_("A doctor or a superior opens it with a reason"), role=BREAKERS[0]),
        ),
        gate=GATE,
    )


@action(permission="patients.restrict")
def restrict_file(
    *, by: Actor, patient: Patient, reason: str, until: datetime, version: int | None = None
) -> FileRestriction:
    """Restrict the processing of a file until ``until`` (aware). From now on it is opened by exception only (CR-006).

    Raises RuleRefused (``reason_required``, ``until_in_the_past``), StaleVersion, Conflict (``already_restricted``).
    """
    _need(reason)
    now = clock.now()
    if until <= now:
        sentence = _("Choose a later time.")
        raise RuleRefused("until_in_the_past", sentence, fields={"until": [sentence]})
    patient = lock_version(patient, version)
    if is_restricted(patient):
        raise Conflict("already_restricted", _("This file is restricted already; lift that restriction first."))
    for ended in FileRestriction.objects.filter(patient=patient, lifted_at__isnull=True):
        ended.lifted_at = ended.until
        ended.bump({"lifted_at"})
    restriction = FileRestriction.objects.create(
        patient=patient,
        reason=reason.strip(),
        until=until,
        restricted_at=now,
        restricted_by_id=by.user_id,
        restricted_by_name=by.name,
    )
    patient.restricted_until = until
    patient.bump({"restricted_until"})
    audit.record(by=by, verb="patients.restricted", target=patient, restriction=restriction.code, until=until)
    return restriction


@action(permission="patients.restrict")
def lift_restriction(*, by: Actor, patient: Patient, reason: str) -> Patient:
    """End a restriction before its date. Raises RuleRefused (``reason_required``), Conflict (``not_restricted``)."""
    _need(reason)
    patient = lock_version(patient, None)
    restriction = FileRestriction.objects.filter(patient=patient, lifted_at__isnull=True).first()
    if restriction is None or not is_restricted(patient):
        raise Conflict("not_restricted", _("This file is not restricted."))
    restriction.lifted_at, restriction.lifted_by_name = clock.now(), by.name
    restriction.lift_reason = reason.strip()
    restriction.bump({"lifted_at", "lifted_by_name", "lift_reason"})
    patient.restricted_until = None
    patient.bump({"restricted_until"})
    audit.record(by=by, verb="patients.restriction_lifted", target=patient, restriction=restriction.code)
    return patient


@action(permission="patients.view")
def open_by_exception(*, by: Actor, patient: Patient, site: Site | None, reason: str) -> OverrideRecord:
    """Open a restricted file for ``break_glass_minutes``: the directors are alerted at once, the exception stands in the
    exception report and somebody else reviews it the next day (CR-006).

    Raises Conflict (``not_restricted``), RuleRefused (``reason_missing``), Forbidden (``override_not_yours``).
    """
    if not is_restricted(patient):
        raise Conflict("not_restricted", _("This file is not restricted."))
    minutes = parameters.value("break_glass_minutes")
    until = clock.now() + timedelta(minutes=minutes)
    record = override_gate(by=by, gate=GATE, subject=patient, site=site, reason=reason, expires_at=until)
    audit.record(by=by, verb="patients.opened_by_exception", target=patient, exception=record.code)
    return record


def restrictions_of(patient: Patient) -> QuerySet[FileRestriction]:
    """Every restriction of a file, the latest first."""
    return FileRestriction.objects.filter(patient=patient)


def restricted_now() -> QuerySet[FileRestriction]:
    """The restrictions in force, the one that ends first on top."""
    rows = FileRestriction.objects.filter(lifted_at__isnull=True, until__gt=clock.now())
    return rows.select_related("patient__site").order_by("until", "id")


def _page_of_exception(patient: Patient) -> str | None:
    """Where it is opened with a reason; outside of a request there are no pages."""
    try:
        return reverse("patients:exception", args=[patient.code])
    except NoReverseMatch:
        return None


def _need(reason: str) -> None:
    if not reason.strip():
        sentence = _("Say why.")
        raise RuleRefused("reason_required", sentence, fields={"reason": [sentence]})
