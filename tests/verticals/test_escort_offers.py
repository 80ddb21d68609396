"""Nobody is dispatched without signatures, offers end clearly, and every right and border of the agency holds."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from escort import actions, service
from escort.models import Agreement, Assignment, Companion, Hospital, Milestone, Offer, Order, Qualification
from escort.ranking import candidates
from kernel import timers
from kernel.errors import Conflict, Forbidden, RuleRefused
from kernel.ids import uuid7
from kernel.tenancy import TenantContext
from kernel.timers.models import Timer
from services.catalogue.models import Item
from services.sites.models import Site
from tests.services.doors import api, browser
from tests.services.flow import patient
from tests.verticals.agency import (
    BY,
    actor,
    agreed,
    asked_for,
    companion,
    enquiry,
    local,
    met,
    offered,
    ready,
    refusals,
    stone,
)


@pytest.fixture(autouse=True)
def afternoon(at: Any, peiban: TenantContext) -> Any:
    """30 December, 15:00 at the agency, the day before the service; the nightly work of the days before is another story."""
    at("2026-12-30 15:00")
    Timer.objects.filter(kind__startswith="daily:").delete()
    return at


# --- agreement --------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("ES-007", "ES-008")
@pytest.mark.parametrize("signed", [(), ("customer",), ("company",)])
def test_nothing_is_dispatched_before_both_have_signed(signed: tuple[str, ...]) -> None:
    order, manager = enquiry(), actor("hao.zhi")
    with pytest.raises(RuleRefused):
        actions.offer_order(by=manager, order=order, companions=[companion("ming.yu")])
    actions.forward_enquiry(by=manager, order=order)
    actions.draft_agreement(by=manager, order=order, price_fen=38_000)
    for party in signed:
        actions.sign_agreement(by=manager, order=order, party=party)
        with pytest.raises(Conflict) as twice:
            actions.sign_agreement(by=manager, order=order, party=party)
        assert twice.value.code == "already_signed"

    with pytest.raises(RuleRefused) as refused:
        actions.offer_order(by=manager, order=order, companions=[companion("ming.yu")])

    assert refused.value.code == "agreement_not_signed"
    assert refusals("agreement_not_signed") == 2
    assert not Offer.objects.exists()
    assert not Assignment.objects.exists()
    assert not Timer.objects.filter(kind="escort.offer_expires").exists()


@pytest.mark.ledger("ES-008", "ES-021")
def test_a_new_version_voids_the_signatures_of_the_old_one() -> None:
    order, manager = agreed(), actor("hao.zhi")
    first = Agreement.objects.get()
    second = actions.draft_agreement(by=manager, order=order, price_fen=45_000, cancellation_terms="24 h")
    assert (second.version, second.customer_signed_at, second.company_signed_at) == (2, None, None)
    assert first.content_hash != second.content_hash
    assert first.content["patient"] == str(order.patient.code)
    with pytest.raises(RuleRefused):
        actions.offer_order(by=manager, order=order, companions=[companion("ming.yu")])
    for party in ("company", "customer"):
        actions.sign_agreement(by=manager, order=order, party=party)
    order.refresh_from_db()
    assert (order.state, order.price_fen) == ("agreed", 45_000)
    with pytest.raises(RuleRefused) as refused:
        actions.sign_agreement(by=manager, order=order, party="nobody")
    assert refused.value.code == "party_unknown"
    with pytest.raises(Conflict) as late:
        actions.sign_agreement(by=manager, order=order, party="company")
    assert late.value.code == "no_agreement"


# --- offers -----------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("ES-023")
def test_an_offer_that_ran_out_is_refused_and_ends_by_the_clock(afternoon: Any) -> None:
    first, second = offered("ming.yu", "rui.xin")
    afternoon("2026-12-30 15:14:59")
    assert len(api("ming.yu").get("/api/v1/escort/offers/").json()["results"]) == 1
    service.decline_offer(by=actor("rui.xin"), offer=second)
    afternoon("2026-12-30 15:15:00")

    ming = api("ming.yu")
    assert ming.get("/api/v1/escort/offers/").json()["results"] == []
    late = ming.post(f"/api/v1/escort/offers/{first.code}/accept/")
    assert (late.status_code, late.json()["code"]) == (409, "offer_expired")
    assert browser("ming.yu").post(f"/escort/me/offers/{first.code}/accept/").status_code == 409
    assert refusals("offer_expired") == 2
    first.refresh_from_db()
    assert first.state == "open"
    timers.fire_due()

    first.refresh_from_db()
    second.refresh_from_db()
    order = Order.objects.get()
    assert (first.state, second.state, order.state) == ("expired", "declined", "agreed")
    closed = ming.post(f"/api/v1/escort/offers/{first.code}/accept/")
    assert (closed.status_code, closed.json()["code"]) == (409, "offer_closed")
    assert not Assignment.objects.exists()
    assert [offer.state for offer in offered("ming.yu", order=order)] == ["open"]


@pytest.mark.ledger("ES-004")
@pytest.mark.parametrize("kind", ["certificate", "confidentiality", "health", "clean_record", "induction"])
def test_a_paper_that_is_missing_is_found_at_acceptance(kind: str) -> None:
    """SC-28: Rui would have been first, but something stands against her; the order stays open for the others."""
    first, second = offered("rui.xin", "ming.yu")
    papers = Qualification.objects.filter(companion=companion("rui.xin"), kind=kind)
    reason = "induction_hours_missing" if kind == "induction" else f"{kind}_expired"
    papers.update(hours=39) if kind == "induction" else papers.update(valid_until=local("2026-12-30 00:00").date())

    refused = api("rui.xin").post(f"/api/v1/escort/offers/{first.code}/accept/")

    assert (refused.status_code, refused.json()["code"]) == (422, "companion_not_qualified")
    assert refused.json()["facts"]["reasons"] == [reason]
    assert browser("rui.xin").post(f"/escort/me/offers/{first.code}/accept/").status_code == 422
    assert refusals("companion_not_qualified") == 2
    assert not Assignment.objects.exists()
    papers.update(hours=40) if kind == "induction" else papers.update(valid_until=local("2026-12-31 00:00").date())
    assert api("ming.yu").post(f"/api/v1/escort/offers/{second.code}/accept/").status_code == 200
    assert Assignment.objects.get().companion == companion("ming.yu")


@pytest.mark.ledger("ES-004")
def test_who_is_suspended_serves_nothing(afternoon: Any) -> None:
    order = ready()
    Companion.objects.filter(pk=companion("ming.yu").pk).update(state="suspended")
    afternoon("2026-12-31 08:00")
    with pytest.raises(RuleRefused) as refused:
        met(order)
    assert (refused.value.code, refused.value.facts["reasons"]) == ("companion_not_qualified", ["companion_not_active"])
    assert not Milestone.objects.exists()


@pytest.mark.ledger("ES-009")
def test_only_companions_of_the_agency_get_offers() -> None:
    order, manager = agreed(), api("hao.zhi")
    there = f"/api/v1/escort/orders/{order.code}/offers/"
    Companion.objects.filter(pk=companion("bo.wen").pk).update(state="left")
    gone = manager.post(there, {"companions": [str(companion("bo.wen").code)]})
    assert (gone.status_code, gone.json()["code"]) == (422, "companion_not_available")
    nobody = manager.post(there, {"companions": []})
    assert (nobody.status_code, nobody.json()["code"]) == (422, "nobody_chosen")
    assert manager.post(there, {"companions": [str(uuid7())]}).status_code == 404
    page = browser("hao.zhi")
    assert page.post(f"/escort/orders/{order.code}/offer/", {"companion": ["x"]}).status_code == 404
    assert page.post(f"/escort/orders/{order.code}/offer/", {}).status_code == 422
    order.refresh_from_db()
    assert (order.state, Offer.objects.count()) == ("agreed", 0)


def test_an_offer_belongs_to_one_companion() -> None:
    (offer,) = offered("ming.yu")
    for act in ("accept", "decline"):
        assert api("rui.xin").post(f"/api/v1/escort/offers/{offer.code}/{act}/").status_code == 404
        assert browser("rui.xin").post(f"/escort/me/offers/{offer.code}/{act}/").status_code == 404
    assert api("ming.yu").post(f"/api/v1/escort/offers/{offer.code}/decline/").json()["state"] == "declined"


@pytest.mark.ledger("ES-009")
def test_the_week_of_the_ranking_is_that_of_the_calendar() -> None:
    """An order on Monday at seven: Sunday's four hours belong to the week before, Tuesday's to this one."""
    for starts, ends in (("2027-01-03 08:00", "2027-01-03 12:00"), ("2027-01-05 08:00", "2027-01-05 11:00")):
        (offer,) = offered("ming.yu", order=agreed(starts=starts, ends=ends))
        service.accept_offer(by=actor("ming.yu"), offer=offer)
    monday = agreed(starts="2027-01-04 07:00", ends="2027-01-04 11:00")
    hours = {one.companion.staff.user.username: one.week_minutes for one in candidates(monday)}  # type: ignore[union-attr]
    assert hours == {"ming.yu": 180, "rui.xin": 0, "lan.zhi": 0, "bo.wen": 0}


# --- rights and borders -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "username,manages,serves,enquires",
    [
        ("hao.zhi", 200, 403, 201),
        ("kefu.an", 403, 403, 201),
        ("ming.yu", 403, 200, 403),
        ("admin.peiban", 403, 403, 403),
        (None, 401, 401, 401),
    ],
)
def test_who_may_do_what(username: str | None, manages: int, serves: int, enquires: int) -> None:
    said, (offer,) = asked_for(), offered("ming.yu")
    there = f"/api/v1/escort/orders/{offer.order.code}/"
    client, web = api(username), browser(username)
    for path in ("/api/v1/escort/orders/", "/api/v1/escort/companions/", f"{there}offers/"):
        assert client.get(path).status_code == manages, path
    for path, body in (
        (f"{there}agreement/", {"price_fen": 1}),
        (f"{there}agreement/sign/", {"party": "company"}),
        (f"{there}offers/", {"companions": []}),
        (f"{there}step/", {"step": "withdraw"}),
    ):
        assert (client.post(path, body).status_code in (401, 403)) == (manages != 200), path
    assert client.get("/api/v1/escort/offers/").status_code == serves
    assert client.get("/api/v1/escort/cards/").status_code == serves
    for path, body in (
        (f"{there}milestones/", stone("medicine", "2026-12-30 15:00")),
        (f"{there}report/", {"text": "x"}),
    ):
        expected = 404 if serves == 200 else serves
        assert client.post(path, body).status_code == expected, path
    assert client.post("/api/v1/escort/orders/", said).status_code == enquires
    board, offers = web.get("/escort/board/"), web.get("/escort/me/offers/")
    assert board.status_code == (302 if username is None else manages)
    assert offers.status_code == (302 if username is None else serves)


def test_refusals_are_written_to_the_audit() -> None:
    order, desk = agreed(), actor("kefu.an")
    with pytest.raises(Forbidden):
        actions.offer_order(by=desk, order=order, companions=[companion("ming.yu")])
    with pytest.raises(Forbidden):
        actions.draft_agreement(by=desk, order=order, price_fen=1)
    (offer,) = offered("ming.yu", order=order)
    with pytest.raises(Forbidden):
        service.accept_offer(by=actor("hao.zhi"), offer=offer)
    assert refusals("permission_denied") == 3
    assert not Assignment.objects.exists()


def test_an_enquiry_must_be_possible() -> None:
    desk = api("kefu.an")
    said = asked_for()
    for wrong, code in (
        ({"ends_at": said["starts_at"]}, "service_time_invalid"),
        ({"starts_at": "2026-12-30T14:59:59+08:00"}, "service_in_the_past"),
    ):
        answer = desk.post("/api/v1/escort/orders/", said | wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert refusals(code) == 1
    assert not Order.objects.exists()
    order = desk.post("/api/v1/escort/orders/", said).json()
    assert desk.get(f"/api/v1/escort/orders/{order['code']}/").status_code == 403
    assert desk.post(f"/api/v1/escort/orders/{order['code']}/forward/").status_code == 200
    assert desk.post(f"/api/v1/escort/orders/{order['code']}/forward/").status_code == 404  # the manager's from now on


@pytest.mark.ledger("PL-001")
def test_codes_of_another_agency_are_not_found(
    working_for: Callable[[str], AbstractContextManager[TenantContext]],
) -> None:
    """heron escorts too; its orders, offers, companions and clients do not exist here."""
    with working_for("heron"):
        Timer.objects.filter(kind__startswith="daily:").delete()
        south = Site.objects.get(slug="south")
        stranger = patient("别家", site=south)
        foreign = actions.take_enquiry(
            by=BY, site=south, patient=stranger, customer_name="x", customer_phone="13900000000",
            hospital=Hospital.objects.order_by("id").first(), item=Item.objects.get(key="escort-half-day"),  # type: ignore[arg-type]
            pickup_place="x", starts_at=local("2026-12-31 08:00"), ends_at=local("2026-12-31 12:00"),
        )  # fmt: skip
        for step in (actions.forward_enquiry,):
            step(by=BY, order=foreign)
        actions.draft_agreement(by=BY, order=foreign, price_fen=1)
        for party in ("customer", "company"):
            actions.sign_agreement(by=BY, order=foreign, party=party)
        theirs = companion("pei.ran")
        (offer,) = actions.offer_order(by=BY, order=foreign, companions=[theirs])
    manager, ming, web = api("hao.zhi"), api("ming.yu"), browser("hao.zhi")
    there = f"/api/v1/escort/orders/{foreign.code}/"
    for answer in (
        manager.get(there),
        manager.post(f"{there}offers/", {"companions": [str(theirs.code)]}),
        manager.post(f"{there}step/", {"step": "cancel", "reason": "x"}),
        manager.post("/api/v1/escort/orders/", asked_for() | {"patient": str(stranger.code)}),
        manager.post(f"/api/v1/escort/orders/{agreed().code}/offers/", {"companions": [str(theirs.code)]}),
        ming.get(there),
        ming.post(f"/api/v1/escort/offers/{offer.code}/accept/"),
        ming.post(f"{there}milestones/", stone("medicine", "2026-12-30 15:00")),
        web.get(f"/escort/orders/{foreign.code}/"),
        web.post(f"/escort/orders/{foreign.code}/cancel/", {"reason": "x"}),
        browser("ming.yu").post(f"/escort/me/offers/{offer.code}/accept/"),
    ):
        assert answer.status_code == 404
    with working_for("heron"):
        foreign.refresh_from_db()
        assert (foreign.state, Assignment.objects.count()) == ("offered", 0)


@pytest.mark.ledger("PL-002")
def test_where_the_vertical_is_off_it_leaves_no_trace(
    working_for: Callable[[str], AbstractContextManager[TenantContext]],
) -> None:
    agreed()
    assert "/escort/" in browser("hao.zhi").get("/escort/board/").content.decode()
    with working_for("smile"):
        who = patient("别家")
        web, client = browser("bai.lan"), api("bai.lan")
        for path in ("/escort/", "/escort/board/", "/escort/me/offers/", "/escort/orders/new/"):
            assert web.get(path).status_code == 404, path
        assert client.get("/api/v1/escort/orders/").status_code == 404
        page = web.get(f"/patients/{who.code}/")
        assert page.status_code == 200
        assert "escort" not in page.content.decode()
