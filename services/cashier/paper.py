"""What a receipt says on paper, kept with it as it was said (CA-003, CA-007)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Model
from django.utils.translation import gettext as _

from kernel import clock, money, parameters
from kernel.capitals import capital_amount
from kernel.context import Actor
from kernel.errors import RuleRefused
from services.cashier.models import ChargeLine
from services.documents.actions import issue
from services.documents.models import Document
from services.patients.models import Patient
from services.sites.models import Site
from services.staff.models import StaffMember


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Money that came in: how, how much of it counts, and what was handed over."""

    tender: str
    amount_fen: int
    tendered_fen: int
    card_last_four: str = ""

    @property
    def change_fen(self) -> int:
        """What the payer got back."""
        return self.tendered_fen - self.amount_fen


NOTHING = Taken(tender="", amount_fen=0, tendered_fen=0)


def issue_receipt(
    *,
    by: Actor,
    site: Site,
    subject: Model,
    number: str,
    patient: Patient,
    doctor: StaffMember,
    at: datetime,
    lines: Sequence[tuple[ChargeLine, int]],
    owed_fen: int,
    taken: Taken,
    settles: str = "",
) -> Document:
    """Issue the document of a receipt. ``lines`` are items with the amount that this receipt is about; ``settles`` is
    the number of the receipt on which the money was owed.

    Raises RuleRefused (``receipt_incomplete``): a receipt without its names is not issued (CA-003).
    """
    names = {"patient": patient.name, "doctor": doctor.name, "cashier": by.name}
    missing = [key for key, name in names.items() if not name.strip()]
    if missing:
        raise RuleRefused(
            "receipt_incomplete", _("A receipt names patient, doctor and cashier. One is missing."), missing=missing
        )
    local = clock.local(at, site.timezone)
    content = {
        "business": site.name,
        "entity": site.entity.name,
        "seal": site.entity.seal_text or site.entity.name,
        "number": number,
        "date": f"{local:%Y-%m-%d}",
        "time": f"{local:%H:%M}",
        **names,
        "record_number": patient.record_number,
        "phone": site.phone,
        "emergency_phone": parameters.value("emergency_phone", site=site),
        "lines": [
            {
                "name": line.item_name + (f" {line.remark}" if line.remark else ""),
                "quantity": line.quantity,
                "amount": money.yuan(amount, grouped=True),
                "zero_reason": line.zero_reason,
            }
            for line, amount in lines
        ],
        "receivable": money.yuan(taken.amount_fen + owed_fen, grouped=True),
        "rate": "100%",
        "received": money.yuan(taken.amount_fen, grouped=True),
        "owed": money.yuan(owed_fen, grouped=True),
        "capitals": capital_amount(taken.amount_fen, currency=True),
        "tender": taken.tender,
        "card": taken.card_last_four,
        "tendered": money.yuan(taken.tendered_fen, grouped=True),
        "change": money.yuan(taken.change_fen, grouped=True),
        "settles": settles,
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
