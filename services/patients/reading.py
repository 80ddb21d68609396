"""Opening a file: every look is logged, with the purpose that the task at hand gives it (CR-006)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Max
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext_lazy

from kernel import audit, clock, parameters, registry
from kernel.audit.models import AuditEntry
from kernel.context import Actor
from kernel.errors import LimitReached, RuleRefused
from kernel.limits import Limit, consume, first_use
from services.patients.models import Patient
from services.patients.restriction import require_open
from services.staff.models import StaffMember
from services.tasks.actions import open_task

PURPOSES: dict[str, str | Promise] = {
    "treatment": pgettext_lazy("purpose", "Treatment"),
    "registration": pgettext_lazy("purpose", "Registration and reception"),
    "appointment": pgettext_lazy("purpose", "Booking"),
    "payment": pgettext_lazy("purpose", "Payment"),
    "follow_up": pgettext_lazy("purpose", "Follow-up"),
    "consultation": pgettext_lazy("purpose", "Consultation"),
    "complaint": pgettext_lazy("purpose", "Complaint"),
    "supervision": pgettext_lazy("purpose", "Supervision"),
    "phone": pgettext_lazy("purpose", "Phone call"),
    "listed": pgettext_lazy("purpose", "Search result"),
    "legal": pgettext_lazy("purpose", "Legal duty"),
    "exception": pgettext_lazy("purpose", "Exception with a reason"),
}
# What may be chosen by somebody whose work gives no purpose by itself.
ASKED = ("treatment", "registration", "payment", "follow_up", "complaint", "supervision", "legal")
# The everyday task of a role; of several roles the first in this order counts.
BY_ROLE = {
    "doctor": "treatment", "specialist": "treatment", "chief_physician": "treatment", "doctor_supervisor": "treatment",
    "nurse": "treatment", "assistant": "treatment", "head_nurse": "treatment",
    "consultant": "consultation",
    "front_desk": "registration", "lobby_receptionist": "registration", "guide": "registration",
    "waiting_attendant": "registration", "customer_service": "registration",
    "phone_agent": "appointment", "follow_up_caller": "follow_up",
    "cashier": "payment", "reconciler": "payment", "finance": "payment",
    "investigator": "complaint",
    "supervisor": "supervision", "higher_supervisor": "supervision", "service_supervisor": "supervision",
    "duty_superior": "supervision", "team_leader": "supervision", "department_head": "supervision",
    "clinic_director": "supervision", "dean": "supervision",
}  # fmt: skip
SHOWN_DAYS = 30
HOUR = 3600
VIEW_ALARM = "patients.view_alarm"
ALARMED = ("clinic_director", "dean")


def purpose_of(actor: Actor, patient: Patient, *, stated: str = "") -> str:
    """Why ``actor`` opens the file of ``patient``: the task at hand if a room knows one, else the work of their role.

    ``stated`` is what the person chose when asked. "" when nothing gives a purpose: then it must be asked.
    """
    for room in registry.active_rooms():
        for path in room.slots.get("patient.purpose", ()):
            found = import_string(path)(actor, patient)
            if found:
                return str(found)
    for role, purpose in BY_ROLE.items():
        if role in actor.roles:
            return purpose
    if actor.kind == "system":
        return actor.name
    return stated if stated in ASKED else ""


def note_read(actor: Actor, patient: Patient, *, stated: str = "", part: str = "file") -> str:
    """Log that ``actor`` read ``part`` of the file and return the purpose.

    A restricted file is opened by exception only. Whoever opens more files in an hour than ``view_alarm_per_hour``
    goes on working, and the directors hear of it (ledger 17, leaks).

    Raises RuleRefused (``purpose_required``) when the task at hand gives none and nobody stated one, Forbidden
    (``file_restricted``).
    """
    by_exception = require_open(actor, patient)
    purpose = "exception" if by_exception else purpose_of(actor, patient, stated=stated)
    if not purpose:
        sentence = _("Say what you need this file for; your role alone gives no purpose.")
        raise RuleRefused("purpose_required", sentence, fields={"purpose": [sentence]}, choices=list(ASKED))
    with transaction.atomic():
        audit.record_read(by=actor, target=patient, purpose=purpose, part=part)
        _watch(actor, patient)
    return purpose


def busy_readers(*, days: int = SHOWN_DAYS) -> list[dict[str, object]]:
    """Who opened how many different files in the last ``days``, the busiest first, and how often an alarm was raised."""
    since = clock.now() - timedelta(days=days)
    rows = list(
        AuditEntry.objects.filter(verb="read", target_type=Patient._meta.label_lower, at__gte=since, actor_kind="user")
        .values("actor_code", "actor_name")
        .annotate(files=Count("target_code", distinct=True), looks=Count("id"), last=Max("at"))
        .order_by("-files")[:50]
    )
    alarms = dict(
        AuditEntry.objects.filter(verb=VIEW_ALARM, at__gte=since).values_list("actor_code").annotate(n=Count("id"))
    )
    names = _names(rows)
    return [
        {**row, "name": names.get(row["actor_code"], row["actor_name"]), "alarms": alarms.get(row["actor_code"], 0)}
        for row in rows
    ]


def _names(rows: Iterable[Mapping[str, Any]]) -> dict[Any, str]:
    """The names under which colleagues know the readers in ``rows`` (``actor_code``), by code; one query."""
    codes = [row["actor_code"] for row in rows if row["actor_code"]]
    return dict(StaffMember.objects.filter(user__code__in=codes).values_list("user__code", "name"))


def _watch(actor: Actor, patient: Patient) -> None:
    """Raise the alarm when ``actor`` opens unusually many different files within an hour."""
    if actor.kind != "user" or not first_use("patient-view", f"{actor.code}:{patient.code}", seconds=HOUR):
        return
    try:
        consume((Limit("patient-views", parameters.value("view_alarm_per_hour"), HOUR), str(actor.code)))
    except LimitReached:
        now = clock.now()
        open_task(
            by=Actor.system("patients"),
            kind=VIEW_ALARM,
            key=f"{actor.code}:{clock.today():%Y-%m-%d}",
            room="patients",
            title=gettext_noop("%(name)s opened unusually many files"),
            detail=gettext_noop("More than %(count)s different files within an hour"),
            args={"name": actor.name, "count": parameters.value("view_alarm_per_hour")},
            icon="eye",
            due_at=now,
            roles=ALARMED,
            url=("patients:readers",),
        )
        audit.record(by=actor, verb="patients.view_alarm", target=None, reader=actor.code)


def note_listing(actor: Actor, patients: Iterable[Patient]) -> None:
    """Log which files were listed to ``actor``, in one entry for all of them."""
    note_listed_codes(actor, [str(patient.code) for patient in patients])


def note_listed_codes(actor: Actor, codes: list[str]) -> None:
    """``note_listing`` for files of which only the codes are at hand."""
    if codes:
        with transaction.atomic():
            audit.record(by=actor, verb="patients.listed", target=None, purpose="listed", patients=codes)


def recent_readers(patient: Patient, *, days: int = SHOWN_DAYS) -> list[dict[str, object]]:
    """Who opened the file of ``patient`` in the last ``days``: name, purpose, latest moment; latest first."""
    since = clock.now() - timedelta(days=days)
    rows = list(
        AuditEntry.objects.filter(target_code=patient.code, verb="read", at__gte=since)
        .values("actor_code", "actor_name", "purpose")
        .annotate(last=Max("at"))
        .order_by("-last")[:12]
    )
    names = _names(rows)
    return [
        {
            "name": names.get(row["actor_code"], row["actor_name"]),
            "purpose": PURPOSES.get(row["purpose"], row["purpose"]),
            "at": row["last"],
        }
        for row in rows
    ]
