"""An escort order from the enquiry to the archive, as its people see it: desk, manager, companion."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from escort import selectors, service
from escort.models import Assignment, Milestone, Offer, Order
from kernel import timers
from kernel.audit.models import AuditEntry
from kernel.errors import NotFound, RuleRefused
from kernel.ids import uuid7
from kernel.messaging.models import Message
from kernel.parameters.actions import set_parameter
from kernel.tenancy import TenantContext
from kernel.timers.models import Timer
from services.tasks.models import Task
from tests.services.doors import api, browser
from tests.verticals.agency import (
    BY,
    CLIENT,
    CUSTOMER_PHONE,
    PREPARATION,
    SECRETS,
    accepted,
    actor,
    asked_for,
    companion,
    enquiry,
    local,
    met,
    offered,
    ready,
    refusals,
    stone,
    told,
)


@pytest.fixture(autouse=True)
def afternoon(at: Any, peiban: TenantContext) -> Any:
    """30 December, 15:00 at the agency, the day before the service; the nightly work of the days before is another story."""
    at("2026-12-30 15:00")
    Timer.objects.filter(kind__startswith="daily:").delete()
    return at


# --- the whole way ----------------------------------------------------------------------------------------------------


@pytest.mark.ledger("ES-005", "ES-006", "ES-008", "ES-009", "ES-014", "ES-033", "ES-046", "ES-049")
def test_an_order_over_the_api_from_enquiry_to_archive(afternoon: Any) -> None:
    """SC-28: agreed, offered at 15:00, accepted, met four minutes late, ended 12:20, reported within 24 hours, archived."""
    desk, manager, ming, rui = (api(name) for name in ("kefu.an", "hao.zhi", "ming.yu", "rui.xin"))
    order = desk.post("/api/v1/escort/orders/", asked_for()).json()
    there = f"/api/v1/escort/orders/{order['code']}/"
    forwarded = desk.post(f"{there}forward/")
    assert (forwarded.status_code, forwarded.json()["state"]) == (200, "with_manager")
    assert manager.post(f"{there}agreement/", {"price_fen": 38_000}).status_code == 201
    people = {"companions": [str(companion(name).code) for name in ("ming.yu", "rui.xin")]}
    for party in ("customer", "company"):
        unsigned = manager.post(f"{there}offers/", people)
        assert (unsigned.status_code, unsigned.json()["code"]) == (422, "agreement_not_signed")
        assert manager.post(f"{there}agreement/sign/", {"party": party}).status_code == 200
    assert refusals("agreement_not_signed") == 2
    made = manager.post(f"{there}offers/", people)
    assert [row["state"] for row in made.json()] == ["open", "open"]

    (mine,), (theirs,) = (one.get("/api/v1/escort/offers/").json()["results"] for one in (ming, rui))
    assert ming.get(there).status_code == 404
    won = ming.post(f"/api/v1/escort/offers/{mine['code']}/accept/")
    assert (won.status_code, won.json()["companion"]) == (200, str(companion("ming.yu").code))
    lost = rui.post(f"/api/v1/escort/offers/{theirs['code']}/accept/")
    assert (lost.status_code, lost.json()["code"]) == (409, "offer_lost")
    assert refusals("offer_lost") == 1
    assert ming.get(there).json()["patient_name"] == CLIENT
    assert rui.get(there).status_code == 404
    prepared = ming.post(f"{there}preparation/", PREPARATION)
    assert (prepared.status_code, prepared.json()["state"]) == (200, "ready")

    afternoon("2026-12-31 08:04")
    ming = api("ming.yu")
    assert ming.post(f"{there}milestones/", stone("checked_in", "2026-12-31 08:04")).status_code == 200
    assert ming.post(f"{there}milestones/", stone("consulted", "2026-12-31 08:04")).status_code == 200
    afternoon("2026-12-31 12:20")
    assert ming.post(f"{there}milestones/", stone("ended", "2026-12-31 12:20")).status_code == 200
    afternoon("2027-01-01 12:20")
    ming, manager = api("ming.yu"), api("hao.zhi")
    report = ming.post(f"{there}report/", {"text": "全程陪同"})
    assert (report.status_code, report.json()["on_time"]) == (201, True)
    assert ming.get(there).json()["late_minutes"] == 4

    archived = manager.post(f"{there}step/", {"step": "archive"})
    assert (archived.status_code, archived.json()["state"]) == (200, "archived")
    assert ming.get(there).status_code == 404
    assert manager.get(there).json()["patient_name"] == CLIENT
    cards = ming.get("/api/v1/escort/cards/")
    assert cards.json()["cards"] == [
        {
            "number": order["number"],
            "hospital": order["hospital"],
            "item": "半天陪诊",
            "starts_at": "2026-12-31T00:00:00Z",
            "ends_at": "2026-12-31T04:00:00Z",
            "late_minutes": 4,
            "reported_on_time": True,
        }
    ]
    assert not any(secret in cards.content.decode() for secret in SECRETS)
    assert rui.get("/api/v1/escort/cards/").json()["cards"] == []


@pytest.mark.ledger("ES-006", "ES-008", "ES-014", "ES-015", "ES-033", "ES-046")
def test_the_same_way_over_the_pages(afternoon: Any) -> None:
    desk, manager, ming = browser("kefu.an"), browser("hao.zhi"), browser("ming.yu")
    said = asked_for() | {"starts_at": "2026-12-31T08:00", "ends_at": "2026-12-31T12:00"}
    said.pop("site")
    assert desk.post("/escort/orders/new/", said | {"starts_at": "soon"}).status_code == 422
    assert desk.post("/escort/orders/new/", said).status_code == 303
    order = Order.objects.get()
    assert order.state == "with_manager"  # nothing is left to do at the desk
    there, phone = f"/escort/orders/{order.code}/", f"/escort/me/orders/{order.code}/"
    assert there in manager.get("/escort/board/").content.decode()
    assert manager.post(f"{there}draft/", {"price_fen": "a lot"}).status_code == 422
    for step, form in (
        ("draft", {"price_fen": "380.00"}),
        ("sign-customer", {}),
        ("sign-company", {}),
        ("offer", {"companion": [str(companion("ming.yu").code)]}),
    ):
        assert manager.post(f"{there}{step}/", form).status_code == 303, step
        assert manager.get(there).status_code == 200
    offer = Offer.objects.get()
    shown = ming.get("/escort/me/offers/").content.decode()
    assert str(offer.code) in shown
    assert not any(secret in shown for secret in SECRETS)
    assert ming.post(f"/escort/me/offers/{offer.code}/accept/").status_code == 303
    assert CLIENT in ming.get(phone).content.decode()
    assert ming.post(f"{phone}prepare/", {"registration_number": "9" * 41}).status_code == 422
    assert ming.post(f"{phone}prepare/", PREPARATION).status_code == 303

    afternoon("2026-12-31 08:10")
    ming, manager = browser("ming.yu"), browser("hao.zhi")
    key = str(uuid7())
    for wrong in ({"key": "x"}, {"happened_at": "2026-13-45T08:00"}):
        assert ming.post(f"{phone}check-in/", wrong).status_code == 400
    for _twice in range(2):
        sent = ming.post(f"{phone}check-in/", {"key": key, "happened_at": "2026-12-31T07:58:00+08:00", "place": "东门"})
        assert sent.status_code == 303
    # The phone brings its own time with every button of the service, the last one included.
    in_service = ming.get(phone).content.decode()
    assert in_service.count('name="happened_at"') == in_service.count('name="key"') == 2
    assert in_service.count("data-moment") == 2
    assert ming.post(f"{phone}consulted/", {"key": str(uuid7())}).status_code == 303
    assert ming.post(f"{phone}dance/").status_code == 422
    met_at = Milestone.objects.get(kind="checked_in")
    assert (met_at.happened_at, met_at.stored_at) == (local("2026-12-31 07:58"), local("2026-12-31 08:10"))
    assert ming.post(f"{phone}end/").status_code == 303
    assert ming.post(f"{phone}report/", {"text": ""}).status_code == 422
    assert ming.post(f"{phone}report/", {"text": "全程陪同"}).status_code == 303
    assert manager.post(f"{there}archive/").status_code == 303

    assert ming.get(phone).status_code == 404
    today = ming.get("/escort/me/today/").content.decode()
    assert f"{order.hospital.name} · 半天陪诊" in today
    assert not any(secret in today for secret in SECRETS)
    assert CLIENT in manager.get(there).content.decode()
    order.refresh_from_db()
    assert (order.state, order.late_minutes, Milestone.objects.count()) == ("archived", 0, 3)


# --- the service ------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("ES-010", "ES-011", "ES-012", "ES-013")
@pytest.mark.parametrize("missing", list(PREPARATION))
def test_without_its_whole_preparation_no_service_begins(afternoon: Any, missing: str) -> None:
    order = accepted()
    service.prepare(by=actor("ming.yu"), order=order, **{k: v for k, v in PREPARATION.items() if k != missing})  # type: ignore[arg-type]
    afternoon("2026-12-31 08:00")
    answer = api("ming.yu").post(
        f"/api/v1/escort/orders/{order.code}/milestones/", stone("checked_in", "2026-12-31 08:00")
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "preparation_incomplete")
    assert answer.json()["facts"]["missing"] == [missing]
    assert refusals("preparation_incomplete") == 1
    assert not Milestone.objects.exists()


@pytest.mark.ledger("ES-014")
@pytest.mark.parametrize(
    "met_at,tolerance,late",
    [
        ("2026-12-31 07:50:00", 0, 0),
        ("2026-12-31 08:00:00", 0, 0),
        ("2026-12-31 08:00:59", 0, 0),
        ("2026-12-31 08:01:00", 0, 1),
        ("2026-12-31 08:04:59", 0, 4),
        ("2026-12-31 08:05:59", 5, 0),
        ("2026-12-31 08:06:00", 5, 6),
    ],
)
def test_late_is_whole_minutes_beyond_the_tolerance_and_the_customer_hears_of_it(
    afternoon: Any, met_at: str, tolerance: int, late: int
) -> None:
    order = ready()
    if tolerance:
        set_parameter(by=BY, key="escort_late_minutes", value=tolerance)
    afternoon(met_at)
    met(order, met_at)
    told()
    told()

    order.refresh_from_db()
    assert (order.late_minutes, order.state) == (late, "in_service")
    messages = list(Message.objects.filter(template="escort_late"))
    assert [message.to for message in messages] == ([CUSTOMER_PHONE] if late else [])
    assert all(str(late) in message.body and "08:00" in message.body for message in messages)
    assert AuditEntry.objects.filter(verb="escort.late").count() == (1 if late else 0)


@pytest.mark.ledger("ES-015", "ES-027")
def test_the_phones_own_time_counts_and_the_same_key_is_stored_once(afternoon: Any) -> None:
    """Without a network at 07:59, sent at 08:30: on time. Sent twice it is one entry; a key stands for one thing only."""
    order = ready()
    afternoon("2026-12-31 08:30")
    ming, there = api("ming.yu"), f"/api/v1/escort/orders/{order.code}/milestones/"
    first = stone("checked_in", "2026-12-31 07:59")

    answers = [ming.post(there, first) for _twice in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert (answers[0].json()["happened_at"], answers[0].json()["stored_at"]) == (
        "2026-12-30T23:59:00Z", "2026-12-31T00:30:00Z",
    )  # fmt: skip
    order.refresh_from_db()
    assert order.late_minutes == 0
    reused = ming.post(there, first | {"kind": "medicine"})
    assert (reused.status_code, reused.json()["code"]) == (409, "key_reused")
    second = stone("medicine", "2026-12-31 08:20", note="已取药")
    assert ming.post(there, second).json()["code"] == ming.post(there, second).json()["code"]
    ended = stone("ended", "2026-12-31 08:25")
    assert ming.post(there, ended).json() == ming.post(there, ended).json()
    assert list(Milestone.objects.order_by("id").values_list("kind", flat=True)) == ["checked_in", "medicine", "ended"]
    order.refresh_from_db()
    assert order.ended_at == local("2026-12-31 08:25")
    due = Timer.objects.get(kind="escort.report_due")
    assert due.due_at == local("2027-01-01 08:25") + timedelta(seconds=1)


@pytest.mark.ledger("ES-015")
def test_a_time_that_cannot_be_is_refused(afternoon: Any) -> None:
    order = ready()
    afternoon("2026-12-31 08:00")
    ming, there = api("ming.yu"), f"/api/v1/escort/orders/{order.code}/milestones/"
    ahead = ming.post(there, stone("checked_in", "2026-12-31 08:02:01"))
    assert (ahead.status_code, ahead.json()["code"]) == (422, "time_in_the_future")
    before = ming.post(there, stone("checked_in", "2026-12-30 14:59:59"))  # accepted at 15:00
    assert (before.status_code, before.json()["code"]) == (422, "time_out_of_order")
    assert ming.post(there, stone("checked_in", "2026-12-31 08:02:00")).status_code == 200
    for kind in ("medicine", "ended"):
        earlier = ming.post(there, stone(kind, "2026-12-31 08:01:59"))
        assert (earlier.status_code, earlier.json()["code"]) == (422, "time_out_of_order")
    assert refusals("time_out_of_order") == 3
    assert Milestone.objects.count() == 1


@pytest.mark.ledger("ES-014")
def test_nobody_checks_in_hours_before_the_service(afternoon: Any) -> None:
    order = ready()
    set_parameter(by=BY, key="escort_check_in_early_minutes", value=60)
    afternoon("2026-12-31 07:30")
    ming, there = api("ming.yu"), f"/api/v1/escort/orders/{order.code}/milestones/"
    early = ming.post(there, stone("checked_in", "2026-12-31 06:59:59"))
    assert (early.status_code, early.json()["code"]) == (422, "too_early")
    assert "07:00" in early.json()["detail"]
    assert Milestone.objects.count() == 0
    assert ming.post(there, stone("checked_in", "2026-12-31 07:00:00")).status_code == 200


def test_steps_come_in_their_order(afternoon: Any) -> None:
    order = ready()
    afternoon("2026-12-31 08:00")
    ming = api("ming.yu")
    there = f"/api/v1/escort/orders/{order.code}/"
    early = [
        ming.post(f"{there}milestones/", stone("medicine", "2026-12-31 08:00")),
        ming.post(f"{there}milestones/", stone("ended", "2026-12-31 08:00")),
        ming.post(f"{there}report/", {"text": "x"}),
    ]
    assert [(one.status_code, one.json()["code"]) for one in early] == [
        (409, "not_in_service"), (409, "invalid_transition"), (409, "invalid_transition"),
    ]  # fmt: skip
    met(order)
    again = ming.post(f"{there}milestones/", stone("checked_in", "2026-12-31 08:00"))
    assert (again.status_code, again.json()["code"]) == (409, "invalid_transition")
    assert ming.post(f"{there}preparation/", PREPARATION).json()["code"] == "invalid_transition"
    assert Milestone.objects.count() == 1


@pytest.mark.ledger("ES-033")
def test_a_report_is_handed_in_once_and_is_never_empty(afternoon: Any) -> None:
    order = ready()
    afternoon("2026-12-31 08:00")
    met(order)
    service.end_service(by=actor("ming.yu"), order=order, key=uuid7(), happened_at=local("2026-12-31 08:00"))
    with pytest.raises(RuleRefused) as empty:
        service.file_report(by=actor("ming.yu"), order=order, text=" ")
    assert empty.value.code == "report_empty"
    ming, there = api("ming.yu"), f"/api/v1/escort/orders/{order.code}/report/"
    assert ming.post(there, {"text": "全程陪同"}).status_code == 201
    assert ming.post(there, {"text": "again"}).status_code == 409
    assert Timer.objects.get(kind="escort.report_due").state == "cancelled"


# --- changing hands ---------------------------------------------------------------------------------------------------


@pytest.mark.ledger("ES-022", "ES-046")
def test_who_is_released_loses_sight_at_once_and_the_next_one_confirms_anew(afternoon: Any) -> None:
    order = ready()
    manager, there = api("hao.zhi"), f"/api/v1/escort/orders/{order.code}/"
    silent = manager.post(f"{there}step/", {"step": "release"})
    assert (silent.status_code, silent.json()["code"]) == (422, "reason_missing")

    assert manager.post(f"{there}step/", {"step": "release", "reason": "病假"}).json()["state"] == "agreed"

    assert api("ming.yu").get(there).status_code == 404
    assert browser("ming.yu").get(f"/escort/me/orders/{order.code}/").status_code == 404
    with pytest.raises(NotFound):
        service.prepare(by=actor("ming.yu"), order=order, route="x")
    afternoon("2026-12-31 08:00")
    with pytest.raises(NotFound):
        met(order)
    afternoon("2026-12-30 15:05")
    ended = Assignment.objects.get()
    assert (ended.active, ended.end_reason, selectors.order_cards(companion("ming.yu"))) == (False, "病假", [])
    order.refresh_from_db()
    (offer,) = offered("rui.xin", order=order)
    service.accept_offer(by=actor("rui.xin"), offer=offer)
    order.refresh_from_db()
    assert (order.state, service.missing_preparation(order)) == ("accepted", ["reconfirmed"])


@pytest.mark.ledger("ES-021")
def test_a_cancelled_order_keeps_its_reason_and_frees_everybody(afternoon: Any) -> None:
    order = accepted()
    manager, there = api("hao.zhi"), f"/api/v1/escort/orders/{order.code}/step/"
    assert manager.post(there, {"step": "cancel"}).json()["code"] == "reason_missing"
    done = manager.post(there, {"step": "cancel", "reason": "改由家人陪同"}).json()
    assert (done["state"], done["cancel_reason"]) == ("cancelled", "改由家人陪同")
    order.refresh_from_db()
    assert order.cancelled_at == local("2026-12-30 15:00")
    assert "改由家人陪同" in browser("hao.zhi").get(f"/escort/orders/{order.code}/").content.decode()
    assert api("ming.yu").get(f"/api/v1/escort/orders/{order.code}/").status_code == 404
    second = ready()  # the same hours are free again
    afternoon("2026-12-31 08:00")
    met(second)
    late = api("hao.zhi").post(
        f"/api/v1/escort/orders/{second.code}/step/", {"step": "cancel", "reason": "too late for that"}
    )
    assert (late.status_code, late.json()["code"]) == (409, "invalid_transition")


def test_offers_taken_back_can_be_accepted_by_nobody() -> None:
    first, second = offered("ming.yu", "rui.xin")
    page = browser("hao.zhi")
    assert page.post(f"/escort/orders/{first.order.code}/withdraw/").status_code == 303
    for offer, name in ((first, "ming.yu"), (second, "rui.xin")):
        answer = api(name).post(f"/api/v1/escort/offers/{offer.code}/accept/")
        assert (answer.status_code, answer.json()["code"]) == (409, "offer_closed")
    assert set(Offer.objects.values_list("state", flat=True)) == {"withdrawn"}
    assert Order.objects.get().state == "agreed"


@pytest.mark.ledger("ES-006", "ES-033")
def test_what_is_overdue_stands_in_the_managers_inbox(afternoon: Any) -> None:
    waiting = enquiry()
    afternoon("2026-12-30 15:15:00")
    timers.fire_due()
    page = browser("hao.zhi").get("/tasks/")
    assert page.status_code == 200
    assert f"/escort/orders/{waiting.code}/" in page.content.decode()
    assert Task.objects.get(kind="escort.enquiry_waits").subject_code == waiting.patient.code
    assert str(waiting.code) not in browser("kefu.an").get("/tasks/").content.decode()
