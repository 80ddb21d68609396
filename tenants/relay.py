"""From "something is due" to "it is done": the tick, the fan-out, the run of one tenant, and the ways to
headquarters and to other houses.

The tick asks one indexed table who has something due and sends each of them one message. The message carries nothing;
what is due stands in the tenant's rows. So a message may be lost, come twice or come late: the rows decide, each
exactly once.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import structlog
from celery import shared_task
from django.db import connection

from kernel import clock, outbox, tenancy, timers
from kernel.busy.models import Membership
from kernel.outbox import Event
from kernel.schedule import selectors as due_index
from kernel.tenancy import TenantContext
from tenants import heartbeats
from tenants.directory import (
    HEADQUARTERS,
    context_for,
    headquarters_context,
    house_contexts,
    public_schema,
    scheduler_context,
)
from tenants.jobs import TENANT, TenantTask
from tenants.sending import begun, rest, resting, send

log = structlog.get_logger(__name__)

# One run of a tenant gives way to others after this long and is continued by the next tick.
RUN_SECONDS = 20.0
AT_ONCE = 50
# Rows that are due and cannot be worked on (yet) must not wake their tenant every second.
REST_SECONDS = 5
MESSAGE_LIVES_SECONDS = 60


@dataclass(slots=True)
class RunReport:
    """What one run of a tenant did."""

    fired: int = 0
    delivered: int = 0
    failed: int = 0
    more: bool = False

    @property
    def did_anything(self) -> bool:
        return bool(self.fired or self.delivered or self.failed)


def scan() -> int:
    """Wake every tenant with something due; returns how many were sent a message.

    The caller sees to it that only one scans at a time.
    """
    previous = connection.tenant
    connection.set_tenant(scheduler_context())
    try:
        found = due_index.due()
    finally:
        connection.set_tenant(previous)
    waiting = {entry.schema_name: entry.since for entry in reversed(found)}
    oldest = min(waiting.values(), default=None)
    heartbeats.tell_backlog(max(0.0, (clock.now() - oldest).total_seconds()) if oldest else 0.0)
    if oldest is None:
        heartbeats.beat(heartbeats.RELAY)
    asleep = resting([_mark(schema_name) for schema_name in waiting])
    return sum(
        _wake(schema_name)
        for schema_name in sorted(waiting, key=waiting.__getitem__)
        if _mark(schema_name) not in asleep
    )


def wake(tenant: TenantContext) -> None:
    """Let the worker run ``tenant`` now: something was committed there. Without the broker the tick finds it."""
    _wake(tenant.schema_name)


def _wake(schema_name: str) -> bool:
    return send(
        run_due,
        once=_mark(schema_name),
        expires=MESSAGE_LIVES_SECONDS,
        headers={TENANT: schema_name},
    )


def _mark(schema_name: str) -> str:
    return f"run:{schema_name}"


@shared_task(base=TenantTask, name="tenants.run_due")
def run_due() -> None:
    """Do what is due in the current tenant: fire its timers, deliver its events."""
    mark = _mark(tenancy.current().schema_name)
    begun(mark)
    report = run_here()
    if report is None:
        return
    heartbeats.beat(heartbeats.RELAY)
    if not report.did_anything and due_index.due(limit=1):
        rest(mark, REST_SECONDS)
    elif report.more:
        wake(tenancy.current())
    log.debug("tenant_run", fired=report.fired, delivered=report.delivered, failed=report.failed)


def run_here(*, seconds: float | None = None) -> RunReport | None:
    """Work on the current tenant until nothing is due or ``seconds`` (20) have passed; None if somebody else does.

    Must not be called inside a transaction.
    """
    with _alone() as alone:
        if not alone:
            return None
        report = RunReport()
        ends = time.monotonic() + (RUN_SECONDS if seconds is None else seconds)
        while True:
            fired, relayed = timers.fire_due(AT_ONCE), outbox.relay_pending(AT_ONCE)
            did = fired.fired + fired.failed + fired.slept + fired.woken + relayed.delivered + relayed.failed
            report.fired += fired.fired + fired.slept
            report.delivered += relayed.delivered
            report.failed += fired.failed + relayed.failed
            # A timer may emit an event and an event may plan a timer: it is over when both had nothing to do.
            if not did:
                return report
            if time.monotonic() > ends:
                report.more = True
                return report


class _alone:
    """One process at a time works on a tenant, so that a busy one does not take every worker.

    Exactness does not hang on it (rows are claimed one by one): the lock may be lost with its connection.
    """

    def __enter__(self) -> bool:
        self._name = ("tenants.run_due", tenancy.current().schema_name)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s), hashtext(%s))", self._name)
            self._held = cursor.fetchone()[0]
        return self._held

    def __exit__(self, *exc: object) -> None:
        if self._held and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtext(%s), hashtext(%s))", self._name)


def deliver_to_headquarters(event: Event) -> None:
    """Let the headquarters of the current tenant's chain take ``event``, in its own context and under its own role.

    A chain without headquarters has nobody to tell. Raises what its handlers raise; the sender then tries again, and
    what was handled is not handled twice.
    """
    headquarters = headquarters_context(tenancy.current())
    if headquarters is None:
        return
    with tenancy.activate(headquarters):
        outbox.receive(event)


class HousesUnreached(Exception):
    """Some houses did not take an event; the others have had it."""


def deliver_to_houses(event: Event) -> None:
    """Let the houses that ``event`` is for take it, each in its own context and under its own role.

    Which ones, the payload says: by name (``receivers``, from headquarters), or by ``calendar`` (from a house, which does
    not know the others), each then learning of its own person alone; else, from a headquarters only, every house of its
    chain, or the one whose code it names (``house``). Nobody outside the sender's chain hears anything. One house that fails keeps it from no other. Raises
    HousesUnreached with those that failed: the sender tries again, and whoever had it does not get it twice.
    """
    sender = tenancy.current()
    failed = []
    for house, payload in _receivers(event, sender):
        try:
            with tenancy.activate(house):
                outbox.receive(replace(event, payload=payload))
        except Exception as error:  # whatever one house raises, the next one gets its turn
            log.warning("house_unreached", type=event.type, house=house.slug, error=type(error).__name__)
            failed.append(house.slug)
    if failed:
        raise HousesUnreached(", ".join(failed))


def _receivers(event: Event, sender: TenantContext) -> list[tuple[TenantContext, Mapping[str, object]]]:
    if "receivers" in event.payload:
        named = [(one["schema"], {"staff": one["staff"], "own": one["own"]}) for one in event.payload["receivers"]]
    elif "calendar" in event.payload:
        with public_schema():
            joined = Membership.objects.filter(
                calendar__code=event.payload["calendar"], calendar__chain_code=sender.chain_code
            ).exclude(schema_name=sender.schema_name)
            named = [(row.schema_name, {"staff": str(row.staff), "own": False}) for row in joined.order_by("pk")]
    elif sender.family == HEADQUARTERS:
        wanted = event.payload.get("house")
        return [(house, event.payload) for house in house_contexts(sender) if wanted in (None, str(house.code))]
    else:
        raise RuntimeError("only a headquarters speaks to all houses of its chain")
    found = [(context_for(schema=schema), payload) for schema, payload in named]
    return [(house, payload) for house, payload in found if house and house.chain_code == sender.chain_code]
