"""What falls due for accounts: rows that are written with the change that causes them and found by the tick (``ticking``)."""

from __future__ import annotations

from datetime import datetime, timedelta

from kernel import clock
from tenants.billing.models import BillingAccount, BillingDeadline, WebhookEvent
from tenants.billing.scope import public_schema


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
