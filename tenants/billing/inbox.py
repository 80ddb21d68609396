"""The inbox of Stripe's events: each is stored once, worked on once, and a failure is tried again.

Stripe delivers at least once, in no order, and several at a time. Three rules make the result the same whatever
arrives when (``mirror``): the mirror of each object keeps the newest event's word, one account is worked on by one
worker at a time, and where events do not tell the order the object is read again at Stripe.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.db.models import F

from kernel import clock
from kernel.errors import DomainError
from tenants.billing import mirror, standing
from tenants.billing.models import BillingAccount, WebhookEvent
from tenants.billing.periods import moment_of
from tenants.billing.scope import public_schema

log = structlog.get_logger(__name__)

ATTEMPTS_AT_MOST = 12
REREADS_AT_MOST = 6


def store(event: dict[str, Any], raw: str) -> bool:
    """Keep an event; False when it was known already."""
    with public_schema():
        now = clock.now()
        row = WebhookEvent(
            event_id=event["id"],
            type=event["type"],
            object_id=str(event["data"]["object"].get("id") or "")[:80],
            happened_at=moment_of(event["created"]),
            received_at=now,
            next_attempt_at=now,
            raw=raw,
        )
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:
            return False  # the unique id decides between fifty copies that arrive at once
        return True


def work_on_waiting(now: datetime | None = None, limit: int = 200) -> int:
    """Work on stored events that wait, in the order in which they arrived; returns how many."""
    with public_schema():
        waiting = WebhookEvent.objects.filter(
            state=WebhookEvent.State.WAITING, next_attempt_at__lte=now or clock.now()
        ).order_by("id")
        ids = list(waiting.values_list("event_id", flat=True)[:limit])
    for event_id in ids:
        work_on(event_id)
    return len(ids)


def work_on(event_id: str) -> str:
    """Work on one event; returns its outcome, or "" when it is done already, taken by another worker, or failed this
    time.
    """
    with public_schema():
        row = WebhookEvent.objects.filter(event_id=event_id, state=WebhookEvent.State.WAITING).first()
        if row is None:
            return ""
        try:
            return _apply(row)
        except DomainError as refusal:
            _again_later(row, refusal.code)
        except Exception as error:
            # One event that cannot be understood must not keep the others waiting; it is visible and tried again.
            log.exception("billing_event_failed", event_id=event_id)
            _again_later(row, type(error).__name__)
        return ""


def _apply(row: WebhookEvent) -> str:
    event = json.loads(row.raw)
    account = mirror.account_of(event)
    if account is None:
        return _finish(row.pk, None, WebhookEvent.Outcome.UNKNOWN_ACCOUNT)
    if not mirror.concerns(event["type"]):
        return _finish(row.pk, account, WebhookEvent.Outcome.UNKNOWN_TYPE)
    for _attempt in range(REREADS_AT_MOST):
        serial = BillingAccount.objects.values_list("sync_serial", flat=True).get(pk=account.pk)
        # The network comes before the lock. The serial tells whether somebody else changed the account meanwhile, in
        # which case what was read may be older than what stands there now.
        fresh = mirror.reread(account, event)
        with transaction.atomic():
            locked = BillingAccount.objects.select_for_update().get(pk=account.pk)
            mine = WebhookEvent.objects.select_for_update().get(pk=row.pk)
            if mine.state != WebhookEvent.State.WAITING:
                return ""
            if locked.sync_serial != serial:
                continue
            outcome = mirror.apply(locked, event, fresh)
            locked.sync_serial += 1
            locked.save(update_fields=["sync_serial"])
            standing.settle(locked, cause=row.event_id)
            return _finish(row.pk, locked, outcome)
    raise RuntimeError("the account changed at every attempt")


def _finish(pk: int, account: BillingAccount | None, outcome: str) -> str:
    WebhookEvent.objects.filter(pk=pk).update(
        state=WebhookEvent.State.DONE, outcome=outcome, account=account, worked_at=clock.now(), error=""
    )
    return outcome


def _again_later(row: WebhookEvent, error: str) -> None:
    attempts = row.attempts + 1
    given_up = attempts >= ATTEMPTS_AT_MOST
    WebhookEvent.objects.filter(pk=row.pk).update(
        attempts=F("attempts") + 1,
        state=WebhookEvent.State.FAILED if given_up else WebhookEvent.State.WAITING,
        next_attempt_at=clock.now() + timedelta(seconds=min(2**attempts, 3600)),
        error=error[:300],
    )
    log.warning("billing_event_put_back", event_id=row.event_id, error=error, attempts=attempts, given_up=given_up)
