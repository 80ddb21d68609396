"""The till over the API: the same actions as its pages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from kernel.access import accessible
from kernel.api.filters import Choice, Code, Filters, Flag
from kernel.api.pages import paged
from kernel.api.views import ApiView
from kernel.errors import NotFound, RuleRefused
from services.cashier import actions, dispatch, selectors
from services.cashier.access import access_arrear, access_receipt, access_slip
from services.cashier.api.serializers import (
    ArrearOut,
    AskDiscountIn,
    AskDiscountOut,
    ChargeIn,
    DispatchIn,
    DispatchOut,
    ReceiptOut,
    SaleIn,
    SettleIn,
    SlipIn,
    SlipOut,
)
from services.cashier.machines import SLIP
from services.cashier.models import ChargeSlip, Receipt
from services.cashier.taking import HandedOver
from services.catalogue.selectors import access_item
from services.discounts.actions import Wanted, ask_approval
from services.patients.selectors import access_patient
from services.sites.selectors import access_site
from services.staff.selectors import access_staff, staff_of


class Slips(ApiView):
    """Charge slips: list, and sign a new one."""

    permissions = {"GET": "cashier.view", "POST": "cashier.issue_slip"}
    inputs = {"POST": SlipIn}
    outputs = {"GET": paged(SlipOut), "POST": SlipOut}
    filters = Filters(
        Choice("state", "state", list(SLIP.states)),
        Code("patient", "patient__code"),
        Code("visit", "visit_code"),
        ordering={"signed_at": "signed_at"},
        default="-signed_at",
    )

    def get(self, request: Request) -> Response:
        rows = ChargeSlip.objects.select_related("site", "patient", "doctor").prefetch_related("lines__item")
        return self.page(accessible(rows, self.actor, "cashier.view"), SlipOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        doctor = staff_of(self.actor)
        if doctor is None:
            raise RuleRefused("slip_not_the_doctor", _("A charge slip is signed by the treating doctor."))
        lines = [
            actions.SlipLine(
                item=access_item(self.actor, line["item"]),
                quantity=line["quantity"],
                remark=line["remark"],
                zero_reason=line["zero_reason"],
            )
            for line in data["lines"]
        ]
        slip = actions.issue_slip(
            by=self.actor,
            site=access_site(self.actor, data["site"], "cashier.issue_slip"),
            patient=access_patient(self.actor, data["patient"]),
            doctor=doctor,
            lines=lines,
            visit_code=data["visit"],
        )
        return self.one(access_slip(self.actor, slip.code, "cashier.issue_slip"), SlipOut, status=201)


class Slip(ApiView):
    """One charge slip."""

    permissions = {"GET": "cashier.view"}
    outputs = {"GET": SlipOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(access_slip(self.actor, code), SlipOut)


class Withdraw(ApiView):
    """Take one's own slip back before it is charged."""

    permissions = {"POST": "cashier.issue_slip"}
    outputs = {"POST": (200, SlipOut)}

    def post(self, request: Request, code: UUID) -> Response:
        slip = access_slip(self.actor, code, "cashier.issue_slip")
        actions.withdraw_slip(by=self.actor, site=slip.site, slip=slip)
        return self.one(access_slip(self.actor, code, "cashier.issue_slip"), SlipOut)


class Charge(ApiView):
    """Charge a slip; the answer is the receipt."""

    permissions = {"POST": "cashier.charge"}
    inputs = {"POST": ChargeIn}
    outputs = {"POST": ReceiptOut}

    def post(self, request: Request, code: UUID) -> Response:
        slip = access_slip(self.actor, code, "cashier.charge")
        data = self.read(request)
        receipt = actions.charge(
            by=self.actor,
            site=slip.site,
            slip=slip,
            handed_over=_handed_over(data),
            owed={row["line"]: row["owed_fen"] for row in data["owed"]},
            discounts=[Wanted(**row) for row in data["discounts"]],
            coupons=data["coupons"],
        )
        return self.one(access_receipt(self.actor, receipt.code, "cashier.charge"), ReceiptOut, status=201)


class Sales(ApiView):
    """Sell goods at list price without a doctor's slip; the answer is the receipt."""

    permissions = {"POST": "cashier.charge"}
    inputs = {"POST": SaleIn}
    outputs = {"POST": ReceiptOut}

    def post(self, request: Request) -> Response:
        data = self.read(request)
        receipt = actions.sell_goods(
            by=self.actor,
            site=access_site(self.actor, data["site"], "cashier.charge"),
            patient=access_patient(self.actor, data["patient"]),
            goods=[
                actions.SlipLine(item=access_item(self.actor, row["item"]), quantity=row["quantity"])
                for row in data["goods"]
            ],
            handed_over=_handed_over(data),
            coupons=data["coupons"],
        )
        return self.one(access_receipt(self.actor, receipt.code, "cashier.charge"), ReceiptOut, status=201)


