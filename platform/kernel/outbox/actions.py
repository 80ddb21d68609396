"""Emitting events, and trying failed ones again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from django.db import connection
from django.utils.translation import gettext as _

from kernel import audit, clock, context
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict
from kernel.outbox import ports
from kernel.outbox.models import EventState, OutboxEvent
from kernel.schedule import actions as due_index
from kernel.schedule.models import Kind


def emit(
    type: str,  # noqa: A002 - the word of the contract
    *,
    key: str,
    payload: Mapping[str, Any],
    to: Literal["self", "headquarters", "houses"] = "self",
) -> OutboxEvent:
    """Say in the running transaction that something happened; handlers learn of it once it is committed.

    ``type`` is "room.happened"; ``key`` names the thing (events of one key reach a handler in the order in which they
    were emitted); ``payload`` holds codes and figures, never personal data and never a primary key. ``to`` another tenant
    than this one: a house's headquarters, or houses of the chain (whom, the payload says: ``tenants.relay``).

    Raises RuntimeError outside of a transaction.
    """
    return _emit(type, [(key, payload)], to)[0]


def emit_many(type: str, told: Sequence[tuple[str, Mapping[str, Any]]]) -> None:  # noqa: A002 - the word of the contract
    """``emit`` for many things of one kind, each a key with its payload, in the statements of one.

    Raises RuntimeError outside of a transaction.
    """
    if told:
        _emit(type, told, "self")


def _emit(type_: str, told: Sequence[tuple[str, Mapping[str, Any]]], to: str) -> list[OutboxEvent]:
    if not connection.in_atomic_block:
        raise RuntimeError("an event is emitted in the transaction of what it tells")
    present = clock.now()
    events = OutboxEvent.objects.bulk_create(
        OutboxEvent(
            type=type_,
            key=key,
            payload=dict(payload),
            to=to,
            occurred_at=present,
            try_at=present,
            request_id=context.request_id(),
        )
        for key, payload in told
    )
    due_index.put_many(kind=Kind.OUTBOX, refs=[event.code for event in events], due_at=present)
    ports.wake()
    return events


@action(permission="outbox.requeue")
def requeue_event(*, by: Actor, event: OutboxEvent) -> OutboxEvent:
    """Deliver a failed event again; handlers that have had it are left out. Raises Conflict (``event_not_failed``)."""
    event = OutboxEvent.objects.select_for_update().get(pk=event.pk)
    if event.state != EventState.FAILED:
        raise Conflict("event_not_failed", _("Only a failed event can be delivered again."), state=event.state)
    event.state, event.attempts, event.try_at = EventState.PENDING, 0, clock.now()
    event.save(update_fields=["state", "attempts", "try_at"])
    due_index.put(kind=Kind.OUTBOX, ref=event.code, due_at=event.try_at)
    ports.wake()
    audit.record(by=by, verb="outbox.requeued", target=event, type=event.type)
    return event
