"""Giving back by the route the money came (slots ``refunds.give.wechat_pay`` and ``refunds.give.alipay``)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Sum
from django.utils.translation import gettext as _

from kernel import audit, clock, outbox
from kernel.context import Actor
from kernel.errors import RuleRefused
from services.books.models import Tender
from services.payments.models import GiveBack, PaymentAttempt
from services.refunds.models import Payout, Refund, RefundLine


def by_wechat(*, by: Actor, refund: Refund, payout: Payout, amount_fen: int, rows: Sequence[RefundLine]) -> None:
    """What came by WeChat Pay goes back by it."""
    _give(Tender.WECHAT_PAY, by, payout, amount_fen, rows)


def by_alipay(*, by: Actor, refund: Refund, payout: Payout, amount_fen: int, rows: Sequence[RefundLine]) -> None:
    """What came by Alipay goes back by it."""
    _give(Tender.ALIPAY, by, payout, amount_fen, rows)


def _give(tender: str, by: Actor, payout: Payout, amount_fen: int, rows: Sequence[RefundLine]) -> None:
    """Spread over the payments of the refunded items, none beyond what it brought; each leaves through the outbox after the
    commit. What came by the static code has no payment here: the cashier gives it back in the wallet by hand.

    Raises RuleRefused (``refund_on_its_way``) when a payout is taken back whose money is on its way already.
    """
    if amount_fen < 0:
        if GiveBack.objects.filter(payout=payout, attempt__tender=tender).exists():
            raise RuleRefused(
                "refund_on_its_way", _("The money is on its way back to the payer. It cannot be taken back any more.")
            )
        return
    slips = {row.line.slip_id for row in rows}
    attempts = PaymentAttempt.objects.select_for_update().filter(slip__in=slips, tender=tender, state="paid")
    rest = amount_fen
    for attempt in attempts.order_by("pk"):
        gone = attempt.given_back.exclude(state="failed").aggregate(total=Sum("amount_fen"))["total"] or 0
        part = min(rest, attempt.amount_fen - gone)
        if part <= 0:
            continue
        rest -= part
        made = GiveBack.objects.create(
            attempt=attempt, payout=payout, site=payout.site, amount_fen=part, started_at=clock.now()
        )
        audit.record(by=by, verb="payments.giving_back", target=made, site=payout.site.code, amount_fen=part)
        outbox.emit("payments.refund_wanted", key=f"give_back:{made.code}", payload={"give_back": str(made.code)})
