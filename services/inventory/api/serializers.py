"""What the API of stock takes and gives. Money is integer fen; quantities are whole units of the item."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from kernel.api.serializers import DayField, FenField, LineField, MomentField, OutSerializer, StrictSerializer
from services.inventory.machines import CHECK, COUNT, ORDER, PACK, REQUISITION, SCRAP
from services.inventory.models import ExpiryLine, MoveKind, PackTable, Place, StockItem

MOST = 100_000


def units(minimum: int = 1, **more: Any) -> serializers.IntegerField:
    """A quantity in units of the item."""
    return serializers.IntegerField(min_value=minimum, max_value=MOST, **more)


class ItemIn(StrictSerializer):
    key = serializers.SlugField(max_length=60)
    name_zh = LineField(max_length=80)
    name_en = LineField(max_length=120, required=False, allow_blank=True, default="")
    spec = LineField(max_length=80, required=False, allow_blank=True, default="")
    unit = LineField(max_length=20)
    kind = serializers.ChoiceField(choices=StockItem.Kind.choices)
    barcode = LineField(max_length=40, required=False, allow_blank=True, default="")
    sold_as = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="An item of the catalogue")


class ItemOut(OutSerializer):
    code = serializers.UUIDField()
    key = serializers.CharField()
    name = serializers.CharField()
    spec = serializers.CharField()
    unit = serializers.CharField()
    kind = serializers.ChoiceField(choices=StockItem.Kind.choices)
    barcode = serializers.CharField()
    sold_as = serializers.UUIDField(source="item.code", allow_null=True, default=None)


class MinimumIn(StrictSerializer):
    site = serializers.UUIDField()
    place = serializers.ChoiceField(choices=Place.choices)
    quantity = units(0, help_text="For the kit: what must be ready")


class MinimumOut(OutSerializer):
    place = serializers.CharField()
    quantity = serializers.IntegerField()


class ConsumptionIn(StrictSerializer):
    procedure = serializers.UUIDField(help_text="An item of the catalogue")
    quantity = serializers.IntegerField(
        min_value=0, max_value=999, help_text="Used up by one performance; 0 takes it away"
    )


class LotOut(OutSerializer):
    code = serializers.UUIDField()
    number = serializers.CharField()
    item = serializers.UUIDField(source="item.code")
    item_name = serializers.CharField(source="item.name")
    expires_on = DayField(allow_null=True)
    price_fen = FenField()
    serial_from = serializers.IntegerField(allow_null=True)
    serial_until = serializers.IntegerField(allow_null=True)


class BalanceOut(OutSerializer):
    lot = LotOut()
    place = serializers.ChoiceField(choices=Place.choices)
    quantity = serializers.IntegerField()


class MovementOut(OutSerializer):
    code = serializers.UUIDField()
    lot = serializers.UUIDField(source="lot.code")
    item = serializers.UUIDField(source="lot.item.code")
    place = serializers.ChoiceField(choices=Place.choices)
    kind = serializers.ChoiceField(choices=MoveKind.choices)
    quantity = serializers.IntegerField()
    at = MomentField()
    by_name = serializers.CharField()
    reference = serializers.CharField()


class UsedOnOut(OutSerializer):
    patient = serializers.UUIDField(source="patient.code")
    name = serializers.CharField(source="patient.name")
    kind = serializers.ChoiceField(choices=MoveKind.choices)
    quantity = serializers.IntegerField()
    at = MomentField()
    reference = serializers.CharField()


class PatientsOut(OutSerializer):
    patients = UsedOnOut(many=True)


class DeliveredIn(StrictSerializer):
    item = serializers.UUIDField()
    quantity = units()
    lot = LineField(max_length=40)
    price_fen = FenField()
    expires_on = DayField(required=False, allow_null=True, default=None)
    serial_from = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=0, max_value=10**15)
    serial_until = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=0, max_value=10**15
    )


class ReceiptIn(StrictSerializer):
    site = serializers.UUIDField()
    order = serializers.UUIDField(required=False, allow_null=True, default=None)
    delivered = DeliveredIn(many=True)


class ReceivedOut(OutSerializer):
    movements = MovementOut(many=True)


class WantedIn(StrictSerializer):
    item = serializers.UUIDField()
    quantity = units()


class BoughtIn(WantedIn):
    price_fen = FenField()


class OrderIn(StrictSerializer):
    site = serializers.UUIDField()
    supplier = LineField(max_length=80, required=False, allow_blank=True, default="")
    reason = LineField(max_length=200, required=False, allow_blank=True, default="")
    lines = BoughtIn(many=True)


class OrderLineOut(OutSerializer):
    item = serializers.UUIDField(source="item.code")
    quantity = serializers.IntegerField()
    price_fen = FenField()
    received = serializers.IntegerField()


class OrderOut(OutSerializer):
    code = serializers.UUIDField()
    number = serializers.CharField()
    state = serializers.ChoiceField(choices=ORDER.choices)
    supplier = serializers.CharField()
    reason = serializers.CharField()
    lines = OrderLineOut(many=True)


class RequisitionIn(StrictSerializer):
    site = serializers.UUIDField()
    place = serializers.ChoiceField(choices=[one for one in Place.choices if one[0] != "store"])
    lines = WantedIn(many=True)


class RequisitionLineOut(OutSerializer):
    item = serializers.UUIDField(source="item.code")
    quantity = serializers.IntegerField()


class IssuedOut(OutSerializer):
    lot = LotOut()
    quantity = serializers.IntegerField()


class RequisitionOut(OutSerializer):
    code = serializers.UUIDField()
    number = serializers.CharField()
    place = serializers.CharField()
    state = serializers.ChoiceField(choices=REQUISITION.choices)
    requested_by_name = serializers.CharField()
    issued_by_name = serializers.CharField()
    received_by_name = serializers.CharField()
    lines = RequisitionLineOut(many=True)
    issued_lots = IssuedOut(many=True)


class UseIn(StrictSerializer):
    site = serializers.UUIDField()
    place = serializers.ChoiceField(choices=Place.choices)
    item = serializers.UUIDField()
    quantity = units()
    patient = serializers.UUIDField(required=False, allow_null=True, default=None)


class TakenOut(OutSerializer):
    lot = LotOut()
    quantity = serializers.IntegerField()


class UsedOut(OutSerializer):
    taken = TakenOut(many=True)


class BackIn(StrictSerializer):
    site = serializers.UUIDField()
    line = serializers.UUIDField(help_text="The charge line by which they were sold")
    quantity = units()


class CountLineOut(OutSerializer):
    lot = LotOut()
    precounted = serializers.IntegerField(allow_null=True)
    book = serializers.IntegerField(allow_null=True)
    actual = serializers.IntegerField(allow_null=True)
    difference = serializers.IntegerField(allow_null=True)
    price_fen = FenField()
    profit_fen = serializers.IntegerField(allow_null=True)


class CountOut(OutSerializer):
    code = serializers.UUIDField()
    site = serializers.UUIDField(source="site.code")
    month = DayField()
    planned_on = DayField()
    state = serializers.ChoiceField(choices=COUNT.choices)
    round = serializers.IntegerField()
    recount_reason = serializers.CharField()
    counted_by_name = serializers.CharField()
    accepted_by_name = serializers.CharField()
    variance_quantity = serializers.IntegerField(allow_null=True)
    variance_fen = serializers.IntegerField(allow_null=True, help_text="Profit, or loss where negative")


class MonthOut(OutSerializer):
    opening = serializers.IntegerField()
    drawn = serializers.IntegerField()
    sold = serializers.IntegerField()
    other = serializers.IntegerField()
    variance = serializers.IntegerField()
    closing = serializers.IntegerField()


class SheetOut(OutSerializer):
    count = CountOut()
    lines = CountLineOut(many=True)
    month = MonthOut()


class LotCountIn(StrictSerializer):
    lot = serializers.UUIDField()
    actual = units(0)


class PrecountIn(StrictSerializer):
    lines = LotCountIn(many=True)


class ReasonIn(StrictSerializer):
    reason = LineField(max_length=200)


class CheckOut(OutSerializer):
    code = serializers.UUIDField()
    site = serializers.UUIDField(source="site.code")
    due_on = DayField()
    state = serializers.ChoiceField(choices=CHECK.choices)


class CheckLotOut(OutSerializer):
    lot = LotOut()
    finding = serializers.ChoiceField(choices=ExpiryLine.Finding.choices)
    confirmed = serializers.BooleanField()


class CheckSheetOut(OutSerializer):
    check = CheckOut()
    lots = CheckLotOut(many=True)


class ConfirmIn(StrictSerializer):
    lot = serializers.UUIDField()
    scrap = serializers.BooleanField(default=False)


class ScrapIn(StrictSerializer):
    lot = serializers.UUIDField()
    place = serializers.ChoiceField(choices=Place.choices)
    quantity = units()
    reason = LineField(max_length=200)


class ScrapOut(OutSerializer):
    code = serializers.UUIDField()
    number = serializers.CharField()
    lot = LotOut()
    place = serializers.CharField()
    quantity = serializers.IntegerField()
    value_fen = FenField()
    reason = serializers.CharField()
    state = serializers.ChoiceField(choices=SCRAP.choices)
    applicant_name = serializers.CharField()
    decided_by_name = serializers.CharField()
    opinion = serializers.CharField()


class DecisionIn(StrictSerializer):
    approve = serializers.BooleanField()
    opinion = LineField(max_length=300, required=False, allow_blank=True, default="")


class PackLineIn(StrictSerializer):
    item = LineField(max_length=80)
    spec = LineField(max_length=80, required=False, allow_blank=True, default="")
    quantity = units()
    price_fen = FenField()
    reason = LineField(max_length=120, required=False, allow_blank=True, default="")
    on = DayField()


class TableIn(StrictSerializer):
    kind = serializers.ChoiceField(choices=PackTable.Kind.choices)
    lines = PackLineIn(many=True, required=False, allow_null=True, default=None)


class PackLineOut(OutSerializer):
    item = serializers.CharField()
    spec = serializers.CharField()
    quantity = serializers.IntegerField()
    price_fen = FenField()
    amount_fen = FenField()
    reason = serializers.CharField()
    on = DayField()


class TableOut(OutSerializer):
    kind = serializers.ChoiceField(choices=PackTable.Kind.choices)
    month = DayField()
    written_by_name = serializers.CharField()
    lines = PackLineOut(many=True)


class PackOut(OutSerializer):
    code = serializers.UUIDField()
    site = serializers.UUIDField(source="site.code")
    month = DayField()
    state = serializers.ChoiceField(choices=PACK.choices)
    due_at = MomentField()
    submitted_at = MomentField(allow_null=True)
    tables = TableOut(many=True)


class KitLineOut(OutSerializer):
    item = serializers.UUIDField(source="item.code")
    name = serializers.CharField(source="item.name")
    par = serializers.IntegerField()
    ready = serializers.IntegerField()
    missing = serializers.IntegerField()


class KitOut(OutSerializer):
    lines = KitLineOut(many=True)
    checked_at = MomentField(allow_null=True)
    next_check_at = MomentField(allow_null=True)


class KitCheckIn(StrictSerializer):
    site = serializers.UUIDField()
    remark = LineField(max_length=200, required=False, allow_blank=True, default="")
