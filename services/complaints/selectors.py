"""Reads: cases for those who deal with them, figures for everybody else (CP-031)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from kernel import audit, clock
from kernel.access import accessible, holds
from kernel.context import ALL, Actor
from kernel.errors import NotFound
from services.complaints import ways
from services.complaints.machines import ENDED, FEEDBACK_OPEN, OPEN, UNANSWERED, UNASSIGNED
from services.complaints.models import Complaint, Feedback, Finding, Involved, Remedy, Review, Route, Severity
from services.complaints.people import ACCUSED
from services.patients.models import Patient
from services.reception.models import Visit
from services.sites.models import Site
from services.staff.models import StaffMember
from services.staff.selectors import staff_at

VIEW = "complaints.view"
JOINED = ("site", "patient", "handler__user", "visit")


# --- cases ------------------------------------------------------------------------------------------------------------


def complaints(actor: Actor) -> QuerySet[Complaint]:
    """The cases whose content ``actor`` reads: as handler, of the team, as approver (or who stands in for them), as
    management of the site, as one of the roles to which it was routed, or as its receiver until somebody has it. Never the
    accused (CP-023)."""
    rows = accessible(Complaint.objects.all(), actor, VIEW).select_related(*JOINED)
    if actor.kind == "system":
        return rows
    me = [actor.code] if actor.code is not None else []
    people = Involved.objects.filter(complaint=OuterRef("pk"), until_at__isnull=True)
    parts = people.exclude(part=ACCUSED).filter(staff__user__code__in=[*me, *actor.deputy_for])
    mine = Exists(parts) | Q(state="received", receiver_id=actor.user_id)
    mine |= _at(actor, "complaints.oversee")
    mine |= _at(actor, "complaints.assign") & Q(routed_to__overlap=sorted(actor.roles))
    about_me = people.filter(part=ACCUSED, staff__user__code__in=me)
    return rows.filter(mine).exclude(Exists(about_me))


def access_complaint(actor: Actor, code: UUID) -> Complaint:
    """A case that ``actor`` reads. Raises NotFound (``complaint_not_found``): of others not even that there is one."""
    found = complaints(actor).filter(code=code).first()
    if found is None:
        raise NotFound("complaint_not_found", _("There is no such complaint, or it is not yours to read."))
    return found


def access_remedy(actor: Actor, complaint: Complaint, code: UUID) -> Remedy:
    """A remedy of a case. Raises NotFound (``remedy_not_found``)."""
    found = complaint.remedies.filter(code=code).first()
    if found is None:
        raise NotFound("remedy_not_found", _("There is no such remedy."))
    return found


def showing(rows: QuerySet[Complaint], show: str) -> QuerySet[Complaint]:
    """The cases behind a tab: ``open``, ``waiting`` (for a handler), ``overdue``, ``serious`` (open ones), ``ended``."""
    if show == "waiting":
        return rows.filter(state__in=UNASSIGNED).order_by("reply_due_at", "id")
    if show == "overdue":
        return rows.filter(state__in=UNANSWERED, reply_due_at__lt=clock.now()).order_by("reply_due_at", "id")
    if show == "serious":
        return rows.filter(state__in=OPEN, severity=Severity.SERIOUS).order_by("reply_due_at", "id")
    if show == "ended":
        return rows.filter(state__in=ENDED)
    return rows.filter(state__in=OPEN).order_by("reply_due_at", "id")


def counts(actor: Actor, site: Site) -> dict[str, int]:
    """How many cases of ``site`` there are, for everybody who sees complaints at all: no content, no names. One query."""
    if not holds(actor, VIEW, site=site.code):
        return {}
    return Complaint.objects.filter(site=site).aggregate(
        open=Count("pk", filter=Q(state__in=OPEN)),
        waiting=Count("pk", filter=Q(state__in=UNASSIGNED)),
        overdue=Count("pk", filter=Q(state__in=UNANSWERED, reply_due_at__lt=clock.now())),
        serious=Count("pk", filter=Q(state__in=OPEN, severity=Severity.SERIOUS)),
    )


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the statistics: a category (or a person) with its figures; minutes are means over what was answered or closed."""

    label: str | Promise
    cases: int
    overdue: int
    repeats: int
    content: int
    ended: int
    answer_minutes: int | None
    closing_minutes: int | None


