"""What the clock and events do to complaints."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from kernel import clock
from kernel.context import Actor
from kernel.outbox import Event
from kernel.timers.models import Timer
from services.complaints import feedback, results, reviews
from services.complaints.models import Complaint, Feedback
from services.followup.models import FollowUp
from services.sites.selectors import sites_now

CLOCK = Actor.system("timers")
ENGINE = Actor.system("complaints")


def on_reply_due(timer: Timer) -> None:
    """The moment of a promised answer has come."""
    found = Complaint.objects.filter(code=UUID(timer.key)).first()
    if found is not None:
        results.note_overdue(by=CLOCK, complaint=found)


def on_feedback_due(timer: Timer) -> None:
    """The day on which feedback had to be dealt with is over."""
    found = Feedback.objects.filter(code=UUID(timer.key)).first()
    if found is not None:
        feedback.note_feedback_overdue(by=CLOCK, feedback=found)


def followed(event: Event) -> None:
    """A follow-up on the result of a complaint is done: content, or the next step until the customer is (FU-015)."""
    _take(event)


def complained_again(event: Event) -> None:
    """A follow-up on the result of a complaint found a problem, which a doctor answers: who is not content does not wait for
    that (FU-015)."""
    _take(event, only=FollowUp.Satisfaction.DISSATISFIED)


def _take(event: Event, *, only: str = "") -> None:
    if event.payload["rule"] != results.RULE:
        return
    row = FollowUp.objects.select_related("plan").filter(code=event.payload["followup"]).first()
    if row is None or not row.plan.source_key.startswith("complaint:") or (only and row.satisfaction != only):
        return
    found = Complaint.objects.filter(code=UUID(row.plan.source_key.split(":")[1])).first()
    if found is not None and row.plan.source_key == results.source_key(found):
        results.take_follow_up(by=ENGINE, complaint=found, satisfaction=row.satisfaction, words=row.note)


def open_reviews(day: date) -> None:
    """When a period is over, whoever analyses is asked for it, at every site with closed cases (CP-018)."""
    for site in sites_now():
        reviews.ask_for_review(by=CLOCK, site=site, today=clock.today(site.timezone))
