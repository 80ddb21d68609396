"""Counters, one row each, and how their numbers are written."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kernel.ids import CodeModel


class Reset(models.TextChoices):
    """When a series begins at 1 again."""

    NEVER = "never", _("Never")
    YEAR = "year", _("Every year")
    MONTH = "month", _("Every month")
    DAY = "day", _("Every day")


class NumberFormat(CodeModel):
    """How the numbers of a series look for one entity ("" = all entities without a format of their own)."""

    series = models.CharField(max_length=40)
    entity = models.CharField(max_length=40, blank=True)
    pattern = models.CharField(max_length=80)
    reset = models.CharField(max_length=8, choices=Reset.choices, default=Reset.NEVER)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["series", "entity"], name="number_format_once")]


class NumberSeries(models.Model):
    """The last number given for a series, an entity and a period. The row's lock makes the numbers gapless."""

    series = models.CharField(max_length=40)
    entity = models.CharField(max_length=40)
    period = models.CharField(max_length=10, blank=True)
    last_number = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["series", "entity", "period"], name="number_series_once")]