def statistics(site: Site, first: date, last: date) -> list[Row]:
    """Cases received at ``site`` between two days by category, the most frequent first (CP-025); counts alone. One query."""
    start, end = clock.day_bounds(first, site.timezone)[0], clock.day_bounds(last, site.timezone)[1]
    found: dict[str, list[Complaint]] = {}
    rows = Complaint.objects.filter(site=site, received_at__gte=start, received_at__lt=end).only(
        "category", "received_at", "answered_at", "closed_at", "overdue_at", "repeat_of_id", "content_at_close"
    )
    for row in rows:
        found.setdefault(row.category, []).append(row)
    lines = [
        Row(
            label=ways.category_label(key),
            cases=len(some),
            overdue=sum(one.overdue_at is not None for one in some),
            repeats=sum(one.repeat_of_id is not None for one in some),
            content=sum(one.content_at_close is True for one in some),
            ended=sum(one.closed_at is not None for one in some),
            answer_minutes=_mean(some, "answered_at"),
            closing_minutes=_mean(some, "closed_at"),
        )
        for key, some in found.items()
    ]
    return sorted(lines, key=lambda one: -one.cases)


def phone_of(actor: Actor, complaint: Complaint) -> str:
    """The whole number, for whoever may read the case; the look is logged."""
    if not complaint.phone:
        return ""
    with transaction.atomic():
        audit.record_read(by=actor, target=complaint, purpose="complaint", part="phone")
    return complaint.phone


def open_of(patient: Patient) -> QuerySet[Complaint]:
    """The cases of a patient that are open."""
    return Complaint.objects.filter(patient=patient, state__in=OPEN)


def in_dispute(patient: Patient) -> str | None:
    """“complaint” while one is open: the original chart stays, or goes by the supervisor's word (slot ``chart.holds``)."""
    return "complaint" if open_of(patient).exists() else None


def holds_calls(patient: Patient) -> str | None:
    """Nothing promotional while a serious complaint is open (slot ``followup.holds``, FU-018)."""
    return "open_complaint" if open_of(patient).filter(severity=Severity.SERIOUS).exists() else None


def visit_at(actor: Actor, code: UUID, site: Site) -> Visit:
    """A visit that a complaint is about, at the site of the receiver. Raises NotFound (``visit_not_found``)."""
    found = Visit.objects.filter(code=code, site=site).select_related("patient", "doctor__user", "site").first()
    if found is None or not holds(actor, "reception.view", site=site.code):
        raise NotFound("visit_not_found", _("There is no such visit."))
    return found


# --- feedback ---------------------------------------------------------------------------------------------------------


def feedbacks(actor: Actor) -> QuerySet[Feedback]:
    """Feedback that ``actor`` reads: whoever sorts it at the site, who wrote it down, who is responsible for it."""
    rows = accessible(Feedback.objects.all(), actor, VIEW).select_related("site", "patient", "responsible__user")
    if actor.kind == "system":
        return rows
    mine = Q(collected_by_id=actor.user_id) | Q(responsible__user_id=actor.user_id)
    mine |= Q(responsible__user__code__in=list(actor.deputy_for))
    return rows.filter(mine | _at(actor, "complaints.assign") | _at(actor, "complaints.answer"))


def access_feedback(actor: Actor, code: UUID) -> Feedback:
    """One row of feedback. Raises NotFound (``feedback_not_found``)."""
    found = feedbacks(actor).filter(code=code).first()
    if found is None:
        raise NotFound("feedback_not_found", _("There is no such feedback, or it is not yours to read."))
    return found


def feedback_showing(rows: QuerySet[Feedback], show: str) -> QuerySet[Feedback]:
    """The rows behind a tab: ``open`` or ``ended``."""
    if show == "ended":
        return rows.exclude(state__in=FEEDBACK_OPEN)
    return rows.filter(state__in=FEEDBACK_OPEN).order_by("due_on", "id")


