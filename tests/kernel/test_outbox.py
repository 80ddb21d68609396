"""The outbox: what was committed is delivered, each effect once, in order, over races, failures and a silent broker."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import transaction

from kernel import clock, context, tenancy
from kernel.context import Actor
from kernel.errors import Conflict, Forbidden, RuleRefused
from kernel.outbox import Event, actions, emit, receive, relay, relay_pending, selectors
from kernel.outbox.models import EventState, HandledEvent, OutboxEvent
from kernel.schedule import retry
from kernel.schedule.models import DueEntry
from tests.kernel.probes import HERE, ORDER, at_once, effects, happen, installed, room, vertical

pytestmark = pytest.mark.usefixtures("quiet")
ROOM = room(
    handlers={
        "probe.happened": (f"{HERE}.on_event", f"{HERE}.on_event_too"),
        "probe.counted": (f"{HERE}.on_event_in_order",),
    }
)
VERTICAL = vertical(handlers={"probe.happened": (f"{HERE}.at_headquarters",)})
HEADQUARTERS = room("probe_hq", handlers={"probe.figure": (f"{HERE}.at_headquarters",)})

WOKEN: list[str] = []
SENT: list[Event] = []
FOR_HOUSES: list[object] = []


class Port:
    """Stands for the floor above."""

    reaches = True


def wake(tenant: tenancy.TenantContext) -> None:
    WOKEN.append(tenant.slug)
    if not Port.reaches:
        raise ConnectionError("no broker")


def deliver(event: Event) -> None:
    SENT.append(event)
    if not Port.reaches:
        raise ConnectionError("no headquarters")


def deliver_to_houses(event: Event) -> None:
    FOR_HOUSES.append(event.code)
    if not Port.reaches:
        raise ConnectionError("no house")


@pytest.fixture(autouse=True)
def rooms(settings):
    settings.OUTBOX_WAKE = f"{__name__}.wake"
    settings.OUTBOX_DELIVER_TO_HEADQUARTERS = f"{__name__}.deliver"
    Port.reaches = True
    for memory in (WOKEN, SENT, FOR_HOUSES, ORDER):
        memory.clear()
    with installed(ROOM, VERTICAL, HEADQUARTERS):
        yield


def tell(key: str, type: str = "probe.happened", to: str = "self", **payload: object) -> OutboxEvent:  # noqa: A002
    with transaction.atomic():
        return emit(type, key=key, payload=payload, to=to)


def state_of(event: OutboxEvent) -> str:
    return OutboxEvent.objects.values_list("state", flat=True).get(pk=event.pk)


def test_an_event_reaches_every_handler_once(smile):
    event = tell("a")
    report = relay_pending()
    assert (report.delivered, report.failed) == (1, 0)
    assert relay_pending().delivered == 0
    assert (effects("a"), effects("a-too")) == (1, 1)
    assert state_of(event) == EventState.DELIVERED
    assert not DueEntry.objects.filter(ref=event.code).exists()


def test_an_event_nobody_listens_to_is_delivered(smile):
    event = tell("a", type="probe.unheard")
    assert relay_pending().delivered == 1
    assert state_of(event) == EventState.DELIVERED


def test_an_event_stands_or_falls_with_its_transaction(own_database, smile):
    with pytest.raises(RuntimeError):
        emit("probe.happened", key="a", payload={})

    def tell_and_fail() -> None:
        tell("a")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        tell_and_fail()
    assert not OutboxEvent.objects.exists()
    assert not DueEntry.objects.filter(kind="outbox").exists()
    assert WOKEN == []


def test_the_relay_is_woken_once_per_transaction_and_only_after_it(own_database, smile):
    with transaction.atomic():
        tell("a")
        tell("b")
        assert WOKEN == []
    assert WOKEN == ["smile"]

    def tell_and_fail() -> None:
        tell("lost")
        raise ZeroDivisionError

    # A wake that was planned inside a savepoint must not stand for an event outside of it.
    with transaction.atomic():
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            tell_and_fail()
        tell("kept")
    assert WOKEN == ["smile", "smile"]
    assert set(OutboxEvent.objects.values_list("key", flat=True)) == {"a", "b", "kept"}


def test_without_the_broker_the_work_goes_on_and_the_event_waits(own_database, smile):
    Port.reaches = False
    with transaction.atomic():
        happen("booked")
        event = tell("a")
    assert WOKEN == ["smile"]
    assert effects("booked") == 1
    assert DueEntry.objects.filter(ref=event.code).exists()
    assert relay_pending().delivered == 1


@pytest.mark.ledger("PL-008")
def test_the_request_id_travels_with_the_event(smile):
    with context.bound(request_id="req-1"):
        event = tell("a")
    assert event.request_id == "req-1"
    assert event.as_event().source == smile.code
    again = Event.from_json(event.as_event().as_json())
    assert again == event.as_event()


def test_a_handler_that_fails_is_rolled_back_alone_and_repeated_alone(smile, at, fault):
    at("2026-12-14 09:00")
    event = tell("a")
    fault["a-too"] = RuleRefused("too_late", "Mrs Liu")
    assert relay_pending().failed == 1
    assert (effects("a"), effects("a-too")) == (1, 0)
    event.refresh_from_db()
    assert (event.attempts, event.last_error) == (1, "RuleRefused: too_late")
    assert DueEntry.objects.get(ref=event.code).due_at == clock.now() + timedelta(seconds=5)
    assert relay_pending().failed == 0
    fault.clear()
    at.advance(seconds=5)
    assert relay_pending().delivered == 1
    assert (effects("a"), effects("a-too")) == (1, 1)


def test_what_cannot_be_delivered_stands_where_people_see_it(smile, at, fault):
    at("2026-12-14 09:00")
    event = tell("a")
    fault["a-too"] = ValueError("13800001111")
    for _attempt in range(retry.MAX_ATTEMPTS):
        relay_pending()
        at.advance(hours=2)
    assert list(selectors.dead_letters()) == [event]
    assert selectors.oldest_pending() == timedelta(0)
    assert not DueEntry.objects.filter(ref=event.code).exists()
    fault.clear()
    with pytest.raises(Forbidden):
        actions.requeue_event(by=Actor(kind="user", name="Fang"), event=event)
    actions.requeue_event(by=Actor.system("test"), event=event)
    assert relay_pending().delivered == 1
    assert (effects("a"), effects("a-too")) == (1, 1)
    with pytest.raises(Conflict):
        actions.requeue_event(by=Actor.system("test"), event=event)


def test_events_of_one_thing_keep_their_order_also_over_a_failure(smile, at, fault):
    at("2026-12-14 09:00")
    for number in (1, 2, 3):
        tell("chair-1", type="probe.counted", number=number)
    tell("chair-2", type="probe.counted", number=100)
    fault["chair-1"] = ValueError()
    relay_pending()
    assert ORDER == [1, 100]
    fault.clear()
    at.advance(seconds=5)
    relay_pending()
    assert ORDER == [1, 100, 1, 2, 3]
    assert effects("chair-1") == 3


@pytest.mark.ledger("PL-002")
def test_handlers_of_a_switched_off_vertical_are_skipped_for_good(smile):
    off = replace(smile, verticals=frozenset())
    on = replace(smile, verticals=frozenset({"probing"}))
    with tenancy.activate(off):
        event = tell("a")
        assert relay_pending().delivered == 1
        assert HandledEvent.objects.get(event_code=event.code, outcome="skipped").handler == f"{HERE}.at_headquarters"
    with tenancy.activate(on):
        receive(event.as_event())
        assert effects("hq-a") == 0
        tell("b")
        relay_pending()
        assert effects("hq-b") == 1


# --- headquarters ---------------------------------------------------------------------------------------------------


@pytest.mark.ledger("HQ-002")
def test_an_event_to_headquarters_is_handled_there_and_once(working_for, at):
    at("2026-12-14 09:00")
    with working_for("smile"):
        event = tell("site-1", type="probe.figure", to="headquarters", visits=3)
        assert relay_pending().delivered == 1
        assert effects("hq-site-1") == 0
    assert [sent.key for sent in SENT] == ["site-1"]
    with working_for("orchid"):
        for _delivery in range(3):
            receive(SENT[0])
        assert effects("hq-site-1") == 1
    with working_for("smile"):
        assert state_of(event) == EventState.DELIVERED


def test_a_headquarters_that_does_not_answer_is_tried_again(smile, at):
    at("2026-12-14 09:00")
    Port.reaches = False
    event = tell("site-1", type="probe.figure", to="headquarters")
    assert relay_pending().failed == 1
    event.refresh_from_db()
    assert (event.attempts, event.last_error) == (1, "ConnectionError")
    assert relay_pending().failed == 0
    Port.reaches = True
    at.advance(seconds=5)
    assert relay_pending().delivered == 1


def test_an_event_to_houses_takes_its_own_way_and_is_tried_again(smile, at, settings):
    at("2026-12-14 09:00")
    settings.OUTBOX_DELIVER_TO_HOUSES = f"{__name__}.deliver_to_houses"
    Port.reaches = False
    event = tell("calendar-1", type="probe.figure", to="houses")
    other = tell("calendar-1", type="probe.figure", to="headquarters")
    report = relay_pending()
    assert (report.failed, report.delivered, FOR_HOUSES, SENT[-1].code) == (2, 0, [event.code], other.code)
    Port.reaches = True
    at.advance(seconds=5)
    assert relay_pending().delivered == 2
    assert [code == event.code for code in FOR_HOUSES] == [True, True]
    assert state_of(event) == EventState.DELIVERED


def test_a_receiver_that_fails_tells_the_sender_and_repeats_only_that(orchid_hq, fault):
    with installed(room(handlers={"probe.figure": (f"{HERE}.on_event", f"{HERE}.at_headquarters")})):
        event = Event(
            code=uuid4(), type="probe.figure", key="x", payload={}, request_id="r",
            occurred_at=clock.now(), source=orchid_hq.code,
        )  # fmt: skip
        fault["hq-x"] = ValueError()
        with pytest.raises(relay.HandlerFailed):
            receive(event)
        fault.clear()
        receive(event)
        assert (effects("x"), effects("hq-x")) == (1, 1)


def test_a_sender_that_dies_on_the_way_leaves_the_event_to_the_next(own_database, smile, at, settings):
    at("2026-12-14 09:00")
    event = tell("site-1", type="probe.figure", to="headquarters")
    settings.OUTBOX_DELIVER_TO_HEADQUARTERS = f"{__name__}.die"
    with pytest.raises(SystemExit):
        relay_pending()
    settings.OUTBOX_DELIVER_TO_HEADQUARTERS = f"{__name__}.deliver"
    assert relay_pending().delivered == 0
    assert DueEntry.objects.get(ref=event.code).due_at == clock.now() + relay.LEASE
    at.advance(seconds=60)
    assert relay_pending().delivered == 1


def die(event: Event) -> None:
    raise SystemExit


# --- keeping order in the house -------------------------------------------------------------------------------------


def test_what_was_delivered_long_ago_is_forgotten_and_what_failed_is_not(smile, at, fault):
    at("2026-01-01 09:00")
    tell("old")
    stuck = tell("stuck")
    fault["stuck-too"] = ValueError()
    relay_pending()
    OutboxEvent.objects.filter(pk=stuck.pk).update(state=EventState.FAILED)
    at("2026-12-14 09:00")
    relay.prune(date(2026, 12, 14))
    assert list(OutboxEvent.objects.values_list("key", flat=True)) == ["stuck"]
    assert HandledEvent.objects.filter(event_code=stuck.code).exists()
    fault.clear()
    actions.requeue_event(by=Actor.system("test"), event=stuck)
    relay_pending()
    assert (effects("stuck"), effects("stuck-too")) == (1, 1)


# --- races ----------------------------------------------------------------------------------------------------------


def test_relays_at_once_share_the_work_and_nothing_happens_twice(own_database, smile, at):
    at("2026-12-14 09:00")
    for number in range(30):
        tell(f"k{number % 10}")
    reports = at_once(smile, *[relay_pending] * 4)
    assert not [report for report in reports if isinstance(report, Exception)]
    # A relay that finds only keys in the hands of others goes home; whoever is left over is the tick's.
    reports.append(relay_pending())
    assert sum(report.delivered for report in reports) == 30
    assert [effects(f"k{number}") for number in range(10)] == [3] * 10
    assert OutboxEvent.objects.filter(state=EventState.DELIVERED).count() == 30
    assert not DueEntry.objects.filter(kind="outbox").exists()


def test_the_same_event_received_at_once_has_one_effect(own_database, orchid_hq, at):
    at("2026-12-14 09:00")
    for shot in range(10):
        event = tell(f"s{shot}", type="probe.figure", to="headquarters").as_event()
        results = at_once(orchid_hq, *[lambda event=event: receive(event)] * 4)
        assert results == [None] * 4
        assert effects(f"hq-s{shot}") == 1


def test_relays_at_once_keep_the_order_of_one_thing(own_database, smile, at):
    at("2026-12-14 09:00")
    for number in range(12):
        tell("chair-1", type="probe.counted", number=number)
    at_once(smile, *[relay_pending] * 4)
    relay_pending()
    assert list(range(12)) == ORDER
