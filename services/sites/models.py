"""Where the business is: legal entities, sites, opening hours, rooms and chairs."""

from __future__ import annotations

from zoneinfo import ZoneInfo, available_timezones

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, IntegerRangeField, RangeOperators
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.calendars import Span
from kernel.calendars.hours import MIDNIGHT
from kernel.ids import VersionedModel

slug_shape = RegexValidator(
    r"^[a-z][a-z0-9-]{1,29}$", _("Use 2 to 30 lower-case letters, digits and hyphens, a letter first.")
)


def known_time_zone(name: str) -> None:
    """Refuse a zone that this machine's time zone data does not know."""
    if name not in available_timezones():
        raise ValidationError(_("There is no such time zone."), code="unknown_time_zone")


def day_range(start: str, end: str) -> Func:
    """The days from ``start`` to ``end``, both included; an empty end is open."""
    return Func(F(start), F(end), Value("[]"), function="daterange", output_field=DateRangeField())


def minute_range(start: str, end: str) -> Func:
    """The minutes of a day from ``start`` up to but not including ``end``."""
    return Func(
        Cast(start, models.IntegerField()),
        Cast(end, models.IntegerField()),
        function="int4range",
        output_field=IntegerRangeField(),
    )


class LegalEntity(VersionedModel):
    """Who stands behind a receipt: it owns numbering, invoices, deposits, seal and message signature."""

    name = models.CharField(pgettext_lazy("place", "Name"), max_length=120, unique=True)
    tax_number = models.CharField(_("Tax number"), max_length=40, blank=True)
    licence_number = models.CharField(_("Licence number"), max_length=60, blank=True)
    address = models.CharField(_("Registered address"), max_length=200, blank=True)
    phone = models.CharField(_("Phone"), max_length=40, blank=True)
    bank_name = models.CharField(_("Bank"), max_length=120, blank=True)
    bank_account = models.CharField(_("Bank account"), max_length=40, blank=True)
    seal_text = models.CharField(_("Text of the seal"), max_length=60, blank=True)
    message_signature = models.CharField(_("Signature of messages"), max_length=20, blank=True)

    class Meta:
        ordering = ["name", "id"]


class Site(VersionedModel):
    """A branch of the business. Its zone decides what "today" and "09:00" mean there."""

    slug = models.SlugField(_("Short address"), max_length=30, unique=True, validators=[slug_shape])
    name = models.CharField(pgettext_lazy("place", "Name"), max_length=80, unique=True)
    short_name = models.CharField(_("Short name"), max_length=20)
    city = models.CharField(_("City"), max_length=40)
    address = models.CharField(_("Address"), max_length=200, blank=True)
    phone = models.CharField(_("Phone"), max_length=40, blank=True)
    entity = models.ForeignKey(
        LegalEntity, on_delete=models.PROTECT, related_name="sites", verbose_name=_("Legal entity")
    )
    time_zone = models.CharField(_("Time zone"), max_length=40, default="Asia/Shanghai", validators=[known_time_zone])
    order = models.PositiveSmallIntegerField(_("Order"), default=0)
    is_active = models.BooleanField(_("In operation"), default=True)

    class Meta:
        ordering = ["order", "id"]

    @property
    def timezone(self) -> ZoneInfo:
        """The zone in which its people read the clock."""
        return ZoneInfo(self.time_zone)


class SiteEntity(models.Model):
    """To which entity a site belongs from ``starts_on`` to ``ends_on``, both included; empty = until further notice."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="entities")
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["starts_on"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")), name="sites_entity_order"
            ),
            ExclusionConstraint(
                name="sites_entity_once",
                expressions=[
                    ("site", RangeOperators.EQUAL),
                    (day_range("starts_on", "ends_on"), RangeOperators.OVERLAPS),
                ],
            ),
        ]


class OpeningHours(models.Model):
    """One open stretch of a weekday; a morning and an afternoon are two rows with the lunch break between them.

    ``opens`` and ``closes`` are minutes after the site's midnight.
    """

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="hours")
    weekday = models.PositiveSmallIntegerField(_("Weekday"))  # 0 = Monday, as date.weekday() counts
    opens = models.PositiveSmallIntegerField()
    closes = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["weekday", "opens"]
        constraints = [
            models.CheckConstraint(condition=Q(weekday__lte=6), name="sites_hours_weekday"),
            models.CheckConstraint(condition=Q(opens__lt=F("closes"), closes__lte=MIDNIGHT), name="sites_hours_order"),
            ExclusionConstraint(
                name="sites_hours_once",
                expressions=[
                    ("site", RangeOperators.EQUAL),
                    ("weekday", RangeOperators.EQUAL),
                    (minute_range("opens", "closes"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    @property
    def span(self) -> Span:
        """The stretch as the calendar counts it."""
        return Span(self.opens, self.closes)


class OpeningException(models.Model):
    """A day that is not as its weekday: closed (no spans) or open at other hours (``[["09:00", "12:00"]]``)."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="exceptions")
    day = models.DateField(_("Day"))
    spans = models.JSONField(default=list, blank=True)
    reason = models.CharField(_("Reason"), max_length=80)

    class Meta:
        ordering = ["day"]
        constraints = [models.UniqueConstraint(fields=["site", "day"], name="sites_exception_day")]

    @property
    def is_closed(self) -> bool:
        """Is the site shut all day?"""
        return not self.spans


class Room(VersionedModel):
    """A room with a door and a number. Whatever is booked in it is a ``Chair``."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="rooms")
    number = models.CharField(_("Number"), max_length=10)
    name = models.CharField(pgettext_lazy("place", "Name"), max_length=40)
    order = models.PositiveSmallIntegerField(_("Order"), default=0)
    is_active = models.BooleanField(_("In use"), default=True)

    class Meta:
        ordering = ["site", "order", "id"]
        constraints = [models.UniqueConstraint(fields=["site", "number"], name="sites_room_number")]


class Chair(VersionedModel):
    """The resource that is booked. A room is one chair unless it declares more."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="chairs")
    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="chairs")
    name = models.CharField(pgettext_lazy("place", "Name"), max_length=40)
    order = models.PositiveSmallIntegerField(_("Order"), default=0)
    is_active = models.BooleanField(_("In use"), default=True)

    class Meta:
        ordering = ["site", "room__order", "order", "id"]
        constraints = [models.UniqueConstraint(fields=["room", "name"], name="sites_chair_name")]
        indexes = [models.Index(fields=["site", "is_active"], name="sites_chair_list")]

    @property
    def room_no(self) -> str:
        """The number on the door."""
        return self.room.number
