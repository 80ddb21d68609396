"""Planning timers. Always inside the transaction of the change that makes them due."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from kernel import audit, clock, context, registry
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict
from kernel.schedule import actions as due_index
from kernel.schedule.models import Kind
from kernel.timers.models import DAILY_PREFIX, WAITING, Timer, TimerState


def schedule(
    kind: str, key: str, due_at: datetime, payload: Mapping[str, Any] | None = None, *, keep_earlier: bool = False
) -> Timer:
    """Let the timer of ``kind`` and ``key`` be due at ``due_at`` (aware); a waiting one is moved and gets the new
    payload. ``keep_earlier``: a waiting one is never put off, or a steady flow of events would put it off for good.

    ``kind`` is declared in a room's ``timers``; ``payload`` holds codes and figures, never personal data. A due time in
    the past is due at once.

    Raises RuntimeError outside of a transaction, LookupError for an undeclared kind, ValueError for a naive time.
    """
    _need_transaction()
    _need_declared(kind)
    moment = clock.local(due_at, UTC)
    timer = _waiting(kind, key)
    if timer is None:
        timer = _insert(kind, key, moment, payload)
    else:
        timer.due_at = timer.try_at = min(timer.due_at, moment) if keep_earlier else moment
        timer.payload = dict(payload or {})
        timer.state, timer.attempts, timer.last_error = TimerState.SCHEDULED, 0, ""
        timer.save()
    index(timer)
    return timer


def reschedule(kind: str, key: str, due_at: datetime) -> Timer | None:
    """Move a waiting timer and keep its payload; None if none waits. Raises RuntimeError outside of a transaction."""
    _need_transaction()
    timer = _waiting(kind, key)
    if timer is None:
        return None
    return schedule(kind, key, due_at, timer.payload)


def cancel(kind: str, key: str) -> bool:
    """Let a waiting timer not happen; True if one waited. A timer that fires at this moment is waited for, and fires.

    Raises RuntimeError outside of a transaction.
    """
    _need_transaction()
    timer = _waiting(kind, key)
    if timer is None:
        return False
    timer.state = TimerState.CANCELLED
    timer.save(update_fields=["state"])
    unindex(timer)
    return True


@action(permission="timers.requeue")
def requeue_timer(*, by: Actor, timer: Timer) -> Timer:
    """Try a failed timer again, now. Raises Conflict (``timer_not_failed``, ``timer_replaced``)."""
    timer = Timer.objects.select_for_update().get(pk=timer.pk)
    if timer.state != TimerState.FAILED:
        raise Conflict("timer_not_failed", _("Only a failed timer can be tried again."), state=timer.state)
    if _waiting(timer.kind, timer.key):
        raise Conflict("timer_replaced", _("A newer timer for the same thing is already waiting."))
    timer.state, timer.attempts, timer.try_at = TimerState.SCHEDULED, 0, clock.now()
    timer.save(update_fields=["state", "attempts", "try_at"])
    index(timer)
    audit.record(by=by, verb="timers.requeued", target=timer, kind=timer.kind)
    return timer


def index(timer: Timer) -> None:
    """Point the due index at ``timer``."""
    due_index.put(kind=index_kind(timer), ref=timer.code, due_at=timer.try_at)


def unindex(timer: Timer) -> None:
    """Take ``timer`` out of the due index."""
    due_index.drop(kind=index_kind(timer), refs=[timer.code])


def index_kind(timer: Timer) -> str:
    """Daily work is told apart in the index, so that operators see it."""
    return Kind.DAILY if timer.kind.startswith(DAILY_PREFIX) else Kind.TIMER


def _waiting(kind: str, key: str) -> Timer | None:
    return Timer.objects.select_for_update().filter(kind=kind, key=key, state__in=WAITING).first()


def _insert(kind: str, key: str, due_at: datetime, payload: Mapping[str, Any] | None) -> Timer:
    values = {"due_at": due_at, "try_at": due_at, "payload": dict(payload or {}), "request_id": context.request_id()}
    while True:
        try:
            with transaction.atomic():
                return Timer.objects.create(kind=kind, key=key, **values)
        except IntegrityError:
            # Somebody planned the same timer between our look and our insert; the later plan wins, as in any upsert.
            timer = _waiting(kind, key)
            if timer is not None:
                for name, value in values.items():
                    setattr(timer, name, value)
                timer.save()
                return timer


def _need_transaction() -> None:
    if not connection.in_atomic_block:
        raise RuntimeError("a timer is planned in the transaction of what makes it due")


def _need_declared(kind: str) -> None:
    if not kind.startswith(DAILY_PREFIX) and registry.owner("timers", kind) is None:
        raise LookupError(f"no room declares the timer {kind!r}")
