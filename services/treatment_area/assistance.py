"""Which assistant works with which doctor, half-day by half-day, and who has nobody (QU-021)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from services.sites.models import Site
from services.staff.models import StaffMember
from services.staff.selectors import OnDuty, assistants_on_duty, doctors_on_duty
from services.tasks.actions import cancel_task, open_task, settle_task
from services.tasks.models import Task
from services.treatment_area.models import Assistance

GAP = "treatment_area.assistant_gap"
NOON = time(13, 0)
HALVES = Assistance.Half


@dataclass(frozen=True, slots=True)
class Cell:
    """A half-day of a doctor: ``on_duty`` at all, and who assists (None: nobody)."""

    half: str
    on_duty: bool
    assistant: StaffMember | None

    @property
    def is_gap(self) -> bool:
        """Does the doctor work without an assistant?"""
        return self.on_duty and self.assistant is None


@dataclass(frozen=True, slots=True)
class Row:
    """A doctor on duty on the day and the two halves of it."""

    doctor: StaffMember
    cells: list[Cell]


def bounds(site: Site, day: date, half: str) -> tuple[datetime, datetime]:
    """The half-day in UTC: until 13:00 of the site's wall clock, and from then on."""
    start, end = clock.day_bounds(day, site.timezone)
    noon = clock.at_local(day, NOON, site.timezone)
    return (start, noon) if half == HALVES.MORNING else (noon, end)


def grid(site: Site, day: date) -> list[Row]:
    """Every doctor on duty at ``site`` on ``day`` with the assistants of both halves, by staff number; two queries."""
    known = {
        (one.doctor_id, one.half): one.assistant
        for one in Assistance.objects.filter(site=site, day=day).select_related("assistant")
    }
    return [
        Row(
            one.staff,
            [
                Cell(half, works, known.get((one.staff.pk, half)) if works else None)
                for half in HALVES.values
                for works in (_works(one, bounds(site, day, half)),)
            ],
        )
        for one in doctors_on_duty(site, day)
    ]


def gaps(rows: Sequence[Row]) -> int:
    """How many half-days of working doctors have no assistant."""
    return sum(cell.is_gap for row in rows for cell in row.cells)


def assistants(site: Site, day: date) -> list[StaffMember]:
    """Who may assist on ``day``: the assistants and nurses on duty."""
    return [one.staff for one in assistants_on_duty(site, day)]


@action(permission="treatment_area.assign")
def assign_assistant(
    *, by: Actor, site: Site, day: date, half: str, doctor: StaffMember, assistant: StaffMember | None
) -> Assistance | None:
    """Let ``assistant`` work with ``doctor`` for a half-day; None takes the assistant away (QU-021). The alarm of the day
    is answered when no doctor is left without one.

    Raises RuleRefused (``half_unknown``, ``doctor_off_duty``, ``assistant_off_duty``), Conflict (``assistant_taken``).
    """
    if half not in HALVES.values:
        raise RuleRefused("half_unknown", _("Choose the half-day."), fields={"half": [_("Required")]})
    Site.objects.select_for_update(no_key=True).get(pk=site.pk)
    span = bounds(site, day, half)
    if not _is_on(doctors_on_duty(site, day), doctor, span):
        raise RuleRefused("doctor_off_duty", _("This doctor is not on duty in this half-day."))
    Assistance.objects.filter(site=site, day=day, half=half, doctor=doctor).delete()
    made = None
    if assistant is not None:
        if not _is_on(assistants_on_duty(site, day), assistant, span):
            raise RuleRefused(
                "assistant_off_duty",
                _("%(name)s is not on duty as assistant in this half-day.") % {"name": assistant.name},
                fields={"assistant": [_("Choose somebody else.")]},
            )
        taken = Assistance.objects.filter(day=day, half=half, assistant=assistant).select_related("doctor").first()
        if taken is not None:
            raise Conflict(
                "assistant_taken",
                _("%(name)s works with %(doctor)s in this half-day already.")
                % {"name": assistant.name, "doctor": taken.doctor.name},
            )
        made = Assistance.objects.create(
            site=site, day=day, half=half, doctor=doctor, assistant=assistant, at=clock.now(), by_id=by.user_id
        )
    audit.record(by=by, verb="treatment_area.assigned", target=doctor, site=site.code, day=day.isoformat(), half=half,
                 assistant=str(assistant.code) if assistant is not None else "")  # fmt: skip
    if gaps(grid(site, day)) == 0:
        settle_task(by=by, kind=GAP, key=gap_key(site, day), result="filled")
    return made


@action(permission=None, reason="the clock finds doctors without an assistant")
def alarm_gaps(*, by: Actor, site: Site, day: date) -> int:
    """Tell the head nurse that doctors of ``day`` have no assistant; how many half-days."""
    found = gaps(grid(site, day))
    if found:
        open_task(
            by=by,
            kind=GAP,
            key=gap_key(site, day),
            room="treatment_area",
            title=gettext_noop("Doctors without an assistant: %(gap_on)s"),
            detail=gettext_noop("%(found)s half-days are open"),
            args={"gap_on": day, "found": found},
            icon="people",
            due_at=clock.now(),
            roles=("head_nurse",),
            site=site,
            url=("treatment_area:assistants-of", day.isoformat()),
            closed_in_inbox=False,
        )
    return found


@action(permission=None, reason="the clock ends alarms of days that are over")
def withdraw_past_alarms(*, by: Actor, site: Site, day: date) -> int:
    """Withdraw the alarms of ``site`` from before ``day``, the site's local day; how many there were."""
    start, _end = clock.day_bounds(day, site.timezone)
    past = Task.objects.filter(kind=GAP, site=site, state=Task.State.OPEN, due_at__lt=start)
    keys = list(past.values_list("key", flat=True))
    for key in keys:
        cancel_task(by=by, kind=GAP, key=key, reason="day_over")
    return len(keys)


def gap_key(site: Site, day: date) -> str:
    """The alarm of a site's day."""
    return f"{site.code}:{day.isoformat()}"


def _works(one: OnDuty, span: tuple[datetime, datetime]) -> bool:
    return any(shift.starts_at < span[1] and shift.ends_at > span[0] for shift in one.shifts)


def _is_on(people: list[OnDuty], staff: StaffMember, span: tuple[datetime, datetime]) -> bool:
    return any(one.staff.pk == staff.pk and _works(one, span) for one in people)
