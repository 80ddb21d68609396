"""What people do with payments by the payer's code: start one, stop it, send a refund again. What follows by itself: ``talking``."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from kernel import audit, clock, timers
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, NotFound, RuleRefused
from services.books.models import Tender
from services.cashier.models import ChargeSlip
from services.cashier.preview import preview
from services.discounts.actions import Wanted
from services.payments import talking
from services.payments.machines import ATTEMPT, GIVE_BACK
from services.payments.models import GiveBack, PaymentAttempt
from services.sites.models import Site

# What the code on a payer's phone begins with, by the wallet that shows it.
PAYER_CODES = {
    Tender.WECHAT_PAY.value: re.compile(r"^1[0-5][0-9]{16}$"),
    Tender.ALIPAY.value: re.compile(r"^(2[5-9]|30)[0-9]{14,22}$"),
}


def merchant_of(site: Site) -> str:
    """The number under which the acquirer keeps the money of ``site``: as the operators say, else the site's own code."""
    return str(settings.ACQUIRER_MERCHANTS.get(str(site.code), "")).strip()[:40] or site.code.hex


@action(permission="payments.take")
def start_attempt(
    *,
    by: Actor,
    site: Site,
    slip: ChargeSlip,
    payer_code: str,
    tender: str = "",
    owed: Mapping[UUID, int] | None = None,
    discounts: Sequence[Wanted] = (),
    coupons: Sequence[str] = (),
) -> PaymentAttempt:
    """Ask the acquirer for the money of a slip, by the code that the payer shows. The code says whose wallet it is; a
    ``tender`` that is given must fit. What is due is computed as at the charge; the terms are kept for it.

    The call leaves after the commit; the answer, or what is asked later, charges the slip. Raises RuleRefused
    (``acquirer_missing``, ``payer_code_malformed``, ``slip_signed_by_cashier``, ``nothing_due``, and what refuses a discount),
    NotFound (``slip_not_found``), Conflict (``slip_already_charged``, ``attempt_under_way``).
    """
    if not settings.ACQUIRER_URL:
        raise RuleRefused(
            "acquirer_missing", _("No payment service is set up. Let the payer scan your code, and note its number.")
        )
    shown = re.sub(r"\s", "", unicodedata.normalize("NFKC", payer_code))
    wallet = next((name for name, shape in PAYER_CODES.items() if shape.match(shown)), "")
    if not wallet or tender not in ("", wallet):
        sentence = _("Scan the payment code on the payer's phone: 18 digits of WeChat Pay, or Alipay's.")
        raise RuleRefused("payer_code_malformed", sentence, fields={"payer_code": [sentence]})
    found = ChargeSlip.objects.select_for_update(of=("self",)).select_related("site", "patient").get(pk=slip.pk)
    if found.site_id != site.pk:
        raise NotFound("slip_not_found", _("There is no such slip."))
    if found.state != "issued":
        raise Conflict("slip_already_charged", _("This slip has been charged or withdrawn already."), state=found.state)
    if found.signed_by is not None and found.signed_by == by.code:
        raise RuleRefused("slip_signed_by_cashier", _("Whoever signed a slip does not charge it. Ask the cashier."))
    sums = preview(
        found, list(found.lines.select_related("item")), by=by, handed_over=[], owed=owed, discounts=discounts,
        coupons=coupons,
    )  # fmt: skip
    if sums.discount_refusal:
        raise RuleRefused("discount_refused", sums.discount_refusal)
    if not sums.due_fen:
        raise RuleRefused("nothing_due", _("Nothing is due, so no money is taken."))
    terms = {
        "owed": {str(code): fen for code, fen in (owed or {}).items()},
        "discounts": [
            {name: str(value) for name in ("line", "policy", "approval") if (value := getattr(one, name)) is not None}
            for one in discounts
        ],
        "coupons": list(coupons),
    }
    try:
        with transaction.atomic():
            attempt = PaymentAttempt.objects.create(
                site=site, slip=found, tender=wallet, merchant=merchant_of(site), amount_fen=sums.due_fen, terms=terms,
                by=by.code, by_name=by.name, started_at=clock.now(),
            )  # fmt: skip
    except IntegrityError as error:
        raise Conflict("attempt_under_way", _("A payment for this slip is under way. Wait for its result.")) from error
    audit.record(
        by=by, verb="payments.started", target=attempt, site=site.code, tender=wallet, amount_fen=attempt.amount_fen
    )
    # Whatever dies from here on, the timer asks what became of it.
    timers.schedule(talking.ASK, str(attempt.code), clock.now() + timedelta(seconds=talking.FIRST_PAUSE))
    transaction.on_commit(lambda: talking.pay(attempt.code, shown), robust=True)
    return attempt


@action(permission="payments.take")
def stop_attempt(*, by: Actor, site: Site, attempt: PaymentAttempt) -> PaymentAttempt:
    """Nobody waits any longer: what the acquirer may have taken is given back. Raises Conflict (``invalid_transition``)."""
    _at(attempt.site_id, site)
    ATTEMPT.move(attempt, "reversing", by=by, error="stopped")
    talking.plan_reversal(attempt)
    return attempt


@action(permission="payments.match")
def send_again(*, by: Actor, site: Site, give_back: GiveBack) -> GiveBack:
    """Ask once more for a refund that the acquirer refused; its number stays. Raises Conflict (``invalid_transition``)."""
    _at(give_back.site_id, site)
    GIVE_BACK.move(give_back, "refunding", by=by)
    talking.plan_give_back(give_back)
    return give_back


def _at(place: int, site: Site) -> None:
    if place != site.pk:
        raise NotFound("payment_not_found", _("There is no such payment."))
