"""Devices with what they can do, their maintenance and faults; damage and loss of durable instruments (IN-008 to IN-014)."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from kernel import clock
from kernel.ids import CodeModel, VersionedModel
from services.catalogue.models import Item
from services.equipment.machines import DAMAGE, DEVICE, FAULT
from services.sites.models import Room, Site


class DeviceType(VersionedModel):
    """A kind of device and its capability, in both languages. ``maintenance_days`` 0: no plan."""

    key = models.CharField(max_length=40, unique=True)
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80, blank=True)
    capability_zh = models.CharField(max_length=200, blank=True)
    capability_en = models.CharField(max_length=200, blank=True)
    maintenance_days = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["key"]

    @property
    def name(self) -> str:
        """In the language of the reader."""
        return self.name_en if self.name_en and (get_language() or "").startswith("en") else self.name_zh

    @property
    def capability(self) -> str:
        """In the language of the reader."""
        english = self.capability_en and (get_language() or "").startswith("en")
        return self.capability_en if english else self.capability_zh


class Device(VersionedModel):
    """A device of a site. ``next_due_on``: the plan date of its next maintenance; ``maintenance_days`` 0: no plan."""

    KEPT = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="devices")
    type = models.ForeignKey(DeviceType, on_delete=models.PROTECT, related_name="devices")
    number = models.CharField(_("Number"), max_length=20)
    name = models.CharField(pgettext_lazy("place", "Name"), max_length=80)
    serial = models.CharField(_("Serial number"), max_length=60, blank=True)
    room = models.ForeignKey(Room, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    items = models.ManyToManyField(Item, related_name="+", blank=True)
    maintenance_days = models.PositiveSmallIntegerField(default=0)
    next_due_on = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=16, choices=DEVICE.choices, default=DEVICE.initial)

    class Meta:
        ordering = ["site", "number", "id"]
        constraints = [
            DEVICE.constraint("equipment_device_state"),
            models.UniqueConstraint(fields=["site", "number"], name="equipment_device_number"),
        ]
        indexes = [models.Index(fields=["state", "next_due_on"], name="equipment_device_due")]


class Maintenance(CodeModel):
    """A maintenance that was carried out, and what was found."""

    APPEND_ONLY = True

    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="maintenance")
    planned_on = models.DateField(null=True)
    done_at = models.DateTimeField()
    by_name = models.CharField(max_length=80)
    words = models.CharField(_("What was done and found"), max_length=300)

    class Meta:
        ordering = ["-done_at", "-id"]


class Fault(VersionedModel):
    """A fault ticket. It is open as long as the device stands still; the downtime is counted in whole minutes."""

    KEPT = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="faults")
    state = models.CharField(max_length=10, choices=FAULT.choices, default=FAULT.initial)
    words = models.CharField(_("What is wrong"), max_length=300)
    at = models.DateTimeField()
    by_name = models.CharField(max_length=80)
    closed_at = models.DateTimeField(null=True)
    closed_by_name = models.CharField(max_length=80, blank=True)
    remark = models.CharField(_("What was done"), max_length=300, blank=True)

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            FAULT.constraint("equipment_fault_state"),
            models.UniqueConstraint(fields=["device"], condition=Q(state="open"), name="equipment_fault_one_open"),
        ]

    @property
    def downtime(self) -> int:
        """Whole minutes from the report to the end of the ticket, or until now."""
        end: datetime = self.closed_at or clock.now()
        return int((end - self.at).total_seconds() // 60)


class DamageReport(VersionedModel):
    """A durable instrument is damaged or lost: report, the head nurse's opinion, the dean's decision, what was done (IN-008)."""

    KEPT = True

    class Kind(models.TextChoices):
        DAMAGED = "damaged", pgettext_lazy("damage", "Damaged")
        LOST = "lost", pgettext_lazy("damage", "Lost")

    class Outcome(models.TextChoices):
        REPAIR = "repair", pgettext_lazy("damage", "Repair it")
        REPLACE = "replace", pgettext_lazy("damage", "Replace it")
        WRITE_OFF = "write_off", pgettext_lazy("damage", "Write it off")
        NOTHING = "nothing", pgettext_lazy("damage", "Nothing follows")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=40)
    device = models.ForeignKey(Device, null=True, on_delete=models.PROTECT, related_name="damage")
    instrument = models.CharField(_("Instrument"), max_length=120)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    happened_on = models.DateField(_("Date"))
    event = models.CharField(_("What happened"), max_length=500)
    person = models.CharField(_("Person"), max_length=80, blank=True)
    state = models.CharField(max_length=10, choices=DAMAGE.choices, default=DAMAGE.initial)
    reported_by = models.UUIDField(null=True)
    reported_by_name = models.CharField(max_length=80)
    reported_at = models.DateTimeField()
    opinion = models.CharField(_("Preliminary opinion"), max_length=500, blank=True)
    opinion_by = models.UUIDField(null=True)
    opinion_by_name = models.CharField(max_length=80, blank=True)
    opinion_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    decision = models.CharField(_("Decision"), max_length=500, blank=True)
    decided_by = models.UUIDField(null=True)
    decided_by_name = models.CharField(max_length=80, blank=True)
    decided_at = models.DateTimeField(null=True)
    done = models.CharField(_("What was done"), max_length=300, blank=True)
    executed_by_name = models.CharField(max_length=80, blank=True)
    executed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-reported_at", "-id"]
        constraints = [
            DAMAGE.constraint("equipment_damage_state"),
            models.UniqueConstraint(fields=["site", "number"], name="equipment_damage_number"),
            models.CheckConstraint(
                condition=Q(decided_at__isnull=True) | (Q(opinion_at__isnull=False) & ~Q(opinion="")),
                name="equipment_damage_opinion_first",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True)
                | (
                    (Q(reported_by__isnull=True) | ~Q(decided_by=F("reported_by")))
                    & (Q(opinion_by__isnull=True) | ~Q(decided_by=F("opinion_by")))
                ),
                name="equipment_damage_somebody_else_decides",
            ),
        ]
        indexes = [models.Index(fields=["site", "state", "-reported_at"], name="equipment_damage_list")]
