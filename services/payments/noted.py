"""Wallet money that the cashier notes by hand: the payer scanned the static code (slots ``cashier.take.wechat_pay`` and ``.alipay``)."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from kernel.errors import Conflict, Cure
from services.payments.machines import LIVE
from services.payments.models import PaymentAttempt


def refuse_doubtful(*, receipt: Any, reference: str, **facts: Any) -> None:
    """A number is no proof while the acquirer may still have, or give back, the money of the same slip.

    Raises Conflict (``attempt_under_way``: a payment by the payer's code is not settled yet, ``payment_given_back``: the
    noted number went back to the payer).
    """
    attempts = PaymentAttempt.objects.filter(transaction_id=reference) if reference else PaymentAttempt.objects.none()
    if attempts.filter(state__in=("reversing", "reversed")).exists():
        raise Conflict("payment_given_back", _("This payment went back to the payer. Let them pay again."))
    # The one whose answer is being settled carries the very number.
    live = PaymentAttempt.objects.filter(slip=receipt.slip_id, state__in=LIVE).exclude(transaction_id=reference)
    if receipt.slip_id is not None and live.exists():
        raise Conflict(
            "attempt_under_way",
            _("A payment for this slip is under way. Wait for its result."),
            cures=[Cure(_("Wait for the result, or stop the payment"))],
        )
