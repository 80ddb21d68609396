"""What this tenant may use, copied from billing, so that nothing here waits for the public schema or for Stripe."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Entitlement(models.Model):
    """A limit of this tenant. It is locked whenever a seat is taken.

    ``kind`` "meter": ``key`` is the meter's, ``limit`` the highest number (None: no limit). "vertical": the tenant
    may switch ``key`` on. ``soft`` limits may be passed for ``GRACE_DAYS``; ``over_since`` says since when they are.
    """

    class Kind(models.TextChoices):
        METER = "meter", _("meter")
        VERTICAL = "vertical", _("vertical")

    kind = models.CharField(max_length=10, choices=Kind.choices)
    key = models.CharField(max_length=60)
    limit = models.PositiveIntegerField(null=True)
    soft = models.BooleanField(default=False)
    over_since = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="entitlement_once")]


class BillingStanding(models.Model):
    """How the account that pays for this tenant stands. One row; missing means that nothing was ever missed.

    ``stage`` counts the steps within "past due"; ``managed_here`` says whether this tenant's billing administrator
    may act; ``contact`` is where notices to the payer go.
    """

    account = models.UUIDField()
    state = models.CharField(max_length=12)
    stage = models.PositiveSmallIntegerField(default=0)
    since = models.DateTimeField()
    read_only_at = models.DateTimeField(null=True)
    suspended_at = models.DateTimeField(null=True)
    managed_here = models.BooleanField(default=True)
    contact = models.EmailField(blank=True)
    verticals_bounded = models.BooleanField(default=False)
    copied_at = models.DateTimeField()
    only = models.BooleanField(default=True, unique=True, editable=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(only=True), name="entitlements_one_standing")]
