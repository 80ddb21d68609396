"""Talking to the acquirer: each call outside of any transaction, each answer settled in one of its own.

Before a call its row says that it may happen; a timer planned in the same transaction asks later. So whatever is killed between
call and answer, the question is asked again, and an answer that comes twice meets a row that was settled.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from kernel import clock, money, parameters, timers
from kernel.actions import record_refusal
from kernel.context import Actor
from kernel.errors import DomainError
from kernel.identity.models import User
from kernel.identity.standing import actor_for_user
from kernel.outbox import Event
from kernel.timers.models import Timer
from services.cashier.actions import charge
from services.cashier.taking import HandedOver
from services.discounts.actions import Wanted
from services.payments.acquirers import Answer, Outcome, acquirer
from services.payments.machines import ATTEMPT, GIVE_BACK, WAITING
from services.payments.models import GiveBack, PaymentAttempt
from services.tasks.actions import open_task

ASK, RETURN = "payments.ask", "payments.give_back"
FAILED_TASK = "payments.give_back_failed"
ENGINE = Actor.system("payments")
# Seconds until a payment is asked about; a payer types a password in a few of these.
FIRST_PAUSE, PAUSE, LONGEST_PAUSE = 5, 3, 3600


def pay(code: UUID, payer_code: str) -> None:
    """Send an attempt that was never sent, and settle the answer."""
    with transaction.atomic():
        attempt = PaymentAttempt.objects.select_for_update().get(code=code)
        if attempt.state != "created":
            return
        ATTEMPT.move(attempt, "paying", by=ENGINE)
    if (port := acquirer()) is None:
        return
    answer = port.pay(
        merchant=attempt.merchant, number=attempt.out_trade_no, tender=attempt.tender, amount_fen=attempt.amount_fen,
        payer_code=payer_code,
    )  # fmt: skip
    settle(code, answer)


def ask(timer: Timer) -> None:
    """Timer: what became of an attempt. The next question is planned before this one leaves."""
    attempt = PaymentAttempt.objects.select_for_update().get(code=timer.key)
    if attempt.state == "created":
        # Whoever was to send it is gone, and with them the payer's code.
        ATTEMPT.move(attempt, "failed", by=ENGINE, error="not_sent")
        return
    if attempt.state not in (*WAITING, "reversing"):
        return
    attempt.asked += 1
    attempt.bump({"asked"})
    reversing = attempt.state == "reversing"
    pause = min(LONGEST_PAUSE, PAUSE * 2 ** min(attempt.asked, 12)) if reversing else PAUSE
    timers.schedule(ASK, timer.key, clock.now() + timedelta(seconds=pause))
    call = _reverse if reversing else _query
    transaction.on_commit(lambda: call(attempt), robust=True)


def _query(attempt: PaymentAttempt) -> None:
    if (port := acquirer()) is not None:
        settle(attempt.code, port.query(merchant=attempt.merchant, number=attempt.out_trade_no))


def _reverse(attempt: PaymentAttempt) -> None:
    if (port := acquirer()) is not None:
        settle(attempt.code, port.reverse(merchant=attempt.merchant, number=attempt.out_trade_no))


def settle(code: UUID, answer: Answer) -> None:
    """What an answer means for its attempt; an answer that comes late or twice changes nothing."""
    with transaction.atomic():
        attempt = PaymentAttempt.objects.select_for_update(of=("self",)).select_related("site", "slip").get(code=code)
        if attempt.state == "reversing":
            if answer.outcome == Outcome.REVERSED:
                ATTEMPT.move(attempt, "reversed", by=ENGINE)
                timers.cancel(ASK, str(code))
            return
        if attempt.state not in WAITING:
            return
        if answer.outcome == Outcome.PAID:
            _charge(attempt, answer)
        elif answer.outcome == Outcome.FAILED:
            ATTEMPT.move(attempt, "failed", by=ENGINE, error=answer.error)
            timers.cancel(ASK, str(code))
        elif answer.outcome == Outcome.REVERSED:
            ATTEMPT.move(attempt, "reversing", by=ENGINE, error="closed_there")
            ATTEMPT.move(attempt, "reversed", by=ENGINE)
            timers.cancel(ASK, str(code))
        else:
            _wait_on(attempt, answer)


def _wait_on(attempt: PaymentAttempt, answer: Answer) -> None:
    """Still not known: until the parameter's limit, then it shall not have happened."""
    limit = timedelta(seconds=int(parameters.value("payment_give_up_seconds", site=attempt.site)))
    if clock.now() - attempt.started_at >= limit:
        ATTEMPT.move(attempt, "reversing", by=ENGINE, error="not_known_in_time")
        plan_reversal(attempt)
    elif attempt.state == "paying" and answer.outcome in (Outcome.UNKNOWN, Outcome.MISSING):
        ATTEMPT.move(attempt, "unknown", by=ENGINE, error=answer.error)


