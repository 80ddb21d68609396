"""SC-08: an emergency cuts through."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.over_http import Clinic, clockwork, moment, utc

DAY = "2026-12-10"
# Dr Zhao rests on Thursdays.
DOCTORS = {"011": "1", "020": "2", "005": "3"}


@pytest.fixture
def clinic(smile: Any, at: Any) -> Clinic:
    """Every doctor in the house treats somebody and is booked for the hour after 11:00."""
    at(f"{DAY} 10:00")
    house = Clinic()
    for number, room in DOCTORS.items():
        house.occupies(room, doctor=number, name=f"在治{room}")
        if number != "011":
            house.books(house.patient(f"已约{room}"), f"{DAY} 11:00", doctor=number, units=4)
    return house


@pytest.mark.ledger("QU-007", "QU-022", "AP-030")
def test_wei_dan_goes_first_and_the_others_are_told_and_keep_their_clocks(clinic: Clinic, at: Any) -> None:
    yao, bai, gao = clinic.who("yao.jing"), clinic.who("bai.lan"), clinic.who("gao.wen")
    tuo_file = clinic.patient("拓海", phone="13711118888")
    tuo_booking = clinic.books(tuo_file, f"{DAY} 10:45")
    later = clinic.books(clinic.patient("后约"), f"{DAY} 11:15")
    # Wei Dan was treated by Dr Xu before; in an emergency that counts for nothing.
    wei_file = clinic.patient("卫丹", phone="13711117777")
    clinic.who("dr.xu").does(
        f"dental/patients/{wei_file}/teeth/", site=clinic.site, item=clinic.item("dental-filling"), tooth=36
    )
    at(f"{DAY} 10:41:00")
    tuo = clinic.checks_in(tuo_booking)

    at(f"{DAY} 11:00:00")
    clockwork()
    assert not yao.inbox("reception.explain_wait")
    wei = yao.does("reception/visits/", site=clinic.site, patient=wei_file, emergency="jaw_dislocation", by_rule=True)
    assert (wei["emergency"], wei["doctor"], wei["state"]) == ("jaw_dislocation", clinic.staff("011"), "registered")
    [told] = gao.inbox("reception.emergency")
    assert (told["subject"], told["due_at"]) == (wei_file, utc(f"{DAY} 11:00"))
    basis = gao.lists("appointments/assignments/", site=clinic.site, basis="emergency")
    assert [(row["patient"], row["doctor"]) for row in basis] == [(wei_file, clinic.staff("011"))]
    waiting = [line["visit"] for line in bai.lists("reception/waiting/", site=clinic.site)]
    assert waiting[:2] == [wei["code"], tuo]

    notices = bai.inbox("reception.wait_notice")
    assert {task["subject"] for task in notices} == {tuo_file, later["patient"]}
    at(f"{DAY} 11:01:01")
    clockwork()
    assert [task["subject"] for task in yao.inbox("reception.explain_wait")] == [tuo_file]
    line = next(one for one in bai.lists("reception/waiting/", site=clinic.site) if one["visit"] == tuo)
    assert (line["stage"], line["needs_explanation"]) == ("over", True)

    # Tuo Hai does not want to wait any longer.
    at(f"{DAY} 11:05:00")
    rebooked = bai.does(f"reception/visits/{tuo}/rebook/", starts_at=moment("2026-12-11 15:00"))
    assert (rebooked["state"], rebooked["wait_seconds"], rebooked["end_reason"]) == (
        "rebooked", 24 * 60, "wait_too_long",
    )  # fmt: skip
    expected = bai.lists("appointments/", patient=tuo_file, state="booked")
    assert [row["starts_at"] for row in expected] == [utc("2026-12-11 15:00")]
    assert expected[0]["channel"] == "rebooked"
    assert [task["subject"] for task in bai.inbox("reception.wait_notice")] == [later["patient"]]
    assert not yao.inbox("reception.explain_wait")


@pytest.mark.ledger("QU-022")
def test_who_walks_out_without_a_word_is_left_unseen_and_not_deleted(clinic: Clinic, at: Any) -> None:
    bai = clinic.who("bai.lan")
    at(f"{DAY} 10:41:00")
    tuo = clinic.walks_in(clinic.patient("拓海"))
    at(f"{DAY} 11:05:00")
    assert bai.tries(f"reception/visits/{tuo}/left-unseen/", reason="").status_code == 400
    left = bai.does(f"reception/visits/{tuo}/left-unseen/", reason="没打招呼就走了")
    assert (left["state"], left["wait_seconds"]) == ("left_unseen", 24 * 60)
    assert bai._api.delete(f"/api/v1/reception/visits/{tuo}/").status_code == 405


@pytest.mark.ledger("QU-007", "PL-006")
def test_a_category_taken_off_the_list_counts_from_the_effective_date_only(smile: Any, at: Any) -> None:
    at(f"{DAY} 09:00")
    clinic = Clinic()
    yao, admin = clinic.who("yao.jing"), clinic.who("admin.smile")
    known = admin.asks("rules/emergency_list/")["value"]
    assert "jaw_fracture" in known
    rest = [condition for condition in known if condition != "jaw_fracture"]
    change: dict[str, Any] = {"scope": "tenant", "effective_from": moment("2026-12-14 00:00")}
    assert yao.tries("rules/emergency_list/values/", value=rest, **change).status_code == 403
    assert admin.does("rules/emergency_list/values/", value=rest, **change)["set_by_name"] == "admin.smile"

    at("2026-12-12 16:00")
    first, second = clinic.patient("骨折甲"), clinic.patient("骨折乙")
    facts: dict[str, Any] = {"site": clinic.site, "emergency": "jaw_fracture", "by_rule": True}
    assert yao.does("reception/visits/", **facts, patient=first)["emergency"] == "jaw_fracture"
    at("2026-12-14 09:00")
    yao.is_refused("reception/visits/", "unknown_emergency", **facts, patient=second)
