"""From "due" to "done": the scan, the fan-out, one run of a tenant, and the way to headquarters."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from celery import Task
from django.db import OperationalError, connection, connections, transaction

from kernel import clock, tenancy, timers
from kernel.outbox import Event, emit
from kernel.outbox.models import EventState, HandledEvent, OutboxEvent
from kernel.schedule.models import DueEntry
from kernel.tenancy import TenantContext, activate
from kernel.timers import schedule
from kernel.timers.models import Timer, TimerState
from tenants import beat, directory, heartbeats, housekeeping, relay, sending
from tenants.beat import Ticker, TickScheduler
from tenants.billing import deadlines
from tenants.directory import context_for, public_schema
from tenants.models import SignUpRequest, TenantVitals
from tests.kernel.probes import FAULTS, HERE, clear, effects, happen, installed, room, vertical
from tests.tenants.new_tenants import new_slug

pytestmark = [pytest.mark.ledger("PL-007"), pytest.mark.usefixtures("committed")]

THIS = "tests.tenants.test_relay"
ROOM = room(
    timers={"probe.timer": f"{HERE}.on_timer", "probe.chain": f"{THIS}.timer_that_tells"},
    handlers={"probe.happened": (f"{HERE}.on_event",), "probe.told": (f"{THIS}.event_that_plans",)},
)
HEADQUARTERS = room("probe_hq", handlers={"probe.figure": (f"{THIS}.note_where",)})
SLEEPER = vertical(timers={"probing.timer": f"{HERE}.on_timer"})
SEEN: list[tuple[str, str, str]] = []


def timer_that_tells(timer: Timer) -> None:
    emit("probe.told", key=timer.key, payload={})


def event_that_plans(event: Event) -> None:
    schedule("probe.timer", f"{event.key}-planned", clock.now())


def note_where(event: Event) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema(), current_user")
        SEEN.append((*cursor.fetchone(), event.key))
    happen(f"hq-{event.key}")


@pytest.fixture(autouse=True)
def probes() -> Iterator[None]:
    SEEN.clear()
    FAULTS.clear()
    heartbeats.store().flushdb()
    with installed(ROOM, HEADQUARTERS, SLEEPER):
        yield
    FAULTS.clear()


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str | None]]:
    """Task and tenant of what went to the broker."""
    messages: list[tuple[str, str | None]] = []

    def keep(self: Task, args: Any = None, kwargs: Any = None, *posted: Any, **options: Any) -> None:
        messages.append((self.name, (options.get("headers") or {}).get("tenant")))

    monkeypatch.setattr(Task, "apply_async", keep)
    monkeypatch.setattr(sending, "_breaker", sending._Breaker())
    return messages


@pytest.fixture
def smile(committed: str) -> Iterator[TenantContext]:
    yield from _quiet("smile")


@pytest.fixture
def derma(committed: str) -> Iterator[TenantContext]:
    yield from _quiet("derma")


@pytest.fixture
def willow(committed: str) -> Iterator[TenantContext]:
    yield from _quiet("willow")


def _quiet(slug: str) -> Iterator[TenantContext]:
    tenant = context_for(slug=slug)
    assert tenant is not None
    with activate(tenant):
        clear()
    yield tenant
    with activate(tenant):
        clear()


@pytest.fixture(autouse=True)
def _everybody_else_is_quiet(committed: str) -> None:
    from tenants.selectors import every_tenant

    for tenant in every_tenant():
        with activate(tenant):
            clear()


def tell(tenant: TenantContext, key: str, type: str = "probe.happened", to: str = "self") -> OutboxEvent:  # noqa: A002
    with activate(tenant), transaction.atomic():
        return emit(type, key=key, payload={}, to=to)


def plan(tenant: TenantContext, key: str, *, kind: str = "probe.timer", **ago: float) -> Timer:
    with activate(tenant), transaction.atomic():
        return schedule(kind, key, clock.now() - timedelta(**ago))


def happened(tenant: TenantContext, name: str) -> int:
    with activate(tenant):
        return effects(name)


def woken(sent: list[tuple[str, str | None]]) -> list[str | None]:
    return [schema for task, schema in sent if task == "tenants.run_due"]


def run(tenant: TenantContext, **options: float) -> relay.RunReport | None:
    with activate(tenant):
        return relay.run_here(**options)


# --- the scan -----------------------------------------------------------------------------------------------------------


def test_the_scan_wakes_whoever_has_something_due_and_nobody_else(
    smile: TenantContext, derma: TenantContext, willow: TenantContext, sent: list[tuple[str, str | None]]
) -> None:
    plan(smile, "a", seconds=1)
    plan(derma, "b", seconds=-60)  # not yet
    plan(willow, "c", minutes=5)
    sent.clear()
    assert relay.scan() == 2
    # The longest wait first; one message each, however much is due.
    assert woken(sent) == ["t_willow", "t_smile"]
    assert heartbeats.backlog() == pytest.approx(300, abs=5)


def test_a_tenant_is_woken_once_until_a_worker_began(smile: TenantContext, sent: list[tuple[str, str | None]]) -> None:
    plan(smile, "a", seconds=1)
    assert [relay.scan(), relay.scan(), relay.scan()] == [1, 0, 0]
    sending.begun("run:t_smile")
    assert relay.scan() == 1


def test_nothing_due_is_a_sign_of_life_too(committed: str, sent: list[tuple[str, str | None]]) -> None:
    assert relay.scan() == 0
    assert heartbeats.backlog() == 0
    assert heartbeats.ages()["relay"] < 5
    assert not sent


def test_a_commit_wakes_its_tenant_at_once(smile: TenantContext, sent: list[tuple[str, str | None]]) -> None:
    with activate(smile), transaction.atomic():
        emit("probe.happened", key="a", payload={})
        emit("probe.happened", key="b", payload={})
        assert woken(sent) == []
    assert woken(sent) == ["t_smile"]


def test_a_rollback_wakes_nobody(smile: TenantContext, sent: list[tuple[str, str | None]]) -> None:
    with pytest.raises(ZeroDivisionError), activate(smile), transaction.atomic():
        emit("probe.happened", key="a", payload={1: 1 / 0})
    assert woken(sent) == []


def test_the_scan_looks_as_the_scheduler_and_comes_back(smile: TenantContext) -> None:
    with public_schema():
        plan(smile, "a", seconds=1)
        relay.scan()
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            assert cursor.fetchone()[0].endswith("_platform")


# --- one run ------------------------------------------------------------------------------------------------------------


def test_a_run_does_everything_that_is_due(smile: TenantContext, derma: TenantContext) -> None:
    plan(smile, "a", seconds=1)
    tell(smile, "b")
    plan(derma, "of-derma", seconds=1)
    report = run(smile)
    assert report is not None
    assert (report.fired, report.delivered, report.failed) == (1, 1, 0)
    assert (happened(smile, "a"), happened(smile, "b")) == (1, 1)
    # Another tenant's work is another run's.
    assert happened(derma, "of-derma") == 0
    assert run(smile) == relay.RunReport()


def test_a_run_follows_what_follows(smile: TenantContext) -> None:
    """A timer tells an event, whose handler plans a timer: all of it in one run."""
    plan(smile, "start", kind="probe.chain", seconds=1)
    report = run(smile)
    assert report is not None
    assert (report.fired, report.delivered) == (2, 1)
    assert happened(smile, "start-planned") == 1


def test_many_things_are_drained(smile: TenantContext) -> None:
    with activate(smile), transaction.atomic():
        for number in range(130):
            emit("probe.happened", key=f"n{number}", payload={})
    report = run(smile)
    assert report is not None
    assert (report.delivered, report.more) == (130, False)


def test_a_long_run_gives_way_and_is_continued(
    smile: TenantContext, sent: list[tuple[str, str | None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "AT_ONCE", 2)
    monkeypatch.setattr(relay, "RUN_SECONDS", 0.0)
    with activate(smile), transaction.atomic():
        for number in range(5):
            emit("probe.happened", key=f"n{number}", payload={})
    sending.begun("run:t_smile")
    sent.clear()
    with activate(smile):
        assert relay.run_here(seconds=0.0).more
        relay.run_due.run()
    # It did a part, and asked for another message for the rest.
    assert woken(sent) == ["t_smile"]


def test_one_run_of_a_tenant_at_a_time(smile: TenantContext) -> None:
    tell(smile, "a")
    inside, may_end = threading.Event(), threading.Event()
    reports: list[Any] = []

    def hold() -> None:
        try:
            with activate(smile), relay._alone() as alone:
                reports.append(alone)
                inside.set()
                may_end.wait(20)
        finally:
            connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait(20)
    assert run(smile) is None
    may_end.set()
    thread.join()
    assert reports == [True]
    # The lock went with its holder.
    assert run(smile).delivered == 1


def test_a_failure_stays_with_its_row(smile: TenantContext, at: Callable[[str], Any]) -> None:
    at("2027-03-01 09:00")
    FAULTS["bad"] = ValueError("on purpose")
    plan(smile, "bad", seconds=1)
    plan(smile, "good", seconds=1)
    tell(smile, "good-event")
    report = run(smile)
    assert report is not None
    assert (report.fired, report.delivered, report.failed) == (1, 1, 1)
    # It is due again later, so the next scan leaves the tenant alone until then.
    sending.begun("run:t_smile")
    assert relay.scan() == 0
    at.advance(minutes=1)
    FAULTS.clear()
    assert relay.scan() == 1
    run(smile)
    assert happened(smile, "bad") == 1


def test_due_timers_fire_once_after_a_stop_of_days(smile: TenantContext) -> None:
    """Nothing ran over the weekend; what fell due meanwhile fires once, late, and not once per missed tick."""
    plan(smile, "of-friday", days=3)
    plan(smile, "of-saturday", days=2)
    assert relay.scan() == 1
    assert run(smile).fired == 2
    assert (happened(smile, "of-friday"), happened(smile, "of-saturday")) == (1, 1)
    sending.begun("run:t_smile")
    assert relay.scan() == 0


def test_timers_of_a_vertical_that_is_off_sleep_and_wake(smile: TenantContext) -> None:
    switched_on = replace(smile, verticals=smile.verticals | {"probing"})
    plan(switched_on, "nap", kind="probing.timer", minutes=5)
    assert run(smile).fired == 1  # it was put to sleep
    assert happened(smile, "nap") == 0
    sending.begun("run:t_smile")
    assert relay.scan() == 0  # and does not call the tenant every second
    with activate(switched_on):
        assert timers.wake_sleeping() == 1
    run(switched_on)
    assert happened(smile, "nap") == 1
    with activate(smile):
        assert Timer.objects.get(key="nap").state == TimerState.FIRED


def test_rows_that_cannot_be_worked_on_do_not_call_every_second(
    smile: TenantContext, sent: list[tuple[str, str | None]]
) -> None:
    # Given an entry of the index whose row is gone
    plan(smile, "a", seconds=1)
    with activate(smile):
        Timer.objects.all().delete()
        relay.run_due.run()
        assert DueEntry.objects.exists()
    sent.clear()
    # Then the scan leaves the tenant alone for some seconds, and what is new there is not kept waiting
    assert relay.scan() == 0
    tell(smile, "b")
    assert woken(sent) == ["t_smile"]


# --- to headquarters ----------------------------------------------------------------------------------------------------


def test_headquarters_takes_events_in_its_own_context(smile: TenantContext, willow: TenantContext) -> None:
    orchid, bamboo = context_for(slug="orchid"), context_for(slug="bamboo")
    event = tell(smile, "figure", "probe.figure", to="headquarters")
    run(smile)
    assert list(SEEN) == [(orchid.schema_name, orchid.database_role, "figure")]
    with activate(orchid):
        assert effects("hq-figure") == 1
        assert HandledEvent.objects.filter(event_code=event.code).exists()
    with activate(smile):
        assert OutboxEvent.objects.get(pk=event.pk).state == EventState.DELIVERED
        assert effects("hq-figure") == 0
    # The other chain's headquarters never hears of it.
    assert happened(bamboo, "hq-figure") == 0
    SEEN.clear()
    tell(willow, "figure-of-willow", "probe.figure", to="headquarters")
    run(willow)
    assert [schema for schema, _role, _key in SEEN] == [bamboo.schema_name]


def test_the_same_event_counts_once_at_headquarters(smile: TenantContext) -> None:
    event = tell(smile, "once", "probe.figure", to="headquarters").pk
    run(smile)
    with activate(smile):
        row = OutboxEvent.objects.get(pk=event)
        for _turn in range(3):
            relay.deliver_to_headquarters(row.as_event())
        assert tenancy.current() == smile
    assert happened(context_for(slug="orchid"), "hq-once") == 1


def test_a_failure_at_headquarters_is_tried_again(smile: TenantContext, at: Callable[[str], Any]) -> None:
    at("2027-03-02 09:00")
    event = tell(smile, "later", "probe.figure", to="headquarters")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{THIS}.happen", lambda name: 1 / 0)
        assert run(smile).failed == 1
    assert happened(context_for(slug="orchid"), "hq-later") == 0
    at.advance(minutes=5)
    assert run(smile).delivered == 1
    assert happened(context_for(slug="orchid"), "hq-later") == 1
    with activate(smile):
        assert OutboxEvent.objects.get(pk=event.pk).state == EventState.DELIVERED


def test_headquarters_takes_its_own_events_too(committed: str) -> None:
    orchid = context_for(slug="orchid")
    tell(orchid, "own", "probe.figure", to="headquarters")
    run(orchid)
    assert happened(orchid, "hq-own") == 1


def test_a_chain_without_headquarters_has_nobody_to_tell(committed: str) -> None:
    ops = context_for(slug="ops")
    event = tell(ops, "alone", "probe.figure", to="headquarters")
    run(ops)
    with activate(ops):
        assert OutboxEvent.objects.get(pk=event.pk).state == EventState.DELIVERED
    assert not SEEN


# --- the beat -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def no_billing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "is_due", lambda: False)


def test_the_tick_scans_once_a_second(
    smile: TenantContext, sent: list[tuple[str, str | None]], no_billing: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = [100.0]
    monkeypatch.setattr(beat.time, "monotonic", lambda: moment[0])
    ticker = Ticker()
    plan(smile, "a", seconds=1)
    sent.clear()
    assert ticker.tick() == 1.0
    assert woken(sent) == ["t_smile"]
    assert heartbeats.ages()["tick"] < 5
    moment[0] += 0.4
    assert ticker.tick() == pytest.approx(0.6)
    assert len(woken(sent)) == 1
    connection.close()


def test_the_worker_is_sent_to_keep_the_house(
    committed: str, sent: list[tuple[str, str | None]], no_billing: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = [100.0]
    monkeypatch.setattr(beat.time, "monotonic", lambda: moment[0])
    ticker = Ticker()
    for _second in range(20):
        ticker.tick()
        moment[0] += 1
        sending.begun("housekeeping")
    assert [task for task, _tenant in sent].count("tenants.housekeeping") == 2
    connection.close()


def test_due_billing_is_sent_to_the_worker(
    committed: str, sent: list[tuple[str, str | None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadlines, "is_due", lambda: True)
    Ticker().tick()
    assert ("tenants.billing.advance", None) in sent
    connection.close()


def test_of_two_beats_one_scans_and_the_other_takes_over(
    smile: TenantContext, sent: list[tuple[str, str | None]], no_billing: None
) -> None:
    first_leads, may_die, died = threading.Event(), threading.Event(), threading.Event()

    def first() -> None:
        ticker = Ticker()
        ticker.tick()
        first_leads.set()
        may_die.wait(20)
        connections.close_all()  # as a crash would
        died.set()

    thread = threading.Thread(target=first)
    thread.start()
    first_leads.wait(20)
    plan(smile, "a", seconds=1)
    sent.clear()
    second = Ticker()
    second.tick()
    assert woken(sent) == []  # it stands by
    may_die.set()
    died.wait(20)
    thread.join()
    second._next = 0.0
    second.tick()
    assert woken(sent) == ["t_smile"]
    connection.close()


def test_a_database_that_is_away_does_not_stop_the_beat(
    committed: str, no_billing: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticker = Ticker()
    logged: list[str] = []
    monkeypatch.setattr(beat.log, "error", lambda event, **facts: logged.append(event))

    def away() -> int:
        raise OperationalError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(relay, "scan", away)
        for _turn in range(3):
            assert ticker.tick() == beat.PAUSE_SECONDS
            ticker._next = 0.0
    assert logged == ["tick_failed"]  # said once, not every second
    assert ticker.tick() == 1.0
    connection.close()


def test_the_scheduler_sends_nothing_by_the_calendar() -> None:
    from config.celery import app

    scheduler = TickScheduler(app=app, lazy=False)
    assert scheduler.schedule is None or not scheduler.schedule
    assert app.conf.beat_scheduler == "tenants.beat:TickScheduler"


# --- housekeeping -------------------------------------------------------------------------------------------------------


def test_housekeeping_seals_and_measures_everybody(smile: TenantContext, sent: list[tuple[str, str | None]]) -> None:
    from kernel import audit
    from kernel.audit import trail
    from kernel.context import Actor

    with activate(smile):
        audit.record(by=Actor.system("test"), verb="test.done", target=None)
    with public_schema():
        TenantVitals.objects.all().delete()
        housekeeping.keep_house.run()
    with activate(smile):
        assert trail.verify().unsealed == 0
    with public_schema():
        from tenants.models import Tenant

        vitals = TenantVitals.objects.get(tenant__slug="smile")
        assert vitals.people > 0
        assert vitals.schema_bytes > 100_000
        assert TenantVitals.objects.count() == Tenant.objects.exclude(state="provisioning").count()
    assert heartbeats.ages()["worker"] < 5


def test_a_broken_tenant_does_not_stop_the_round(
    smile: TenantContext, monkeypatch: pytest.MonkeyPatch, bed: Any, committed: str
) -> None:
    import psycopg

    with psycopg.connect(bed.server.dsn(committed), autocommit=True) as superuser:
        superuser.execute("ALTER TABLE t_derma.audit_auditentry RENAME TO hidden")
        try:
            with public_schema():
                TenantVitals.objects.all().delete()
                housekeeping.keep_house.run()
                assert TenantVitals.objects.filter(tenant__slug="smile").exists()
                assert not TenantVitals.objects.filter(tenant__slug="derma").exists()
        finally:
            superuser.execute("ALTER TABLE t_derma.hidden RENAME TO audit_auditentry")


def test_contacts_of_decided_sign_ups_are_forgotten(committed: str) -> None:
    long_ago, lately = clock.now() - timedelta(days=31), clock.now() - timedelta(days=29)
    with public_schema():
        for company, decided_at in (("old", long_ago), ("new", lately), ("open", None)):
            SignUpRequest.objects.create(
                company=company,
                slug=new_slug(),
                kind="clinic",
                contact_name="Chen Yu",
                contact_mail="chen@clinic.example",
                state="declined" if decided_at else "open",
                decided_at=decided_at,
                created_at=long_ago,
            )
        assert housekeeping.forget_contacts() == 1
        assert SignUpRequest.objects.get(company="old").contact_mail == ""
        assert SignUpRequest.objects.get(company="new").contact_name == "Chen Yu"
        assert SignUpRequest.objects.get(company="open").contact_mail
    directory.forget()
