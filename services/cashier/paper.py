"""What a receipt says on paper, kept with it as it was said (CA-003, CA-007)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _

from kernel import clock, money, parameters
from kernel.capitals import capital_amount
from kernel.context import Actor
from kernel.errors import RuleRefused
from services.cashier.models import ChargeLine
from services.cashier.taking import Taken
from services.discounts.models import WHOLE, percent
from services.documents.actions import issue
from services.documents.models import Document
from services.patients.models import Patient
from services.sites.models import Site
from services.staff.models import StaffMember


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A line of a bill: its price, what a discount takes off, and what of it stays owed. All in fen."""

    line: ChargeLine
    price_fen: int
    discount_fen: int = 0
    rate_bp: int = WHOLE
    coupon: str = ""
    owed_fen: int = 0

    @property
    def cost_fen(self) -> int:
        """What it costs after the discount."""
        return self.price_fen - self.discount_fen

    @property
    def paid_fen(self) -> int:
        """What comes in for it now."""
        return self.cost_fen - self.owed_fen

    @property
    def rate(self) -> str:
        """What is paid of the price: "90%"."""
        return percent(self.rate_bp)


@dataclass(frozen=True, slots=True)
class Bill:
    """What is charged at once, line by line."""

    parts: tuple[Part, ...]

    @property
    def price_fen(self) -> int:
        """At the prices of the day."""
        return sum(part.price_fen for part in self.parts)

    @property
    def discount_fen(self) -> int:
        """What discounts take off."""
        return sum(part.discount_fen for part in self.parts)

    @property
    def owed_fen(self) -> int:
        """What stays owed."""
        return sum(part.owed_fen for part in self.parts)

    @property
    def due_fen(self) -> int:
        """What is to be paid now."""
        return self.price_fen - self.discount_fen - self.owed_fen

    @property
    def coupons(self) -> list[str]:
        """The numbers that lie with the stub."""
        return sorted({part.coupon for part in self.parts if part.coupon})

    @property
    def rates(self) -> str:
        """The rates on this bill as the stub says them: "100%", or "90%" where that is the only other one."""
        return ", ".join(percent(rate) for rate in sorted({part.rate_bp for part in self.parts} - {WHOLE})) or "100%"


def issue_receipt(
    *,
    by: Actor,
    site: Site,
    subject: Model,
    number: str,
    patient: Patient,
    doctor: StaffMember | None,
    at: datetime,
    bill: Bill,
    taken: Sequence[Taken],
    settles: str = "",
    replaces: str = "",
    cashier: str = "",
) -> Document:
    """Issue the document of a receipt. ``settles`` is the number of the receipt on which the money was owed, ``replaces`` that
    of the void one for which this one stands; ``cashier`` is who took the money, if not ``by``.

    Raises RuleRefused (``receipt_incomplete``): a receipt without its names is not issued (CA-003).
    """
    # Goods are sold without a doctor; whatever was treated names who treated (CA-003).
    names = {"patient": patient.name, "cashier": cashier or by.name} | ({"doctor": doctor.name} if doctor else {})
    missing = [key for key, name in names.items() if not name.strip()]
    if missing:
        raise RuleRefused(
            "receipt_incomplete", _("A receipt names patient, doctor and cashier. One is missing."), missing=missing
        )
    content = {
        **said(site=site, number=number, at=at, bill=bill, taken=taken),
        **({"doctor": ""} | names),
        "record_number": patient.record_number,
        "phone": site.phone,
        "emergency_phone": parameters.value("emergency_phone", site=site),
        "settles": settles,
        "replaces": replaces,
    }
    return issue(
        by=by,
        kind="receipt",
        number=number,
        site=site,
        subject=subject,
        permission="cashier.view",
        template="cashier/receipt.typ",
        content=content,
    )


def said(*, site: Site, number: str, at: datetime, bill: Bill, taken: Sequence[Taken]) -> dict[str, Any]:
    """What a receipt says of money, the same on the screen before it exists and on paper after."""
    local = clock.local(at, site.timezone)
    return {
        "business": site.name,
        "entity": site.entity.name,
        "seal": site.entity.seal_text or site.entity.name,
        "number": number,
        "date": f"{local:%Y-%m-%d}",
        "time": f"{local:%H:%M}",
        "lines": [
            {
                "name": part.line.item_name + (f" {part.line.remark}" if part.line.remark else ""),
                "quantity": part.line.quantity,
                "amount": money.yuan(part.price_fen, grouped=True),
                "rate": percent(part.rate_bp),
                "paid": money.yuan(part.paid_fen, grouped=True),
                "zero_reason": part.line.zero_reason,
            }
            for part in bill.parts
        ],
        "receivable": money.yuan(bill.price_fen, grouped=True),
        "rate": bill.rates,
        "discount": money.yuan(bill.discount_fen, grouped=True) if bill.discount_fen else "",
        "after_discount": money.yuan(bill.price_fen - bill.discount_fen, grouped=True),
        "received": money.yuan(bill.due_fen, grouped=True),
        "owed": money.yuan(bill.owed_fen, grouped=True),
        "owed_on": "、".join(part.line.item_name for part in bill.parts if part.owed_fen),
        "coupons": bill.coupons,
        "capitals": capital_amount(bill.due_fen, currency=True),
        "payments": [
            {
                "tender": one.tender,
                "amount": money.yuan(one.amount_fen, grouped=True),
                "tendered": money.yuan(one.tendered_fen, grouped=True),
                "change": money.yuan(one.change_fen, grouped=True),
                "card": one.card_last_four,
                "reference": one.reference,
            }
            for one in taken
        ],
    }
