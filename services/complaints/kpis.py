"""What complaints are measured by (CP-025): numbers, how fast the customer was answered, how it ended."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.db.models import QuerySet

from kernel.registry import Fact
from services.complaints.models import Complaint
from services.sites.models import Site
from services.sites.selectors import day_bounds


def _of(site: Site, day: date, moment: str) -> QuerySet[Complaint]:
    start, end = day_bounds(site, day)
    return Complaint.objects.filter(**{"site": site, f"{moment}__gte": start, f"{moment}__lt": end}).order_by()


def _minutes(spans: Iterable[tuple[datetime, datetime | None]]) -> list[int]:
    return [int((end - start).total_seconds() // 60) for start, end in spans if end is not None]


def received(site: Site, day: date) -> Fact | None:
    """Complaints received on the day."""
    number = _of(site, day, "received_at").count()
    return Fact(numerator=number, n=number) if number else None


def first_answer(site: Site, day: date) -> Fact | None:
    """Mean minutes from receipt to the first answer, of the complaints first answered on the day."""
    spans = _minutes(_of(site, day, "answered_at").values_list("received_at", "answered_at"))
    return Fact(numerator=sum(spans), denominator=len(spans), n=len(spans)) if spans else None


def closing(site: Site, day: date) -> Fact | None:
    """Mean minutes from receipt to the close, of the complaints closed on the day."""
    spans = _minutes(_of(site, day, "closed_at").values_list("received_at", "closed_at"))
    return Fact(numerator=sum(spans), denominator=len(spans), n=len(spans)) if spans else None


def in_time(site: Site, day: date) -> Fact | None:
    """Answers promised for the day that came in time; one that was ever late stays late."""
    promised = list(_of(site, day, "reply_due_at").values_list("answered_at", "overdue_at", "reply_due_at"))
    kept = sum(overdue is None and answered is not None and answered <= due for answered, overdue, due in promised)
    return Fact(numerator=kept, denominator=len(promised), n=len(promised)) if promised else None


def content(site: Site, day: date) -> Fact | None:
    """Complaints closed on the day whose customer was content at the end, of all that were closed."""
    ended = list(_of(site, day, "closed_at").values_list("content_at_close", flat=True))
    return Fact(numerator=sum(one is True for one in ended), denominator=len(ended), n=len(ended)) if ended else None


def repeats(site: Site, day: date) -> Fact | None:
    """Complaints of the day by people who had complained about the same within a year."""
    number = _of(site, day, "received_at").filter(repeat_of__isnull=False).count()
    return Fact(numerator=number, n=number) if number else None
