"""Handing over: what stands open, who signs on both sides, and what did not agree."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.crypto import EncryptedTextField
from kernel.ids import CodeModel, VersionedModel
from services.shift.machines import DISCREPANCY, HANDOVER
from services.shift.models.day import SiteDay
from services.sites.models import Site


class HandOver(VersionedModel):
    """A shift that is handed over, or the close of the day (GV-013). Two people sign it.

    ``snapshot`` holds what stood open when it was signed: per source its title, count, and the reason for which it was
    passed on lies in ``PassedOn``. ``figures`` count the registers since the hand-over before.
    """

    class Kind(models.TextChoices):
        SHIFT = "shift", pgettext_lazy("hand-over", "change of shift")
        CLOSE = "close", pgettext_lazy("hand-over", "close of the day")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    day = models.ForeignKey(SiteDay, on_delete=models.PROTECT, related_name="handovers")
    kind = models.CharField(max_length=5, choices=Kind.choices)
    state = models.CharField(max_length=8, choices=HANDOVER.choices, default=HANDOVER.initial)
    begun_at = models.DateTimeField()
    begun_by_name = models.CharField(max_length=80)
    cash_fen = models.PositiveBigIntegerField(_("cash handed over"), null=True, blank=True)
    remark = EncryptedTextField(_("remark"), blank=True, default="")
    snapshot = models.JSONField(default=list)
    figures = models.JSONField(default=dict)
    given_at = models.DateTimeField(null=True, blank=True)
    given_by = models.ForeignKey("identity.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    given_by_name = models.CharField(max_length=80, blank=True)
    received_at = models.DateTimeField(null=True, blank=True)
    received_by = models.ForeignKey("identity.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    received_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-begun_at", "-id"]
        constraints = [
            HANDOVER.constraint("shift_handover_state"),
            models.UniqueConstraint(fields=["site"], condition=Q(state="draft"), name="shift_handover_one_draft"),
            models.UniqueConstraint(fields=["day"], condition=Q(kind="close"), name="shift_handover_one_close"),
            models.CheckConstraint(
                condition=Q(state="draft") | Q(given_by__isnull=False, given_at__isnull=False),
                name="shift_handover_given_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(received_by__isnull=True) | ~Q(received_by=F("given_by")),
                name="shift_handover_two_people",
            ),
        ]
        indexes = [models.Index(fields=["site", "-begun_at"], name="shift_handover_list")]


class PassedOn(CodeModel):
    """What was still open at the close and goes to the shift lead, with the reason (GV-036, ledger 17 "Close").

    ``keys`` are the codes that it covers: what comes up afterwards is open anew. Never edited.
    """

    APPEND_ONLY = True

    handover = models.ForeignKey(HandOver, on_delete=models.CASCADE, related_name="passed_on")
    source = models.CharField(max_length=60)
    title = models.CharField(max_length=200)
    keys = models.JSONField(default=list)
    reason = EncryptedTextField(_("why it stays open"))
    at = models.DateTimeField()
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["at", "id"]


class Discrepancy(VersionedModel):
    """Something of a hand-over does not agree: an issue until somebody has found out and said so (GV-013)."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    handover = models.ForeignKey(HandOver, on_delete=models.PROTECT, related_name="discrepancies")
    state = models.CharField(max_length=8, choices=DISCREPANCY.choices, default=DISCREPANCY.initial)
    words = EncryptedTextField(_("what does not agree"))
    at = models.DateTimeField()
    by_name = models.CharField(max_length=80)
    resolution = EncryptedTextField(_("what was found and done"), blank=True, default="")
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name_plural = "discrepancies"
        constraints = [DISCREPANCY.constraint("shift_discrepancy_state")]
        indexes = [models.Index(fields=["site", "state"], name="shift_discrepancy_open")]
