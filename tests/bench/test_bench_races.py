"""Thirty orders, a thousand acceptances of each at the same moment: one winner every time (ES-009)."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection, connections

from escort import actions, service
from escort.models import Assignment, Companion, Hospital, Offer, Order, Qualification
from kernel import clock
from kernel.context import Actor
from kernel.errors import Conflict
from kernel.tenancy import TenantContext, activate
from services.catalogue.models import Item
from services.patients.actions import register_patient
from services.patients.models import Patient
from services.sites.models import Site
from services.staff.actions import hire_staff
from tenants.selectors import context_for
from tests.harness.bench import Budget, sized
from tests.services.doors import SYSTEM, person

RACES = sized(30, 2)
RUNNERS = sized(1_000, 100)
# Connections at once, as many as a well-filled deployment has.
LANES = 48


def _companions(site: Site) -> list[Companion]:
    since, found = date(2026, 1, 1), []
    for number in range(RUNNERS):
        staff = hire_staff(
            by=SYSTEM, site=site, number=f"R{number:04d}", name=f"赛者{number}", post="陪诊师", gender="female"
        )
        found.append(actions.enlist_companion(by=SYSTEM, staff=staff, state=Companion.State.ACTIVE))
    Qualification.objects.bulk_create(
        Qualification(companion=companion, kind=kind, valid_from=since, hours=40 if kind == "induction" else 0)
        for companion in found
        for kind in Qualification.Kind.values
    )
    return found


def _offered(number: int, site: Site, patient: Patient, companions: list[Companion]) -> list[Offer]:
    """An agreed order of a day of its own, offered to everybody."""
    starts = clock.now() + timedelta(days=1 + number)
    order = actions.take_enquiry(
        by=person("kefu.an"), site=site, patient=patient, customer_name="葛女士", customer_phone="13800001111",
        hospital=Hospital.objects.order_by("id").first(), item=Item.objects.get(key="escort-half-day"),
        pickup_place="东门", starts_at=starts, ends_at=starts + timedelta(hours=4),
    )  # fmt: skip
    manager = person("hao.zhi")
    actions.forward_enquiry(by=manager, order=order)
    actions.draft_agreement(by=manager, order=order, price_fen=38_000)
    for party in ("customer", "company"):
        actions.sign_agreement(by=manager, order=order, party=party)
    order.refresh_from_db()
    return actions.offer_order(by=manager, order=order, companions=companions)


def _race(tenant: TenantContext, by: Actor, offers: list[Offer]) -> tuple[Counter[str], float]:
    """Everybody accepts, all released together; what became of them, and how long it took."""
    outcomes: list[str] = []
    gate = threading.Barrier(LANES + 1)

    def lane(mine: list[Offer]) -> None:
        try:
            with activate(tenant):
                connection.ensure_connection()
                gate.wait(timeout=60)
                for offer in mine:
                    try:
                        service.accept_offer(by=by, offer=offer)
                        outcomes.append("won")
                    except Conflict as refusal:
                        outcomes.append(refusal.code)
        except Exception as error:
            outcomes.append(type(error).__name__)
            gate.abort()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=lane, args=(offers[number::LANES],)) for number in range(LANES)]
    for thread in threads:
        thread.start()
    gate.wait(timeout=60)
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    return Counter(outcomes), time.perf_counter() - began


@pytest.mark.bench
@pytest.mark.ledger("ES-009")
def test_of_a_thousand_who_accept_at_once_exactly_one_wins_thirty_times(
    own_database: str, at: Callable[[str], Any], budget: Budget
) -> None:
    """Given an order offered to 1,000 companions, when all accept at once, then one holds it and 999 are told so."""
    at("2026-12-30 15:00")
    peiban = context_for(slug="peiban")
    with activate(peiban):
        site = Site.objects.get(slug="first")
        patient = register_patient(
            by=SYSTEM, site=site, name="葛老先生", sex="male", stated_age=72, phone="13811112222", confirmed_new=True
        )
        companions = _companions(site)
        by = Actor(kind="user", name="companion", grants={"escort.serve": person("ming.yu").grants["escort.serve"]})
    wrong, took = [], 0.0
    for number in range(RACES):
        with activate(peiban):
            offers = _offered(number, site, patient, companions)
        outcomes, seconds = _race(peiban, by, offers)
        took += seconds
        with activate(peiban):
            order = Order.objects.get(pk=offers[0].order_id)
            states = Counter(order.offers.values_list("state", flat=True))
            winners = Assignment.objects.filter(order=order, active=True).count()
        fair = {"won": 1, "offer_lost": RUNNERS - 1}, {"accepted": 1, "lost": RUNNERS - 1}, 1, "accepted"
        if (outcomes, states, winners, order.state) != fair:
            wrong.append((number, outcomes, states, winners, order.state))

    rate = RACES * RUNNERS / took
    budget.figure("acceptances per second", rate, unit="1/s", note=f"{LANES} connections at once")
    budget(
        "accept races without exactly one winner", len(wrong), at_most=0, unit="races",
        note=f"{RACES} races of {RUNNERS:,} {wrong or ''}",
    )  # fmt: skip
