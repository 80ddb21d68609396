"""Outages: declared windows, the visits they touch, and pre-numbered emergency receipts (ledger 17 "Outage")."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from kernel.ids import CodeModel, VersionedModel
from services.cashier.models import Receipt
from services.reception.models import Visit
from services.sites.models import Site


class Span(Func):
    """A pair of moments as a range; an end that is missing is open."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class OutageWindow(VersionedModel):
    """A site worked on paper from ``since`` until ``until`` (empty: it still does), as a supervisor declared it.

    Only the silence of the server counts, unless ``confirmed_reason`` says why the whole window does (the server lived,
    the house could not reach it).
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField(_("from"))
    until = models.DateTimeField(_("until"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=200)
    confirmed_reason = models.CharField(_("why the whole window counts"), max_length=200, blank=True)
    declared_at = models.DateTimeField()
    declared_by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    declared_by_name = models.CharField(max_length=80)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-since", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gt=F("since")), name="outage_window_in_order"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="outage_window_has_reason"),
            ExclusionConstraint(
                name="outage_window_alone",
                expressions=[
                    ("site", RangeOperators.EQUAL),
                    (Span("since", "until", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
            ),
        ]


class OutageVisit(CodeModel):
    """A visit that a window touches: its wait is measured by nobody. Never edited; the exception report lists it."""

    APPEND_ONLY = True

    class Basis(models.TextChoices):
        PAPER = "paper", _("entered from paper")
        SILENCE = "silence", _("the server was silent")
        CONFIRMED = "confirmed", _("confirmed by the supervisor")

    window = models.ForeignKey(OutageWindow, on_delete=models.PROTECT, related_name="visits")
    visit = models.OneToOneField(Visit, on_delete=models.PROTECT, related_name="+")
    basis = models.CharField(max_length=10, choices=Basis.choices)
    at = models.DateTimeField()
    by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(basis__in=["paper", "silence", "confirmed"]), name="outage_visit_basis_known"
            )
        ]


class SheetDesk(VersionedModel):
    """A shared desk whose browser keeps the day sheet of ``site`` for when the server does not answer."""

    desk = models.ForeignKey("identity.Desk", on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    registered_at = models.DateTimeField()
    registered_by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    registered_by_name = models.CharField(max_length=80)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-registered_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["desk"], condition=Q(withdrawn_at__isnull=True), name="outage_desk_keeps_one_sheet"
            )
        ]


class NumberBlock(CodeModel):
    """A block of paper receipts with their numbers printed, handed to a site."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    size = models.PositiveSmallIntegerField(_("how many"))
    issued_at = models.DateTimeField()
    issued_by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["-issued_at", "-id"]


class EmergencyNumber(VersionedModel):
    """One paper receipt: blank, written on (money was taken), then entered as a receipt, or void with its reason."""

    block = models.ForeignKey(NumberBlock, on_delete=models.PROTECT, related_name="numbers")
    entity = models.ForeignKey("sites.LegalEntity", on_delete=models.PROTECT, related_name="+")
    number = models.CharField(_("number"), max_length=40)
    position = models.PositiveSmallIntegerField()
    written_at = models.DateTimeField(null=True, blank=True)
    written_by_name = models.CharField(max_length=80, blank=True)
    receipt = models.OneToOneField(Receipt, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField(null=True, blank=True)
    entered_by_name = models.CharField(max_length=80, blank=True)
    void_at = models.DateTimeField(null=True, blank=True)
    void_by_name = models.CharField(max_length=80, blank=True)
    void_reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        ordering = ["block", "position"]
        constraints = [
            models.UniqueConstraint(fields=["entity", "number"], name="outage_number_once"),
            models.UniqueConstraint(fields=["block", "position"], name="outage_number_place"),
            models.CheckConstraint(
                condition=Q(void_at__isnull=True) | (~Q(void_reason="") & Q(receipt__isnull=True)),
                name="outage_number_void_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(receipt__isnull=True, entered_at__isnull=True)
                | Q(receipt__isnull=False, entered_at__isnull=False, written_at__isnull=False),
                name="outage_number_entered_when",
            ),
        ]

    @property
    def standing(self) -> str:
        """blank, written, entered or void."""
        if self.void_at is not None:
            return "void"
        if self.receipt_id is not None:
            return "entered"
        return "written" if self.written_at is not None else "blank"
