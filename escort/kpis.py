"""The figures of an escort agency."""

from __future__ import annotations

from datetime import date

from django.db.models import Count, Q

from escort.models import Order
from escort.selectors import FEEDBACK
from kernel import clock
from kernel.registry import Fact
from services.followup.models import FollowUp
from services.sites.models import Site


def _on(day: date, site: Site, field: str) -> Q:
    start, end = clock.day_bounds(day, site.timezone)
    return Q(site=site, **{f"{field}__gte": start, f"{field}__lt": end})


def on_time(site: Site, day: date) -> Fact | None:
    """Services that began on ``day`` whose companion was on time, of all that began (ES-014)."""
    counts = Order.objects.filter(_on(day, site, "checked_in_at")).aggregate(
        begun=Count("pk"), punctual=Count("pk", filter=Q(late_minutes=0))
    )
    return Fact(counts["punctual"], counts["begun"], counts["begun"]) if counts["begun"] else None


def time_to_accept(site: Site, day: date) -> Fact | None:
    """Whole minutes from first offer to acceptance over the orders accepted on ``day``, and how many there were."""
    times = Order.objects.filter(_on(day, site, "accepted_at"), first_offered_at__isnull=False).values_list(
        "first_offered_at", "accepted_at"
    )
    minutes = [(accepted - offered).total_seconds() / 60 for offered, accepted in times if offered and accepted]
    return Fact(round(sum(minutes)), len(minutes), len(minutes)) if minutes else None


def satisfied(site: Site, day: date) -> Fact | None:
    """Clients satisfied with the service, of all who said how satisfied they are, in the calls that were over on ``day``
    (FU-014)."""
    start, end = clock.day_bounds(day, site.timezone)
    said = FollowUp.objects.filter(
        plan__rule_key=FEEDBACK, plan__site=site, closed_at__gte=start, closed_at__lt=end
    ).exclude(satisfaction="")
    counts = said.aggregate(
        asked=Count("pk"), pleased=Count("pk", filter=Q(satisfaction=FollowUp.Satisfaction.SATISFIED))
    )
    return Fact(counts["pleased"], counts["asked"], counts["asked"]) if counts["asked"] else None
