"""Writes about the waiting area as a whole: rounds, concerns, guests who need help, the sheet of the day."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import access, audit, clock, parameters
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Forbidden, RuleRefused
from services.reception.actions import lock_visit
from services.reception.machine import HOLDS_CHAIR, UNSEEN
from services.reception.models import Visit
from services.sites.models import Site
from services.tasks.actions import cancel_task, open_task, settle_task
from services.treatment_area import selectors
from services.treatment_area.actions import LONGEST, ask_about, needed, who
from services.treatment_area.machine import CONCERN, PRIORITY
from services.treatment_area.models import Concern, DailySheet, Patrol, Priority

RESOLVE, ACCOMPANY, SHEET = "treatment_area.resolve", "treatment_area.accompany", "treatment_area.sheet"


@action(permission="treatment_area.patrol")
def note_patrol(*, by: Actor, site: Site, needs: str = "") -> Patrol:
    """Somebody went round among the waiting guests; what they need (QU-006). How many waited is counted."""
    waiting = Visit.objects.filter(site=site, state__in=UNSEEN).count()
    patrol = Patrol.objects.create(site=site, at=clock.now(), waiting=waiting, needs=needs.strip()[:LONGEST], **who(by))
    audit.record(by=by, verb="treatment_area.patrolled", target=patrol, site=site.code, waiting=waiting)
    return patrol


@action(permission="treatment_area.report")
def report_concern(
    *, by: Actor, site: Site, kind: str, words: str, to: str = Concern.To.HEAD_NURSE, visit: Visit | None = None
) -> Concern:
    """Report a complaint of a long wait or another special case to the head nurse or the director (QU-006). It stays open
    until it is resolved; unresolved after ``concern_minutes`` the director sees it too.

    Raises RuleRefused (``kind_unknown``, ``words_missing``, ``guest_of_another_site``).
    """
    if kind not in Concern.Kind.values or to not in Concern.To.values:
        raise RuleRefused("kind_unknown", _("Choose what it is about."), fields={"kind": [_("Required")]})
    if visit is not None and visit.site_id != site.pk:
        raise RuleRefused("guest_of_another_site", _("This guest is at another site."))
    concern = Concern.objects.create(
        site=site,
        visit=visit,
        kind=kind,
        to=to,
        words=needed(words, "words", _("Write what happened."), LONGEST),
        reported_at=clock.now(),
        reported_by_id=by.user_id,
        reported_by_name=by.name,
    )
    audit.record(by=by, verb="treatment_area.reported", target=concern, site=site.code, kind=kind, to=to)
    minutes = parameters.value("concern_minutes", site=site)
    title = {
        Concern.Kind.LONG_WAIT: gettext_noop("Complaint of a long wait in the waiting area"),
        Concern.Kind.SERVICE: gettext_noop("Complaint about the service in the waiting area"),
        Concern.Kind.UNWELL: gettext_noop("A guest in the waiting area feels unwell"),
        Concern.Kind.OTHER: gettext_noop("A special case in the waiting area"),
    }[Concern.Kind(kind)]
    open_task(
        by=by,
        kind=RESOLVE,
        key=str(concern.code),
        room=visit.vertical if visit is not None and visit.vertical else "treatment_area",
        title=title,
        detail=gettext_noop("Reported at %(reported_at)s"),
        args={"reported_at": concern.reported_at},
        icon="warn",
        roles=(to,),
        site=site,
        due_at=concern.reported_at + timedelta(minutes=minutes),
        escalates_at=concern.reported_at + timedelta(minutes=minutes),
        escalates_to=("clinic_director",),
        url=("treatment_area:concern", str(concern.code)),
        closed_in_inbox=False,
    )
    return concern


@action(permission="treatment_area.resolve")
def resolve_concern(*, by: Actor, concern: Concern, resolution: str) -> Concern:
    """The head nurse or the director has resolved it; the time is kept (QU-006).

    Raises RuleRefused (``resolution_missing``), Conflict (``invalid_transition``).
    """
    resolution = needed(resolution, "resolution", _("Write what was done."), LONGEST)
    CONCERN.move(concern, "resolved", by=by, resolution=resolution)
    settle_task(by=by, kind=RESOLVE, key=str(concern.code), result="resolved")
    return concern


@action(permission="treatment_area.flag")
def raise_priority(*, by: Actor, visit: Visit, reason: str, condition: str = "") -> Priority:
    """The guest needs active help: the mark is on the lists, and the guide is asked to accompany, with the condition
    handed over (QU-015).

    Raises RuleRefused (``reason_unknown``), Conflict (``priority_raised``, ``guest_not_here``).
    """
    visit = lock_visit(visit)
    access.require(by, "treatment_area.flag", site=visit.site.code)
    if reason not in Priority.Reason.values:
        raise RuleRefused("reason_unknown", _("Choose a reason."), fields={"reason": [_("Required")]})
    if visit.state not in (*UNSEEN, *HOLDS_CHAIR):
        raise Conflict("guest_not_here", _("This guest is not here any more."), state=visit.state)
    if Priority.objects.filter(visit=visit).exists():
        raise Conflict("priority_raised", _("This guest is marked already."))
    priority = Priority.objects.create(
        site=visit.site,
        visit=visit,
        reason=reason,
        condition=condition.strip()[:LONGEST],
        raised_at=clock.now(),
        raised_by_id=by.user_id,
        raised_by_name=by.name,
    )
    audit.record(by=by, verb="treatment_area.priority_raised", target=priority, site=visit.site.code, reason=reason)
    ask_about(by, ACCOMPANY, str(visit.code), visit, gettext_noop("Accompany %(subject)s"),
         ("treatment_area:visit", str(visit.code)), icon="heart", roles=("guide",), due_at=clock.now(),
         escalates_after=10, escalates_to=("supervisor",))  # fmt: skip
    return priority


@action(permission="treatment_area.accompany")
def accompany(*, by: Actor, priority: Priority) -> Priority:
    """The guide has read the condition and accompanies the guest. Raises Conflict (``invalid_transition``)."""
    PRIORITY.move(priority, "accompanied", by=by)
    settle_task(by=by, kind=ACCOMPANY, key=_visit_code(priority), result="accompanied")
    return priority


@action(permission="treatment_area.flag")
def end_priority(*, by: Actor, priority: Priority) -> Priority:
    """The guest needs no more help, or has gone. Raises Conflict (``invalid_transition``)."""
    PRIORITY.move(priority, "ended", by=by)
    cancel_task(by=by, kind=ACCOMPANY, key=_visit_code(priority), reason="ended")
    return priority


# --- the daily sheet --------------------------------------------------------------------------------------------------


@action(permission="treatment_area.hand_in")
def hand_in_sheet(*, by: Actor, site: Site, day: date, remark: str = "") -> DailySheet:
    """Sign the sheet of a day with the figures as they stand now (QU-020). After the end of the shift it is late.

    Raises RuleRefused (``day_to_come``), Conflict (``sheet_handed_in``), Forbidden (``person_needed``).
    """
    if by.user_id is None:
        raise Forbidden("person_needed", _("A signature needs a person."))
    if day > clock.today(site.timezone):
        raise RuleRefused("day_to_come", _("This day is still to come."))
    # Two attendants who hand in at once: the second finds the first one's sheet.
    Site.objects.select_for_update(no_key=True).get(pk=site.pk)
    if DailySheet.objects.filter(site=site, day=day).exists():
        raise Conflict("sheet_handed_in", _("The sheet of this day has been handed in."))
    sheet = DailySheet.objects.create(
        site=site,
        day=day,
        due_at=selectors.sheet_due_at(site, day),
        handed_in_at=clock.now(),
        by_id=by.user_id,
        by_name=by.name,
        remark=remark.strip()[:LONGEST],
        figures=selectors.day_sheet(site, day).figures(),
    )
    audit.record(by=by, verb="treatment_area.sheet_handed_in", target=sheet, site=site.code, day=day.isoformat())
    settle_task(by=by, kind=SHEET, key=sheet_key(site, day), result="handed_in")
    return sheet


def sheet_key(site: Site, day: date) -> str:
    """The task of a site's day."""
    return f"{site.code}:{day.isoformat()}"


def _visit_code(priority: Priority) -> str:
    return str(Visit.objects.values_list("code", flat=True).get(pk=priority.visit_id))
