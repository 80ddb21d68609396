"""What falls due for accounts: written with the change that causes it, found by the tick, done once.

``advance_due(now)`` is the tick's door. Rows are claimed one by one with SKIP LOCKED, so that two ticks share the
work; a failure puts the row back with a growing delay and stops nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils.module_loading import import_string

from kernel import clock
from tenants.billing.models import BillingAccount, BillingDeadline, WebhookEvent
from tenants.billing.scope import public_schema

log = structlog.get_logger(__name__)

Kind = BillingDeadline.Kind
HANDLERS = {
    Kind.TRIAL_END: "tenants.billing.duties.settle_again",
    Kind.TRIAL_REMINDER: "tenants.billing.duties.remind_of_trial",
    Kind.STAGE: "tenants.billing.duties.climb_ladder",
    Kind.INVOICE_DUE: "tenants.billing.duties.settle_again",
    Kind.ALLOT: "tenants.billing.duties.settle_again",
    Kind.COPY: "tenants.billing.duties.copy_entitlements",
    Kind.CHANGE: "tenants.billing.duties.carry_out_change",
    Kind.USAGE: "tenants.billing.duties.report_usage",
}
LONGEST_DELAY_SECONDS = 3600


def put(account: BillingAccount, kind: str, due_at: datetime, ref: str = "") -> None:
    """Let ``kind`` fall due for the account; a second call moves it."""
    BillingDeadline.objects.update_or_create(
        account=account, kind=kind, ref=ref, defaults={"due_at": due_at, "attempts": 0}
    )


def put_or_drop(account: BillingAccount, kind: str, due_at: datetime | None, ref: str = "") -> None:
    """Like ``put``; None means that nothing of the kind is due any more."""
    if due_at is None:
        BillingDeadline.objects.filter(account=account, kind=kind, ref=ref).delete()
    else:
        put(account, kind, due_at, ref)


def advance_due(now: datetime | None = None, limit: int = 100) -> int:
    """Work on stored events and do what has fallen due by ``now``; returns how many things were done."""
    from tenants.billing import inbox

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


def soon(now: datetime) -> datetime:
    """A little later: time enough for whoever works on it right now."""
    return now + timedelta(seconds=60)


def is_due(now: datetime | None = None) -> bool:
    """Is there anything for ``advance_due`` to do? Two index look-ups, for the tick."""
    moment = now or clock.now()
    with public_schema():
        return (
            WebhookEvent.objects.filter(state=WebhookEvent.State.WAITING, next_attempt_at__lte=moment).exists()
            or BillingDeadline.objects.filter(due_at__lte=moment).exists()
        )


def do_now(account: BillingAccount, kind: str, ref: str = "") -> None:
    """Do one deadline without waiting for the tick. A failure leaves it to the tick."""
    with public_schema():
        row = BillingDeadline.objects.filter(account=account, kind=kind, ref=ref).first()
    if row is not None:
        _do(row, max(clock.now(), row.due_at))


def _do(row: BillingDeadline, now: datetime) -> bool:
    """Take the row, then work: handlers are idempotent and may speak to Stripe, so none of them runs under this lock."""
    with public_schema(), transaction.atomic():
        mine = BillingDeadline.objects.select_for_update(skip_locked=True).filter(pk=row.pk, due_at__lte=now).first()
        if mine is None:
            return False
        # Until the work is done the row stays, further in the future: a crash repeats it.
        mine.attempts += 1
        mine.due_at = now + timedelta(seconds=min(2**mine.attempts * 5, LONGEST_DELAY_SECONDS))
        mine.save(update_fields=["attempts", "due_at"])
        claimed_at = mine.due_at
    handler: Callable[[BillingAccount, str, datetime], None] = import_string(HANDLERS[Kind(row.kind)])
    try:
        with public_schema():
            account = BillingAccount.objects.get(pk=row.account_id)
        handler(account, row.ref, now)
    except Exception:
        log.exception("billing_deadline_failed", kind=row.kind, attempts=mine.attempts)
        return False
    with public_schema():
        # Only the claim is removed: what the handler entered anew stays.
        BillingDeadline.objects.filter(pk=row.pk, due_at=claimed_at).delete()
    return True
