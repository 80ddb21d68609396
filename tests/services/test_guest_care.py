"""Around the visit: at the door, step by step, from post to post, what guests leave, ask and wish, and the queue."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from kernel.errors import Conflict, DomainError, Forbidden, RuleRefused
from kernel.identity.models import User
from kernel.parameters import Scope, set_parameter
from services.cashier.actions import SlipLine, issue_slip
from services.catalogue.selectors import item_by_key, may_see_price
from services.guest_care import actions, enquiries, handlers, queue, selectors, wishes
from services.guest_care.models import (
    CareItem,
    ConsultantReception,
    DeviceFault,
    GuestPass,
    Introduction,
    Luggage,
    OpenQuestion,
    PriceEnquiry,
    ServiceStep,
    SpecialRequest,
    Ticket,
    TicketCall,
)
from services.policy.models import NudgeCount
from services.reception import actions as desk
from services.reception.models import Visit
from services.tasks.models import Task
from tests.services.doors import SYSTEM, person, staff
from tests.services.flow import booked, center, chair, clockwork, local, patient, walked_in


@pytest.fixture(autouse=True)
def monday(smile, at):
    at("2026-12-07 09:00")
    return at


def step_item(key: str) -> CareItem:
    return CareItem.objects.get(key=key)


def been_here(name: str, **facts: object):
    """A patient whose first visit was some other day."""
    who = patient(name, **facts)
    Visit.objects.create(
        site=center(), patient=who, doctor=staff("011"), vertical="dental", state="closed",
        arrived_at=local("2026-11-20 09:00"), registered_at=local("2026-11-20 09:01"),
        led_in_at=local("2026-11-20 09:02"), ended_at=None,
    )  # fmt: skip
    return who


def task(kind: str) -> Task:
    return Task.objects.get(kind=kind)


def refused(code: str, act, *args, **facts) -> DomainError:
    with pytest.raises(DomainError) as refusal, transaction.atomic():
        act(*args, **facts)
    assert refusal.value.code == code
    return refusal.value


# --- at the door ------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("FD-016", "FD-040")
def test_at_the_door_return_guests_are_registered_and_new_ones_led_to_the_desk(at):
    again = booked(been_here("田原"), "2026-12-07 09:30")
    new = booked(patient("阮欣"), "2026-12-07 09:30", doctor="020")

    assert actions.receive_at_door(by=person("yao.jing"), site=center(), appointment=again).state == "registered"
    visit = actions.receive_at_door(by=person("yao.jing"), site=center(), appointment=new)
    assert (visit.state, visit.registered_at) == ("arrived", None)
    handed = GuestPass.objects.get(visit=visit)
    assert (handed.from_post, handed.to_post, handed.state) == ("lobby", "desk", "offered")

    # The colleague takes the guest; nobody passes a guest to themselves, and the guest is passed on once at a time.
    refused("pass_not_to_oneself", actions.take_guest, by=person("yao.jing"), handed=handed)
    refused("pass_open", actions.pass_guest, by=person("su.qi"), visit=visit, from_post="lobby", to_post="floor")
    at("2026-12-07 09:02")
    actions.take_guest(by=person("bai.lan"), handed=handed)
    assert (handed.acknowledged_by_name, handed.acknowledged_at) == ("白岚", local("2026-12-07 09:02"))
    assert task("guest_care.pass").state == "done"
    me = User.objects.get(username="bai.lan")
    with pytest.raises(IntegrityError), transaction.atomic():
        GuestPass.objects.filter(pk=handed.pk).update(by=me)

    # Whoever is led in is waited for no more.
    desk.register_visit(by=person("bai.lan"), visit=visit)
    open_pass = actions.pass_guest(by=person("bai.lan"), visit=visit, from_post="desk", to_post="floor")
    desk.lead_in(by=person("su.qi"), visit=visit, chair=chair("2"))
    clockwork()
    open_pass.refresh_from_db()
    assert open_pass.state == "withdrawn"


@pytest.mark.ledger("FD-040")
def test_a_pass_that_nobody_takes_goes_to_the_supervisor(at):
    visit = walked_in(patient("阮欣"))
    actions.pass_guest(by=person("bai.lan"), visit=visit, from_post="desk", to_post="floor")
    assert task("guest_care.pass").roles == ["waiting_attendant", "guide", "nurse", "assistant"]
    at.advance(minutes=4)
    clockwork()
    assert task("guest_care.pass").escalated_at is not None


@pytest.mark.ledger("FD-010")
def test_a_return_guest_without_a_booking_is_told_registered_and_asked_to_sit():
    receive, who = actions.receive_without_booking, been_here("田原")
    refused("not_told", receive, by=person("bai.lan"), site=center(), patient=who, told=False)
    refused("guest_is_new", receive, by=person("bai.lan"), site=center(), patient=patient("新客"), told=True)
    assert not Visit.objects.filter(arrived_at__gte=local("2026-12-07 00:00")).exists()

    visit = receive(by=person("bai.lan"), site=center(), patient=who, told=True)
    assert visit.state == "registered"
    assert ServiceStep.objects.get(visit=visit).item.key == "no-booking"

    other = been_here("宋平")
    booked(other, "2026-12-07 10:00")
    refused("guest_is_booked", receive, by=person("bai.lan"), site=center(), patient=other, told=True)


@pytest.mark.ledger("FD-004")
def test_the_consultant_records_how_a_guest_was_received():
    facts = {"name": "许诺", "age": 33, "contact": "13800000001", "need": "想了解贴面"}
    for field, empty in (("name", " "), ("age", None), ("contact", ""), ("need", " ")):
        refused(
            f"{field}_missing",
            enquiries.record_reception,
            by=person("ye.fan"),
            site=center(),
            **(facts | {field: empty}),
        )
    refused("permission_denied", enquiries.record_reception, by=person("fang.li"), site=center(), **facts)

    row = enquiries.record_reception(by=person("ye.fan"), site=center(), **facts, stood_up=True, led_to_seat=True)
    assert not NudgeCount.objects.filter(gate="guest_care.reception_steps").exists()
    enquiries.record_reception(by=person("ye.fan"), site=center(), **facts, stood_up=True)
    assert NudgeCount.objects.get(gate="guest_care.reception_steps").count == 1
    row.refresh_from_db()
    assert (row.name, row.need) == ("许诺", "想了解贴面")
    assert "许诺" not in ConsultantReception.objects.extra(select={"raw": "name"}).values_list("raw", flat=True)


# --- prices, advice ----------------------------------------------------------------------------------------------------


@pytest.mark.ledger("FD-018", "FD-019")
def test_the_desk_quotes_no_price_until_the_doctor_has_signed_a_slip():
    """SC-02: how much is scaling?"""
    scaling, crown = item_by_key("dental-scaling"), item_by_key("dental-crown")
    ask, visit = enquiries.log_price_enquiry, walked_in(patient("阮母"))
    facts = {"site": center(), "question": "洗牙多少钱？", "item": scaling}
    refusal = refused("price_not_yours", ask, by=person("bai.lan"), outcome="quoted", visit=visit, **facts)
    assert isinstance(refusal, Forbidden)
    assert refusal.cures
    assert not PriceEnquiry.objects.exists()
    refused("price_not_yours", ask, by=person("mo.xiao"), outcome="quoted", visit=visit, **facts)
    refused("outcome_unknown", ask, by=person("bai.lan"), outcome="", **facts)

    assert ask(by=person("bai.lan"), outcome="exam", **facts).quoted_fen is None
    assert ask(by=person("ye.fan"), outcome="quoted", **facts).quoted_fen == scaling.price_fen
    issue_slip(
        by=person("dr.lin"), site=center(), patient=visit.patient, doctor=staff("011"),
        lines=[SlipLine(item=scaling)], visit_code=visit.code,
    )  # fmt: skip
    assert ask(by=person("bai.lan"), outcome="quoted", visit=visit, **facts).quoted_fen == scaling.price_fen
    refused("price_not_yours", ask, by=person("bai.lan"), outcome="quoted", visit=visit, **(facts | {"item": crown}))


@pytest.mark.ledger("FD-019")
def test_the_line_of_business_and_the_branch_decide_whether_the_desk_names_prices(working_for):
    set_parameter(by=SYSTEM, key="desk_may_quote_price", value=True, scope=Scope.tenant())
    scaling = item_by_key("dental-scaling")
    assert may_see_price(person("bai.lan"), scaling)
    set_parameter(by=SYSTEM, key="desk_may_quote_price", value=False, scope=Scope.site(center().code))
    assert not may_see_price(person("bai.lan"), scaling)  # also where a page names no site
    assert not may_see_price(person("bai.lan"), scaling, site=center())
    with working_for("derma"):
        laser = item_by_key("derm-laser")
        quoted = enquiries.log_price_enquiry(
            by=person("lian.qiao"), site=staff("041").home_site, question="激光多少钱？", outcome="quoted", item=laser
        )
        assert quoted.quoted_fen == laser.price_fen


@pytest.mark.ledger("FD-033")
def test_who_asks_for_advice_is_noted_and_followed_up(at):
    log, facts = enquiries.log_advice, {"site": center(), "question": "孩子几岁矫正？", "answer": "建议七岁先看一次"}
    assert log(by=person("bai.lan"), **facts).state == "done"
    later = {"follow_up_on": date(2026, 12, 9), "name": "史女士"}
    refused("phone_missing", log, by=person("bai.lan"), **facts, **later)
    refused("answer_missing", log, by=person("bai.lan"), **(facts | {"answer": ""}))
    advice = log(by=person("bai.lan"), **facts, **later, phone="13800000002", department="正畸")
    due = task("guest_care.follow_up")
    assert (advice.state, due.due_at.date(), due.roles[0]) == ("follow_up", date(2026, 12, 9), "front_desk")
    refused("result_missing", enquiries.follow_advice_up, by=person("ren.tao"), advice=advice, result="")
    enquiries.follow_advice_up(by=person("ren.tao"), advice=advice, result="已约周六")
    assert (advice.state, task("guest_care.follow_up").state) == ("done", "done")


# --- what guests leave, wish and say -------------------------------------------------------------------------------------


@pytest.mark.ledger("FD-017")
def test_luggage_is_kept_under_a_tag_until_it_is_returned():
    visit = walked_in(patient("宋平"))
    keep, facts = wishes.deposit_luggage, {"site": center(), "description": "黑色拉杆箱"}
    refused("owner_missing", keep, by=person("yao.jing"), tag="a7", **facts)
    luggage = keep(by=person("yao.jing"), tag="a7", visit=visit, **facts)
    assert (luggage.tag, luggage.owner, luggage.state) == ("A7", "宋平", "taken")
    refused("tag_taken", keep, by=person("bai.lan"), tag="A7", owner="别人", **facts)
    with pytest.raises(IntegrityError), transaction.atomic():
        Luggage.objects.create(
            site=center(), tag="A7", description="x", owner="y", at=luggage.at, by_name="白岚", by_id=None
        )

    wishes.carry_to_desk(by=person("yao.jing"), luggage=luggage)
    assert list(selectors.unreturned(center())) == [luggage]
    wishes.return_luggage(by=person("bai.lan"), luggage=luggage)
    assert (luggage.returned_to, luggage.returned_by_name) == ("宋平", "白岚")
    assert not selectors.unreturned(center()).exists()
    refused("invalid_transition", wishes.return_luggage, by=person("bai.lan"), luggage=luggage)
    assert keep(by=person("bai.lan"), tag="A7", owner="别人", at_desk=True, **facts).state == "at_desk"


@pytest.mark.ledger("FD-036")
def test_a_wish_is_unmet_only_with_a_reason():
    wish = wishes.take_request(by=person("su.qi"), site=center(), kind="seat", words="靠窗的位子")
    close = wishes.close_request
    refused("unmet_reason_missing", close, by=person("su.qi"), request=wish, met=False)
    refused("remark_missing", close, by=person("su.qi"), request=wish, met=False, unmet_reason="other")
    with pytest.raises(IntegrityError), transaction.atomic():
        SpecialRequest.objects.filter(pk=wish.pk).update(state="unmet")
    close(by=person("su.qi"), request=wish, met=False, unmet_reason="impossible", remark="已坐满")
    assert (wish.state, wish.unmet_reason) == ("unmet", "impossible")
    other = wishes.take_request(by=person("su.qi"), site=center(), kind="help", words="借轮椅")
    assert close(by=person("su.qi"), request=other, met=True).closed_by_name == "苏琪"


@pytest.mark.ledger("FD-024")
def test_an_opinion_reaches_the_duty_superior_in_the_speakers_words(at):
    words = "等了四十分钟没人管"
    refused("words_missing", wishes.take_opinion, by=person("su.qi"), site=center(), speaker="family", words=" ")
    opinion = wishes.take_opinion(by=person("su.qi"), site=center(), speaker="family", words=words)
    read = task("guest_care.opinion")
    assert (read.roles, read.closed_in_inbox) == (["duty_superior", "supervisor", "service_supervisor"], False)
    at.advance(minutes=61)
    clockwork()
    assert task("guest_care.opinion").escalated_at is not None
    refused("permission_denied", wishes.acknowledge_opinion, by=person("su.qi"), opinion=opinion)
    wishes.acknowledge_opinion(by=person("gao.wen"), opinion=opinion, remark="已当面致歉")
    assert (opinion.words, opinion.acknowledged_by_name, task("guest_care.opinion").state) == (words, "高文", "done")


@pytest.mark.ledger("FD-038", "GV-036")
def test_a_question_to_a_doctor_is_open_until_the_answer_was_brought_back(at):
    asked = wishes.ask_doctor(
        by=person("bai.lan"), site=center(), doctor=staff("011"), question="种植牙能做核磁吗？", guest_name="何先生"
    )
    ask = task("guest_care.answer")
    assert ask.assignee is not None
    assert (ask.assignee.username, asked.due_at.astimezone(center().timezone).date()) == ("dr.lin", date(2026, 12, 7))
    refused("permission_denied", wishes.answer_question, by=person("bai.lan"), question=asked, answer="可以")
    refused("invalid_transition", wishes.bring_answer_back, by=person("bai.lan"), question=asked)
    wishes.answer_question(by=person("dr.lin"), question=asked, answer="纯钛可以")
    assert list(selectors.open_questions(center())) == [asked]
    back = task("guest_care.bring_back")
    assert back.assignee is not None
    assert back.assignee.username == "bai.lan"

    # The shift ends: carried over by its lead, with a reason; tomorrow it is on the list again.
    carry = wishes.carry_question_over
    tomorrow = date(2026, 12, 8)
    refused("permission_denied", carry, by=person("bai.lan"), question=asked, until=tomorrow, reason="电话不通")
    refused("reason_missing", carry, by=person("gao.wen"), question=asked, until=tomorrow, reason="")
    refused("day_too_early", carry, by=person("gao.wen"), question=asked, until=date(2026, 12, 7), reason="电话不通")
    carry(by=person("gao.wen"), question=asked, until=tomorrow, reason="电话不通")
    assert not selectors.open_questions(center()).exists()
    at("2026-12-08 09:00")
    assert selectors.open_questions(center()).exists()
    asked = OpenQuestion.objects.get()
    wishes.bring_answer_back(by=person("ren.tao"), question=asked)
    assert not selectors.open_questions(center()).exists()
    assert task("guest_care.bring_back").state == "done"


# --- for doctor and nurse -------------------------------------------------------------------------------------------------


@pytest.mark.ledger("FD-014")
def test_guest_and_doctor_are_introduced():
    visit = walked_in(patient("阮欣"))
    refused("purpose_missing", actions.introduce, by=person("bai.lan"), visit=visit, purpose=" ")
    actions.introduce(by=person("bai.lan"), visit=visit, purpose="右下牙痛", chart_handed=True)
    assert not NudgeCount.objects.filter(gate="guest_care.chart_handed").exists()
    refused("introduced", actions.introduce, by=person("bai.lan"), visit=visit, purpose="右下牙痛")
    other = walked_in(patient("田原"), doctor="020")
    assert actions.introduce(by=person("su.qi"), visit=other, purpose="复诊").doctor == staff("020")
    assert NudgeCount.objects.get(gate="guest_care.chart_handed").count == 1


@pytest.mark.ledger("FD-014")
def test_where_the_line_of_business_wants_it_the_nurse_and_the_precautions_too(working_for, at):
    with working_for("derma"):
        at("2026-12-07 09:00")
        site = staff("041").home_site
        visit = desk.check_in(
            by=person("lian.qiao"), site=site, patient=patient("纪蓝", site=site), doctor=staff("041")
        )
        facts = {"by": person("lian.qiao"), "visit": visit, "purpose": "湿疹", "chart_handed": True}
        refused("nurse_missing", actions.introduce, **facts)
        refused("precautions_missing", actions.introduce, **facts, nurse=staff("403"))
        row = actions.introduce(**facts, nurse=staff("403"), precautions="青霉素过敏")
        assert (row.nurse, Introduction.objects.get().precautions) == (staff("403"), "青霉素过敏")


@pytest.mark.ledger("FD-028")
def test_a_reminder_stands_until_it_is_done_and_the_till_gives_no_injection():
    visit = walked_in(patient("阮欣"))
    remind, finish = wishes.set_reminder, wishes.finish_reminder
    shot = remind(by=person("bai.lan"), visit=visit, kind="injection", words="破伤风")
    refused("reminder_open", remind, by=person("dr.lin"), visit=visit, kind="injection")
    paper = remind(by=person("dr.lin"), visit=visit, kind="prescription")
    refused("permission_denied", finish, by=person("fang.li"), reminder=shot)
    finish(by=person("fang.li"), reminder=paper)
    assert list(selectors.reminders_of([visit.code])) == [shot]
    assert Task.objects.get(kind="guest_care.reminder", key=str(shot.code)).roles == [
        "nurse",
        "assistant",
        "head_nurse",
    ]
    refused("reason_missing", wishes.withdraw_reminder, by=person("mo.xiao"), reminder=shot, reason=" ")
    finish(by=person("mo.xiao"), reminder=shot)
    assert shot.closed_by_name == "莫晓"
    assert not Task.objects.filter(kind="guest_care.reminder", state="open").exists()


# --- the course of a visit -------------------------------------------------------------------------------------------------


@pytest.mark.ledger("FD-025", "FD-035", "FD-039", "QU-016")
def test_the_whole_course_of_a_visit_can_be_checked_afterwards(at):
    visit = walked_in(patient("阮欣"))
    note = actions.note_step
    note(by=person("su.qi"), visit=visit, item=step_item("seat"))
    refused("step_noted", note, by=person("su.qi"), visit=visit, item=step_item("seat"))
    note(by=person("su.qi"), visit=visit, item=step_item("water"))
    note(by=person("su.qi"), visit=visit, item=step_item("water"), remark="服药")  # as often as it is offered
    desk.announce_wait(by=person("bai.lan"), visit=visit, minutes=10)
    desk.lead_in(by=person("su.qi"), visit=visit, chair=chair("1"))
    visit.refresh_from_db()

    def missing() -> list[str]:
        return [one.key for one in selectors.course(visit, selectors.care_of(visit)) if one.is_missing]

    assert missing() == ["introduced", "charged", "seen_off"]
    Visit.objects.filter(pk=visit.pk).update(state="closed", charged_at=local("2026-12-07 10:00"))
    assert [one.pk for one in selectors.to_see_off(center(), date(2026, 12, 7))] == [visit.pk]
    note(by=person("bai.lan"), visit=visit, item=step_item("seen-off"))
    visit.refresh_from_db()
    assert missing() == ["introduced"]
    assert selectors.to_see_off(center(), date(2026, 12, 7)) == []
    at("2026-12-08 09:00")
    refused("visit_is_over", note, by=person("bai.lan"), visit=visit, item=step_item("goodbye"))


@pytest.mark.ledger("FD-025")
def test_what_is_prepared_counts_only_before_the_guest_comes():
    item = actions.ensure_care_item(
        by=person("gao.wen"), key="drinks", moment="before", title_zh="饮品备好", vertical="dental"
    )
    who = patient("阮欣")
    booking = booked(who, "2026-12-07 10:00", item=item_by_key("dental-scaling"))
    actions.prepare_for(by=person("bai.lan"), appointment=booking, item=item)
    later = booked(patient("田原"), "2026-12-07 10:00", doctor="020", item=item_by_key("dental-scaling"))
    visit = desk.check_in(by=person("bai.lan"), site=center(), appointment=booking)
    assert [one.item.key for one in selectors.care_of(visit).steps] == ["drinks"]
    desk.record_arrival(by=person("bai.lan"), site=center(), appointment=later)
    refused("guest_arrived", actions.prepare_for, by=person("bai.lan"), appointment=later, item=item)
    refused("step_before_arrival", actions.note_step, by=person("bai.lan"), visit=visit, item=item)


@pytest.mark.ledger("FD-015")
def test_who_was_registered_and_led_to_no_room_is_flagged_in_the_evening(at):
    visit = walked_in(patient("阮欣"))
    gone = walked_in(patient("田原"))
    led = walked_in(patient("宋平"), doctor="020")
    desk.leave_unseen(by=person("bai.lan"), visit=gone, reason="有事")
    desk.lead_in(by=person("su.qi"), visit=led, chair=chair("2"))
    assert [one.pk for one in selectors.unled(center(), date(2026, 12, 7))] == [visit.pk]
    at("2026-12-07 21:30")
    handlers.flag_unled(date(2026, 12, 7))
    flagged = task("guest_care.unled")
    assert (flagged.args["count"], flagged.roles) == (1, ["supervisor", "duty_superior"])


@pytest.mark.ledger("FD-030")
def test_times_are_medians_per_person_and_day(at):
    def comes(name: str, *, arrived: str, registered: str, led: str, by: str, room: str) -> None:
        at(arrived)
        visit = desk.record_arrival(by=person(by), site=center(), patient=patient(name), doctor=staff("011"))
        at(registered)
        desk.register_visit(by=person(by), visit=visit)
        at(led)
        desk.lead_in(by=person("su.qi"), visit=visit, chair=chair(room))

    comes(
        "甲", arrived="2026-12-07 09:00", registered="2026-12-07 09:02", led="2026-12-07 09:10", by="bai.lan", room="1"
    )
    comes(
        "乙", arrived="2026-12-07 09:20", registered="2026-12-07 09:26", led="2026-12-07 09:30", by="bai.lan", room="2"
    )
    comes(
        "丙", arrived="2026-12-07 09:40", registered="2026-12-07 09:41", led="2026-12-07 10:10", by="ren.tao", room="3"
    )
    comes(
        "丁", arrived="2026-12-08 09:00", registered="2026-12-08 09:09", led="2026-12-08 09:10", by="bai.lan", room="5"
    )

    rows = {
        (row.day.day, row.name): (row.registered, row.registered_n, row.seated, row.seated_n)
        for row in selectors.punctuality(center(), date(2026, 12, 7), date(2026, 12, 8))
    }
    assert rows == {
        (7, "白岚"): (240, 2, None, 0),
        (7, "任涛"): (60, 1, None, 0),
        (7, "苏琪"): (None, 0, 600, 3),
        (8, "白岚"): (540, 1, None, 0),
        (8, "苏琪"): (None, 0, 600, 1),
    }
    assert selectors.service_figures(center(), date(2026, 12, 7), date(2026, 12, 7))["led_in"] == 3


@pytest.mark.ledger("FD-020", "FD-040")
def test_lobby_desk_and_floor_see_the_same_guests_and_doctors():
    visit = walked_in(patient("阮欣"))
    desk.lead_in(by=person("su.qi"), visit=visit, chair=chair("1"))
    waiting = walked_in(patient("田原"), doctor="020")
    wishes.deposit_luggage(by=person("yao.jing"), site=center(), tag="1", description="伞", visit=waiting)
    wishes.take_request(by=person("bai.lan"), site=center(), kind="seat", words="靠窗", visit=waiting)
    now = selectors.guests_now(center())
    guests = {one.visit.patient.name: one for one in now.guests}
    assert (guests["阮欣"].is_unseated, guests["田原"].is_unseated) == (False, True)
    assert ([one.tag for one in guests["田原"].luggage], len(guests["田原"].requests)) == (["1"], 1)
    lines = {one.doctor.number: one for one in now.doctors}
    assert (lines["011"].state, lines["011"].chair) == ("with_guest", chair("1"))
    assert lines["020"].state in ("free", "later", "gone", "resting")


# --- the queue -------------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("QU-013")
def test_numbers_are_called_called_again_skipped_and_by_voice_when_the_screen_fails(at):
    guests = [walked_in(patient(name), doctor=doctor) for name, doctor in (("甲", "011"), ("乙", "020"), ("丙", "014"))]
    tickets = [queue.give_ticket(by=person("bai.lan"), visit=visit) for visit in guests]
    assert [one.number for one in tickets] == [1, 2, 3]
    refused("ticket_given", queue.give_ticket, by=person("bai.lan"), visit=guests[0])

    first = queue.call_next(by=person("bai.lan"), site=center(), place="1诊室")
    queue.call_ticket(by=person("bai.lan"), ticket=first)
    queue.skip_ticket(by=person("bai.lan"), ticket=first)
    refused("invalid_transition", queue.skip_ticket, by=person("bai.lan"), ticket=tickets[1])
    assert queue.call_next(by=person("su.qi"), site=center()).number == 2

    fault = queue.report_fault(by=person("bai.lan"), site=center(), words="黑屏")
    refused("fault_open", queue.report_fault, by=person("su.qi"), site=center(), words="黑屏")
    assert task("guest_care.repair").due_at == fault.at + timedelta(hours=4)
    queue.call_ticket(by=person("bai.lan"), ticket=first)
    calls = [(call.what, call.by_voice) for call in TicketCall.objects.filter(ticket=first)]
    assert calls == [("called", False), ("recalled", False), ("skipped", False), ("recalled", True)]
    queue.repair_device(by=person("gao.wen"), fault=fault, remark="换线")
    assert (task("guest_care.repair").state, DeviceFault.objects.get().state) == ("done", "repaired")

    desk.lead_in(by=person("su.qi"), visit=guests[0], chair=chair("1"))
    desk.leave_unseen(by=person("bai.lan"), visit=guests[2], reason="有事")
    clockwork()
    assert list(Ticket.objects.values_list("state", flat=True)) == ["served", "called", "void"]
    with pytest.raises(Conflict):
        queue.call_next(by=person("bai.lan"), site=center())
    at("2026-12-08 09:00")
    assert queue.give_ticket(by=person("bai.lan"), visit=walked_in(patient("丁"))).number == 1


def test_what_is_said_belongs_to_the_tenant():
    item = step_item("price")
    with pytest.raises(Forbidden):
        actions.change_care_item(by=person("bai.lan"), item=item, title_zh="价格")
    actions.change_care_item(by=person("gao.wen"), item=item, title_zh="被问价格", words_zh="请先检查")
    with pytest.raises(RuleRefused):
        actions.change_care_item(by=person("gao.wen"), item=item, title_zh=" ")
    again = actions.ensure_care_item(by=person("gao.wen"), key="price", moment="price", title_zh="旧")
    assert again.words_zh == "请先检查"
