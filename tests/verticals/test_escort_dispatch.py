"""From enquiry to acceptance: nobody is dispatched without signatures, exactly one companion wins, nobody is in two places."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from django.db import connections

from escort import actions, service
from escort.models import Assignment, Companion, Offer, Qualification
from kernel import timers
from kernel.context import Actor
from kernel.errors import Conflict, Forbidden, RuleRefused
from kernel.tenancy import TenantContext, activate
from kernel.timers.models import Timer
from services.sites.models import Site
from services.staff.actions import hire_staff
from tests.verticals.agency import BY, actor, agreed, companion, enquiry, local


@pytest.fixture
def afternoon(at, peiban: TenantContext) -> TenantContext:
    """30 December, 15:00 at the agency; the nightly work of the days before is not what these tests are about."""
    at("2026-12-30 15:00")
    Timer.objects.filter(kind__startswith="daily:").delete()
    return peiban


@pytest.mark.ledger("ES-008", "ES-009")
def test_no_offer_before_both_have_signed(afternoon: TenantContext) -> None:
    manager, order = actor("hao.zhi"), enquiry()
    actions.forward_enquiry(by=manager, order=order)
    actions.draft_agreement(by=manager, order=order, price_fen=38_000)

    with pytest.raises(RuleRefused, match="agreement_not_signed"):
        actions.offer_order(by=manager, order=order, companions=[companion("ming.yu")])

    actions.sign_agreement(by=manager, order=order, party="customer")
    with pytest.raises(RuleRefused, match="agreement_not_signed"):
        actions.offer_order(by=manager, order=order, companions=[companion("ming.yu")])

    actions.sign_agreement(by=manager, order=order, party="company")
    offers = actions.offer_order(by=manager, order=order, companions=[companion("ming.yu"), companion("rui.xin")])

    assert [offer.state for offer in offers] == ["open", "open"]


@pytest.mark.ledger("ES-009")
def test_the_second_to_accept_is_told_so_and_changes_nothing(afternoon: TenantContext) -> None:
    order = agreed()
    first, second = actions.offer_order(
        by=actor("hao.zhi"), order=order, companions=[companion("ming.yu"), companion("rui.xin")]
    )

    assignment = service.accept_offer(by=actor(first.companion.staff.user.username), offer=first)
    with pytest.raises(Conflict, match="offer_lost"):
        service.accept_offer(by=actor(second.companion.staff.user.username), offer=second)

    order.refresh_from_db()
    second.refresh_from_db()
    assert (order.state, second.state, assignment.companion) == ("accepted", "lost", first.companion)
    assert Assignment.objects.filter(order=order).count() == 1


@pytest.mark.ledger("ES-004")
def test_an_expired_agreement_makes_the_offer_conditional_and_acceptance_refuses(afternoon: TenantContext) -> None:
    rui = companion("rui.xin")
    Qualification.objects.filter(companion=rui, kind="confidentiality").update(
        valid_until=local("2026-12-29 00:00").date()
    )
    order = agreed()

    (offer,) = actions.offer_order(by=actor("hao.zhi"), order=order, companions=[rui])

    assert offer.conditional == [{"code": "confidentiality_expired", "since": "2026-12-29"}]
    with pytest.raises(RuleRefused) as refusal:
        service.accept_offer(by=actor("rui.xin"), offer=offer)
    assert refusal.value.code == "companion_not_qualified"
    assert refusal.value.facts["reasons"] == ["confidentiality_expired"]
    order.refresh_from_db()
    assert order.state == "offered"


@pytest.mark.ledger("ES-009")
def test_orders_with_their_travel_time_never_overlap(afternoon: TenantContext) -> None:
    """08:00–12:00 and 12:29 are too close with 30 minutes of travel; 12:30 is far enough."""
    manager, ming = actor("hao.zhi"), companion("ming.yu")
    early, late, just_right = (
        agreed(),
        agreed(starts="2026-12-31 12:29", ends="2026-12-31 14:00"),
        agreed(starts="2026-12-31 12:30", ends="2026-12-31 14:00"),
    )
    offers = [actions.offer_order(by=manager, order=order, companions=[ming])[0] for order in (early, late, just_right)]

    service.accept_offer(by=actor("ming.yu"), offer=offers[0])
    with pytest.raises(Conflict, match="companion_busy"):
        service.accept_offer(by=actor("ming.yu"), offer=offers[1])
    service.accept_offer(by=actor("ming.yu"), offer=offers[2])

    assert Assignment.objects.filter(companion=ming, active=True).count() == 2


@pytest.mark.ledger("ES-023")
def test_an_offer_runs_out_at_its_moment_and_the_order_returns_to_the_manager(afternoon: TenantContext, at) -> None:
    order = agreed()
    (offer,) = actions.offer_order(by=actor("hao.zhi"), order=order, companions=[companion("ming.yu")])

    at("2026-12-30 15:15:00")
    with pytest.raises(Conflict, match="offer_expired"):
        service.accept_offer(by=actor("ming.yu"), offer=offer)
    timers.fire_due()

    order.refresh_from_db()
    offer.refresh_from_db()
    assert (order.state, offer.state) == ("agreed", "expired")


@pytest.mark.ledger("ES-023")
def test_declining_costs_nothing_and_the_last_one_returns_the_order(afternoon: TenantContext) -> None:
    order = agreed()
    offers = actions.offer_order(
        by=actor("hao.zhi"), order=order, companions=[companion("ming.yu"), companion("rui.xin")]
    )

    for offer in offers:
        service.decline_offer(by=actor(offer.companion.staff.user.username), offer=offer)

    order.refresh_from_db()
    assert order.state == "agreed"
    again = actions.offer_order(by=actor("hao.zhi"), order=order, companions=[companion("ming.yu")])
    assert [(offer.companion, offer.state) for offer in again] == [(companion("ming.yu"), "open")]


@pytest.mark.ledger("ES-006")
def test_an_enquiry_that_nobody_passes_on_becomes_the_managers_task(afternoon: TenantContext, at) -> None:
    from services.tasks.models import Task

    order = enquiry()
    at("2026-12-30 15:15:00")
    timers.fire_due()

    task = Task.objects.get(kind="escort.enquiry_waits", key=str(order.code))
    assert task.roles == ["escort_manager"]


def test_front_desk_cannot_dispatch(afternoon: TenantContext) -> None:
    with pytest.raises(Forbidden):
        actions.forward_enquiry(by=actor("ming.yu"), order=enquiry())


# --- the race ---------------------------------------------------------------------------------------------------------

RUNNERS = 200
AT_ONCE = 40


@pytest.mark.ledger("ES-009")
def test_of_two_hundred_who_accept_at_once_exactly_one_wins(own_database: str, at) -> None:
    """Given 200 companions with an open offer each, when all accept at the same moment, then one assignment exists, one
    offer is accepted, and every other one is lost: told so, not left open."""
    from tenants.selectors import context_for

    at("2026-12-30 15:00")
    peiban = context_for(slug="peiban")
    with activate(peiban):
        people = [_clone(number) for number in range(RUNNERS)]
        order = agreed()
        offers = actions.offer_order(by=actor("hao.zhi"), order=order, companions=people)
        serve = Actor(kind="user", name="companion", grants={"escort.serve": actor("ming.yu").grants["escort.serve"]})
    outcomes: Counter[str] = Counter()
    gate, lanes = threading.Event(), threading.Semaphore(AT_ONCE)

    def accept(offer: Offer) -> None:
        gate.wait()
        with lanes:
            try:
                with activate(peiban):
                    service.accept_offer(by=serve, offer=offer)
                outcomes["won"] += 1
            except Conflict as refusal:
                outcomes[refusal.code] += 1
            finally:
                connections.close_all()

    runners = [threading.Thread(target=accept, args=(offer,)) for offer in offers]
    for runner in runners:
        runner.start()
    gate.set()
    for runner in runners:
        runner.join()

    with activate(peiban):
        states = Counter(Offer.objects.filter(order=order).values_list("state", flat=True))
        winners = Assignment.objects.filter(order=order, active=True).count()
    assert outcomes == {"won": 1, "offer_lost": RUNNERS - 1}
    assert states == {"accepted": 1, "lost": RUNNERS - 1}
    assert winners == 1


def _clone(number: int) -> Companion:
    site = Site.objects.get(slug="first")
    staff = hire_staff(by=BY, site=site, number=f"R{number:04d}", name=f"赛者{number}", post="陪诊师", gender="female")
    found = actions.enlist_companion(by=BY, staff=staff, state=Companion.State.ACTIVE)
    day = local("2026-01-01 00:00").date()
    Qualification.objects.bulk_create(
        Qualification(companion=found, kind=kind, valid_from=day, hours=40 if kind == "induction" else 0)
        for kind in Qualification.Kind.values
    )
    return found


@pytest.mark.ledger("ES-009")
def test_one_companion_accepting_two_overlapping_orders_at_once_holds_one(own_database: str, at) -> None:
    """The exclusion constraint decides, whatever the two transactions saw of each other."""
    from tenants.selectors import context_for

    at("2026-12-30 15:00")
    peiban = context_for(slug="peiban")
    with activate(peiban):
        offers = [
            actions.offer_order(by=actor("hao.zhi"), order=agreed(), companions=[companion("ming.yu")])[0]
            for _turn in range(2)
        ]
        ming = actor("ming.yu")
    start, outcomes = threading.Barrier(2), []

    def accept(offer: Offer) -> None:
        start.wait()
        try:
            with activate(peiban):
                service.accept_offer(by=ming, offer=offer)
            outcomes.append("won")
        except Conflict as refusal:
            outcomes.append(refusal.code)
        finally:
            connections.close_all()

    runners = [threading.Thread(target=accept, args=(offer,)) for offer in offers]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join()

    assert sorted(outcomes) == ["companion_busy", "won"]


def test_late_is_counted_in_whole_minutes_and_the_report_has_its_limit(afternoon: TenantContext, at) -> None:
    from kernel.ids import uuid7

    order = agreed()
    (offer,) = actions.offer_order(by=actor("hao.zhi"), order=order, companions=[companion("ming.yu")])
    ming = actor("ming.yu")
    service.accept_offer(by=ming, offer=offer)
    with pytest.raises(RuleRefused, match="preparation_incomplete"):
        service.check_in(by=ming, order=order, key=uuid7(), happened_at=local("2026-12-30 15:00"))
    service.prepare(
        by=ming,
        order=order,
        contacted_note="老先生走路慢",
        registration_number="A17",
        route="东门进，三楼",
        reconfirmed=True,
    )

    at("2026-12-31 08:04")
    key = uuid7()
    first = service.check_in(by=ming, order=order, key=key, happened_at=local("2026-12-31 08:04"))
    again = service.check_in(by=ming, order=order, key=key, happened_at=local("2026-12-31 08:04"))
    order.refresh_from_db()
    assert (order.late_minutes, first.code) == (4, again.code)

    at("2026-12-31 12:20")
    service.end_service(by=ming, order=order, key=uuid7(), happened_at=local("2026-12-31 12:20"))
    at("2027-01-01 12:20:00")
    report = service.file_report(by=ming, order=order, text="陪诊完成")
    assert report.on_time


@pytest.mark.ledger("ES-033")
def test_a_report_one_second_after_the_limit_is_late_and_asked_for(afternoon: TenantContext, at) -> None:
    from kernel.ids import uuid7
    from services.tasks.models import Task

    order = agreed()
    (offer,) = actions.offer_order(by=actor("hao.zhi"), order=order, companions=[companion("ming.yu")])
    ming = actor("ming.yu")
    service.accept_offer(by=ming, offer=offer)
    service.prepare(by=ming, order=order, contacted_note="x", registration_number="A17", route="x", reconfirmed=True)
    at("2026-12-31 08:00")
    service.check_in(by=ming, order=order, key=uuid7(), happened_at=local("2026-12-31 08:00"))
    at("2026-12-31 12:20")
    service.end_service(by=ming, order=order, key=uuid7(), happened_at=local("2026-12-31 12:20"))

    at("2027-01-01 12:20:01")
    timers.fire_due()
    assert Task.objects.filter(kind="escort.report_overdue", key=str(order.code)).exists()
    assert not service.file_report(by=ming, order=order, text="陪诊完成").on_time


@pytest.mark.ledger("ES-046", "ES-049", "CR-022", "FU-014")
def test_from_the_archive_on_the_companion_finds_nothing_and_the_manager_does(
    afternoon: TenantContext, at, client_for
) -> None:
    from kernel.ids import uuid7

    order = agreed()
    (offer,) = actions.offer_order(by=actor("hao.zhi"), order=order, companions=[companion("ming.yu")])
    ming, phone = actor("ming.yu"), client_for("ming.yu", "peiban")
    assert phone.get(f"/escort/me/orders/{order.code}/").status_code == 404
    service.accept_offer(by=ming, offer=offer)
    shown = phone.get(f"/escort/me/orders/{order.code}/")
    assert shown.status_code == 200
    assert "葛老先生" in shown.content.decode()

    service.prepare(by=ming, order=order, contacted_note="x", registration_number="A17", route="x", reconfirmed=True)
    at("2026-12-31 08:00")
    service.check_in(by=ming, order=order, key=uuid7(), happened_at=local("2026-12-31 08:00"))
    at("2026-12-31 12:00")
    service.end_service(by=ming, order=order, key=uuid7(), happened_at=local("2026-12-31 12:00"))
    service.file_report(by=ming, order=order, text="陪诊完成")
    actions.archive_order(by=actor("hao.zhi"), order=order)

    gone = phone.get(f"/escort/me/orders/{order.code}/")
    assert gone.status_code == 404
    assert "葛老先生" not in gone.content.decode()
    kept = client_for("hao.zhi", "peiban").get(f"/escort/orders/{order.code}/")
    assert kept.status_code == 200
    assert "葛老先生" in kept.content.decode()


def test_offers_tell_nothing_that_identifies_the_client(afternoon: TenantContext, api_for) -> None:
    order = agreed()
    actions.offer_order(by=actor("hao.zhi"), order=order, companions=[companion("ming.yu")])

    answer = api_for("ming.yu", "peiban").get("/api/v1/escort/offers/")

    assert answer.status_code == 200
    said = answer.content.decode()
    for secret in ("葛老先生", "葛女士", "13811112222", "13800001111", str(order.patient.code)):
        assert secret not in said


def test_the_wait_for_an_answer_is_measured(afternoon: TenantContext, at) -> None:
    from escort.kpis import time_to_accept

    order = agreed()
    (offer,) = actions.offer_order(by=actor("hao.zhi"), order=order, companions=[companion("ming.yu")])
    at("2026-12-30 15:07")
    service.accept_offer(by=actor("ming.yu"), offer=offer)

    fact = time_to_accept(order.site, local("2026-12-30 15:07").date())
    assert (fact.numerator, fact.denominator) == (7, 1)
