"""What is done and sold: categories of the daily report, items, and their prices by date."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from kernel import clock
from kernel.ids import CodeModel, VersionedModel


class Named(models.Model):
    """Content that a tenant may edit: Chinese is always there, English falls back to it."""

    name_zh = models.CharField(_("Name (Chinese)"), max_length=80)
    name_en = models.CharField(_("Name (English)"), max_length=120, blank=True)

    class Meta:
        abstract = True

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        if self.name_en and (translation.get_language() or "").startswith("en"):
            return self.name_en
        return self.name_zh


class Category(Named, VersionedModel):
    """A line of the daily report; ``key`` is stable, the names belong to the tenant.

    ``rolls_up_to`` is the line whose total includes this one (images and impressions count as treatment, CA-037).
    """

    key = models.SlugField(max_length=40, unique=True)
    vertical = models.CharField(max_length=30, blank=True)
    rolls_up_to = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="parts")
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["order", "key"]


class Item(Named, VersionedModel):
    """Something that is booked, done and charged. ``units`` is its usual length in booking units of 15 minutes."""

    key = models.SlugField(max_length=60, unique=True)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="items", verbose_name=_("Category"))
    # The key of the line of business that offers it; empty for all of them.
    vertical = models.CharField(max_length=30, blank=True)
    pinyin = models.CharField(max_length=240, editable=False, blank=True)
    initials = models.CharField(max_length=80, editable=False, blank=True)
    units = models.PositiveSmallIntegerField(_("Units of 15 minutes"), default=1)
    is_public = models.BooleanField(_("On the public price list"), default=True)
    is_active = models.BooleanField(_("Offered"), default=True)
    # Harmless items are asked about by message on the same day, invasive ones by phone.
    is_invasive = models.BooleanField(_("Invasive"), default=False)
    # Sold over the counter without a doctor's slip: drugs and devices at their list price.
    is_goods = models.BooleanField(_("Sold as goods"), default=False)
    tax_code = models.CharField(_("Tax code"), max_length=20, blank=True)
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["category__order", "order", "id"]
        constraints = [models.CheckConstraint(condition=Q(units__gte=1), name="catalogue_item_units")]
        indexes = [models.Index(fields=["vertical", "is_active"], name="catalogue_item_offer")]

    def price_on(self, day: date) -> int | None:
        """The price in fen that counts on ``day``; None before the first one. No query if prices are prefetched."""
        known = [price for price in self.prices.all() if price.effective_from <= day]
        return max(known, key=lambda price: price.effective_from).price_fen if known else None

    @property
    def price_fen(self) -> int | None:
        """Today's price in fen."""
        return self.price_on(clock.today())


class ItemPrice(CodeModel):
    """The price of an item from a day on. What was charged yesterday keeps yesterday's price."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="prices")
    price_fen = models.PositiveBigIntegerField(_("Price"))
    effective_from = models.DateField(_("From"))

    class Meta:
        ordering = ["-effective_from"]
        constraints = [models.UniqueConstraint(fields=["item", "effective_from"], name="catalogue_price_day")]
