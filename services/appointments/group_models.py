"""Visits that were booked together."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.crypto import EncryptedTextField
from kernel.ids import VersionedModel
from services.patients.models import Patient
from services.sites.models import Site


class BookingGroup(VersionedModel):
    """Several visits booked together, of a family or of a group with a ``name`` (ledger 17 P "Families and groups").

    One person is told for all: ``contact``, who has a file here (the payer, or whose phone is shared), or somebody known
    by name and phone only, who speaks for a group with a name. ``notice_no`` grows with every change of what was told, so
    that receipt and confirmation exist once for each state of the group.
    """

    class Arrangement(models.TextChoices):
        SIDE_BY_SIDE = "side_by_side", pgettext_lazy("group", "side by side")
        IN_A_ROW = "in_a_row", pgettext_lazy("group", "one after the other")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="booking_groups")
    name = models.CharField(_("name of the group"), max_length=60, blank=True)
    contact = models.ForeignKey(Patient, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    contact_name = EncryptedTextField(_("who speaks for the group"), blank=True, default="")
    contact_phone = EncryptedTextField(_("phone"), blank=True, default="")
    arrangement = models.CharField(
        _("how"), max_length=12, choices=Arrangement.choices, default=Arrangement.SIDE_BY_SIDE
    )
    notice_no = models.PositiveSmallIntegerField(default=1)
    booked_by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    booked_at = models.DateTimeField()

    class Meta:
        ordering = ["-booked_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(contact__isnull=False) | ~Q(name=""),
                name="appointments_group_has_contact",
            )
        ]
        indexes = [models.Index(fields=["site", "-booked_at"], name="appointments_group_site")]
