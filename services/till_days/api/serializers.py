"""What the API of till days takes and gives. Money is integer fen."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from kernel.api.serializers import DayField, FenField, LineField, MomentField, OutSerializer, StrictSerializer
from services.books.models import Tender
from services.till_days import blockers, counting, deposits, report
from services.till_days.machines import CASE, DAY, LEAVE, PETTY, RUNNING
from services.till_days.models import TillDay


class OpenIn(StrictSerializer):
    site = serializers.UUIDField()
    float_fen = FenField(required=False, allow_null=True, default=None, help_text="Default: the fund of the last day")


class CloseIn(StrictSerializer):
    reconciler = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="Who counts again")


class PiecesIn(StrictSerializer):
    fen = serializers.ChoiceField(choices=counting.DENOMINATIONS)
    number = serializers.IntegerField(min_value=0, max_value=counting.MOST_PIECES)


class TenderIn(StrictSerializer):
    tender = serializers.ChoiceField(choices=Tender.choices)
    slips = serializers.IntegerField(min_value=0, max_value=100_000)
    total_fen = FenField(help_text="What the terminal says")


class CountIn(StrictSerializer):
    pieces = PiecesIn(many=True)
    tenders = TenderIn(many=True, required=False, default=list)
    banked_fen = FenField(required=False, default=0, help_text="Of the day's cash already at the bank")


class MapIn(StrictSerializer):
    item = serializers.UUIDField()
    category = LineField(max_length=40, help_text="The key of a line of the daily report")


class DepositIn(StrictSerializer):
    number = LineField(max_length=40)
    amount_fen = FenField()
    deposited_at = MomentField()
    bank = LineField(max_length=120, required=False, allow_blank=True, default="")


class CauseIn(StrictSerializer):
    cause = serializers.CharField(max_length=1000)
    liable = serializers.UUIDField(allow_null=True, required=False, default=None)
    investigation = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")
    recovery = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class AskIn(StrictSerializer):
    site = serializers.UUIDField()
    amount_fen = FenField()
    reason = LineField(max_length=200)


class DecideIn(StrictSerializer):
    approve = serializers.BooleanField()


class AdmitIn(StrictSerializer):
    site = serializers.UUIDField()
    staff = serializers.UUIDField()
    guarantor = LineField(max_length=80, required=False, allow_blank=True, default="")
    document = LineField(max_length=120, required=False, allow_blank=True, default="")
    guaranteed_on = DayField(required=False, allow_null=True, default=None)
    trained_on = DayField(required=False, allow_null=True, default=None)
    first_day = DayField(required=False, allow_null=True, default=None)
    companion = serializers.UUIDField(required=False, allow_null=True, default=None)


class DepositOut(OutSerializer):
    code = serializers.UUIDField()
    number = serializers.CharField()
    amount_fen = FenField()
    deposited_at = MomentField()
    bank = serializers.CharField()


class DifferenceOut(OutSerializer):
    code = serializers.UUIDField()
    day = serializers.UUIDField(source="day.code")
    site = serializers.UUIDField(source="day.site.code")
    state = serializers.ChoiceField(choices=CASE.choices)
    amount_fen = serializers.IntegerField()
    cause = serializers.CharField()
    investigation = serializers.CharField()
    recovery = serializers.CharField()
    liable = serializers.UUIDField(source="liable.code", allow_null=True, default=None)
    stated_at = MomentField(allow_null=True)


class DayRowOut(OutSerializer):
    code = serializers.UUIDField()
    site = serializers.UUIDField(source="site.code")
    day = DayField()
    state = serializers.ChoiceField(choices=DAY.choices)
    float_fen = FenField()
    opened_at = MomentField()
    opened_by_name = serializers.CharField()
    cashier_name = serializers.CharField()
    reconciler = serializers.UUIDField(source="reconciler.code", allow_null=True, default=None)
    counted_fen = FenField(allow_null=True)
    report = serializers.UUIDField(source="report.code", allow_null=True, default=None)


class DayOut(DayRowOut):
    expected_cash_fen = serializers.SerializerMethodField(help_text="What the books say should lie in the till")
    expected = serializers.SerializerMethodField(help_text="By tender")
    blockers = serializers.SerializerMethodField()
    lines = serializers.SerializerMethodField(help_text="The daily report as it stands now")
    total_fen = serializers.SerializerMethodField()
    deposits = DepositOut(many=True, source="deposits.all")
    deposit_missing_fen = serializers.SerializerMethodField(
        help_text="Counted cash less the fund less the slips: 0 agrees, null before anybody counted"
    )
    difference = serializers.SerializerMethodField()

    def get_expected_cash_fen(self, day: TillDay) -> int:
        return day.expected_fen if day.expected_fen is not None else counting.expected_of(day).cash_fen

    def get_expected(self, day: TillDay) -> dict[str, int]:
        return counting.expected_of(day).as_data()

    def get_blockers(self, day: TillDay) -> list[dict[str, Any]]:
        if day.state not in RUNNING:
            return []
        return [
            {"source": one.source, "title": one.title, "cure": one.cure, "path": one.path, "keys": list(one.keys)}
            for one in blockers.of(day, named=day.reconciler_id is not None)
        ]

    def get_lines(self, day: TillDay) -> list[dict[str, Any]]:
        return list(report.said(day, report.book_of(day), cashier=day.cashier_name)["lines"])

    def get_total_fen(self, day: TillDay) -> int:
        book = report.book_of(day)
        return book.received_fen - book.refunded_fen

    def get_deposit_missing_fen(self, day: TillDay) -> int | None:
        return deposits.missing_fen(day)

    def get_difference(self, day: TillDay) -> dict[str, Any] | None:
        case = getattr(day, "difference", None)
        return dict(DifferenceOut(case).data) if case is not None else None


class PettyOut(OutSerializer):
    code = serializers.UUIDField()
    site = serializers.UUIDField(source="site.code")
    state = serializers.ChoiceField(choices=PETTY.choices)
    amount_fen = FenField()
    reason = serializers.CharField()
    asked_by_name = serializers.CharField()
    decided_by_name = serializers.CharField()


class AdmissionOut(OutSerializer):
    code = serializers.UUIDField()
    staff = serializers.UUIDField(source="staff.code")
    document = serializers.CharField()
    guaranteed_on = DayField(allow_null=True)
    trained_on = DayField(allow_null=True)


class LeaveIn(StrictSerializer):
    site = serializers.UUIDField()
    reason = LineField(max_length=200)


class LeaveOut(OutSerializer):
    code = serializers.UUIDField()
    site = serializers.UUIDField(source="site.code")
    staff = serializers.UUIDField(source="staff.code")
    state = serializers.ChoiceField(choices=LEAVE.choices)
    reason = serializers.CharField()
    decided_by_name = serializers.CharField()
    out_at = MomentField(allow_null=True)
    back_at = MomentField(allow_null=True)