# --- matrix and reviews -----------------------------------------------------------------------------------------------


def routes() -> QuerySet[Route]:
    """The matrix, the general line first."""
    return Route.objects.all()


def access_route(actor: Actor, code: UUID) -> Route:
    """One line of the matrix. Raises NotFound (``route_not_found``)."""
    found = Route.objects.filter(code=code).first() if holds(actor, "complaints.manage") else None
    if found is None:
        raise NotFound("route_not_found", _("There is no such line."))
    return found


def reviews(actor: Actor) -> QuerySet[Review]:
    """The periodic analyses of the sites of ``actor``: categories and measures, no case."""
    rows = accessible(Review.objects.all(), actor, "complaints.analyse")
    return rows.select_related("site").prefetch_related("findings__responsible")


def access_review(actor: Actor, code: UUID) -> Review:
    """One analysis. Raises NotFound (``review_not_found``)."""
    found = reviews(actor).filter(code=code).first()
    if found is None:
        raise NotFound("review_not_found", _("There is no such analysis."))
    return found


def access_finding(actor: Actor, code: UUID) -> Finding:
    """A measure: for whoever analyses at the site, and for who is responsible for it. Raises NotFound."""
    rows = Finding.objects.select_related("review__site", "responsible__user")
    found = rows.filter(code=code).first()
    if found is not None:
        owner = found.responsible.user
        if holds(actor, "complaints.analyse", site=found.review.site.code):
            return found
        if owner is not None and owner.pk == actor.user_id:
            return found
    raise NotFound("finding_not_found", _("There is no such measure."))


def to_analyse(site: Site, first: date, last: date) -> dict[str, list[Complaint]]:
    """Closed cases of a period that no analysis has taken up, by category. One query."""
    start, end = clock.day_bounds(first, site.timezone)[0], clock.day_bounds(last, site.timezone)[1]
    rows = Complaint.objects.filter(site=site, state="closed", closed_at__gte=start, closed_at__lt=end)
    found: dict[str, list[Complaint]] = {}
    for row in rows.select_related("site").order_by("closed_at", "id"):
        found.setdefault(row.category, []).append(row)
    return found


def recurrence(finding: Finding) -> int:
    """How many cases of its category came after the measure was done: does it help? (CP-018) None yet: 0."""
    if finding.done_on is None:
        return 0
    site = finding.review.site
    end = clock.day_bounds(finding.done_on, site.timezone)[1]
    return Complaint.objects.filter(site=site, category=finding.category, received_at__gte=end).count()


def people_at(site: Site) -> QuerySet[StaffMember]:
    """Who can be chosen as handler or member of a team: people of the site with an account."""
    return staff_at(site).filter(user__isnull=False).order_by("number")


def _at(actor: Actor, word: str) -> Q:
    """Rows of the sites where ``actor`` holds ``word``."""
    if not holds(actor, word):
        return Q(pk__in=[])
    sites = actor.sites(word)
    return Q(pk__isnull=False) if sites is ALL else Q(site__code__in=sites)


def _mean(rows: Iterable[Complaint], name: str) -> int | None:
    spans = [_minutes(row.received_at, getattr(row, name)) for row in rows if getattr(row, name) is not None]
    return round(sum(spans) / len(spans)) if spans else None


def _minutes(start: datetime, end: datetime) -> int:
    return int((end - start).total_seconds() // 60)


def colleague(site: Site, code: UUID) -> StaffMember:
    """Somebody who works at ``site``. Raises NotFound (``staff_not_found``)."""
    found = staff_at(site).select_related("user").filter(code=code).first()
    if found is None:
        raise NotFound("staff_not_found", _("There is no such staff member."))
    return found


def colleagues(site: Site, codes: Iterable[UUID]) -> list[StaffMember]:
    """Several of them. Raises NotFound (``staff_not_found``) for one who is none."""
    return [colleague(site, code) for code in dict.fromkeys(codes)]
