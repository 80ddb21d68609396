"""The pages and the API of the telephone."""

from __future__ import annotations

from typing import Any

import pytest

from kernel.audit.models import AuditEntry
from kernel.identity.actions import assign_role
from kernel.identity.models import Role, User
from services.telephone import promises
from services.telephone.models import Call, MessageSlip, NuisanceNumber, Promise, Script
from tests.services.doors import SYSTEM, api, browser, person, staff, statements
from tests.services.flow import center, local, patient
from tests.services.test_telephone import BAI, GAO, LIN, REN, ZHU, called, commitment, owed, slip

CALLS, MESSAGES, PROMISES = "/telephone/", "/telephone/messages/", "/telephone/promises/"
API = "/api/v1/telephone/"


@pytest.fixture(autouse=True)
def tuesday(smile: Any, at: Any) -> Any:
    at("2026-12-08 14:00")
    return at


def form(**facts: Any) -> dict[str, Any]:
    """A call as its form sends it."""
    return {"direction": "in", "purpose": "consultation", "outcome": "answered", "summary": "问种植", **facts}


# --- calls ------------------------------------------------------------------------------------------------------------


def test_one_agent_fills_a_call_in_while_it_goes_on():
    who = patient("朱蕾", phone="13901230001")
    desk = browser(REN)

    opened = desk.get("/telephone/new/")
    assert "您好，微笑口腔中心店，我是任涛" in opened.content.decode()
    found = desk.post("/telephone/caller/", {"phone": "139 0123 0001"}).content.decode()
    assert "朱蕾" in found
    assert str(who.code) in found
    said = desk.post("/telephone/prompts/", form(purpose="find_person", recipient=staff("011").code)).content.decode()
    assert "林医生现在不在座位上" in said
    answer = desk.post("/telephone/new/", form(patient=who.code, phone="13901230001", rings="2"))

    assert answer.status_code == 303
    call = Call.objects.get()
    assert (call.patient, call.caller_name, call.handler_name) == (who, "朱蕾", "任涛")
    listed = desk.get(CALLS).content.decode()
    assert "朱蕾" in listed
    assert "139****0001" in listed
    assert "13901230001" not in listed


def test_what_is_missing_stands_beside_its_field_and_nothing_is_stored():
    desk = browser(REN)
    answer = desk.post("/telephone/new/", form(outcome="will_call_back", caller_name="朱女士"))
    assert answer.status_code == 422
    assert answer.context["form"].errors["caller_name"]
    assert answer.context["form"]["summary"].value() == "问种植"  # what was typed is still there
    assert not Call.objects.exists()
    assert browser(LIN).get("/telephone/new/").status_code == 403


def test_the_call_began_when_its_form_was_opened(tuesday):
    desk = browser(REN)
    opened = desk.get("/telephone/new/").context["form"]["started_at"].value()
    tuesday("2026-12-08 14:07")
    assert desk.post("/telephone/new/", form(started_at=opened)).status_code == 303
    assert Call.objects.get().started_at == local("2026-12-08 14:00")

    tuesday("2026-12-09 09:00")  # left open over night
    assert desk.post("/telephone/new/", form(started_at=opened)).status_code == 303
    assert Call.objects.order_by("id").last().started_at == local("2026-12-09 09:00")


def test_forbidden_words_are_answered_with_better_ones():
    answer = browser(REN).post("/telephone/new/", form(summary="我说不知道"), follow=True)
    assert Call.objects.count() == 1
    assert "我核实后给您答复" in answer.content.decode()


def test_a_marked_number_warns_while_it_is_typed():
    desk = browser(REN)
    assert desk.post("/telephone/numbers/", {"phone": "13900000009", "reason": "推销"}).status_code == 303
    warned = desk.post("/telephone/caller/", {"phone": "13900000009"})
    assert warned.context["known"].is_nuisance
    number = NuisanceNumber.objects.get()
    assert desk.post(f"/telephone/numbers/{number.code}/lift/").status_code == 403
    assert browser(GAO).post(f"/telephone/numbers/{number.code}/lift/").status_code == 303


@pytest.mark.parametrize(
    "asked", ["?day=9999-12-31", "?day=0001-01-01", "?day=2026-02-30", "?day=x", "?purpose=x", "?page=99"]
)
def test_a_strange_address_shows_today(asked):
    called()
    assert browser(REN).get(CALLS + asked).status_code == 200


