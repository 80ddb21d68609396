"""SC-07: the discipline of the treatment area: who comes in, with whom, and who may say otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.over_http import Clinic, clockwork, utc

DAY = "2026-12-07"


@pytest.fixture
def clinic(smile: Any, at: Any) -> Clinic:
    at(f"{DAY} 10:40")
    return Clinic()


def leaves_the_area(clinic: Clinic, visit: str) -> None:
    assert clinic.who("su.qi").does(f"reception/visits/{visit}/leave/")["state"] == "left"


@pytest.mark.ledger("QU-008", "QU-009", "QU-010", "QU-011", "QU-023")
def test_ruan_goes_in_after_ma_with_one_parent_and_the_nurse_signs(clinic: Clinic, at: Any) -> None:
    su, tang = clinic.who("su.qi"), clinic.who("tang.rui")
    ma = clinic.occupies("3", name="马先生")
    ruan = clinic.walks_in(clinic.patient("阮欣", birth_date="2014-12-07"))
    into_3 = {"chair": clinic.chair("3")}
    at(f"{DAY} 11:02")
    clinic.who("dr.lin").does(f"reception/visits/{ma}/finish/")
    at(f"{DAY} 11:03")
    refusal = su.is_refused(f"reception/visits/{ruan}/lead-in/", "chair_not_free", 409, **into_3)
    assert refusal["facts"]["gate_class"] == "process"
    at(f"{DAY} 11:06")
    leaves_the_area(clinic, ma)
    led_in = su.does(f"reception/visits/{ruan}/lead-in/", **into_3)
    assert (led_in["state"], led_in["led_in_at"]) == ("led_in", utc(f"{DAY} 11:06"))

    # Exactly twelve today: one of the family, and the other stays outside with a note.
    relatives = f"treatment_area/visits/{ruan}/relatives/"
    mother = su.does(relatives, name="阮母", relation="mother")
    assert (mother["state"], mother["ground"], mother["in_at"]) == ("inside", "child", utc(f"{DAY} 11:06"))
    su.is_refused(relatives, "companion_limit", 409, name="阮父", relation="father")
    father = su.does(f"{relatives}refused/", name="阮父", relation="father", refusal="second", words="在候诊区等候")
    assert (father["state"], father["note"], father["in_at"]) == ("refused", "在候诊区等候", None)
    assert [(one["name"], one["state"]) for one in su.lists(relatives)] == [("阮母", "inside"), ("阮父", "refused")]

    # The lead-in is complete when a nurse has signed; who led the guest in does not sign, and nobody signs twice.
    take_over = f"treatment_area/visits/{ruan}/take-over/"
    assert su.tries(take_over).status_code == 403
    entry = tang.does(take_over, remark="紧张")
    assert (entry["given_by_name"], entry["received_by_name"]) == ("苏琪", "唐蕊")
    clinic.who("mo.xiao").is_refused(take_over, "already_taken_over", 409)


@pytest.mark.ledger("QU-010")
def test_a_guest_whom_no_nurse_took_over_is_asked_for(clinic: Clinic, at: Any) -> None:
    su, tang = clinic.who("su.qi"), clinic.who("tang.rui")
    visit = clinic.walks_in(clinic.patient("阮欣"))
    clinic.leads_in(visit, "3")
    at(f"{DAY} 10:50")
    clockwork()
    [task] = tang.inbox("treatment_area.take_over")
    assert task["subject"] == clinic.visit(visit)["patient"]
    assert not su.inbox("treatment_area.take_over")
    tang.does(f"treatment_area/visits/{visit}/take-over/")
    assert not tang.inbox("treatment_area.take_over")


@pytest.mark.ledger("QU-011", "QU-023")
def test_thirteen_and_sixty_nine_come_in_alone_until_the_birthday(clinic: Clinic, at: Any) -> None:
    su = clinic.who("su.qi")
    at(f"{DAY} 11:00")
    ding = clinic.walks_in(clinic.patient("丁一", birth_date="2013-12-06"))
    fu_file = clinic.patient("傅老", birth_date="1956-12-08")
    fu = clinic.walks_in(fu_file, doctor="020")
    for visit, room, relation in ((ding, "3", "mother"), (fu, "2", "child")):
        clinic.leads_in(visit, room)
        asked = {"name": "家属", "relation": relation}
        su.is_refused(f"treatment_area/visits/{visit}/relatives/", "companion_not_exempt", **asked)
    # Nobody above may say otherwise either.
    gao = clinic.who("gao.wen")
    assert gao.tries(f"treatment_area/visits/{ding}/relatives/", name="家属", relation="mother").status_code in (
        403,
        422,
    )
    assert su.lists(f"treatment_area/visits/{ding}/relatives/") == []
    clinic.who("mo.xiao").does(f"reception/visits/{fu}/in-chair/")
    clinic.who("dr.xu").does(f"reception/visits/{fu}/finish/")
    leaves_the_area(clinic, fu)

    at("2026-12-08 11:00")
    again = clinic.walks_in(fu_file, doctor="020")
    clinic.leads_in(again, "2")
    let_in = su.does(f"treatment_area/visits/{again}/relatives/", name="傅子", relation="child")
    assert (let_in["state"], let_in["ground"]) == ("inside", "elder")


@pytest.mark.ledger("QU-012")
def test_a_silent_note_reaches_doctor_and_nurse_and_its_answer_is_kept_with_its_delay(clinic: Clinic, at: Any) -> None:
    su, lin, tang = clinic.who("su.qi"), clinic.who("dr.lin"), clinic.who("tang.rui")
    tian_file = clinic.patient("田园")
    tian = clinic.walks_in(tian_file)
    note_path = f"treatment_area/visits/{tian}/notes/"
    su.is_refused(note_path, "doctor_is_free", text="田园想先咨询")
    busy = clinic.walks_in(clinic.patient("在治"))
    clinic.leads_in(busy, "1")
    tang.does(f"treatment_area/visits/{busy}/take-over/")
    at(f"{DAY} 11:10:00")
    note = su.does(note_path, text="田园想先咨询，还要多久？")
    for reader, kind in ((lin, "treatment_area.note"), (tang, "treatment_area.note_nurse")):
        assert [task["subject"] for task in reader.inbox(kind)] == [tian_file], reader.username
    assert not clinic.who("dr.xu").inbox("treatment_area.note", "treatment_area.note_nurse")
    at(f"{DAY} 11:11:30")
    answered = lin.does(f"treatment_area/notes/{note['code']}/reply/", reply="10分钟")
    assert (answered["reply"], answered["reply_seconds"], answered["replied_by_name"]) == ("10分钟", 90, "林医生")
    assert su.lists("treatment_area/notes/", visit=tian)[0]["reply"] == "10分钟"
    assert not tang.inbox("treatment_area.note_nurse")
    assert (clinic.visit(tian)["state"], clinic.visit(tian)["led_in_at"]) == ("registered", None)


@pytest.mark.ledger("QU-008", "QU-009")
def test_only_the_supervisor_overrides_the_chair_once_and_it_is_listed(clinic: Clinic, at: Any) -> None:
    su, gao = clinic.who("su.qi"), clinic.who("gao.wen")
    ma = clinic.occupies("3", name="马先生")
    ruan = clinic.walks_in(clinic.patient("阮欣"), doctor="020")
    override = f"reception/visits/{ruan}/override/"
    assert su.tries(override, reason="很急").status_code == 403
    assert gao.tries(override, reason="").status_code == 400
    assert gao.lists("policy/overrides/", site=clinic.site) == []
    granted = gao.does(override, reason="椅位借用，前一位在拍片")
    assert su.does(f"reception/visits/{ruan}/lead-in/", chair=clinic.chair("3"))["state"] == "led_in"
    [listed] = clinic.who("shen.ke").lists("policy/overrides/", site=clinic.site)
    assert (listed["code"], listed["gate"], listed["subject"], listed["reason"]) == (
        granted["code"], "reception.chair_free", ruan, "椅位借用，前一位在拍片",
    )  # fmt: skip
    assert listed["used_at"] == utc(f"{DAY} 10:40")
    # It was for one passage of one guest.
    other = clinic.walks_in(clinic.patient("后一位"))
    su.is_refused(f"reception/visits/{other}/lead-in/", "chair_not_free", 409, chair=clinic.chair("3"))
    assert clinic.visit(ma)["state"] == "in_chair"


@pytest.mark.ledger("QU-020")
def test_the_board_of_the_desk_follows_the_chair_stage_by_stage(clinic: Clinic) -> None:
    bai, mo = clinic.who("bai.lan"), clinic.who("mo.xiao")
    visit = clinic.walks_in(clinic.patient("阮欣"))

    def seen() -> str:
        return next(one["state"] for one in bai.lists("reception/visits/", site=clinic.site) if one["code"] == visit)

    stages = [seen()]
    clinic.leads_in(visit, "3")
    stages.append(seen())
    mo.does(f"reception/visits/{visit}/in-chair/")
    stages.append(seen())
    clinic.who("dr.lin").does(f"reception/visits/{visit}/finish/")
    stages.append(seen())
    leaves_the_area(clinic, visit)
    stages.append(seen())
    assert stages == ["registered", "led_in", "in_chair", "finished", "left"]
