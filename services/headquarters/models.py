"""What branches told headquarters: sites, facts per site and day, and months, quarters and years ready to be read.

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


class RolledUp(models.Model):
    """What one figure of one site came to over some time, under one version of its definition, ready to be read.

    Sums of the days; of a state that of its last day. ``spark`` draws the 13 months up to the last one that has facts.
    """

    key = models.CharField(max_length=60)
    version = models.PositiveSmallIntegerField()
    numerator = models.BigIntegerField()
    denominator = models.BigIntegerField(null=True)
    n = models.PositiveIntegerField()
    days = models.PositiveSmallIntegerField()
    spark = models.CharField(max_length=240, blank=True)

    class Meta:
        abstract = True


class SiteMonth(RolledUp):
    """A month of one figure at one site, kept up to date with every fact."""

    site = models.ForeignKey(BranchSite, on_delete=models.CASCADE, related_name="months")
    month = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "key", "version", "month"], name="headquarters_month_once")
        ]
        indexes = [models.Index(fields=["month", "key", "version"], name="headquarters_month_row")]


class SiteSpan(RolledUp):
    """A quarter or a year of one figure at one site, by its ``last`` month: rolled up from the months whenever one of them
    changes, so that a chain's year is read from one row per site and not from twelve."""

    class Length(models.TextChoices):
        QUARTER = "quarter"
        YEAR = "year"

    site = models.ForeignKey(BranchSite, on_delete=models.CASCADE, related_name="spans")
    length = models.CharField(max_length=7, choices=Length.choices)
    last = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "key", "version", "length", "last"], name="headquarters_span_once")
        ]
        indexes = [models.Index(fields=["last", "length", "key", "version"], name="headquarters_span_row")]


class RulePublication(CodeModel):
    """Rules that headquarters published to its houses, counting from ``effective_from`` on where a house adopted them
    (HQ-007). Never changed: whoever means something else publishes again.

    ``rules``: a list of {key, value, locked, withdrawn}; a withdrawn rule has no value of the chain any more.
    """

    APPEND_ONLY = True

    title = models.CharField(max_length=120)
    rules = models.JSONField()
    effective_from = models.DateTimeField()
    published_at = models.DateTimeField()
    published_by = models.UUIDField(null=True)
    published_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-published_at", "-id"]


class HouseAnswer(models.Model):
    """What a house did with a publication: received it, adopted it, and which of its rules do not exist there."""

    publication = models.ForeignKey(RulePublication, on_delete=models.CASCADE, related_name="answers")
    # The house's own code and name; one that has told no figures yet is no BranchTenant.
    house = models.UUIDField()
    name = models.CharField(max_length=80)
    received_at = models.DateTimeField(null=True)
    adopted_at = models.DateTimeField(null=True)
    left_out = models.JSONField(default=list)

    class Meta:
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["publication", "house"], name="headquarters_answer_once")]
