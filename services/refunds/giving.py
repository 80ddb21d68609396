"""Giving back by ways that another room keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from kernel import registry
from kernel.context import Actor
from kernel.errors import RuleRefused
from services.books.models import Tender
from services.refunds.models import Payout, Refund, RefundLine

# Slot of the rooms that keep money of patients: ``(by, refund, payout, amount_fen, rows)``; negative: it is taken back.
GIVE = "refunds.give"
# Slot of rooms that must know how far a refund is, in its transaction: ``(by, refund, step, payout)``.
TURNED = "refunds.turned"
PAID, TAKEN_BACK, DROPPED = "paid", "taken_back", "dropped"
KEPT_ELSEWHERE = (Tender.STORED_VALUE, Tender.WECHAT_PAY, Tender.ALIPAY)


def give_back(
    *, by: Actor, refund: Refund, payout: Payout, sums: Mapping[str, int], rows: Sequence[RefundLine]
) -> None:
    """Tell the room that keeps a tender what goes back to it. Raises RuleRefused (``way_back_unknown``)."""
    for tender in KEPT_ELSEWHERE:
        if not sums.get(tender):
            continue
        fillers = [
            import_string(path) for room in registry.active_rooms() for path in room.slots.get(f"{GIVE}.{tender}", ())
        ]
        # A wallet that no room keeps was paid by the static code: the cashier gives back in it by hand.
        if not fillers and tender == Tender.STORED_VALUE:
            raise RuleRefused("way_back_unknown", _("Nobody here keeps the account to which this goes back."))
        for fill in fillers:
            fill(by=by, refund=refund, payout=payout, amount_fen=sums[tender], rows=rows)


def tell(*, by: Actor, refund: Refund, step: str, payout: Payout | None = None) -> None:
    """Tell other rooms that money left (``PAID``), is back (``TAKEN_BACK``), or that none will leave (``DROPPED``)."""
    for room in registry.active_rooms():
        for path in room.slots.get(TURNED, ()):
            import_string(path)(by=by, refund=refund, step=step, payout=payout)
