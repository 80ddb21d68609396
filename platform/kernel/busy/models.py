"""Who is one person in several houses of a chain, and when that person is busy. No row names what for, or whose time it is.

Row security keeps the roles apart: headquarters reads its calendars and who joined them, and no time; a house writes its
own membership and its own times, and reads of the others the times of the calendars that it has joined.
"""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from kernel.ids import CodeModel
from kernel.schedule.models import CurrentUser


class Stretch(Func):
    """``[starts_at, ends_at)``: touching is not overlapping."""

    function = "tstzrange"
    output_field = DateTimeRangeField()


class Calendar(CodeModel):
    """One person of a chain. Headquarters opened it; the houses join by the invitation, of which only the hash is kept."""

    SHARED_WITH_TENANTS = True

    chain_code = models.UUIDField()
    label = models.CharField(max_length=60)
    owner_role = models.CharField(max_length=63, db_default=CurrentUser(), editable=False)
    invitation_hash = models.CharField(max_length=64, unique=True)
    invitation_until = models.DateTimeField()
    opened_at = models.DateTimeField()


class Membership(CodeModel):
    """A house says who of its people that person is; the row is its consent, and taking it away ends it.

    With the row go the times that the house has written (by the key itself, so also where headquarters ends it).
    """

    SHARED_WITH_TENANTS = True

    calendar = models.ForeignKey(Calendar, on_delete=models.DO_NOTHING, related_name="members", db_constraint=False)
    staff = models.UUIDField()
    name = models.CharField(max_length=60)
    house = models.CharField(max_length=120)
    schema_name = models.CharField(max_length=63)
    owner_role = models.CharField(max_length=63, db_default=CurrentUser(), editable=False)
    headquarters_role = models.CharField(max_length=63, editable=False)
    joined_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["calendar", "owner_role"], name="busy_one_of_a_house"),
            models.UniqueConstraint(fields=["staff"], name="busy_one_calendar_each"),
        ]
        indexes = [models.Index(fields=["schema_name"], name="busy_membership_schema")]


class BusyTime(models.Model):
    """A stretch (UTC) that a house has taken of the person, way included. ``ref`` is a keyed print of what takes it.

    Two houses never hold the same moment. Only what was booked on both sides before they joined is ``contested``: it
    stays, both are told, and somebody moves it.
    """

    SHARED_WITH_TENANTS = True

    calendar = models.ForeignKey(Calendar, on_delete=models.DO_NOTHING, related_name="times", db_constraint=False)
    member = models.ForeignKey(Membership, on_delete=models.DO_NOTHING, related_name="times", db_constraint=False)
    owner_role = models.CharField(max_length=63, db_default=CurrentUser(), editable=False)
    ref = models.UUIDField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    contested = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "ref"], name="busy_time_once"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="busy_time_order"),
            ExclusionConstraint(
                name="busy_never_in_two_houses",
                expressions=[
                    ("calendar", RangeOperators.EQUAL),
                    ("owner_role", RangeOperators.NOT_EQUAL),
                    (Stretch("starts_at", "ends_at", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
                condition=Q(contested=False),
            ),
        ]
        indexes = [models.Index(fields=["ref"], name="busy_time_ref")]
