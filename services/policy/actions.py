"""Overriding a gate, and the next-day review of it."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.db.models import Model, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock, parameters
from kernel.actions import action
from kernel.calendars import NeverOpen, next_opening_day_after
from kernel.context import Actor
from kernel.errors import Conflict, Forbidden, RuleRefused
from kernel.identity.models import Deputy, RoleAssignment
from kernel.registry import Gate
from kernel.web.formatting import listed
from services.policy.gates import gate as declared_gate
from services.policy.gates import overridable, role_for
from services.policy.models import OverrideRecord
from services.sites.models import Site
from services.sites.selectors import weekly_hours
from services.tasks.actions import open_task, settle_task
from services.tasks.selectors import role_labels

REVIEW = "policy.review_override"
ALERT = "policy.law_overridden"
REVIEWERS = ("supervisor", "clinic_director", "dean")
LAW_ALERTED = ("clinic_director", "dean")


@action(permission="policy.override")
def override_gate(
    *, by: Actor, gate: str, subject: Model, site: Site | None = None, reason: str, expires_at: datetime | None = None
) -> OverrideRecord:
    """Let ``subject`` pass ``gate`` once, until ``expires_at`` (default: ``override_minutes`` from now).

    A law or process gate may be overridden by the roles that its declaration names, or by who stands in for them; in a
    small site also by the clinicians. Money gates are cured, never overridden. Another person reviews it on the next
    opening day; an override of a law gate alerts the directors at once.

    Raises RuleRefused (``gate_cannot_be_overridden``, ``reason_missing``, ``override_too_long``), Forbidden
    (``override_not_yours``).
    """
    declared = declared_gate(gate)
    if not overridable(declared):
        raise RuleRefused(
            "gate_cannot_be_overridden",
            _("This cannot be overridden. It has to be put right."),
            gate=gate,
            gate_class=declared.gate_class,
        )
    if not reason.strip():
        raise RuleRefused(
            "reason_missing", _("An override needs a reason."), fields={"reason": [_("Say why.")]}, gate=gate
        )
    role = _role_for(by, declared, site)
    if by.user_id is None:
        raise Forbidden("person_needed", _("An override needs a person who answers for it."), gate=gate)
    now = clock.now()
    limit = now + timedelta(minutes=parameters.value("override_minutes", site=site))
    if expires_at is not None and not now < expires_at <= now + timedelta(hours=24):
        raise RuleRefused("override_too_long", _("An override ends within 24 hours."), gate=gate)
    record = OverrideRecord.objects.create(
        gate=gate,
        gate_class=declared.gate_class,
        subject_type=subject._meta.label_lower,
        subject_code=subject.code,  # type: ignore[attr-defined]
        site=site,
        by_id=by.user_id,
        by_name=by.name,
        as_role=role,
        deputy_of=_principal(by, role),
        reason=reason.strip()[:300],
        granted_at=now,
        expires_at=expires_at or limit,
        review_due_at=_review_due(site, now),
    )
    _ask_for_review(by, record, declared, site)
    audit.record(by=by, verb="policy.overridden", target=record, site=site.code if site else None, gate=gate, role=role)
    return record


@action(permission="policy.review_exceptions")
def review_override(*, by: Actor, record: OverrideRecord, accepted: bool, note: str = "") -> OverrideRecord:
    """Judge an override on the day after. Never by whoever granted it.

    Raises Forbidden (``own_override``), Conflict (``already_reviewed``), RuleRefused (``note_missing``) for an objection
    without words.
    """
    record = OverrideRecord.objects.select_for_update(of=("self",)).select_related("site").get(pk=record.pk)
    if record.by_id == by.user_id:
        raise Forbidden("own_override", _("Your own override is reviewed by somebody else."))
    if record.review != OverrideRecord.Review.OPEN:
        raise Conflict("already_reviewed", _("This override has been reviewed already."))
    if not accepted and not note.strip():
        raise RuleRefused("note_missing", _("Say what was wrong."), fields={"note": [_("Say what was wrong.")]})
    record.review = OverrideRecord.Review.ACCEPTED if accepted else OverrideRecord.Review.OBJECTED
    record.reviewed_by_id, record.reviewed_at, record.review_note = by.user_id, clock.now(), note.strip()[:300]
    record.bump({"review", "reviewed_by", "reviewed_at", "review_note"})
    settle_task(by=by, kind=REVIEW, key=str(record.code), result=record.review)
    site = record.site.code if record.site is not None else None
    audit.record(by=by, verb="policy.reviewed", target=record, site=site, gate=record.gate, result=record.review)
    return record


def _role_for(by: Actor, declared: Gate, site: Site | None) -> str:
    """The role that carries the override. Raises Forbidden."""
    if role := role_for(by, declared, site):
        return role
    raise Forbidden(
        "override_not_yours",
        _("Only %(role)s, or whoever stands in, may override this.") % {"role": _labels(declared.overridable_by)},
        gate=declared.key,
        roles=list(declared.overridable_by),
    )


def _labels(roles: tuple[str, ...]) -> str:
    known = role_labels()
    return listed(known.get(role, role) for role in roles)


def _principal(by: Actor, role: str) -> str:
    """The name of whom ``by`` stands in for in ``role`` now; empty when the role is their own."""
    now = clock.now()
    own = Q(user_id=by.user_id, role__slug=role) & (Q(ends_at__isnull=True) | Q(ends_at__gt=now))
    if RoleAssignment.objects.filter(own, starts_at__lte=now).exists():
        return ""
    found = (
        Deputy.objects.filter(deputy_id=by.user_id, role__slug=role, starts_at__lte=now, ends_at__gt=now)
        .select_related("principal")
        .first()
    )
    return found.principal.display_name if found else ""


def _review_due(site: Site | None, now: datetime) -> datetime:
    """Noon of the next opening day of the site."""
    zone = site.timezone if site is not None else None
    today = clock.today(zone)
    try:
        day = next_opening_day_after(weekly_hours(site), today) if site is not None else today + timedelta(days=1)
    except NeverOpen:
        day = today + timedelta(days=1)
    return clock.at_local(day, time(12), zone)


def _ask_for_review(by: Actor, record: OverrideRecord, declared: Gate, site: Site | None) -> None:
    open_task(
        by=by,
        kind=REVIEW,
        key=str(record.code),
        room="policy",
        title=gettext_noop("Review an override: %(subject)s"),
        subject=("override", record.code),
        icon="warn",
        due_at=record.review_due_at,
        roles=REVIEWERS,
        site=site,
        url=("policy:exception", str(record.code)),
        closed_in_inbox=False,
    )
    if declared.gate_class == "law":
        open_task(
            by=by,
            kind=ALERT,
            key=str(record.code),
            room="policy",
            title=gettext_noop("A safety gate was overridden: %(subject)s"),
            subject=("override", record.code),
            icon="warn",
            due_at=record.granted_at,
            roles=LAW_ALERTED,
            site=site,
            url=("policy:exception", str(record.code)),
        )
