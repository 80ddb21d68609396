"""The tick of billing: stored events, then everything that has fallen due, each thing once.

Rows are claimed one by one with SKIP LOCKED, so that two ticks share the work; a failure puts its row back with a growing
delay and stops nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import transaction

from kernel import clock
from tenants.billing import duties, inbox
from tenants.billing.models import BillingAccount, BillingDeadline
from tenants.billing.scope import public_schema

log = structlog.get_logger(__name__)

Duty = Callable[[BillingAccount, str, datetime], None]
Kind = BillingDeadline.Kind
DUTIES: Final[Mapping[str, Duty]] = {
    Kind.TRIAL_END: duties.settle_again,
    Kind.TRIAL_REMINDER: duties.remind_of_trial,
    Kind.STAGE: duties.climb_ladder,
    Kind.INVOICE_DUE: duties.settle_again,
    Kind.ALLOT: duties.settle_again,
    Kind.COPY: duties.copy_entitlements,
    Kind.CHANGE: duties.carry_out_change,
    Kind.USAGE: duties.report_usage,
}
LONGEST_DELAY_SECONDS = 3600


def advance_due(now: datetime | None = None, limit: int = 100) -> int:
    """Work on stored events and do what has fallen due by ``now``; returns how many things were done."""
    moment = now or clock.now()
    done = inbox.work_on_waiting(moment)
    for _round in range(limit):
        with public_schema():
            row = BillingDeadline.objects.filter(due_at__lte=moment).order_by("due_at", "id").first()
        if row is None:
            return done
        if not _do(row, moment):
            continue
        done += 1
    return done


def do_now(account: BillingAccount, kind: str, ref: str = "") -> None:
    """Do one deadline without waiting for the tick. A failure leaves it to the tick."""
    with public_schema():
        row = BillingDeadline.objects.filter(account=account, kind=kind, ref=ref).first()
    if row is not None:
        _do(row, max(clock.now(), row.due_at))


def _do(row: BillingDeadline, now: datetime) -> bool:
    """Take the row, then work: handlers are idempotent and may speak to Stripe, so none runs under this lock."""
    with public_schema(), transaction.atomic():
        mine = BillingDeadline.objects.select_for_update(skip_locked=True).filter(pk=row.pk, due_at__lte=now).first()
        if mine is None:
            return False
        # Until the work is done the row stays, further in the future: a crash repeats it.
        mine.attempts += 1
        mine.due_at = now + timedelta(seconds=min(2**mine.attempts * 5, LONGEST_DELAY_SECONDS))
        mine.save(update_fields=["attempts", "due_at"])
        claimed_at = mine.due_at
    try:
        with public_schema():
            account = BillingAccount.objects.get(pk=row.account_id)
        DUTIES[row.kind](account, row.ref, now)
    except Exception:
        log.exception("billing_deadline_failed", kind=row.kind, attempts=mine.attempts)
        return False
    with public_schema():
        # Only the claim is removed: what the handler entered anew stays.
        BillingDeadline.objects.filter(pk=row.pk, due_at=claimed_at).delete()
    return True
