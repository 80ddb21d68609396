"""Who suits an order, and why: a ranking whose features are stored with the offer, so that it can be explained later."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import time, timedelta

from django.db.models import Count, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from escort.models import Assignment, Companion, Order
from escort.qualification import Reason, reasons_against
from kernel import clock, parameters

WEIGHTS = {
    "knows_hospital": 3,
    "served_client": 2,
    "medical_background": 1,
    "below_weekly_hours": 2,
    "free_before_and_after": 1,
}

WORDS: dict[str, tuple[str | Promise, str | Promise]] = {
    "knows_hospital": (_("knows this hospital"), _("does not know this hospital yet")),
    "served_client": (_("has escorted this client before"), _("has not escorted this client")),
    "medical_background": (_("medical background"), _("no medical background")),
    "below_weekly_hours": (_("below the week's hours"), _("the week's hours are reached")),
    "free_before_and_after": (_("nothing else within two hours"), _("another order close by")),
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A companion with what speaks for and against this order."""

    companion: Companion
    features: dict[str, bool]
    week_minutes: int
    against: tuple[Reason, ...] = field(default_factory=tuple)
    overlaps: bool = False

    @property
    def score(self) -> int:
        return sum(WEIGHTS[name] for name, present in self.features.items() if present)

    @property
    def possible(self) -> bool:
        return not self.against and not self.overlaps

    def spoken(self) -> list[tuple[bool, str | Promise]]:
        """The features as short sentences, what speaks for the companion first."""
        said = [(present, WORDS[name][0] if present else WORDS[name][1]) for name, present in self.features.items()]
        return sorted(said, key=lambda item: not item[0])

    def vector(self) -> dict[str, object]:
        """What is stored with the offer, enough to replay the ranking."""
        return {"features": self.features, "week_minutes": self.week_minutes, "score": self.score, "weights": WEIGHTS}


def candidates(order: Order) -> list[Candidate]:
    """All companions of the order's site, best first: possible before impossible, then score, then fewer hours."""
    zone = order.site.timezone
    buffer_minutes = parameters.value("escort_travel_buffer_minutes", site=order.site.code)
    wide = timedelta(minutes=buffer_minutes)
    day = clock.local(order.starts_at, zone).date()
    monday = clock.at_local(day - timedelta(days=day.weekday()), time(0), zone)
    week_end = monday + timedelta(days=7)
    companions = list(
        Companion.objects.filter(
            state__in=(Companion.State.ACTIVE, Companion.State.SUSPENDED), staff__home_site=order.site
        )
        .select_related("staff")
        .prefetch_related("qualifications")
        .annotate(
            knows=Count("hospitals", filter=Q(hospitals=order.hospital_id), distinct=True),
            served=Count("assignments", filter=Q(assignments__order__patient=order.patient_id), distinct=True),
        )
        .order_by("staff__number")
    )
    busy: dict[int, list[Assignment]] = defaultdict(list)
    # A day more on both sides: what lies close to the order may belong to another week.
    around = (min(monday, order.starts_at) - timedelta(days=1), max(week_end, order.ends_at) + timedelta(days=1))
    for assignment in Assignment.objects.filter(active=True, period__overlap=around).select_related("order"):
        busy[assignment.companion_id].append(assignment)
    found = []
    for companion in companions:
        week = sum(
            int((a.order.ends_at - a.order.starts_at).total_seconds() // 60)
            for a in busy[companion.pk]
            if a.order_id != order.pk and monday <= a.order.starts_at < week_end
        )
        overlaps = any(
            a.order.starts_at < order.ends_at + wide and order.starts_at < a.order.ends_at + wide
            for a in busy[companion.pk]
        )
        near = any(
            a.order.starts_at < order.ends_at + timedelta(hours=2)
            and order.starts_at < a.order.ends_at + timedelta(hours=2)
            for a in busy[companion.pk]
        )
        features = {
            "knows_hospital": companion.knows > 0,
            "served_client": companion.served > 0,
            "medical_background": companion.medical_background,
            "below_weekly_hours": week < companion.weekly_hours_target * 60,
            "free_before_and_after": not near,
        }
        against = tuple(reasons_against(companion, at=order.starts_at, until=order.ends_at, zone=zone))
        found.append(Candidate(companion, features, week, against, overlaps))
    return sorted(found, key=lambda c: (not c.possible, -c.score, c.week_minutes, c.companion.staff.number))
