"""Taking money: what is handed over, by which tenders, and what of it counts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from kernel import money
from kernel.errors import RuleRefused
from services.books.models import Tender
from services.cashier.models import CARDS, WITH_REFERENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """What the payer gives by one tender. Of ``card_number`` only the last four digits survive; ``reference`` is what
    the other side calls the payment (settlement number, voucher, transfer, prepaid account)."""

    tender: str
    fen: int
    card_number: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Money that came in by one tender: how much of it counts, and what was handed over."""

    tender: str
    amount_fen: int
    tendered_fen: int
    card_last_four: str = ""
    reference: str = ""

    @property
    def change_fen(self) -> int:
        """What the payer got back."""
        return self.tendered_fen - self.amount_fen


def take(due_fen: int, handed_over: Sequence[HandedOver]) -> list[Taken]:
    """What comes in for ``due_fen``, checked: together exactly what is due, only cash gives change.

    Raises RuleRefused (``nothing_due``, ``tender_unknown``, ``card_digits_missing``, ``reference_missing``,
    ``too_little_tendered``, ``change_only_for_cash``, ``cash_not_needed``).
    """
    given = [one for one in handed_over if one.fen]
    if due_fen == 0:
        if given:
            raise RuleRefused("nothing_due", _("Nothing is due, so no money is taken. Enter 0 as handed over."))
        return []
    for one in given or handed_over:
        if one.tender not in Tender.values:
            raise RuleRefused("tender_unknown", _("Choose how the money is paid."), fields={"tender": [_("Unknown.")]})
    digits = {id(one): _last_four(one) for one in given}
    references = {id(one): _reference(one) for one in given}
    missing = due_fen - sum(one.fen for one in given)
    if missing > 0:
        raise RuleRefused(
            "too_little_tendered",
            _("%(missing)s yuan are missing.") % {"missing": money.yuan(missing, grouped=True)},
            missing_fen=missing,
        )
    exact = [one for one in given if one.tender != Tender.CASH]
    rest = due_fen - sum(one.fen for one in exact)
    cash = sum(one.fen for one in given if one.tender == Tender.CASH)
    if rest < 0:
        raise RuleRefused("change_only_for_cash", _("Only cash gives change. Enter the exact amount."), due_fen=due_fen)
    if cash and not rest:
        raise RuleRefused("cash_not_needed", _("The rest is paid already; no cash is needed."))
    taken = [
        Taken(
            tender=one.tender,
            amount_fen=one.fen,
            tendered_fen=one.fen,
            card_last_four=digits[id(one)],
            reference=references[id(one)],
        )
        for one in exact
    ]
    if rest:
        taken.insert(0, Taken(tender=Tender.CASH, amount_fen=rest, tendered_fen=cash))
    return taken


def _last_four(one: HandedOver) -> str:
    if one.tender not in CARDS:
        return ""
    # Full-width digits of a Chinese keyboard are digits too.
    digits = re.sub(r"[^0-9]", "", unicodedata.normalize("NFKC", one.card_number))
    if len(digits) < 4:
        raise RuleRefused(
            "card_digits_missing",
            _("Enter the last four digits of the card."),
            fields={"card_number": [_("Four digits.")]},
        )
    return digits[-4:]


def _reference(one: HandedOver) -> str:
    reference = unicodedata.normalize("NFKC", one.reference).strip()[:64]
    if one.tender in WITH_REFERENCE and not reference:
        raise RuleRefused(
            "reference_missing",
            _("Enter the number of the transaction, settlement or voucher; without it nobody can match the payment."),
            fields={"reference": [_("Required")]},
        )
    return reference
