"""Beside the slot: what was said, answering by link, referrals, the day's arrangements, experts, remote consultations."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction

from kernel import clock
from kernel.errors import Conflict, DomainError, Forbidden, NotFound, RuleRefused
from kernel.messaging.models import Message
from services.appointments import actions, links, referrals, remote, sessions, talks, today, waits
from services.appointments.leftovers import of_day
from services.appointments.models import Appointment, Assignment, Block, ConfirmationLink, Referral, RemoteConsultation
from services.catalogue.models import Item
from services.followup.models import FollowUp
from services.policy.models import NudgeCount
from services.reception.models import Visit
from services.sites.models import Site
from services.staff.actions import plan_shift, remove_shift
from services.staff.models import DutyShift
from services.tasks.models import Task
from services.tasks.selectors import visible_tasks
from tests.services.doors import SYSTEM, api, browser, person, staff, statements
from tests.services.flow import booked, center, chair, clockwork, local, patient, walked_in

DESK, LIN, GAO, YE = "bai.lan", "dr.lin", "gao.wen", "ye.fan"
READ = ["name_read_back", "phone_read_back", "time_read_back", "reminder_told"]
TOLD = ["time_explained", "place_explained", "precautions_explained"]


@pytest.fixture(autouse=True)
def tuesday(smile: Any, at: Any) -> Any:
    at("2026-12-08 09:00")
    return at


def refused(error: type[DomainError], code: str, act: Any) -> DomainError:
    """What ``act`` is refused with."""
    with pytest.raises(error) as refusal:
        act()
    assert refusal.value.code == code
    return refusal.value


def seen_by(username: str, kind: str) -> int:
    return visible_tasks(person(username)).filter(kind=kind).count()


def done(who: Any, day: str = "2026-12-08 09:30", doctor: str = "011") -> Appointment:
    """A treatment that was booked and is over: from now on ``doctor`` keeps the patient."""
    row = booked(who, day, doctor=doctor, units=1)
    for step in (actions.mark_arrived, actions.mark_in_service, actions.mark_completed):
        step(by=person(DESK), appointment=row)
    return row


# --- what is said -----------------------------------------------------------------------------------------------------


@pytest.mark.ledger("AP-010", "AP-011")
def test_what_a_new_patient_hears_on_the_phone_is_ticked_and_what_is_missing_stays_visible():
    web, who = browser(DESK), patient("樊星")
    facts = {
        "patient": str(who.code), "doctor": str(staff("011").code), "units": "2", "day": "2026-12-09", "time": "10:00",
        "channel": "phone", "complaint": "牙疼",
    }  # fmt: skip
    assert web.post("/appointments/new/", {**facts, "said": ["name_read_back", "nonsense"]}).status_code == 422
    assert web.post("/appointments/new/", {**facts, "said": ["name_read_back", *TOLD]}).status_code == 303

    row = Appointment.objects.get(patient=who)
    assert list(talks.unsaid(row)) == ["phone_read_back", "time_read_back", "reminder_told"]
    assert NudgeCount.objects.get(gate=talks.GATE).count == 1
    assert "phone_read_back" in web.get(f"/appointments/{row.code}/").content.decode()
    web.post(f"/appointments/{row.code}/said/", {"said": READ})
    assert not talks.unsaid(row)
    assert NudgeCount.objects.get(gate=talks.GATE).count == 1
    refused(RuleRefused, "tick_unknown", lambda: talks.note_said(by=person(DESK), appointment=row, said=["x"]))

    old = patient("老客")
    done(old)
    again = booked(old, "2026-12-09 14:00", doctor="011", said=[])
    assert list(talks.unsaid(again)) == TOLD


@pytest.mark.ledger("AP-014")
def test_the_confirmation_of_a_new_patient_offers_to_text_the_address():
    who = patient("樊星")
    row, web = booked(who, "2026-12-09 10:00"), browser(DESK)
    assert "texted" in web.get(f"/appointments/{row.code}/").content.decode()

    url = f"/appointments/{row.code}/confirm/"
    refused(
        RuleRefused, "address_not_asked",
        lambda: actions.record_confirmation(by=person(DESK), appointment=row, result="unreachable", address="texted"),
    )  # fmt: skip
    for _twice in range(2):
        assert web.post(url, {"result": "confirmed", "address": "texted"}).status_code == 303
    sent = Message.objects.get(template="site_address")
    assert center().address in sent.body
    assert sent.to == who.phone
    assert row.confirmations.first().address == "texted"

    row.refresh_from_db()
    mute = booked(patient("无号", phone=""), "2026-12-09 11:00")
    refused(
        RuleRefused, "phone_missing",
        lambda: actions.record_confirmation(by=person(DESK), appointment=mute, result="confirmed", address="texted"),
    )  # fmt: skip
    mute.refresh_from_db()
    assert mute.state == "booked"


@pytest.mark.ledger("AP-033")
def test_who_books_for_another_site_hands_the_wishes_to_its_desk():
    harbor = Site.objects.get(slug="harbor")
    agent = staff("103")
    agent.home_site = harbor
    agent.save(update_fields=["home_site"])

    row = booked(patient("樊星"), "2026-12-09 10:00", by="ren.tao", note="想做贴面，先问价格")
    assert seen_by(DESK, talks.RECEIVE) == 1
    assert Task.objects.get(kind=talks.RECEIVE).key == str(row.code)
    booked(patient("邻店"), "2026-12-09 14:00", by=DESK, note="想洗牙")
    assert Task.objects.filter(kind=talks.RECEIVE).count() == 1


# --- the link ---------------------------------------------------------------------------------------------------------


def address(row: Appointment) -> str:
    """The path of the link that was texted last."""
    body = Message.objects.filter(template="booking_link").order_by("-pk")[0].body
    found = re.search(r"/appointments/answer/\S+/", body)
    assert found is not None
    assert str(row.links.order_by("-pk")[0].code) in found[0]
    return found[0]


@pytest.mark.ledger("AP-013")
def test_a_patient_confirms_by_the_link_once_and_learns_nothing_but_time_and_site():
    who = patient("樊星辰")
    row = booked(who, "2026-12-09 10:00", complaint="牙疼", units=2)
    links.send_link(by=person(DESK), appointment=row)
    path, nobody = address(row), browser(None)

    page = nobody.get(path)
    text = page.content.decode()
    assert page.status_code == 200
    assert page["Referrer-Policy"] == "no-referrer"
    assert "樊＊＊" in text
    assert center().name in text
    assert not [word for word in ("樊星", "星辰", "牙疼", "林医生", who.phone, who.record_number) if word in text]
    assert nobody.get(path[:-3] + "xx/").status_code == 404

    assert nobody.post(path, {"answer": "maybe"}).status_code == 422
    assert nobody.post(path, {"answer": "confirmed"}).status_code == 303
    row.refresh_from_db()
    assert (row.state, row.confirmations.get().channel) == ("confirmed", "sms")
    assert not Task.objects.filter(kind="appointments.confirm", state="open").exists()
    assert nobody.post(path, {"answer": "cancelled"}).status_code == 409
    row.refresh_from_db()
    assert row.state == "confirmed"
    with pytest.raises(IntegrityError), transaction.atomic():
        ConfirmationLink.objects.filter(appointment=row).update(used_at=None)


def test_the_link_cancels_or_asks_for_another_time_and_ends_with_its_slot(tuesday):
    first, second = booked(patient("甲一"), "2026-12-09 10:00"), booked(patient("乙二"), "2026-12-09 14:00")
    links.send_link(by=person(DESK), appointment=first)
    gone = address(first)
    nobody = browser(None)
    assert nobody.post(gone, {"answer": "cancelled"}).status_code == 303
    first.refresh_from_db()
    assert first.state == "cancelled"

    links.send_link(by=person(DESK), appointment=second)
    old = address(second)
    links.send_link(by=person(DESK), appointment=second)
    path = address(second)
    assert nobody.get(old).status_code == 404
    assert nobody.post(path, {"answer": "move", "half": "afternoon"}).status_code == 303
    asked = Task.objects.get(kind=links.ASKED)
    assert "afternoon" in asked.detail
    actions.move_appointment(
        by=person(DESK), appointment=second, starts_at=local("2026-12-10 14:00"), reason="patient asks"
    )
    asked.refresh_from_db()
    assert asked.state == "done"

    third = booked(patient("丙三"), "2026-12-09 16:00")
    links.send_link(by=person(DESK), appointment=third)
    late = address(third)
    tuesday("2026-12-09 16:00")
    assert nobody.post(late, {"answer": "confirmed"}).status_code == 404
    silent = patient("丁四", message_consent=False)
    refused(
        RuleRefused, "message_not_wanted",
        lambda: links.send_link(by=person(DESK), appointment=booked(silent, "2026-12-10 10:00")),
    )  # fmt: skip


# --- patients of the day ----------------------------------------------------------------------------------------------


@pytest.mark.ledger("AP-019")
def test_who_comes_without_a_time_goes_to_the_attending_doctor_else_the_supervisor_arranges():
    who, desk = patient("樊星"), {"by": person(DESK), "site": center()}
    refused(RuleRefused, "no_attending_doctor", lambda: today.note_unplanned(patient=who, purpose="掉冠", **desk))
    done(who)
    refused(RuleRefused, "purpose_missing", lambda: today.note_unplanned(patient=who, purpose=" ", **desk))

    here = today.note_unplanned(patient=who, purpose="牙冠松动", **desk)
    assert here.sees == staff("011")
    assert seen_by(LIN, today.COMES) == 1

    DutyShift.objects.filter(staff=staff("011"), starts_at__lt=local("2026-12-09 00:00")).delete()
    away = today.note_unplanned(patient=who, purpose="牙冠松动", **desk)
    assert away.sees is None
    assert seen_by(GAO, today.UNPLANNED) == 1
    with pytest.raises(Forbidden):
        today.arrange_unplanned(by=person(DESK), arrival=away, doctor=staff("014"))
    lead = person(GAO)
    refused(
        RuleRefused, "doctor_not_on_duty", lambda: today.arrange_unplanned(by=lead, arrival=away, doctor=staff("011"))
    )
    page = browser(GAO)
    assert page.post(f"/appointments/unplanned/{away.code}/", {"doctor": str(staff("014").code)}).status_code == 303
    away.refresh_from_db()
    assert (away.sees, away.arranged_by_name) == (staff("014"), "高文")
    assert seen_by(GAO, today.UNPLANNED) == 0
    assert seen_by("dr.zhao", today.COMES) == 1
    refused(Conflict, "arranged_already", lambda: today.arrange_unplanned(by=lead, arrival=away, doctor=staff("014")))
    assert "樊星" in browser(DESK).get("/appointments/unplanned/").content.decode()


@pytest.mark.ledger("AP-031")
def test_a_patient_of_today_is_arranged_and_the_doctor_knows_it_twice():
    desk = person(DESK)
    later = booked(patient("明天"), "2026-12-09 10:00")
    refused(RuleRefused, "not_today", lambda: today.ask_duty_doctor(by=desk, appointment=later))

    DutyShift.objects.filter(staff=staff("023"), starts_at__lt=local("2026-12-09 00:00")).delete()
    plan_shift(
        by=SYSTEM, site=center(), staff=staff("023"), starts_at=local("2026-12-08 08:30"),
        ends_at=local("2026-12-08 18:00"), kind="administration",
    )  # fmt: skip
    row = booked(patient("今天"), "2026-12-08 15:00")
    plan = today.ask_duty_doctor(by=desk, appointment=row)
    assert plan.administrator == staff("023")
    assert seen_by("dr.xie", today.ASKED) == 1
    assert today.ask_duty_doctor(by=desk, appointment=row) == plan
    refused(Conflict, "not_arranged", lambda: today.note_told(by=desk, arrangement=plan))

    today.report_difficulty(by=person("dr.xie"), arrangement=plan, difficulty="当天已满")
    assert seen_by("shen.ke", today.DIFFICULT) == 1
    refused(Forbidden, "transition_forbidden", lambda: today.arrange(by=desk, arrangement=plan))
    today.arrange(by=person("shen.ke"), arrangement=plan)

    web, doctor = browser(DESK), browser(LIN)
    assert web.post(f"/appointments/arrangements/{plan.code}/told/").status_code == 303
    plan.refresh_from_db()
    assert plan.state == "arranged"
    assert web.post(f"/appointments/arrangements/{plan.code}/acknowledged/").status_code == 403
    assert doctor.post(f"/appointments/arrangements/{plan.code}/acknowledged/").status_code == 303
    plan.refresh_from_db()
    assert plan.state == "informed"
    with pytest.raises(IntegrityError), transaction.atomic():
        type(plan).objects.filter(pk=plan.pk).update(told_at=None)

    DutyShift.objects.filter(kind="administration").delete()
    other = booked(patient("又一位"), "2026-12-08 16:00")
    assert today.ask_duty_doctor(by=desk, appointment=other).state == "difficult"


@pytest.mark.ledger("AP-007")
def test_a_check_in_with_another_doctor_than_the_treating_one_says_why():
    who = patient("樊星")
    done(who)
    desk = browser(DESK)
    form = {"patient": str(who.code), "doctor": str(staff("014").code), "complaint": "复诊", "visit_class": "return"}
    said = desk.post("/reception/check-in/", form)
    assert said.status_code == 422
    assert "林医生" in said.content.decode()
    assert not Visit.objects.filter(patient=who).exists()
    assert desk.post("/reception/check-in/", {**form, "deviation": "urgent", "deviation_note": "疼"}).status_code == 303
    row = Assignment.objects.get(patient=who, visit_code__isnull=False)
    assert (row.doctor, row.owner, row.deviation, row.reason) == (staff("014"), staff("011"), "urgent", "疼")
    emergency = patient("急诊")
    done(emergency, "2026-12-08 16:00")
    assert walked_in(emergency, doctor="014", emergency="jaw_dislocation").doctor == staff("014")


# --- referrals --------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("AP-028", "DE-016")
def test_a_referral_is_registered_part_by_part_and_what_is_open_blocks_the_close_of_the_day():
    who, desk = patient("樊星"), person(DESK)
    item = Item.objects.get(key="dental-root-canal")
    between = {"by": desk, "site": center(), "patient": who, "from_doctor": staff("011")}
    refused(RuleRefused, "referred_to_oneself", lambda: referrals.register_referral(to_doctor=staff("011"), **between))
    whole = referrals.register_referral(
        to_doctor=staff("014"), item=item, charge_fen=126_000, no_next_reason="同日完成", **between
    )
    assert whole.state == "settled"
    assert referrals.open_referrals(center(), clock.today()) == []

    unclear = referrals.register_referral(to_doctor=staff("020"), item=item, question="根管几个？", **between)
    assert seen_by(LIN, referrals.OPEN) == 1
    [blocking] = referrals.open_referrals(center(), clock.today())
    assert (blocking.referral, blocking.to_doctor) == (unclear, staff("020"))
    assert [one["keys"] for one in of_day(center(), clock.today()) if one["source"] == "appointments.referrals"] == [
        [str(unclear.code)]
    ]
    assert [one.referral for one in referrals.open_referrals(center(), clock.today() + timedelta(days=1))] == [unclear]
    missing = refused(
        RuleRefused, "referral_incomplete",
        lambda: referrals.settle_referral(by=desk, referral=unclear, charge_fen=126_000),
    )  # fmt: skip
    assert list(missing.fields) == ["next_appointment"]
    with pytest.raises(IntegrityError), transaction.atomic():
        Referral.objects.filter(pk=unclear.pk).update(state="settled")

    following = booked(who, "2026-12-09 10:00", doctor="020")
    stranger = booked(patient("别人"), "2026-12-09 14:00", doctor="020")
    refused(
        NotFound, "appointment_not_found",
        lambda: referrals.settle_referral(by=desk, referral=unclear, charge_fen=1, next_appointment=stranger),
    )  # fmt: skip
    web = browser(DESK)
    assert web.post(f"/appointments/referrals/{unclear.code}/settle/", {"charge_fen": "1"}).status_code == 422
    done_by_page = web.post(
        f"/appointments/referrals/{unclear.code}/settle/",
        {"item": str(item.code), "charge_fen": "1,260.00", "next_appointment": str(following.code)},
    )
    assert done_by_page.status_code == 303
    unclear.refresh_from_db()
    assert (unclear.state, unclear.charge_fen, unclear.next_appointment) == ("settled", 126_000, following)
    assert referrals.open_referrals(center(), clock.today()) == []
    assert seen_by(LIN, referrals.OPEN) == 0


@pytest.mark.ledger("AP-028")
def test_a_transfer_that_nobody_registered_blocks_too():
    who = patient("樊星")
    done(who)
    booked(who, "2026-12-09 10:00", doctor="020", deviation="referral")
    [blocking] = referrals.open_referrals(center(), clock.today())
    assert blocking.referral is None
    assert blocking.text
    page = browser(DESK).get(blocking.url)
    assert page.status_code == 200
    assert "樊星" in page.content.decode()
    made = referrals.register_referral(
        by=person(DESK), site=center(), patient=who, from_doctor=staff("011"), to_doctor=staff("020")
    )
    referrals.withdraw_referral(by=person(DESK), referral=made, reason="病人改主意")
    assert referrals.open_referrals(center(), clock.today()) == []


# --- experts and the roster -------------------------------------------------------------------------------------------


@pytest.mark.ledger("AP-035")
def test_a_session_of_a_visiting_expert_takes_as_many_as_it_was_planned_for():
    DutyShift.objects.filter(staff=staff("023")).delete()
    facts = {
        "by": person(GAO), "site": center(), "expert": staff("023"), "chair": chair("6"), "kind": "visiting",
        "starts_at": local("2026-12-10 08:30"), "ends_at": local("2026-12-10 12:00"),
    }  # fmt: skip
    refused(RuleRefused, "capacity_impossible", lambda: sessions.plan_session(capacity=0, **facts))
    with pytest.raises(Forbidden):
        sessions.plan_session(capacity=2, **{**facts, "by": person(DESK)})
    session = sessions.plan_session(capacity=2, **facts)
    assert session.shift.note

    first = booked(patient("甲一"), "2026-12-10 09:00", doctor="023", units=1)
    booked(patient("乙二"), "2026-12-10 09:30", doctor="023", units=1)
    full = lambda: booked(patient("丙三"), "2026-12-10 10:00", doctor="023", units=1)  # noqa: E731
    refused(Conflict, "session_full", full)
    actions.move_appointment(
        by=person(DESK), appointment=first, starts_at=local("2026-12-10 10:30"), reason="patient asks"
    )
    refused(
        Conflict, "session_booked",
        lambda: sessions.change_capacity(by=person(GAO), site=center(), session=session, capacity=1),
    )  # fmt: skip
    [row] = sessions.coming_sessions(center())
    assert (row.booked, row.capacity) == (2, 2)
    web = browser(GAO)
    assert web.post(f"/appointments/sessions/{session.code}/capacity/", {"capacity": "3"}).status_code == 303
    assert full().doctor == staff("023")
    assert "3" in browser(DESK).get("/appointments/sessions/").content.decode()


@pytest.mark.ledger("AP-038")
def test_a_roster_that_is_made_known_reaches_consultants_and_desk_and_so_do_its_changes(tuesday):
    lead, monday = browser(GAO), date(2026, 12, 7)
    shift = DutyShift.objects.filter(staff=staff("014"), starts_at__gt=local("2026-12-10 00:00")).first()
    assert shift is not None
    remove_shift(by=person(GAO), site=center(), shift=shift)
    clockwork()
    assert seen_by(YE, sessions.PUBLISHED) == 0

    assert lead.post("/appointments/doctors/?day=2026-12-08").status_code == 303
    assert (seen_by(YE, sessions.PUBLISHED), seen_by(DESK, sessions.PUBLISHED), seen_by(LIN, sessions.PUBLISHED)) == (
        1,
        1,
        0,
    )
    assert browser(DESK).post("/appointments/doctors/?day=2026-12-08").status_code == 403
    Task.objects.filter(kind=sessions.PUBLISHED).update(state="done", closed_at=clock.now())

    plan_shift(
        by=person(GAO), site=center(), staff=staff("014"), starts_at=shift.starts_at, ends_at=shift.ends_at,
        chair=shift.chair,
    )  # fmt: skip
    clockwork()
    assert seen_by(YE, sessions.PUBLISHED) == 1
    page = browser(YE).get("/appointments/doctors/").content.decode()
    assert "谢医生" in page
    assert staff("023").specialties[0] in page
    refused(
        RuleRefused, "week_is_over",
        lambda: sessions.publish_roster(by=person(GAO), site=center(), monday=monday - timedelta(days=7)),
    )  # fmt: skip


@pytest.mark.ledger("AP-039")
def test_waits_are_reported_by_doctor_and_day(tuesday):
    for name, at, came, began, doctor in (
        ("甲一", "10:00", "09:50", "10:20", "011"), ("乙二", "11:00", "11:10", "11:20", "011"),
        ("丙三", "14:00", "13:30", "14:00", "020"),
    ):  # fmt: skip
        row = booked(patient(name), f"2026-12-08 {at}", doctor=doctor, units=1)
        tuesday(f"2026-12-08 {came}")
        actions.mark_arrived(by=person(DESK), appointment=row)
        tuesday(f"2026-12-08 {began}")
        actions.mark_in_service(by=person(DESK), appointment=row)
    today_, site = date(2026, 12, 8), center()
    found = {one.doctor.number: one for one in waits.waits(site, today_, today_) if one.doctor.number in ("011", "020")}
    assert (found["011"].patients, found["011"].median, found["011"].longest, found["011"].median_late) == (
        2,
        20,
        30,
        15,
    )
    assert (found["020"].median, found["020"].median_late) == (30, 0)
    assert statements(lambda: waits.waits(site, today_, today_)) == 1
    assert "林医生" in browser(GAO).get("/appointments/waits/").content.decode()
    assert browser(DESK).get("/appointments/waits/").status_code == 403


# --- remote consultations ---------------------------------------------------------------------------------------------


@pytest.mark.ledger("AP-036")
def test_a_remote_consultation_goes_from_the_question_to_the_result(tuesday):
    who = patient("樊星")
    facts = {
        "by": person(YE),
        "site": center(),
        "patient": who,
        "doctor": staff("011"),
        "question": "CBCT 有无手术指征？",
    }
    refused(RuleRefused, "partner_missing", lambda: remote.request_consultation(**facts))
    row = remote.request_consultation(partner="华山医院", **facts)
    refused(
        RuleRefused, "answering_doctor_missing", lambda: remote.accept_consultation(by=person(YE), consultation=row)
    )
    accept = lambda: remote.accept_consultation(by=person(YE), consultation=row, partner_doctor="周教授")  # noqa: E731
    refused(RuleRefused, "consent_missing", accept)
    remote.note_consent(by=person(YE), consultation=row)
    row.refresh_from_db()
    accept()

    booked(patient("占用"), "2026-12-09 10:00", doctor="011", units=2)
    fix = {"by": person(YE), "consultation": row, "minutes": 30}
    refused(Conflict, "doctor_taken", lambda: remote.schedule_consultation(starts_at=local("2026-12-09 10:15"), **fix))
    remote.schedule_consultation(starts_at=local("2026-12-09 14:00"), **fix)
    assert Block.objects.filter(staff=staff("011"), removed_at=None).count() == 1
    refused(Conflict, "booking_conflict", lambda: booked(patient("晚到"), "2026-12-09 14:00", doctor="011"))
    refused(RuleRefused, "consultation_to_come", lambda: remote.hold_consultation(by=person(LIN), consultation=row))

    tuesday("2026-12-09 14:05")
    refused(Forbidden, "not_your_consultation", lambda: remote.hold_consultation(by=person(YE), consultation=row))
    web = browser(LIN)
    assert web.post(f"/appointments/consultations/{row.code}/hold/").status_code == 303
    assert web.post(f"/appointments/consultations/{row.code}/record/", {"result": " "}).status_code == 422
    assert web.post(f"/appointments/consultations/{row.code}/record/", {"result": "建议手术"}).status_code == 303
    row.refresh_from_db()
    assert (row.state, row.result, row.recorded_by_name) == ("recorded", "建议手术", "林医生")
    assert seen_by(LIN, remote.HOLD) == 0
    assert browser(DESK).get(f"/appointments/consultations/{row.code}/").status_code == 403
    assert "华山医院" in browser(YE).get("/appointments/consultations/").content.decode()


def test_a_consultation_that_is_not_needed_gives_the_time_back():
    row = remote.request_consultation(
        by=person(YE), site=center(), patient=patient("樊星"), doctor=staff("011"), colleague=staff("023"),
        question="是否先拔牙？", consent=True,
    )  # fmt: skip
    remote.accept_consultation(by=person(YE), consultation=row)
    remote.schedule_consultation(
        by=person(YE), consultation=row, starts_at=local("2026-12-09 14:00"), minutes=30
    )  # fmt: skip
    assert Block.objects.filter(removed_at=None).count() == 2
    refused(RuleRefused, "reason_missing", lambda: remote.end_consultation(by=person(YE), consultation=row, reason=""))
    remote.end_consultation(by=person(YE), consultation=row, reason="已解决")
    assert not Block.objects.filter(removed_at=None).exists()
    assert not Task.objects.filter(kind=remote.HOLD, state="open").exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        RemoteConsultation.objects.filter(pk=row.pk).update(state="held", starts_at=None)


def test_the_api_registers_settles_and_asks():
    who, item, desk = patient("樊星"), Item.objects.get(key="dental-filling"), api(DESK)
    facts = {
        "site": str(center().code), "patient": str(who.code), "from_doctor": str(staff("011").code),
        "to_doctor": str(staff("014").code),
    }  # fmt: skip
    made = desk.post("/api/v1/appointments/referrals/", facts)
    assert (made.status_code, made.json()["state"]) == (201, "open")
    url = f"/api/v1/appointments/referrals/{made.json()['code']}/settle/"
    assert desk.post(url, {"charge_fen": 42_000}).status_code == 422
    settled = desk.post(url, {"item": str(item.code), "charge_fen": 42_000, "no_next_reason": "同日完成"})
    assert (settled.status_code, settled.json()["state"]) == (200, "settled")
    assert desk.get("/api/v1/appointments/referrals/").json()["results"][0]["charge_fen"] == 42_000
    asked = {
        "site": str(center().code), "patient": str(who.code), "doctor": str(staff("011").code), "partner": "华山医院",
        "question": "手术指征？",
    }  # fmt: skip
    assert desk.post("/api/v1/appointments/consultations/", asked).status_code == 403
    answer = api(YE).post("/api/v1/appointments/consultations/", asked)
    assert (answer.status_code, answer.json()["state"]) == (201, "requested")
    assert "question" not in api(YE).get("/api/v1/appointments/consultations/").json()["results"][0]


def test_lists_cost_one_query_however_long_they_are():
    who, site, lead = patient("樊星"), center(), person(GAO)
    done(who)
    for _each in range(3):
        referrals.register_referral(
            by=lead, site=site, patient=who, from_doctor=staff("011"), to_doctor=staff("014"), question="？"
        )
        today.note_unplanned(by=lead, site=site, patient=who, purpose="掉冠")
        remote.request_consultation(
            by=lead, site=site, patient=who, doctor=staff("011"), question="？", partner="华山医院"
        )
    day = clock.today()

    def rows_of(found: Any) -> list[str]:
        return [f"{row.patient.name}{row.site.name}" for row in found]

    assert statements(lambda: referrals.open_referrals(site, day)) == 2
    assert statements(lambda: rows_of(referrals.referrals_for(lead))) == 1
    assert statements(lambda: rows_of(remote.consultations_for(lead))) == 1
    assert statements(lambda: [row.attending.name for row in today.unplanned_arrivals(site)]) == 1
    assert statements(lambda: [row.shift.staff.name for row in sessions.coming_sessions(site)]) == 1


@pytest.mark.ledger("AP-037")
def test_bookings_of_every_kind_go_through_one_engine():
    """By phone, on the spot, from a card, as a recall: the same rows with the same confirmation and the same refusal."""
    made = [
        booked(patient("电话"), "2026-12-09 10:00", channel="phone"),
        booked(patient("现场"), "2026-12-09 14:00", channel="on_spot", on_spot_reason="long_wait"),
        booked(patient("卡片"), "2026-12-09 15:00", channel="card"),
        booked(patient("改约"), "2026-12-09 16:00", channel="rebooked"),
    ]
    assert Task.objects.filter(kind="appointments.confirm", key__in=[f"{row.code}:1" for row in made]).count() == 4
    for row in made:
        at = f"{clock.local(row.starts_at, center().timezone):%Y-%m-%d %H:%M}"
        refused(Conflict, "booking_conflict", lambda at=at: booked(patient("撞车"), at))
    # No room and no line of business keeps times of a doctor in a chair of its own.
    slots = {"patient", "doctor", "chair", "starts_at", "ends_at"}
    booking_like = [m for m in apps.get_models() if slots <= {field.name for field in m._meta.get_fields()}]
    assert booking_like == [Appointment]
    assert FollowUp._meta.get_field("return_visit").related_model is Appointment
