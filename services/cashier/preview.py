"""What a receipt will say, while the cashier still types: computed here, so that the browser does no money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from kernel import clock, money
from kernel.capitals import capital_amount
from services.cashier.models import ChargeLine, ChargeSlip, Tender


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewLine:
    """One item with what is paid now and what stays owed on it."""

    line: ChargeLine
    paid_fen: int
    owed_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The sums of a charge as far as it is entered. ``missing_fen`` is neither handed over nor named as owed."""

    lines: tuple[PreviewLine, ...]
    receivable_fen: int
    owed_fen: int
    tender: str
    tendered_fen: int

    @property
    def due_fen(self) -> int:
        """What is to be paid now."""
        return self.receivable_fen - self.owed_fen

    @property
    def missing_fen(self) -> int:
        """What is neither handed over nor named as owed."""
        return max(0, self.due_fen - self.tendered_fen)

    @property
    def change_fen(self) -> int:
        """What goes back to the payer; only cash gives change."""
        return max(0, self.tendered_fen - self.due_fen) if self.tender == Tender.CASH else 0

    @property
    def over_fen(self) -> int:
        """More than due by a tender that gives no change."""
        return max(0, self.tendered_fen - self.due_fen) if self.tender != Tender.CASH else 0

    @property
    def capitals(self) -> str:
        """The amount of the receipt as its paper writes it; nobody types it."""
        return capital_amount(self.due_fen, currency=True)

    @property
    def tender_label(self) -> Any:
        """The tender in words, in the language of whoever asks."""
        return Tender(self.tender).label if self.tender in Tender.values else ""


def preview(
    slip: ChargeSlip,
    lines: Sequence[ChargeLine],
    *,
    tender: str = Tender.CASH,
    tendered_fen: int | None = None,
    owed: Mapping[UUID, int] | None = None,
) -> Preview:
    """The charge of ``slip`` as entered so far. What is owed on an item is at most its amount; without an amount handed
    over the exact sum counts."""
    named = owed or {}
    drawn = tuple(
        PreviewLine(line=line, paid_fen=line.amount_fen - rest, owed_fen=rest)
        for line, rest in ((line, min(line.amount_fen, max(0, named.get(line.code, 0)))) for line in lines)
    )
    receivable = sum(line.amount_fen for line in lines)
    owed_fen = sum(line.owed_fen for line in drawn)
    return Preview(
        lines=drawn,
        receivable_fen=receivable,
        owed_fen=owed_fen,
        tender=tender,
        tendered_fen=receivable - owed_fen if tendered_fen is None else tendered_fen,
    )


def paper_preview(slip: ChargeSlip, sums: Preview, *, cashier: str) -> dict[str, Any]:
    """The receipt as ``cashier.paper`` would write it, without its number, which is drawn at the charge."""
    site = slip.site
    local = clock.local(clock.now(), site.timezone)
    return {
        "business": site.name,
        "seal": site.entity.seal_text or site.entity.name,
        "number": "",
        "date": f"{local:%Y-%m-%d}",
        "time": f"{local:%H:%M}",
        "patient": slip.patient.name,
        "record_number": slip.patient.record_number,
        "doctor": slip.doctor.name,
        "cashier": cashier,
        "lines": [
            {
                "name": f"{one.line.item_name} {one.line.remark}".strip(),
                "quantity": one.line.quantity,
                "amount": money.yuan(one.line.amount_fen, grouped=True),
                "zero_reason": one.line.zero_reason,
            }
            for one in sums.lines
        ],
        "receivable": money.yuan(sums.receivable_fen, grouped=True),
        "rate": "100%",
        "received": money.yuan(sums.due_fen, grouped=True),
        "owed": money.yuan(sums.owed_fen, grouped=True),
        "capitals": sums.capitals,
        "tender": sums.tender,
        "card": "",
        "tendered": money.yuan(sums.tendered_fen, grouped=True),
        "change": money.yuan(sums.change_fen, grouped=True),
    }