class AskDiscount(ApiView):
    """Ask for a discount that the finance policy does not know; the supervisor decides."""

    permissions = {"POST": "cashier.charge"}
    inputs = {"POST": AskDiscountIn}
    outputs = {"POST": AskDiscountOut}

    def post(self, request: Request, code: UUID) -> Response:
        slip = access_slip(self.actor, code, "cashier.charge")
        data = self.read(request)
        line = next((line for line in slip.lines.all() if line.code == data["line"]), None)
        if line is None:
            raise NotFound("line_not_found", _("There is no such item on this slip."))
        asked = ask_approval(
            by=self.actor,
            site=slip.site,
            slip_code=slip.code,
            line=line,
            rate_bp=data["rate_bp"],
            reason=data["reason"],
        )
        return self.one(asked, AskDiscountOut, status=201)


def _handed_over(data: dict[str, Any], exact_fen: int = 0) -> list[HandedOver]:
    """What the payer gives; without an amount the exact sum counts."""
    rows = data["payments"] or [
        {
            "tender": data["tender"],
            "tendered_fen": exact_fen if data["tendered_fen"] is None else data["tendered_fen"],
            "card_last_four": data["card_last_four"],
            "reference": data["reference"],
        }
    ]
    return [
        HandedOver(
            tender=row["tender"],
            fen=row["tendered_fen"],
            card_number=row["card_last_four"],
            reference=row["reference"],
        )
        for row in rows
    ]


class Receipts(ApiView):
    """Receipts, the latest first."""

    permissions = {"GET": "cashier.view"}
    outputs = {"GET": paged(ReceiptOut)}
    filters = Filters(
        Code("patient", "patient__code"),
        Code("site", "site__code"),
        ordering={"issued_at": "issued_at"},
        default="-issued_at",
    )

    def get(self, request: Request) -> Response:
        rows = Receipt.objects.select_related("site", "patient", "document", "void", "replaces", "replaced_by")
        rows = rows.prefetch_related("lines__line", "payments")
        return self.page(accessible(rows, self.actor, "cashier.view"), ReceiptOut)


class ReceiptDetail(ApiView):
    """One receipt."""

    permissions = {"GET": "cashier.view"}
    outputs = {"GET": ReceiptOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(access_receipt(self.actor, code), ReceiptOut)


class ReportArrears(ApiView):
    """The cashier tells the supervisor what stays owed on a receipt."""

    permissions = {"POST": "cashier.charge"}
    outputs = {"POST": (200, ReceiptOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = access_receipt(self.actor, code, "cashier.charge")
        actions.report_arrears(by=self.actor, site=found.site, receipt=found)
        return self.one(access_receipt(self.actor, code, "cashier.charge"), ReceiptOut)


class Arrears(ApiView):
    """What is still owed."""

    permissions = {"GET": "cashier.view"}
    outputs = {"GET": paged(ArrearOut)}
    filters = Filters(Code("patient", "patient__code"), ordering={"arose_at": "arose_at"}, default="arose_at")

    def get(self, request: Request) -> Response:
        return self.page(selectors.open_arrears(self.actor), ArrearOut)


class Settle(ApiView):
    """Take in what was owed."""

    permissions = {"POST": "cashier.charge"}
    inputs = {"POST": SettleIn}
    outputs = {"POST": (200, ArrearOut)}

    def post(self, request: Request, code: UUID) -> Response:
        arrear = access_arrear(self.actor, code, "cashier.charge")
        data = self.read(request)
        actions.settle_arrear(
            by=self.actor,
            site=arrear.site,
            arrear=arrear,
            amount_fen=data["amount_fen"],
            handed_over=_handed_over(data, exact_fen=data["amount_fen"]),
        )
        return self.one(access_arrear(self.actor, code, "cashier.charge"), ArrearOut)


class DispatchSlips(ApiView):
    """The head nurse's slips for the treatment of colleagues, and one more."""

    permissions = {"GET": dispatch.SEE, "POST": dispatch.WORD}
    inputs = {"POST": DispatchIn}
    outputs = {"GET": paged(DispatchOut), "POST": DispatchOut}
    filters = Filters(
        Code("site", "site__code"),
        Code("staff", "staff__code"),
        Flag("open", "line__isnull", help="Not used up yet"),
        ordering={"issued_at": "issued_at"},
        default="-issued_at",
    )

    def get(self, request: Request) -> Response:
        return self.page(dispatch.dispatch_slips_for(self.actor), DispatchOut)

    def post(self, request: Request) -> Response:
        """Let a colleague be treated; the slip is used once, for this item and fee."""
        data = self.read(request)
        made = dispatch.issue_dispatch_slip(
            by=self.actor,
            site=access_site(self.actor, data["site"], dispatch.WORD),
            staff=access_staff(self.actor, data["staff"]),
            patient=access_patient(self.actor, data["patient"]),
            item=access_item(self.actor, data["item"]),
            fee_fen=data["fee_fen"],
        )
        return self.one(made, DispatchOut, status=201)


class OneDispatchSlip(ApiView):
    """One dispatch slip: who signed it, and the receipt that used it up."""

    permissions = {"GET": dispatch.SEE}
    outputs = {"GET": DispatchOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(dispatch.access_dispatch_slip(self.actor, code), DispatchOut)
