"""What goes in and out of the API of the catalogue."""

from __future__ import annotations

from rest_framework import serializers

from kernel.api.serializers import DayField, FenField, LineField, OutSerializer, StrictSerializer
from services.catalogue.models import Item
from services.catalogue.selectors import may_see_price


class ItemOut(OutSerializer):
    """An item; its price only for those who may see it (FD-019)."""

    code = serializers.UUIDField()
    version = serializers.IntegerField()
    key = serializers.CharField()
    name = serializers.CharField()
    name_zh = serializers.CharField()
    name_en = serializers.CharField(allow_blank=True)
    category = serializers.CharField(source="category.key")
    vertical = serializers.CharField(allow_blank=True)
    units = serializers.IntegerField(help_text="Usual length in booking units of 15 minutes")
    is_public = serializers.BooleanField()
    is_active = serializers.BooleanField()
    is_invasive = serializers.BooleanField()
    is_goods = serializers.BooleanField()
    price_visible = serializers.SerializerMethodField()
    price_fen = serializers.SerializerMethodField(help_text="Today's price in fen; null where it is hidden or not set")

    def get_price_visible(self, item: Item) -> bool:
        return may_see_price(self.context["request"].actor, item)

    def get_price_fen(self, item: Item) -> int | None:
        return item.price_fen if self.get_price_visible(item) else None


class ItemIn(StrictSerializer):
    """What of an item may be changed."""

    name_zh = LineField(max_length=80, required=False)
    name_en = LineField(max_length=120, required=False, allow_blank=True)
    units = serializers.IntegerField(min_value=1, max_value=96, required=False)
    is_public = serializers.BooleanField(required=False)
    is_active = serializers.BooleanField(required=False)
    is_invasive = serializers.BooleanField(required=False)
    is_goods = serializers.BooleanField(required=False)
    tax_code = LineField(max_length=20, required=False, allow_blank=True)


class PriceIn(StrictSerializer):
    """A price from a day on."""

    price_fen = FenField()
    effective_from = DayField(required=False, allow_null=True, default=None, help_text="Today by default")


class PriceOut(OutSerializer):
    """A price and the day from which it counts."""

    code = serializers.UUIDField()
    price_fen = serializers.IntegerField()
    effective_from = DayField()
