"""Patients who come for a specialist: absent, busy, or prepared by another doctor first."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from kernel.errors import Conflict, RuleRefused
from services.appointments import actions, specialists
from services.appointments.models import Appointment, SpecialistCase
from services.staff.models import DutyShift
from services.tasks.models import Task
from tests.services.doors import api, browser, person, staff
from tests.services.flow import booked, center, chair, local, patient

URL = "/appointments/specialist/"


@pytest.fixture(autouse=True)
def tuesday(smile, at):
    at("2026-12-08 09:00")
    return at


def resting_today() -> None:
    DutyShift.objects.filter(staff=staff("023"), starts_at__lt=local("2026-12-09 00:00")).delete()


@pytest.mark.ledger("AP-021")
def test_who_came_for_an_absent_specialist_is_called_on_the_day_of_the_return(tuesday):
    who, desk = patient("正畸"), {"by": person("bai.lan"), "site": center(), "specialist": staff("023")}
    with pytest.raises(RuleRefused) as refusal:
        specialists.note_absent_specialist(patient=who, purpose="问矫正", **desk)
    assert refusal.value.code == "specialist_is_here"
    resting_today()
    with pytest.raises(RuleRefused) as refusal:
        specialists.note_absent_specialist(patient=who, purpose=" ", **desk)
    assert refusal.value.code == "purpose_missing"

    case = specialists.note_absent_specialist(patient=who, purpose="问矫正", **desk)

    assert (case.back_on, case.purpose) == (date(2026, 12, 9), "问矫正")
    task = Task.objects.get(kind=specialists.BACK)
    assert (task.subject_code, task.due_at) == (who.code, local("2026-12-09 08:30"))
    assert "矫正" not in str(task.args)
    DutyShift.objects.filter(staff=staff("023")).delete()
    with pytest.raises(RuleRefused) as refusal:
        specialists.note_absent_specialist(patient=who, purpose="问矫正", **desk)
    assert refusal.value.code == "specialist_return_unknown"


@pytest.mark.ledger("AP-022")
def test_of_a_busy_specialist_all_four_are_kept_or_nothing(tuesday):
    who = patient("种牙")
    facts = {"by": person("bai.lan"), "site": center(), "specialist": staff("023"), "patient": who, "purpose": "种牙"}
    whole = {"informed": True, "estimated_minutes": 20, "opinion": "wait"}
    for lacking in whole:
        with pytest.raises(RuleRefused) as refusal:
            specialists.note_busy_specialist(**facts, **{key: value for key, value in whole.items() if key != lacking})
        assert refusal.value.code == "specialist_case_incomplete"
        assert set(refusal.value.fields) == {lacking}
    assert not SpecialistCase.objects.exists()

    case = specialists.note_busy_specialist(**facts, **whole)

    assert case.informed_at is not None
    assert Task.objects.get(kind=specialists.WAITS).assignee.username == "dr.xie"
    with pytest.raises(IntegrityError), transaction.atomic():
        SpecialistCase.objects.create(
            kind="busy", site=center(), patient=who, specialist=staff("023"), purpose="种牙", informed_at=case.at,
            estimated_minutes=20, at=case.at,
        )  # fmt: skip


def test_cases_have_a_page_and_strangers_do_not_find_them(tuesday):
    web, who = browser("bai.lan"), patient("正畸")
    form = {"patient": str(who.code), "specialist": str(staff("023").code), "kind": "busy", "purpose": "问矫正"}
    assert web.post(URL, form).status_code == 422
    whole = form | {"informed": "on", "estimated_minutes": "15", "opinion": "another_day"}
    assert web.post(URL, whole).status_code == 303
    case = SpecialistCase.objects.get()
    assert "正畸" in web.get(URL).content.decode()
    assert "问矫正" in web.get(f"{URL}{case.code}/").content.decode()
    assert browser("luo.ping").get(f"{URL}{case.code}/").status_code == 404
    assert browser("fang.li").get(URL).status_code == 403
    resting_today()
    assert web.post(URL, form | {"kind": "absent"}).status_code == 303


@pytest.mark.ledger("AP-026", "AP-027")
def test_another_doctor_prepares_the_visit_of_the_specialist_before_it(tuesday):
    desk = person("bai.lan")
    visit = booked(
        patient("正畸"),
        "2026-12-10 10:00",
        doctor="023",
        chair=chair("6"),
        preference="specialty",
        wish_value="orthodontics",
    )

    def prepare(when: str, doctor: str, appointment: Appointment = visit) -> Appointment:
        return specialists.book_preparation(
            by=desk, site=center(), appointment=appointment, starts_at=local(when), doctor=staff(doctor), units=2
        )

    for when, doctor, code in (
        ("2026-12-09 10:00", "023", "preparation_by_the_specialist"),
        ("2026-12-10 11:00", "011", "preparation_too_late"),
    ):
        with pytest.raises(RuleRefused) as refusal:
            prepare(when, doctor)
        assert refusal.value.code == code
    plain = booked(patient("普通"), "2026-12-10 09:00", doctor="020")
    with pytest.raises(RuleRefused) as refusal:
        prepare("2026-12-09 10:00", "011", plain)
    assert refusal.value.code == "not_a_specialist"

    first = prepare("2026-12-09 10:00", "011")

    assert (first.prepares, first.patient, first.doctor) == (visit, visit.patient, staff("011"))
    with pytest.raises(Conflict) as met:
        prepare("2026-12-09 14:00", "011")
    assert met.value.code == "preparation_booked"
    assert "林医生" in browser("bai.lan").get(f"/appointments/{visit.code}/").content.decode()

    actions.cancel_appointment(by=desk, appointment=first, reason="ill")
    url = f"/appointments/{visit.code}/preparation/"
    form = {"doctor": str(staff("020").code), "units": "2", "day": "2026-12-09", "time": "14:00"}
    assert browser("bai.lan").get(url).status_code == 200
    assert browser("bai.lan").post(url, form | {"day": "2026-12-11"}).status_code == 422
    assert browser("bai.lan").post(url, form).status_code == 303
    assert Appointment.objects.get(prepares=visit).doctor == staff("020")


def test_the_api_keeps_cases_and_books_preparations(tuesday):
    desk, who = api("bai.lan"), patient("正畸")
    url = "/api/v1/appointments/specialist-cases/"
    case = {
        "site": str(center().code), "patient": str(who.code), "specialist": str(staff("023").code), "kind": "busy",
        "purpose": "问矫正",
    }  # fmt: skip
    lacking = desk.post(url, case)
    assert (lacking.status_code, lacking.json()["code"]) == (422, "specialist_case_incomplete")
    made = desk.post(url, case | {"informed": True, "estimated_minutes": 10, "opinion": "wait"})
    assert (made.status_code, made.json()["opinion"]) == (201, "wait")
    assert desk.get(f"{url}?patient={who.code}").json()["count"] == 1
    assert api("luo.ping").get(url).json()["count"] == 0

    visit = booked(who, "2026-12-10 10:00", doctor="023", chair=chair("6"))
    preparing = {"starts_at": local("2026-12-09 10:00").isoformat(), "doctor": str(staff("011").code), "units": 1}
    first = desk.post(f"/api/v1/appointments/{visit.code}/preparation/", preparing)
    assert first.status_code == 201
    assert Appointment.objects.get(code=first.json()["code"]).prepares == visit
    assert api("luo.ping").post(f"/api/v1/appointments/{visit.code}/preparation/", preparing).status_code == 404
