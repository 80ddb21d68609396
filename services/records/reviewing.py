"""Looking through what was entered (CR-003): which entries, by whom, and what comes back. And what was entered late (CR-002)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import access, clock, parameters
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import NotFound
from kernel.identity.models import User
from services.records.machines import REVIEW
from services.records.models import ClinicalNote, EntryReview, Treatment
from services.sites.models import Site
from services.sites.selectors import day_bounds
from services.staff.models import StaffMember
from services.tasks.actions import open_task, settle_task

WORD = "records.review"
RETURNED = "records.entry_returned"
Entry = Treatment | ClinicalNote


def choose(*, by: Actor, entry: Entry) -> EntryReview | None:
    """Put ``entry`` on the worklist of the reviewers where the parameters want it looked through.

    The sample is drawn from the entry's own code, so that nobody can foresee or repeat the draw until it suits.
    """
    if by.user_id is None:
        return None
    basis = _basis(by.user_id, entry)
    if not basis:
        return None
    now = clock.now()
    return EntryReview.objects.create(
        site=entry.site,
        patient=entry.patient,
        treatment=entry if isinstance(entry, Treatment) else None,
        note=entry if isinstance(entry, ClinicalNote) else None,
        basis=basis,
        entered_at=now,
        entered_by_id=by.user_id,
        entered_by_name=by.name,
        due_at=now + timedelta(days=parameters.value("review_due_days", site=entry.site)),
    )


def _basis(user_id: int, entry: Entry) -> str:
    site = entry.site
    days = parameters.value("review_new_staff_days", site=site)
    hired = StaffMember.objects.filter(user_id=user_id).values_list("hired_on", flat=True).first()
    if hired is not None and days and clock.today(site.timezone) <= hired + timedelta(days=days):
        return EntryReview.Basis.NEW_STAFF
    if entry.is_sensitive or (isinstance(entry, ClinicalNote) and entry.corrects_id is not None):
        return EntryReview.Basis.RISK
    if isinstance(entry, Treatment) and (
        entry.item.category.key in parameters.value("review_risk_categories", site=site) or is_late(entry)
    ):
        return EntryReview.Basis.RISK
    return EntryReview.Basis.SAMPLE if drawn(entry.code, parameters.value("review_sample_percent", site=site)) else ""


def drawn(code: UUID, percent: int) -> bool:
    """Is the entry of this code in a sample of ``percent``? The same answer every time."""
    return int(hashlib.sha256(code.bytes).hexdigest(), 16) % 100 < percent


@action(permission=WORD)
def accept_entry(*, by: Actor, review: EntryReview) -> EntryReview:
    """The entry is true and in order. Raises Forbidden (``own_entry``), Conflict (``invalid_transition``)."""
    REVIEW.move(review, "reviewed", by=by)
    return review


@action(permission=WORD)
def return_entry(*, by: Actor, review: EntryReview, objection: str) -> EntryReview:
    """Send the entry back to whoever made it, saying what is wrong; a task tells them.

    Raises RuleRefused (``objection_missing``), Forbidden (``own_entry``), Conflict (``invalid_transition``).
    """
    REVIEW.move(review, "returned", by=by, objection=objection.strip())
    open_task(
        by=by,
        kind=RETURNED,
        key=f"{review.code}:{review.returned}",
        room="records",
        title=gettext_noop("Put an entry right: %(subject)s"),
        subject=("patient", review.patient.code),
        icon="pencil",
        due_at=clock.now() + timedelta(days=1),
        assignee=User.objects.get(pk=review.entered_by_id),
        site=review.site,
        url=("records:review", str(review.code)),
        closed_in_inbox=False,
    )
    return review


@action(permission="records.write")
def enter_again(*, by: Actor, review: EntryReview, answer: str) -> EntryReview:
    """Whoever made the entry has put it right (a correction, a strike-through) and says what.

    Raises RuleRefused (``answer_missing``), Forbidden (``not_your_entry``), Conflict (``invalid_transition``).
    """
    REVIEW.move(review, "entered", by=by, answer=answer.strip())
    settle_task(by=by, kind=RETURNED, key=f"{review.code}:{review.returned}", result="entered_again")
    return review


def access_review(actor: Actor, code: UUID) -> EntryReview:
    """The review behind a code from outside, for reviewers of its site and whoever made the entry.

    Raises NotFound (``review_not_found``).
    """
    rows = EntryReview.objects.select_related("site", "patient", "treatment__item", "treatment__doctor", "note__author")
    found = rows.filter(code=code).first()
    if found is None or not (access.holds(actor, WORD, site=found.site.code) or found.entered_by_id == actor.user_id):
        raise NotFound("review_not_found", _("There is no such entry."))
    return found


def worklist(actor: Actor, site: Site, *, state: str = REVIEW.initial) -> QuerySet[EntryReview]:
    """What waits for a reviewer at ``site``, the most urgent first; not the reader's own entries."""
    rows = EntryReview.objects.select_related("patient", "treatment__item", "treatment__doctor", "note__author", "site")
    rows = access.accessible(rows, actor, WORD).filter(site=site, state=state)
    return rows.exclude(entered_by_id=actor.user_id) if state == REVIEW.initial else rows


def waiting(actor: Actor, site: Site) -> int:
    """How many entries wait for a reviewer at ``site``."""
    return worklist(actor, site).count()


# --- late entries (CR-002) --------------------------------------------------------------------------------------------


def entry_due(treatment: Treatment) -> datetime:
    """Until when a treatment had to be entered, in UTC: the end of its local day and ``record_entry_due`` days more."""
    zone = treatment.site.timezone
    days = parameters.value("record_entry_due", at=treatment.performed_at, site=treatment.site)
    day = clock.local(treatment.performed_at, zone).date() + timedelta(days=days + 1)
    return clock.at_local(day, time(0), zone)


def is_late(treatment: Treatment) -> bool:
    """Was the treatment entered after it was due (CR-002)?"""
    return treatment.recorded_at >= entry_due(treatment)


@dataclass(frozen=True, slots=True)
class EntryTimes:
    """How soon treatments of a span were entered: all of them, and the late ones."""

    entered: int
    late: tuple[Treatment, ...]

    @property
    def on_time(self) -> float | None:
        """The share entered in time, 0 to 1; None where there was nothing."""
        return None if not self.entered else (self.entered - len(self.late)) / self.entered


def entry_times(actor: Actor, site: Site, first: date, last: date) -> EntryTimes:
    """The treatments done at ``site`` on its days ``first`` to ``last`` (both included), and which were entered late."""
    start, _end = day_bounds(site, first)
    _start, end = day_bounds(site, last)
    rows = Treatment.objects.filter(performed_at__gte=start, performed_at__lt=end, site=site, voided_at__isnull=True)
    rows = access.accessible(rows, actor, WORD).select_related("site", "patient", "item", "doctor")
    entered = list(rows.order_by("performed_at", "id"))
    return EntryTimes(len(entered), tuple(row for row in entered if is_late(row)))
