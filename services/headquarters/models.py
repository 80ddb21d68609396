"""What branches told headquarters: sites, facts per site and day, and months ready to be read.

There is no way from here into a branch, and nothing here leads to a patient (HQ-001, HQ-010).
"""

from __future__ import annotations

from django.db import models

from kernel.ids import CodeModel


class BranchTenant(CodeModel):
    """A tenant of the chain as it described itself with its last figures. ``code`` is the tenant's own."""

    slug = models.CharField(max_length=30)
    name = models.CharField(max_length=80)
    verticals = models.JSONField(default=list)
    # The figures that exist there at all; any other is not applicable, which is something else than zero (HQ-004).
    applicable = models.JSONField(default=list)
    described_at = models.DateTimeField()


class BranchSite(CodeModel):
    """A site of a branch: a column of the matrix. ``code`` is the site's own."""

    tenant = models.ForeignKey(BranchTenant, on_delete=models.CASCADE, related_name="sites")
    name = models.CharField(max_length=80)
    short_name = models.CharField(max_length=20)
    city = models.CharField(max_length=40, blank=True)
    order = models.PositiveSmallIntegerField(default=0)
    first_day = models.DateField()
    last_day = models.DateField()

    class Meta:
        ordering = ["tenant__name", "order", "name"]


class SiteDay(models.Model):
    """When a site's day was last measured; an older message about it changes nothing."""

    site = models.ForeignKey(BranchSite, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    measured_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "day"], name="headquarters_day_once")]


class SiteFact(models.Model):
    """One figure of one site and local day, under one version of its definition (HQ-003)."""

    site = models.ForeignKey(BranchSite, on_delete=models.CASCADE, related_name="facts")
    day = models.DateField()
    key = models.CharField(max_length=60)
    version = models.PositiveSmallIntegerField()
    numerator = models.BigIntegerField()
    denominator = models.BigIntegerField(null=True)
    n = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "key", "version", "day"], name="headquarters_fact_once")]
        indexes = [models.Index(fields=["site", "day"], name="headquarters_fact_day")]


class SiteMonth(models.Model):
    """A month of one figure at one site, kept up to date with every fact; ``spark`` draws the 13 months up to it."""

    site = models.ForeignKey(BranchSite, on_delete=models.CASCADE, related_name="months")
    month = models.DateField()
    key = models.CharField(max_length=60)
    version = models.PositiveSmallIntegerField()
    numerator = models.BigIntegerField()
    denominator = models.BigIntegerField(null=True)
    n = models.PositiveIntegerField()
    days = models.PositiveSmallIntegerField()
    spark = models.CharField(max_length=240, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "key", "version", "month"], name="headquarters_month_once")
        ]
        indexes = [models.Index(fields=["month", "key", "version"], name="headquarters_month_row")]
