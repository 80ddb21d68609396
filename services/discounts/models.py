"""What may be cheaper, for whom and by whose word: the finance policy, coupons, and single approvals."""

from __future__ import annotations

from datetime import date

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.ids import CodeModel, VersionedModel
from services.catalogue.models import Category, Item, Named
from services.discounts.machines import APPROVAL, COUPON
from services.patients.models import Patient
from services.sites.models import Site

WHOLE = 10_000


def percent(rate_bp: int) -> str:
    """``9000`` as it is printed: 90%."""
    whole, rest = divmod(rate_bp, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".") + "%" if rest else f"{whole}%"


class DiscountPolicy(Named, VersionedModel):
    """A line of the finance policy (CA-006): on what, at which rate, who may grant it, and from when until when.

    ``rate_bp`` is what is paid of the price in basis points: 9,000 = 90 %. Without item and category it counts for all.
    """

    item = models.ForeignKey(
        Item, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("Item")
    )
    category = models.ForeignKey(
        Category, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("Category")
    )
    rate_bp = models.PositiveSmallIntegerField(pgettext_lazy("discount", "Rate"))
    # Slugs of roles; whoever has one of them grants it at the till. A coupon needs nobody's word.
    roles = ArrayField(models.CharField(max_length=40), default=list, blank=True, verbose_name=_("Granted by"))
    coupon_only = models.BooleanField(_("Only with a coupon"), default=False)
    starts_on = models.DateField(pgettext_lazy("period", "From"))
    ends_on = models.DateField(pgettext_lazy("period", "Until"), null=True, blank=True)

    class Meta:
        ordering = ["-starts_on", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(rate_bp__lt=WHOLE), name="discounts_policy_rate"),
            models.CheckConstraint(
                condition=Q(item__isnull=True) | Q(category__isnull=True), name="discounts_policy_one_scope"
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")), name="discounts_policy_order"
            ),
        ]

    def counts_on(self, day: date) -> bool:
        """Is ``day`` within its validity, the last day included?"""
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)

    def covers(self, item: Item) -> bool:
        """Does it count for ``item``?"""
        if self.item_id is not None:
            return self.item_id == item.pk
        return self.category_id is None or self.category_id == item.category_id


class Coupon(VersionedModel):
    """A piece of paper with a number. Used once, then it lies with the stub of its receipt (CA-005)."""

    KEPT = True

    number = models.CharField(pgettext_lazy("coupon", "Number"), max_length=40, unique=True)
    policy = models.ForeignKey(DiscountPolicy, on_delete=models.PROTECT, related_name="coupons")
    patient = models.ForeignKey(
        Patient, null=True, blank=True, on_delete=models.PROTECT, related_name="coupons", verbose_name=_("Only for")
    )
    state = models.CharField(max_length=10, choices=COUPON.choices, default=COUPON.initial)
    valid_until = models.DateField(_("Valid until"), null=True, blank=True)
    issued_at = models.DateTimeField()
    issued_by_name = models.CharField(max_length=80)
    used_at = models.DateTimeField(null=True, blank=True)
    receipt_number = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ["-issued_at", "number"]
        constraints = [
            COUPON.constraint("discounts_coupon_state"),
            models.CheckConstraint(
                condition=Q(state="used", used_at__isnull=False) & ~Q(receipt_number="")
                | ~Q(state="used") & Q(used_at__isnull=True, receipt_number=""),
                name="discounts_coupon_used",
            ),
        ]


class DiscountApproval(VersionedModel):
    """A discount outside the policy on one line of one slip: asked for at the till, decided by somebody else (CA-006)."""

    KEPT = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    slip_code = models.UUIDField()
    line_code = models.UUIDField()
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+")
    rate_bp = models.PositiveSmallIntegerField(pgettext_lazy("discount", "Rate"))
    reason = models.CharField(_("Reason"), max_length=200)
    state = models.CharField(max_length=10, choices=APPROVAL.choices, default=APPROVAL.initial)
    asked_at = models.DateTimeField()
    asked_by = models.UUIDField(null=True)
    asked_by_name = models.CharField(max_length=80)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.UUIDField(null=True, blank=True)
    decided_by_name = models.CharField(max_length=80, blank=True)
    words = models.CharField(_("Opinion"), max_length=200, blank=True)

    @property
    def rate(self) -> str:
        """What is paid of the price: "80%"."""
        return percent(self.rate_bp)

    class Meta:
        ordering = ["-asked_at", "id"]
        constraints = [
            APPROVAL.constraint("discounts_approval_state"),
            models.CheckConstraint(condition=Q(rate_bp__lt=WHOLE), name="discounts_approval_rate"),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("asked_by")), name="discounts_approval_another"
            ),
            # A line is asked about once at a time.
            models.UniqueConstraint(
                fields=["line_code"], condition=Q(state__in=("asked", "approved")), name="discounts_approval_one"
            ),
        ]


class Placement(CodeModel):
    """Which discount a line of a receipt had, kept for the report: policy, coupon or approval."""

    APPEND_ONLY = True

    line_code = models.UUIDField(unique=True)
    policy = models.ForeignKey(DiscountPolicy, null=True, on_delete=models.PROTECT, related_name="placements")
    coupon = models.ForeignKey(Coupon, null=True, on_delete=models.PROTECT, related_name="placements")
    approval = models.ForeignKey(DiscountApproval, null=True, on_delete=models.PROTECT, related_name="placements")
    rate_bp = models.PositiveSmallIntegerField()
    price_fen = models.PositiveBigIntegerField()
    reduced_fen = models.PositiveBigIntegerField()
    granted_by_name = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(reduced_fen__lte=F("price_fen")), name="discounts_placement_reduces"),
            models.CheckConstraint(
                condition=Q(policy__isnull=False) | Q(approval__isnull=False), name="discounts_placement_ground"
            ),
        ]
