"""Delivering events. Runs inside a tenant's context, woken after a commit or found by the tick.

Published is not done: an event is done when every handler's effects are committed, and each of them is committed
together with the row that says so. So a relay may die anywhere, run twice or hear the same event again; nothing happens
twice and nothing is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import structlog
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils.module_loading import import_string

from kernel import clock, context, registry
from kernel.context import Actor
from kernel.outbox import ports
from kernel.outbox.event import Event
from kernel.outbox.models import Destination, EventState, HandledEvent, OutboxEvent, Outcome
from kernel.schedule import actions as due_index
from kernel.schedule import retry
from kernel.schedule.models import Kind

log = structlog.get_logger(__name__)

KEEP_DAYS = 90
# While an event is on its way to another tenant no other relay takes it; if the sender dies, the next one does after
# this.
LEASE = timedelta(seconds=60)


UNHEARD_AT_ONCE = 500


@dataclass(slots=True)
class RelayReport:
    """What one round did. ``more``: the limit was reached and others may still wait."""

    delivered: int = 0
    failed: int = 0
    more: bool = False


class HandlerFailed(Exception):
    """A handler of an event raised; the effects of the others stand."""


def relay_pending(limit: int = 100) -> RelayReport:
    """Deliver what waits in the current tenant, at most ``limit`` events.

    Each event is claimed with SKIP LOCKED in a transaction of its own, so two relays at once share the work; of one key
    the earlier event goes first, also while it is being tried again. A handler that fails is rolled back alone and
    tried later, longer apart each time; after the last try the event stands as failed until a person requeues it.

    Must not be called inside a transaction.
    """
    report = RelayReport()
    for _turn in range(limit):
        if not (_relay_here(report) or any(_relay_outside(report, to) for to in _WAYS)):
            return report
    report.more = True
    return report


def relay_alone(limit: int = 500) -> RelayReport:
    """Deliver what waits for this tenant itself, many events in one transaction: for a process that nobody works beside,
    such as one that loads a history. A failing handler takes the whole batch back; ``relay_pending`` then tells which one.

    Must not be called inside a transaction.
    """
    report, present = RelayReport(), clock.now()
    with transaction.atomic():
        waiting = OutboxEvent.objects.select_for_update().filter(
            state=EventState.PENDING, to=Destination.SELF, try_at__lte=present
        )
        rows = list(waiting.order_by("id")[:limit])
        if not rows:
            return report
        known = set(
            HandledEvent.objects.filter(event_code__in=[row.code for row in rows]).values_list("event_code", "handler")
        )
        handled = []
        for row in rows:
            event = row.as_event()
            with context.bound(request_id=row.request_id or f"event-{row.code}", actor=Actor.system("outbox")):
                for path in _handlers_of(row.type):
                    if (row.code, path) not in known:
                        handled.append(HandledEvent(event_code=row.code, handler=path, handled_at=present))
                        import_string(path)(event)
            handled += _switched_off(event)
        HandledEvent.objects.bulk_create(handled, ignore_conflicts=True)
        OutboxEvent.objects.filter(pk__in=[row.pk for row in rows]).update(
            state=EventState.DELIVERED, delivered_at=present, last_error=""
        )
        due_index.drop(kind=Kind.OUTBOX, refs=[row.code for row in rows])
        report.delivered, report.more = len(rows), len(rows) == limit
    return report


def receive(event: Event) -> None:
    """Take an event of another tenant in the current one: run its handlers here, each effect once.

    Raises HandlerFailed if any of them failed; delivering the event again repeats only those.
    """
    with context.bound(request_id=event.request_id, actor=Actor.system("outbox")):
        failures = []
        for path in _handlers_of(event.type):
            try:
                with transaction.atomic():
                    _handle_once(event, path)
            except Exception as error:  # the others get their turn; the sender hears of it below
                log.warning("event_handler_failed", type=event.type, handler=path, exc_info=error)
                failures.append(retry.described(error))
        if failures:
            raise HandlerFailed("; ".join(failures))


def prune(day: date) -> None:
    """Daily: forget what was delivered long ago. Failed events stay until somebody looks."""
    before = clock.now() - timedelta(days=KEEP_DAYS)
    events = OutboxEvent.objects.filter(state=EventState.DELIVERED, delivered_at__lt=before).delete()[0]
    # Twice as long, and never while the event waits for a person: a requeued event must not find its proof gone.
    waiting = OutboxEvent.objects.exclude(state=EventState.DELIVERED).values("code")
    old = HandledEvent.objects.filter(handled_at__lt=before - timedelta(days=KEEP_DAYS))
    old.exclude(event_code__in=waiting).delete()
    log.info("outbox_pruned", day=day.isoformat(), count=events)


def _claim(*to: str) -> OutboxEvent | None:
    """Lock the next event to one of ``to`` that is due and has no earlier one of its key and destination before it."""
    earlier = OutboxEvent.objects.filter(
        key=OuterRef("key"), to=OuterRef("to"), state=EventState.PENDING, id__lt=OuterRef("id")
    )
    return (
        OutboxEvent.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(~Exists(earlier), state=EventState.PENDING, to__in=to, try_at__lte=clock.now())
        .order_by("try_at", "id")
        .first()
    )


def _relay_here(report: RelayReport) -> bool:
    with transaction.atomic():
        row = _claim(Destination.SELF)
        if row is None:
            return False
        if not any(row.type in room.handlers for room in registry.rooms()):
            report.delivered += _settle_unheard(row)
            return True
        event = row.as_event()
        failure: Exception | None = None
        with context.bound(request_id=row.request_id or f"event-{row.code}", actor=Actor.system("outbox")):
            for path in _handlers_of(row.type):
                try:
                    with transaction.atomic():
                        _handle_once(event, path)
                except Exception as error:  # whatever a handler raises, the event must learn of it
                    if connection.needs_rollback:
                        raise
                    log.warning("event_handler_failed", type=row.type, handler=path, exc_info=error)
                    failure = failure or error
            _skip_switched_off(event)
        _settle(row, failure, report)
        return True


def _settle_unheard(row: OutboxEvent) -> int:
    """Settle ``row``, of whose kind no room of this build wants to hear, with others of the kind; how many. Nothing
    happens by them, so that they need no transaction each: what brings in a clinic emits thousands."""
    alike = OutboxEvent.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        type=row.type, to=Destination.SELF, state=EventState.PENDING, try_at__lte=clock.now()
    )
    found = {row.pk: row.code, **dict(alike.order_by("id").values_list("pk", "code")[:UNHEARD_AT_ONCE])}
    OutboxEvent.objects.filter(pk__in=found).update(state=EventState.DELIVERED, delivered_at=clock.now(), last_error="")
    due_index.drop(kind=Kind.OUTBOX, refs=found.values())
    return len(found)


_WAYS = {Destination.HEADQUARTERS: ports.deliver_to_headquarters, Destination.HOUSES: ports.deliver_to_houses}


def _relay_outside(report: RelayReport, to: Destination) -> bool:
    # Another tenant's context cannot be entered inside this tenant's transaction: lease, deliver, settle.
    with transaction.atomic():
        row = _claim(to)
        if row is None:
            return False
        row.try_at = clock.now() + LEASE
        row.save(update_fields=["try_at"])
        due_index.put(kind=Kind.OUTBOX, ref=row.code, due_at=row.try_at)
        lease = row.try_at
    failure: Exception | None = None
    try:
        with context.bound(request_id=row.request_id or f"event-{row.code}", actor=Actor.system("outbox")):
            _WAYS[to](row.as_event())
    except Exception as error:  # whatever the way there raises, the event must learn of it
        log.warning(f"{to.value}_unreached", type=row.type, error=retry.described(error))
        failure = error
    with transaction.atomic():
        row = OutboxEvent.objects.select_for_update().get(pk=row.pk)
        # If the lease ran out meanwhile, whoever took it over settles it.
        if row.state == EventState.PENDING and (failure is None or row.try_at == lease):
            _settle(row, failure, report)
    return True


def _handle_once(event: Event, path: str) -> None:
    """Run one handler unless it has had the event; its effects and the proof are one transaction."""
    table = connection.ops.quote_name(HandledEvent._meta.db_table)
    with connection.cursor() as cursor:
        # The proof comes first: a second delivery at this moment waits here for the first one's commit, then finds it.
        cursor.execute(
            f"INSERT INTO {table} (event_code, handler, outcome, handled_at) VALUES (%s, %s, %s, %s)"  # noqa: S608
            " ON CONFLICT (event_code, handler) DO NOTHING",
            [event.code, path, Outcome.DONE, clock.now()],
        )
        if not cursor.rowcount:
            return
    import_string(path)(event)


def _settle(row: OutboxEvent, failure: Exception | None, report: RelayReport) -> None:
    if failure is None:
        row.state, row.delivered_at, row.last_error = EventState.DELIVERED, clock.now(), ""
        report.delivered += 1
    else:
        report.failed += 1
        row.last_error = retry.described(failure)
        if retry.is_busy(failure):
            row.try_at = clock.now() + retry.BUSY_PAUSE
        else:
            row.attempts += 1
            row.state = EventState.FAILED if row.attempts >= retry.MAX_ATTEMPTS else EventState.PENDING
            row.try_at = clock.now() + retry.pause_after(row.attempts)
    row.save(update_fields=["state", "attempts", "try_at", "delivered_at", "last_error"])
    if row.state == EventState.PENDING:
        due_index.put(kind=Kind.OUTBOX, ref=row.code, due_at=row.try_at)
    else:
        due_index.drop(kind=Kind.OUTBOX, refs=[row.code])
    if row.state == EventState.FAILED:
        log.error("event_dead", type=row.type, code=str(row.code), error=row.last_error)


def _handlers_of(event_type: str) -> list[str]:
    """The handlers of the rooms that are active here, in the order of the rooms."""
    return [path for room in registry.active_rooms() for path in room.handlers.get(event_type, ())]


def _skip_switched_off(event: Event) -> None:
    """Note for each handler of a vertical that is off that it did not have the event: it never will."""
    HandledEvent.objects.bulk_create(_switched_off(event), ignore_conflicts=True)


def _switched_off(event: Event) -> list[HandledEvent]:
    active = {room.key for room in registry.active_verticals()}
    return [
        HandledEvent(event_code=event.code, handler=path, outcome=Outcome.SKIPPED, handled_at=clock.now())
        for key, vertical in registry.verticals().items()
        if key not in active
        for path in vertical.handlers.get(event.type, ())
    ]
