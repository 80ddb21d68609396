"""What was measured, per site, local day and figure."""

from __future__ import annotations

from django.db import models

from services.sites.models import Site


class DailyFact(models.Model):
    """The value of one figure at one site on one local day, under one version of its definition.

    A missing row means that nothing was measured; it is never read as zero (HQ-004).
    """

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="facts")
    day = models.DateField()
    key = models.CharField(max_length=60)
    version = models.PositiveSmallIntegerField()
    numerator = models.BigIntegerField()
    denominator = models.BigIntegerField(null=True)
    n = models.PositiveIntegerField()
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "day", "key", "version"], name="kpis_fact_once")]
        indexes = [models.Index(fields=["key", "day"], name="kpis_fact_row")]


class DayPush(models.Model):
    """Which state of a site's day headquarters was told, so that only changes travel."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    digest = models.CharField(max_length=64)
    pushed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "day"], name="kpis_push_once")]