def _charge(attempt: PaymentAttempt, answer: Answer) -> None:
    """The acquirer has the money: charge the slip with it, once, in the name of who started it. Where the slip cannot be
    charged any more, the money goes back."""
    kept = {"transaction_id": answer.transaction_id, "captured_at": answer.at or clock.now()}
    user = User.objects.filter(code=attempt.by).first() if attempt.by else None
    by = actor_for_user(user) if user is not None else ENGINE
    terms = attempt.terms
    try:
        if answer.amount_fen != attempt.amount_fen or not answer.transaction_id:
            refusal = "other_amount"
        else:
            # Known by its number from here on: the charge asks whether it is this one that pays.
            attempt.transaction_id = answer.transaction_id
            attempt.bump({"transaction_id"})
            with transaction.atomic():
                receipt = charge(
                    by=by,
                    site=attempt.site,
                    slip=attempt.slip,
                    handed_over=[
                        HandedOver(tender=attempt.tender, fen=attempt.amount_fen, reference=answer.transaction_id)
                    ],
                    owed={UUID(line): fen for line, fen in terms.get("owed", {}).items()},
                    discounts=[
                        Wanted(**{name: UUID(value) for name, value in one.items()})
                        for one in terms.get("discounts", ())
                    ],
                    coupons=terms.get("coupons", ()),
                )
            ATTEMPT.move(attempt, "paid", by=ENGINE, receipt=receipt, error="", **kept)
            timers.cancel(ASK, str(attempt.code))
            return
    except DomainError as error:
        # What the charge itself wrote about it went with its savepoint.
        error.recorded = False
        record_refusal(by=by, action_name="payments.charge", refusal=error)
        refusal = error.code
    ATTEMPT.move(attempt, "reversing", by=ENGINE, error=refusal[:60], **kept)
    plan_reversal(attempt)


def plan_reversal(attempt: PaymentAttempt) -> None:
    """Reverse after the commit, and again until the acquirer confirms."""
    timers.schedule(ASK, str(attempt.code), clock.now() + timedelta(seconds=FIRST_PAUSE))
    transaction.on_commit(lambda: _reverse(attempt), robust=True)


# --- money on its way back --------------------------------------------------------------------------------------------


def send_refund(event: Event) -> None:
    """Event ``payments.refund_wanted``: the payout is committed, the acquirer gives the money back."""
    found = GiveBack.objects.select_for_update().get(code=event.payload["give_back"])
    if found.state == "refunding":
        plan_give_back(found)


def plan_give_back(give_back: GiveBack) -> None:
    """Ask the acquirer after the commit, and again until it confirms or refuses."""
    timers.schedule(RETURN, str(give_back.code), clock.now() + timedelta(seconds=FIRST_PAUSE))
    transaction.on_commit(lambda: _give_back(give_back.code), robust=True)


def ask_refund(timer: Timer) -> None:
    """Timer: how far a refund is. The acquirer gives once per number, so asking is the same call again."""
    found = GiveBack.objects.select_for_update().get(code=timer.key)
    if found.state != "refunding":
        return
    found.asked += 1
    found.bump({"asked"})
    pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(found.asked, 12))
    timers.schedule(RETURN, timer.key, clock.now() + timedelta(seconds=pause))
    transaction.on_commit(lambda: _give_back(found.code), robust=True)


def _give_back(code: UUID) -> None:
    if (port := acquirer()) is None:
        return
    found = GiveBack.objects.select_related("attempt").get(code=code)
    answer = port.refund(
        merchant=found.attempt.merchant, number=found.attempt.out_trade_no, refund_number=found.out_refund_no,
        amount_fen=found.amount_fen,
    )  # fmt: skip
    with transaction.atomic():
        found = (
            GiveBack.objects.select_for_update(of=("self",))
            .select_related("site", "payout__refund__patient")
            .get(code=code)
        )
        if found.state != "refunding":
            return
        if answer.outcome == Outcome.REFUNDED:
            GIVE_BACK.move(found, "refunded", by=ENGINE, error="")
        elif answer.outcome == Outcome.FAILED:
            GIVE_BACK.move(found, "failed", by=ENGINE, error=answer.error)
            _tell_finance(found)
        else:
            return
        timers.cancel(RETURN, str(code))


def _tell_finance(found: GiveBack) -> None:
    refund = found.payout.refund
    open_task(
        by=ENGINE,
        kind=FAILED_TASK,
        key=f"{found.code}:{found.asked}",
        room="payments",
        title=gettext_noop("A refund did not arrive: %(subject)s"),
        detail=gettext_noop("%(amount)s yuan, %(number)s. The payment service refused."),
        args={"amount": money.yuan(found.amount_fen, grouped=True), "number": refund.number},
        subject=("patient", refund.patient.code),
        icon="cash",
        due_at=clock.now() + timedelta(hours=4),
        roles=("finance",),
        site=found.site,
        url=("payments:refunds",),
    )