@pytest.mark.ledger("TC-032")
def test_every_word_in_both_directions_stands_on_the_patients_page():
    who = patient("朱蕾", phone="13901230001")
    called(patient=who)
    left = slip(patient=who)
    doctor, desk = browser(LIN), browser(BAI)
    assert doctor.post(f"{MESSAGES}{left.code}/acknowledge/").status_code == 303
    assert doctor.post(f"{MESSAGES}{left.code}/close/", {"reply": "可以"}).status_code == 303

    page = desk.get(f"/patients/{who.code}/")

    titles = [item["title"] for item in page.context["timeline"] if item.get("kind") == "telephone"]
    assert len(titles) == 4  # the call, the message, the reply, and that the reply is owed
    assert f"/telephone/patients/{who.code}/" in page.content.decode()
    assert "林医生" in " ".join(titles)
    assert desk.get(f"/telephone/patients/{who.code}/").status_code == 200
    assert not [i for i in browser("fang.li").get(f"/patients/{who.code}/").context["timeline"] if i.get("kind") == "telephone"]  # fmt: skip


# --- messages and promises --------------------------------------------------------------------------------------------


@pytest.mark.ledger("TC-007")
def test_a_message_on_the_page_of_who_it_is_for_and_on_nobody_elses():
    desk = browser(BAI)
    facts = {"recipient": staff("011").code, "matter": "请回电", **ZHU}
    assert desk.post(f"{MESSAGES}new/", facts | {"phone": ""}).status_code == 422
    assert desk.post(f"{MESSAGES}new/", facts).status_code == 303
    left = MessageSlip.objects.get()
    assert "林医生" in desk.get(MESSAGES).content.decode()

    mine = browser(LIN).get(f"{MESSAGES}{left.code}/")
    assert mine.context["may_acknowledge"]
    assert "13901230001" in mine.content.decode()
    assert browser("dr.xu").get(f"{MESSAGES}{left.code}/").status_code == 404
    refused = desk.post(f"{MESSAGES}{left.code}/acknowledge/")
    assert (refused.status_code, MessageSlip.objects.get().state) == (403, "taken")
    assert desk.post(f"{MESSAGES}{left.code}/deliver/").status_code == 303
    assert browser(LIN).post(f"{MESSAGES}{left.code}/acknowledge/").status_code == 303
    assert desk.get(f"{MESSAGES}?show=open").context["rows"] == [left]


def test_a_whole_number_is_shown_to_who_has_to_call_and_that_is_logged():
    promise = owed()
    url = f"{PROMISES}{promise.code}/"
    assert "13901230001" in browser(GAO).get(url).content.decode()
    read = AuditEntry.objects.get(verb="read", target_code=promise.code)
    assert (read.actor_name, read.purpose) == (GAO, "phone")
    investigator = User.objects.get(username="mei.hua")
    assign_role(by=SYSTEM, user=investigator, role=Role.objects.get(slug="investigator"), site=center().code)
    seen = browser("mei.hua").get(url).content.decode()
    assert "13901230001" not in seen
    assert "139****0001" in seen
    promises.tell_customer(by=person(GAO), promise=promise, customer_told=True, note="不影响")
    assert "13901230001" not in browser(GAO).get(url).content.decode()


@pytest.mark.ledger("TC-011")
def test_the_page_closes_a_promise_only_with_the_tick_that_the_customer_was_told():
    promise = owed()
    desk, lead = browser(REN), browser(GAO)
    assert not desk.get(f"{PROMISES}{promise.code}/").context["may_tell"]
    assert desk.post(f"{PROMISES}{promise.code}/answer/", {"answer": "可以"}).status_code == 403
    assert lead.post(f"{PROMISES}{promise.code}/answer/", {"answer": "可以"}).status_code == 303
    assert desk.get(f"{PROMISES}{promise.code}/").context["may_tell"]

    refused = desk.post(f"{PROMISES}{promise.code}/told/", {"how": "phone"})
    assert refused.status_code == 422
    assert refused.context["refusal"].code == "customer_not_told"
    assert desk.post(f"{PROMISES}{promise.code}/told/", {"how": "phone", "customer_told": "on"}).status_code == 303

    assert Promise.objects.get().outcome == "fulfilled"
    assert desk.get(f"{PROMISES}?show=kept").context["rows"] == [promise]


def test_a_promise_is_written_down_without_a_call():
    desk = browser(REN)
    facts = {"kind": "commitment", "phone": "13901230001", "customer_name": "朱蕾", "matter": "发价目表"}
    assert desk.post(f"{PROMISES}new/", facts).status_code == 422
    assert desk.post(f"{PROMISES}new/", facts | {"customer_name": ""}).context["form"].errors["customer_name"]
    answer = desk.post(f"{PROMISES}new/", facts | {"due_at": "2026-12-08T16:00"})
    assert answer.status_code == 303
    assert Promise.objects.get().owner_name == "任涛"


@pytest.mark.ledger("TC-016")
def test_a_broken_promise_is_shown_with_who_broke_it(tuesday):
    promise = commitment()
    tuesday("2026-12-08 17:00")
    promises.tell_customer(by=person(REN), promise=promise, customer_told=True)
    page = browser(GAO).get(f"{PROMISES}?show=broken")
    assert page.context["rows"] == [promise]
    assert "任涛" in page.content.decode()


