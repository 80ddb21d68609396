"""Reading the busy calendar: opaque stretches of the houses that one's own people also work for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet

from kernel import tenancy
from kernel.busy.models import BusyTime, Calendar, Membership, Stretch


def elsewhere(people: Iterable[UUID], starts_at: datetime, ends_at: datetime) -> list[tuple[UUID, datetime, datetime]]:
    """When ``people`` (codes of staff members) are busy in other houses, way included, by time; one query."""
    return list(
        _foreign()
        .filter(calendar__members__staff__in=list(people), starts_at__lt=ends_at, ends_at__gt=starts_at)
        .order_by("starts_at", "pk")
        .values_list("calendar__members__staff", "starts_at", "ends_at")
    )


def elsewhere_of(staff_code: str, starts_at: datetime, ends_at: datetime) -> ArraySubquery:
    """The same as an annotation of rows with a person: the stretches in other houses, as ranges, without a query more.

    ``staff_code`` leads to the code of the staff member, e.g. "staff__code".
    """
    return ArraySubquery(
        _foreign()
        .filter(calendar__members__staff=OuterRef(staff_code), starts_at__lt=ends_at, ends_at__gt=starts_at)
        .order_by("starts_at", "pk")
        .values_list(Stretch("starts_at", "ends_at"))
    )


def contested_with_others(at: datetime) -> list[tuple[UUID, UUID, datetime, datetime]]:
    """(staff, print, from, until) of own times from ``at`` on that another house holds as well, by time; two queries."""
    mine = list(
        BusyTime.objects.filter(owner_role=tenancy.current().database_role, ends_at__gt=at)
        .order_by("starts_at", "pk")
        .values_list("member__staff", "ref", "starts_at", "ends_at")
    )
    if not mine:
        return []
    others = elsewhere({row[0] for row in mine}, at, max(row[3] for row in mine))
    return [
        row for row in mine if any(staff == row[0] and start < row[3] and end > row[2] for staff, start, end in others)
    ]


def memberships() -> QuerySet[Membership]:
    """The current house's people with a shared calendar; at headquarters, who has joined its calendars."""
    return Membership.objects.order_by("house", "name", "pk")


def calendars() -> QuerySet[Calendar]:
    """The calendars that headquarters opened; in a house those that it has joined."""
    return Calendar.objects.order_by("label", "pk")


def _foreign() -> QuerySet[BusyTime]:
    return BusyTime.objects.exclude(owner_role=tenancy.current().database_role)
