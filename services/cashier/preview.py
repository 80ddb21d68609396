"""What a receipt will say, while the cashier still types: computed here, so that the browser does no money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from kernel import clock
from kernel.capitals import capital_amount
from kernel.context import Actor
from kernel.errors import DomainError
from services.books.models import Tender
from services.cashier.models import ChargeLine, ChargeSlip
from services.cashier.paper import Bill, Part, said
from services.cashier.taking import HandedOver, take
from services.discounts.actions import Wanted, reduce
from services.discounts.models import WHOLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The sums of a charge as far as it is entered. ``missing_fen`` is neither handed over nor named as owed.

    ``discount_refusal`` says why a discount that was asked for does not count; the price stays whole then.
    """

    bill: Bill
    handed_over: tuple[HandedOver, ...]
    discount_refusal: str = ""

    @property
    def lines(self) -> tuple[Part, ...]:
        """Line by line."""
        return self.bill.parts

    @property
    def receivable_fen(self) -> int:
        """At the prices of the day."""
        return self.bill.price_fen

    @property
    def discount_fen(self) -> int:
        """What discounts take off."""
        return self.bill.discount_fen

    @property
    def after_discount_fen(self) -> int:
        """What is to be paid sooner or later."""
        return self.bill.price_fen - self.bill.discount_fen

    @property
    def owed_fen(self) -> int:
        """What stays owed."""
        return self.bill.owed_fen

    @property
    def due_fen(self) -> int:
        """What is to be paid now."""
        return self.bill.due_fen

    @property
    def tendered_fen(self) -> int:
        """All that is handed over."""
        return sum(one.fen for one in self.handed_over)

    @property
    def _surplus_fen(self) -> int:
        return max(0, self.tendered_fen - self.due_fen)

    @property
    def _cash_fen(self) -> int:
        return sum(one.fen for one in self.handed_over if one.tender == Tender.CASH)

    @property
    def missing_fen(self) -> int:
        """What is neither handed over nor named as owed."""
        return max(0, self.due_fen - self.tendered_fen)

    @property
    def change_fen(self) -> int:
        """What goes back to the payer; only cash gives change."""
        return min(self._surplus_fen, self._cash_fen)

    @property
    def over_fen(self) -> int:
        """What was handed over beyond the due by a tender that gives no change."""
        return self._surplus_fen - self.change_fen

    @property
    def capitals(self) -> str:
        """The amount of the receipt as its paper writes it; nobody types it."""
        return capital_amount(self.due_fen, currency=True)

    @property
    def tender_label(self) -> str:
        """The tenders in words, in the language of whoever asks."""
        known = [str(Tender(one.tender).label) for one in self.handed_over if one.tender in Tender.values]
        return " + ".join(dict.fromkeys(known))


def preview(
    slip: ChargeSlip,
    lines: Sequence[ChargeLine],
    *,
    by: Actor,
    handed_over: Sequence[HandedOver] | None = None,
    owed: Mapping[UUID, int] | None = None,
    discounts: Sequence[Wanted] = (),
    coupons: Sequence[str] = (),
) -> Preview:
    """The charge of ``slip`` as entered so far. What is owed on an item is at most what it costs; without an amount handed
    over the exact sum counts, in cash. Nothing is stored or held."""
    named = owed or {}
    refusal, reduced = "", {}
    try:
        reduced = reduce(
            by=by,
            patient=slip.patient,
            day=clock.today(slip.site.timezone),
            lines=lines,
            wanted=discounts,
            coupons=coupons,
            lock=False,
        )
    except DomainError as error:
        refusal = str(error.message)
    parts = []
    for line in lines:
        found = reduced.get(line.code)
        cost = found.reduced_fen if found else line.amount_fen
        parts.append(
            Part(
                line=line,
                price_fen=line.amount_fen,
                discount_fen=line.amount_fen - cost,
                rate_bp=found.rate_bp if found else WHOLE,
                coupon=found.coupon.number if found and found.coupon else "",
                owed_fen=min(cost, max(0, named.get(line.code, 0))),
            )
        )
    bill = Bill(tuple(parts))
    given = [HandedOver(tender=Tender.CASH, fen=bill.due_fen)] if handed_over is None else list(handed_over)
    return Preview(bill=bill, handed_over=tuple(one for one in given if one.fen), discount_refusal=refusal)


def paper_preview(slip: ChargeSlip, sums: Preview, *, cashier: str) -> dict[str, Any]:
    """The receipt as ``cashier.paper`` would write it, without its number, which is drawn at the charge."""
    try:
        taken = take(sums.due_fen, sums.handed_over)
    except DomainError:
        # Not complete yet: the paper shows the sums, and how it is paid when that is known.
        taken = []
    return {
        **said(site=slip.site, number="", at=clock.now(), bill=sums.bill, taken=taken),
        "patient": slip.patient.name,
        "record_number": slip.patient.record_number,
        "doctor": slip.doctor.name if slip.doctor else "",
        "cashier": cashier,
    }
