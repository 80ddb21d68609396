"""Sterilisers, instrument sets, loads with their indicators, packs with their labels, and for whom each was opened (IN-011)."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.ids import CodeModel, VersionedModel
from services.reception.models import Visit
from services.sites.models import Site
from services.sterilisation.machines import LIVE, LOAD, PACK


class Method(models.TextChoices):
    """How it is sterilised."""

    STEAM = "steam", pgettext_lazy("sterilisation", "Steam")
    DRY_HEAT = "dry_heat", pgettext_lazy("sterilisation", "Dry heat")
    PLASMA = "plasma", pgettext_lazy("sterilisation", "Hydrogen peroxide plasma")
    CHEMICAL = "chemical", pgettext_lazy("sterilisation", "Chemical immersion")


class Packaging(models.TextChoices):
    """What a set is packed in; it decides how long it stays sterile."""

    POUCH = "pouch", pgettext_lazy("packaging", "Paper-plastic pouch")
    NON_WOVEN = "non_woven", pgettext_lazy("packaging", "Non-woven wrap")
    CLOTH = "cloth", pgettext_lazy("packaging", "Cotton wrap")
    OPEN = "open", pgettext_lazy("packaging", "Unpacked")


class Steriliser(VersionedModel):
    """A machine that sterilises."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="sterilisers")
    number = models.CharField(_("Number"), max_length=20)
    name = models.CharField(pgettext_lazy("place", "Name"), max_length=80)
    method = models.CharField(_("Method"), max_length=10, choices=Method.choices)
    is_active = models.BooleanField(_("In use"), default=True)

    class Meta:
        ordering = ["site", "number", "id"]
        constraints = [models.UniqueConstraint(fields=["site", "number"], name="sterilisation_steriliser_number")]


class InstrumentSet(VersionedModel):
    """Instruments that are packed together, load after load."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="instrument_sets")
    number = models.CharField(_("Number"), max_length=20)
    name = models.CharField(pgettext_lazy("place", "Name"), max_length=80)
    contents = models.CharField(_("Contents"), max_length=300, blank=True)
    packaging = models.CharField(_("Packaging"), max_length=10, choices=Packaging.choices)
    is_active = models.BooleanField(_("In use"), default=True)

    class Meta:
        ordering = ["site", "number", "id"]
        constraints = [models.UniqueConstraint(fields=["site", "number"], name="sterilisation_set_number")]


class Load(VersionedModel):
    """One run of a steriliser with what was in it. ``operator``: who started it; ``checker``: who released it."""

    KEPT = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="steriliser_loads")
    number = models.CharField(max_length=40)
    steriliser = models.ForeignKey(Steriliser, on_delete=models.PROTECT, related_name="loads")
    method = models.CharField(_("Method"), max_length=10, choices=Method.choices)
    programme = models.CharField(_("Programme"), max_length=80)
    implants = models.BooleanField(_("Contains implants"), default=False)
    state = models.CharField(max_length=12, choices=LOAD.choices, default=LOAD.initial)
    loaded_by = models.UUIDField(null=True)
    loaded_by_name = models.CharField(max_length=80)
    loaded_at = models.DateTimeField()
    operator_by = models.UUIDField(null=True)
    operator_name = models.CharField(max_length=80, blank=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    checker_by = models.UUIDField(null=True)
    checker_name = models.CharField(max_length=80, blank=True)
    released_at = models.DateTimeField(null=True)
    recalled_because = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="recalls")
    ended_at = models.DateTimeField(null=True)
    ended_by_name = models.CharField(max_length=80, blank=True)
    ended_reason = models.CharField(_("Reason"), max_length=200, blank=True)

    class Meta:
        ordering = ["-loaded_at", "-id"]
        constraints = [
            LOAD.constraint("sterilisation_load_state"),
            models.UniqueConstraint(fields=["site", "number"], name="sterilisation_load_number"),
            models.UniqueConstraint(
                fields=["steriliser"], condition=Q(state="running"), name="sterilisation_load_one_runs"
            ),
            models.CheckConstraint(
                condition=Q(checker_by__isnull=True)
                | (
                    (Q(operator_by__isnull=True) | ~Q(checker_by=F("operator_by")))
                    & (Q(loaded_by__isnull=True) | ~Q(checker_by=F("loaded_by")))
                ),
                name="sterilisation_load_two_people",
            ),
            models.CheckConstraint(
                condition=~Q(state="released") | Q(released_at__isnull=False, finished_at__isnull=False),
                name="sterilisation_load_released_after_run",
            ),
        ]
        indexes = [
            models.Index(fields=["site", "state", "-loaded_at"], name="sterilisation_load_list"),
            models.Index(fields=["steriliser", "started_at"], name="sterilisation_load_order"),
        ]


class Indicator(CodeModel):
    """What one kind of indicator of a load said. Read once, never edited."""

    APPEND_ONLY = True

    class Kind(models.TextChoices):
        PHYSICAL = "physical", pgettext_lazy("indicator", "Physical: time, temperature, pressure")
        CHEMICAL = "chemical", pgettext_lazy("indicator", "Chemical")
        BIOLOGICAL = "biological", pgettext_lazy("indicator", "Biological")

    load = models.ForeignKey(Load, on_delete=models.PROTECT, related_name="indicators")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    passed = models.BooleanField()
    at = models.DateTimeField()
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["load", "kind"], name="sterilisation_indicator_once")]


class Pack(VersionedModel):
    """A set in one load, with its own label. ``expires_on``: the last day on which it may be opened."""

    KEPT = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    load = models.ForeignKey(Load, on_delete=models.PROTECT, related_name="packs")
    instrument_set = models.ForeignKey(InstrumentSet, on_delete=models.PROTECT, related_name="packs")
    number = models.CharField(max_length=40)
    expires_on = models.DateField()
    state = models.CharField(max_length=12, choices=PACK.choices, default=PACK.initial)
    ended_reason = models.CharField(_("Reason"), max_length=200, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            PACK.constraint("sterilisation_pack_state"),
            models.UniqueConstraint(fields=["site", "number"], name="sterilisation_pack_number"),
            # Instruments are in one place: what is packed, sterile or blocked lies in no other load.
            models.UniqueConstraint(
                fields=["instrument_set"], condition=Q(state__in=LIVE), name="sterilisation_pack_set_once"
            ),
        ]
        indexes = [models.Index(fields=["site", "state", "expires_on"], name="sterilisation_pack_list")]


class PackUse(CodeModel):
    """For whom a pack was opened: once per sterilisation."""

    APPEND_ONLY = True

    pack = models.OneToOneField(Pack, on_delete=models.PROTECT, related_name="use")
    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    by = models.UUIDField(null=True)
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["at", "id"]
