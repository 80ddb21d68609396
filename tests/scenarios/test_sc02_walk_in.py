"""SC-02: a walk-in with a hidden risk, and the alert in its three places."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.over_http import Clinic, clockwork

ASKED = (
    "heart", "blood_pressure", "diabetes", "bleeding", "infection", "epilepsy", "allergy", "medication", "pregnancy", "other",
)  # fmt: skip
COMPLETE: dict[str, Any] = {
    "symptoms": {"value": "右下后牙疼三天"}, "address": {"declined": True}, "occupation": {"value": "会计"},
    "heard_by": {"value": "map"}, **{key: {"value": "no"} for key in ASKED},
}  # fmt: skip
WARFARIN = {**COMPLETE, "medication": {"value": "yes", "words": "华法林"}}


@pytest.fixture
def clinic(smile: Any, at: Any) -> Clinic:
    at("2026-12-07 10:05")
    return Clinic()


def signed_sheet(clinic: Clinic, visit: str, name: str) -> str:
    """The form and the enquiry, filled in face to face by Bai Lan, checked and signed; the code of the sheet."""
    bai = clinic.who("bai.lan")
    sheet = bai.does(f"intake/visits/{visit}/sheet/")["code"]
    bai.does(f"intake/sheets/{sheet}/answers/", answers=WARFARIN, filler="desk")
    bai.does(f"intake/sheets/{sheet}/check/")
    signed = bai.does(f"intake/sheets/{sheet}/signature/", signer="patient", signer_name=name)
    assert signed["filler"] == "desk"
    return str(sheet)


def hands_over(clinic: Clinic, sheet: str) -> str:
    given = clinic.who("bai.lan").does(f"intake/sheets/{sheet}/hand-overs/", receiver=clinic.staff("202"))
    return str(given["code"])


@pytest.mark.ledger("FD-002", "FD-003", "FD-007", "FD-008", "FD-009", "DE-014")
def test_luo_min_is_registered_without_a_phone_and_led_in_when_all_three_places_speak(clinic: Clinic, at: Any) -> None:
    bai, su, tang = clinic.who("bai.lan"), clinic.who("su.qi"), clinic.who("tang.rui")
    luo: dict[str, Any] = {"site": clinic.site, "name": "罗敏", "stated_age": 34}
    bai.is_refused("patients/", "sex_required", **luo, phone="13712340000")
    bai.is_refused("patients/", "phone_or_reason_required", **luo, sex="female")
    file = bai.does("patients/", **luo, sex="female", phone_absent_reason="declined")
    assert (file["phone_absent_reason"], file["untraceable"]) == ("declined", True)

    visit = clinic.walks_in(file["code"], doctor="020", complaint="牙疼")
    assert clinic.visit(visit)["is_first"] is True
    bai_sheet = bai.does(f"intake/visits/{visit}/sheet/")["code"]
    bai.does(f"intake/sheets/{bai_sheet}/answers/", answers={"symptoms": {"value": "牙疼"}}, filler="desk")
    gaps = bai.is_refused(f"intake/sheets/{bai_sheet}/check/", "blanks_left")
    assert {"heart", "medication"} <= set(gaps["errors"])
    bai.is_refused(f"intake/sheets/{bai_sheet}/hand-overs/", "form_not_checked", receiver=clinic.staff("202"))
    sheet = signed_sheet(clinic, visit, "罗敏")
    assert sheet == bai_sheet

    bai.does(f"intake/sheets/{sheet}/special/", question="medication")
    bai.does(f"intake/sheets/{sheet}/alert/", text="服用华法林")
    into_room_2 = {"chair": clinic.chair("2")}
    su.is_refused(f"reception/visits/{visit}/lead-in/", "hand_over_not_acknowledged", **into_room_2)
    hand_over = hands_over(clinic, sheet)
    su.is_refused(f"reception/visits/{visit}/lead-in/", "hand_over_not_acknowledged", **into_room_2)
    at("2026-12-07 10:19")
    heard = tang.does(f"intake/hand-overs/{hand_over}/acknowledgement/")
    assert (heard["receiver_name"], heard["acknowledged_at"][:16]) == ("唐蕊", "2026-12-07T02:19")
    opened = tang.asks(f"intake/sheets/{sheet}/")
    assert [(one["question"], one["highlighted"]) for one in opened["findings"]] == [("medication", True)]
    assert "华法林" in opened["findings"][0]["words"]
    assert bai.asks(f"patients/{file['code']}/")["alert"] == "服用华法林"
    assert su.does(f"reception/visits/{visit}/lead-in/", **into_room_2)["state"] == "led_in"

    # The call of the same day is there for whoever has no phone, as such.
    xu = clinic.who("dr.xu")
    clinic.who("mo.xiao").does(f"reception/visits/{visit}/in-chair/")
    xu.does(
        "records/treatments/", patient=file["code"], site=clinic.site, doctor=clinic.staff("020"),
        item=clinic.item("dental-filling"), visit=visit,
    )  # fmt: skip
    xu.does(f"reception/visits/{visit}/finish/")
    at("2026-12-07 17:00")
    clockwork()
    calls = [row for row in bai.lists("followup/", patient=file["code"]) if row["due_on"] == "2026-12-07"]
    assert [row["state"] for row in calls] == ["no_phone"]


@pytest.mark.ledger("FD-009")
@pytest.mark.parametrize(
    "missing,code",
    [
        ("highlight", "special_not_highlighted"),
        ("alert", "special_without_alert"),
        ("acknowledgement", "hand_over_not_acknowledged"),
    ],
)
def test_with_another_patient_each_missing_place_alone_refuses(clinic: Clinic, missing: str, code: str) -> None:
    bai, su = clinic.who("bai.lan"), clinic.who("su.qi")
    visit = clinic.walks_in(clinic.patient("甲一"), doctor="020")
    sheet = signed_sheet(clinic, visit, "甲一")
    if missing != "highlight":
        bai.does(f"intake/sheets/{sheet}/special/", question="medication")
    if missing != "alert":
        bai.does(f"intake/sheets/{sheet}/alert/", text="服用华法林")
    hand_over = hands_over(clinic, sheet)
    if missing != "acknowledgement":
        clinic.who("tang.rui").does(f"intake/hand-overs/{hand_over}/acknowledgement/")
    su.is_refused(f"reception/visits/{visit}/lead-in/", code, chair=clinic.chair("2"))
    assert clinic.visit(visit)["led_in_at"] is None


@pytest.mark.ledger("FD-018", "FD-019")
def test_the_desk_sees_no_price_of_a_denture_and_the_consultant_does(clinic: Clinic) -> None:
    bai, ye = clinic.who("bai.lan"), clinic.who("ye.fan")
    crown = ye.lists("catalogue/items/", q="冠")[0]
    assert crown["price_fen"] > 0
    seen = bai.lists("catalogue/items/", q="冠")[0]
    assert (seen["code"], seen["price_visible"], seen["price_fen"]) == (crown["code"], False, None)
    assert bai.asks(f"catalogue/items/{crown['code']}/")["price_fen"] is None

    asked = {"site": clinic.site, "question": "做假牙多少钱？"}
    form = bai.opens("/guest_care/prices/new/")
    assert all(f'value="{outcome}"' in form for outcome in ("exam", "leaflet", "booked"))
    bai.is_refused("guest_care/price-enquiries/", "price_not_yours", 403, **asked, outcome="quoted", item=crown["code"])
    for outcome in ("exam", "leaflet", "booked"):
        assert bai.does("guest_care/price-enquiries/", **asked, outcome=outcome)["is_quoted"] is False


@pytest.mark.ledger("FD-012")
def test_a_second_registration_proposes_the_file_that_exists(clinic: Clinic) -> None:
    bai = clinic.who("bai.lan")
    first = clinic.patient("罗敏", stated_age=34, phone="13712345678")
    again = {"site": clinic.site, "name": "罗敏", "sex": "female", "stated_age": 34}
    problem = bai.is_refused("patients/", "possible_duplicates", 409, **again, phone="+86 137-1234-5678")
    assert [one["code"] for one in problem["facts"]["candidates"]] == [first]
    # The same name and year is enough, also where the number is another one.
    problem = bai.is_refused("patients/", "possible_duplicates", 409, **again, phone="13712349999")
    assert [one["code"] for one in problem["facts"]["candidates"]] == [first]
    other = bai.does("patients/", **again, phone="13712349999", confirmed_new=True)
    assert other["code"] != first
