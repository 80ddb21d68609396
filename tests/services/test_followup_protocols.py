"""Calls with a protocol, recalls, opt-outs and complaints, call-backs in the same list, contacts corrected in a call."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from kernel.errors import RuleRefused
from services.appointments.specialists import note_absent_specialist
from services.catalogue.models import Item
from services.followup import actions, holding, kpis, selectors, wishes
from services.followup.models import FollowUp
from services.patients.models import ContactChange, Patient
from services.records.actions import record_treatment, void_treatment
from services.staff.models import DutyShift
from services.telephone.actions import log_call
from services.telephone.promises import tell_customer
from tests.services.doors import SYSTEM, browser, person, staff
from tests.services.flow import center, clockwork, local, patient

BAI, LIN, GAO = "bai.lan", "dr.lin", "gao.wen"
STEPS = ["identity", "permission", "treatment"]


@pytest.fixture(autouse=True)
def monday(smile: Any, at: Any) -> Any:
    at("2026-11-30 10:00")
    return at


def treated(who: Patient, key: str = "dental-filling") -> Any:
    """A treatment that was recorded now, and what follows from it."""
    done = record_treatment(
        by=person(LIN), site=center(), patient=who, doctor=staff("011"), item=Item.objects.get(key=key)
    )
    clockwork()
    return done


def calls(who: Patient, rule: str = "dental-recall") -> list[FollowUp]:
    return list(FollowUp.objects.filter(plan__patient=who, plan__rule_key=rule).order_by("due_on"))


def due(call: FollowUp) -> FollowUp:
    return actions.make_due(by=SYSTEM, followup=call)


@pytest.mark.ledger("FU-004", "FU-005", "FU-006", "FU-009")
def test_recalls_come_after_six_and_twelve_months_with_opening_guarantee_and_advice(at):
    who = patient("韩博")
    treated(who)
    half, year = calls(who)
    # 30 May 2027 is a Sunday; the treated item and its day are cited.
    assert (half.due_on, year.due_on) == (date(2027, 5, 31), date(2027, 11, 30))
    assert half.plan.item is not None
    at("2027-05-31 10:00")
    half = due(half)
    said = selectors.script_of(half, person(BAI))
    assert all(word in said for word in ("韩博", "2026-11-30", half.plan.item.name, "12", center().name)), said
    assert "{" not in said + selectors.education_of(half, person(BAI))

    facts: dict[str, Any] = {"by": person(BAI), "followup": half, "result": "fine"}
    with pytest.raises(RuleRefused) as refusal:
        actions.close_with_result(**facts, steps=["identity"])
    assert refusal.value.code == "steps_missing"
    with pytest.raises(RuleRefused) as refusal:
        actions.close_with_result(**facts, steps=STEPS)
    assert refusal.value.code == "education_missing"
    done = actions.close_with_result(**facts, steps=STEPS, education_given=True)
    assert (done.state, done.steps, done.education_given) == ("closed", STEPS, True)

    later = treated(who, "dental-crown")
    assert sorted(call.state for call in calls(who)) == ["cancelled", "closed", "planned", "planned"]
    void_treatment(by=person(LIN), treatment=later, reason="wrong file")
    clockwork()
    assert sum(call.state == "planned" for call in calls(who)) == 0


@pytest.mark.ledger("FU-010")
def test_after_an_extraction_every_question_is_asked(at):
    who = patient("拔牙")
    treated(who)
    assert calls(who, "dental-extraction") == []
    treated(who, "dental-extraction")
    first, second = calls(who, "dental-extraction")
    assert (first.due_on, second.due_on) == (date(2026, 12, 1), date(2026, 12, 7))
    at("2026-12-01 10:00")
    facts: dict[str, Any] = {"by": person(BAI), "followup": due(first), "result": "fine", "steps": ["identity"]}
    some = {"bleeding": "不出血", "pain": "轻"}
    with pytest.raises(RuleRefused) as refusal:
        actions.close_with_result(**facts, answers=some, education_given=True)
    assert (refusal.value.code, set(refusal.value.fields)) == ("questions_unanswered", {"ask_swelling", "ask_gauze"})
    done = actions.close_with_result(
        **facts, answers={**some, "swelling": "无", "gauze": "半小时"}, education_given=True
    )
    assert [answer for _label, answer in selectors.answers_of(done)] == ["不出血", "轻", "无", "半小时"]


@pytest.mark.ledger("FU-018")
def test_promotional_calls_rest_while_a_complaint_is_open_and_after_an_opt_out(at):
    angry, tired = patient("投诉"), patient("别打")
    for who in (angry, tired):
        treated(who)
        treated(who, "dental-extraction")
    complaint = log_call(
        by=person(BAI), site=center(), direction="in", purpose="complaint", outcome="forwarded", patient=angry,
        summary="等太久", reachable="随时", alternative="先登记",
    )  # fmt: skip
    assert holding.hold_on(angry) == holding.COMPLAINS
    wishes.opt_out(by=person(BAI), patient=tired, site=center())
    wishes.opt_out(by=person(BAI), patient=tired, site=center())
    assert {call.cancel_reason for call in calls(tired) if call.state == "cancelled"} >= {holding.OPTED_OUT}
    assert not [call for call in calls(tired) if call.state == "planned"]
    assert [call.state for call in calls(tired, "dental-extraction")] == ["planned", "planned"]  # care is no promotion
    fact = kpis.opt_outs(center(), date(2026, 11, 30))
    assert fact is not None
    assert (fact.numerator, selectors.opted_out_now(person(BAI))) == (1, 1)

    waiting = [call for call in calls(angry) if call.state == "planned"]
    at("2027-05-31 10:00")
    assert (due(waiting[0]).state, waiting[0].state) == ("cancelled", "planned")
    [promise] = complaint.promises.all()
    tell_customer(by=person(GAO), promise=promise, customer_told=True, note="已道歉")
    assert holding.hold_on(angry) is None
    assert due(waiting[1]).state == "due"
    wishes.opt_in(by=person(BAI), patient=tired)
    assert holding.hold_on(tired) is None


@pytest.mark.ledger("FU-019")
def test_specialists_who_are_back_and_promises_stand_in_the_list_of_calls(at):
    at("2026-12-07 10:00")
    owed = log_call(
        by=person(BAI), site=center(), direction="in", purpose="booking", outcome="promised", caller_name="朱小蕾",
        phone="13901230001", summary="周三前回电", due_at=local("2026-12-09 17:00"),
    )  # fmt: skip
    DutyShift.objects.filter(staff=staff("023"), starts_at__lt=local("2026-12-08 00:00")).delete()
    note_absent_specialist(
        by=person(BAI), site=center(), patient=patient("远客"), specialist=staff("023"), purpose="正畸"
    )
    kinds = {line.task.kind for line in selectors.call_backs(person(BAI))}
    assert kinds == {"telephone.tell", "appointments.specialist_back"}
    page = browser(BAI).get("/followup/?show=call_backs").content.decode()
    assert page.count("data-row-open") == 2
    assert owed.outcome == "promised"


@pytest.mark.ledger("FU-021")
def test_a_contact_corrected_in_the_call_is_written_back_with_its_history(at):
    who = patient("搬家", phone="", address="旧街 1 号")
    treated(who, "dental-extraction")
    at("2026-12-01 10:00")
    call = due(calls(who, "dental-extraction")[0])
    assert call.state == "no_phone"
    desk = browser(BAI)
    wrong = desk.post(f"/followup/{call.code}/contact/", {"phone": "12"})
    assert wrong.status_code == 422
    sent = desk.post(f"/followup/{call.code}/contact/", {"phone": "13901230077", "address": ""})
    assert sent.status_code == 303
    who.refresh_from_db()
    call.refresh_from_db()
    assert (who.phone, who.address, call.state) == ("13901230077", "旧街 1 号", "due")
    [change] = ContactChange.objects.filter(patient=who, field="phone")
    assert (change.old_value, change.new_value, change.changed_by_name) == ("", "13901230077", "白岚")
    page = desk.get(f"/followup/{call.code}/").content.decode()
    assert "13901230077" not in page


def test_the_protocol_on_the_page_keeps_what_was_typed(at):
    who = patient("韩博")
    treated(who, "dental-extraction")
    at("2026-12-01 10:00")
    call = due(calls(who, "dental-extraction")[0])
    desk = browser(BAI)
    given = {
        "result": "fine",
        "channel": "phone",
        "steps": ["identity"],
        "ask_bleeding": "不出血",
        "education_given": "on",
    }
    answer = desk.post(f"/followup/{call.code}/result/", given)
    assert answer.status_code == 422
    assert answer.context["result_form"]["ask_bleeding"].value() == "不出血"
    assert answer.context["result_form"].errors["ask_pain"]
    whole = {**given, "ask_pain": "无", "ask_swelling": "无", "ask_gauze": "昨天"}
    assert desk.post(f"/followup/{call.code}/result/", whole).status_code == 303
    assert desk.post(f"/followup/{call.code}/opt-out/").status_code == 303
    assert holding.opted_out(who) is not None