# --- content ----------------------------------------------------------------------------------------------------------


def test_a_supervisor_rewrites_a_script_and_an_agent_reads_it():
    opening = Script.objects.get(key="opening")
    url = f"/telephone/scripts/{opening.code}/"
    desk, lead = browser(REN), browser(GAO)
    assert desk.get("/telephone/scripts/").status_code == desk.get(url).status_code == 200
    assert desk.post(url, {"text_zh": "喂", "is_active": "on"}).status_code == 403
    assert lead.post(url, {"text_zh": "{nobody}", "is_active": "on"}).context["form"].errors["text_zh"]
    assert lead.post(url, {"text_zh": "您好，{clinic}，{agent}。", "is_active": "on"}).status_code == 303
    assert "您好，微笑口腔中心店，任涛。" in desk.get("/telephone/new/").content.decode()
    words = {"text_zh": "您好，{clinic}。", "text_hant": "您好，{clinic}，{agent}為您服務。", "is_active": "on"}
    assert lead.post(url, words).status_code == 303
    User.objects.filter(username=REN).update(language="zh-hant")
    assert "您好，微笑口腔中心店，任涛為您服務。" in desk.get("/telephone/new/").content.decode()
    User.objects.filter(username=REN).update(language="")
    assert lead.post("/telephone/phrases/", {"text": "随便", "instead": "都可以"}).status_code == 303
    assert "随便" in desk.get("/telephone/phrases/").content.decode()


# --- size and API -----------------------------------------------------------------------------------------------------


def test_the_lists_cost_the_same_with_three_hundred_rows():
    desk = browser(GAO)
    who = patient("朱蕾", phone="13901230001")

    def fill(count: int) -> None:
        for _number in range(count):
            called(outcome="will_call_back", reachable="随时", patient=who)
            slip(patient=who)

    paths = (CALLS, MESSAGES, PROMISES, f"/telephone/patients/{who.code}/")
    fill(2)
    for path in paths:
        desk.get(path)
    few = {path: statements(lambda path=path: desk.get(path)) for path in paths}
    fill(20)
    for path in paths:
        desk.get(path)
        assert statements(lambda path=path: desk.get(path)) <= few[path], path
    assert max(few[path] for path in (CALLS, MESSAGES, PROMISES)) <= 12, few


def test_the_api_is_the_same_door():
    client = api(REN)
    facts = {"site": str(center().code), "direction": "in", "purpose": "consultation", "outcome": "will_call_back",
             "summary": "问种植", "caller_name": "朱蕾", "reachable": "随时"}  # fmt: skip
    refused = client.post(f"{API}calls/", facts)
    assert (refused.status_code, refused.json()["code"]) == (422, "phone_missing")
    made = client.post(f"{API}calls/", facts | {"phone": "13901230001"})
    assert made.status_code == 201, made.content
    assert "13901230001" not in str(made.json())
    [promise] = client.get(f"{API}promises/").json()["results"]
    told = client.post(f"{API}promises/{promise['code']}/told/", {"customer_told": False})
    assert told.json()["code"] == "customer_not_told" or told.status_code == 403
    assert (
        api(GAO).post(f"{API}promises/{promise['code']}/answer/", {"answer": "可以"}).json()["state"] == "answer_ready"
    )
    refused = client.post(f"{API}promises/{promise['code']}/told/", {"customer_told": False})
    assert (refused.status_code, refused.json()["code"]) == (422, "customer_not_told")
    assert (
        client.post(f"{API}promises/{promise['code']}/told/", {"customer_told": True}).json()["outcome"] == "fulfilled"
    )

    left = client.post(
        f"{API}messages/",
        {"site": str(center().code), "recipient": str(staff("011").code), "matter": "请回电", **ZHU},
    ).json()
    stranger = api("dr.xu").post(f"{API}messages/{left['code']}/acknowledge/")
    assert stranger.status_code == 404
    assert client.post(f"{API}messages/{left['code']}/acknowledge/").json()["code"] == "slip_not_yours"
    assert api(LIN).post(f"{API}messages/{left['code']}/acknowledge/").json()["state"] == "acknowledged"
    mine = api(LIN).get(f"{API}messages/{left['code']}/").json()
    assert (mine["phone"], mine["phone_masked"]) == ("13901230001", "139****0001")
    assert "phone" not in api(LIN).get(f"{API}messages/").json()["results"][0]
    assert api("dou.heng").get(f"{API}calls/").json()["results"][0]["phone_masked"] == "139****0001"
    assert api("luo.ping").get(f"{API}calls/").json()["results"] == []
