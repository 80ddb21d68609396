"""Gates that were passed by override, and how often a nudge was walked past."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from kernel.ids import CodeModel, VersionedModel
from services.sites.models import Site


class OverrideRecord(VersionedModel):
    """Somebody let one subject pass one gate, for a reason, until ``expires_at``; it is used up by its first passage.

    The next day another person reviews it (ledger 17 G).
    """

    class Review(models.TextChoices):
        OPEN = "open", _("To be reviewed")
        ACCEPTED = "accepted", _("Accepted")
        OBJECTED = "objected", _("Objected to")

    gate = models.CharField(max_length=80)
    gate_class = models.CharField(max_length=10)
    subject_type = models.CharField(max_length=60)
    subject_code = models.UUIDField()
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey("identity.User", on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=80)
    as_role = models.CharField(max_length=60)
    # Whom the person stood in for, when the role was held as a deputy.
    deputy_of = models.CharField(max_length=80, blank=True)
    reason = models.CharField(max_length=300)
    granted_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    review = models.CharField(max_length=10, choices=Review.choices, default=Review.OPEN)
    review_due_at = models.DateTimeField()
    reviewed_by = models.ForeignKey("identity.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reviewed_at = models.DateTimeField(null=True, blank=True)
    review_note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-granted_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="policy_override_has_reason"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("granted_at")), name="policy_override_order"),
            models.CheckConstraint(condition=~Q(gate_class__in=["money", "nudge"]), name="policy_override_class"),
            models.CheckConstraint(
                condition=Q(reviewed_by__isnull=True) | ~Q(reviewed_by=F("by")), name="policy_reviewed_by_another"
            ),
            models.CheckConstraint(
                condition=Q(review="open", reviewed_at__isnull=True)
                | (~Q(review="open") & Q(reviewed_at__isnull=False)),
                name="policy_reviewed_when",
            ),
        ]
        indexes = [
            models.Index(fields=["gate", "subject_code", "expires_at"], name="policy_override_valid"),
            models.Index(fields=["site", "granted_at"], name="policy_override_day"),
        ]


class NudgeCount(CodeModel):
    """How often people went past a nudge on one local day at one site. A nudge never blocks; it is only counted."""

    gate = models.CharField(max_length=80)
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["gate", "site", "day"], nulls_distinct=False, name="policy_nudge_day")
        ]
