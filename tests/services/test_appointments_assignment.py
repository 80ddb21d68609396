"""Whom a patient sees: rotation, the treating doctor, wishes, the original doctor, mutual help."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from dental.actions import record_tooth_treatment
from dental.models import ToothTreatment
from kernel import clock, parameters
from kernel.errors import Conflict, Forbidden, NotFound, RuleRefused
from kernel.outbox.models import OutboxEvent
from kernel.parameters import Scope
from services.appointments import actions, assignment, rotation, selectors, wishes
from services.appointments.assignment import Case, propose, treating_doctor
from services.appointments.models import Appointment, AppointmentCard, Assignment, KeptTurn, Rotation
from services.appointments.slots import phone_offer, unit
from services.catalogue.models import Item
from services.patients.models import Patient
from services.reception.actions import check_in
from services.staff.actions import update_staff
from services.staff.models import DutyShift, SiteAssignment, StaffMember
from services.tasks.models import Task
from tests.services.doors import SYSTEM, api, browser, person, staff, statements
from tests.services.flow import booked, center, chair, local, patient, walked_in

API = "/api/v1/appointments/"
# On Friday all four doctors are in their rooms: 005 (room 3), 011 (1), 014 (5), 020 (2). Dr Zhao (014) rests on Thursday.
THURSDAY, FRIDAY, MONDAY = "2026-12-10", "2026-12-11", "2026-12-14"


@pytest.fixture(autouse=True)
def tuesday(smile, at):
    at("2026-12-08 09:00")
    return at


def by_rule(who: Patient, when: str, *, by: str = "bai.lan", units: int = 1, **more: Any) -> Appointment:
    """A booking whose doctor the rules choose."""
    return actions.book_appointment(
        by=person(by), site=center(), patient=who, starts_at=local(when), units=units, **more
    )


def basis_of(row: Appointment) -> str:
    return row.assignments.latest("at").basis


def treated_by(who: Patient, number: str) -> None:
    """A completed visit of ``who`` with this doctor, yesterday."""
    row = booked(who, "2026-12-08 09:00", doctor=number, deviation="referral")
    for step in (actions.mark_arrived, actions.mark_in_service, actions.mark_completed):
        step(by=SYSTEM, appointment=row)


def refused(code: str, act: Any) -> Any:
    with pytest.raises((RuleRefused, Conflict)) as refusal:
        act()
    assert refusal.value.code == code
    return refusal.value


# --- the ring, as arithmetic -----------------------------------------------------------------------------------------


def turns(ring: list[StaffMember], *, last: str = "", kept: tuple[str, ...] = (), busy: tuple[str, ...] = ()):
    found = rotation.next_turn(
        ring,
        last=staff(last) if last else None,
        kept=[staff(number).pk for number in kept],
        free=lambda doctor: doctor.number not in busy,
    )
    return None if found is None else (found.doctor.number, found.kept, [one.number for one in found.skipped])


@pytest.mark.ledger("AP-008")
def test_the_ring_goes_by_staff_number_and_kept_turns_come_first(tuesday):
    ring = [staff(number) for number in ("020", "005", "014", "011")]
    assert turns(ring) == ("005", False, [])
    assert turns(ring, last="011") == ("014", False, [])
    assert turns(ring, last="020") == ("005", False, [])
    assert turns(ring, last="005", busy=("011",)) == ("014", False, ["011"])
    assert turns(ring, last="014", kept=("011",)) == ("011", True, [])
    assert turns(ring, last="014", kept=("011",), busy=("011",)) == ("020", False, [])
    assert turns(ring[:2], last="014") == ("020", False, [])  # the last one may be off today
    assert turns(ring, busy=("005", "011", "014", "020")) is None


# --- AP-008 ------------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("AP-008")
def test_new_patients_go_round_and_the_pointer_outlives_days_and_days_off(tuesday):
    first = [by_rule(patient(f"新{n}"), f"{FRIDAY} 10:00").doctor.number for n in range(2)]
    # Thursday: Dr Zhao, who would be next, rests and is simply not in the ring.
    thursday = by_rule(patient("新3"), f"{THURSDAY} 10:00")
    monday = by_rule(patient("新4"), f"{MONDAY} 10:00")

    assert first == ["005", "011"]
    assert thursday.doctor == staff("020")
    assert monday.doctor == staff("005")  # and saved up nothing
    assert {basis_of(row) for row in (thursday, monday)} == {"rotation"}
    assert not KeptTurn.objects.exists()


@pytest.mark.ledger("AP-008")
def test_who_is_passed_over_because_busy_keeps_the_turn_and_is_next(tuesday):
    booked(patient("占着"), f"{FRIDAY} 10:00", doctor="005")

    instead = by_rule(patient("新1"), f"{FRIDAY} 10:00")
    assert instead.doctor == staff("011")
    assert [one.doctor.number for one in KeptTurn.objects.all()] == ["005"]

    kept = by_rule(patient("新2"), f"{FRIDAY} 14:00")
    after = by_rule(patient("新3"), f"{FRIDAY} 14:00")
    assert (kept.doctor, after.doctor) == (staff("005"), staff("014"))
    assert not KeptTurn.objects.exists()
    assert Rotation.objects.get(site=center()).last == staff("014")


@pytest.mark.ledger("AP-008")
def test_other_ways_to_a_doctor_are_recorded_and_take_no_turn(tuesday):
    wished = booked(patient("要女医生"), f"{FRIDAY} 09:00", doctor="020", preference="female", units=1)
    chosen = booked(patient("前台选的"), f"{FRIDAY} 09:00", doctor="011", units=1)
    known = patient("复诊")
    treated_by(known, "014")
    again = by_rule(known, f"{FRIDAY} 09:00")
    urgent = walked_in(patient("急"), doctor="020", emergency="trauma")

    assert [basis_of(row) for row in (wished, chosen, again)] == ["preference", "choice", "single_doctor"]
    assert Assignment.objects.get(visit_code=urgent.code).basis == "emergency"
    assert not Rotation.objects.exclude(last=None).exists()
    assert by_rule(patient("新"), f"{FRIDAY} 10:00").doctor == staff("005")


def test_nobody_free_is_said_and_nothing_is_stored(tuesday):
    for number in ("005", "011", "014", "020"):
        booked(patient(f"占{number}"), f"{FRIDAY} 10:00", doctor=number)
    before = Assignment.objects.count()
    refused("nobody_free", lambda: by_rule(patient("新"), f"{FRIDAY} 10:00"))
    refused("nobody_free", lambda: by_rule(patient("新"), "2026-12-13 10:00"))  # Sunday
    assert Assignment.objects.count() == before
    assert not Rotation.objects.exclude(last=None).exists()


@pytest.mark.ledger("AP-008")
def test_a_walk_in_is_given_by_rotation_and_who_has_a_guest_keeps_the_turn(tuesday):
    by = person("bai.lan")
    first = check_in(by=by, site=center(), patient=patient("甲"), by_rule=True)
    second = check_in(by=by, site=center(), patient=patient("乙"), by_rule=True)
    walked_in(patient("丙"), doctor="014")
    third = check_in(by=by, site=center(), patient=patient("丁"), by_rule=True)

    assert [visit.doctor.number for visit in (first, second, third)] == ["005", "011", "020"]
    assert [one.doctor.number for one in KeptTurn.objects.all()] == ["014"]
    # Everybody has a guest: whose turn it is gets the next one all the same.
    fourth = check_in(by=by, site=center(), patient=patient("戊"), by_rule=True)
    assert fourth.doctor == staff("014")


@pytest.mark.ledger("AP-008")
def test_the_proposal_with_its_reason_stands_in_the_drawer_and_at_check_in(tuesday):
    booked(patient("占着"), "2026-12-08 09:00", doctor="005")
    web = browser("bai.lan")
    who = patient("新来")

    here = web.get(f"/reception/check-in/?patient={who.code}").content.decode()
    assert 'data-proposal="rotation"' in here
    assert "林医生" in here.split('data-proposal="rotation"')[1].split("</p>")[0]
    assert "潘主任" in here.split('data-proposal="rotation"')[1].split("</p>")[0]
    drawer = web.get(f"/appointments/new/?patient={who.code}&day={FRIDAY}").content.decode()
    assert 'data-proposal="rotation"' in drawer
    assert "潘主任" in drawer.split('data-proposal="rotation"')[1].split("</p>")[0]
    # What is asked for slots stands in the address: never what the patient said.
    assert drawer.count("hx-get") == drawer.count('hx-params="patient,doctor,item')
    partial = web.get(f"/appointments/slots/?patient={who.code}&day={FRIDAY}").content.decode()
    assert 'data-proposal="rotation"' in partial
    assert 'name="slot"' in partial

    form = {"patient": str(who.code), "doctor": "", "units": "1", "day": FRIDAY, "time": "10:00", "channel": "phone"}
    assert web.post("/appointments/new/", form).status_code == 303
    assert Appointment.objects.get(patient=who).doctor == staff("005")
    walk_in = {"patient": str(patient("上门").code), "doctor": "", "complaint": "", "emergency": ""}
    assert web.post("/reception/check-in/", walk_in).status_code == 303
    assert Assignment.objects.filter(basis="rotation").count() == 2


def test_the_order_of_the_rules_is_a_setting(tuesday):
    known = patient("复诊")
    treated_by(known, "014")
    case = Case(site=center(), patient=known, day=date.fromisoformat(FRIDAY))
    found = propose(case)
    assert found is not None
    assert (found.basis, found.doctor) == ("single_doctor", staff("014"))

    short = ["mutual_help", "single_doctor"]
    parameters.set_parameter(
        by=SYSTEM, key="assignment_policy", scope=Scope.tenant(), value=short, effective_from=clock.now()
    )
    case = Case(site=center(), patient=known, day=date.fromisoformat(FRIDAY))
    found = propose(case)
    assert found is not None
    assert found.basis == "mutual_help"


# --- AP-007 ------------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("AP-007")
def test_the_treating_doctor_keeps_the_patient_and_leaving_needs_a_reason(tuesday):
    who = patient("从一")
    treated_by(who, "014")
    web = browser("bai.lan")
    drawer = web.get(f"/appointments/new/?patient={who.code}").content.decode()
    assert f'value="{staff("014").code}" selected' in drawer
    assert 'data-proposal="single_doctor"' in drawer

    away = refused("deviation_reason_missing", lambda: booked(who, f"{FRIDAY} 10:00", doctor="011"))
    assert away.facts["treating"] == str(staff("014").code)
    form = {
        "patient": str(who.code), "doctor": str(staff("011").code), "units": "1", "day": FRIDAY, "time": "10:00",
        "channel": "phone",
    }  # fmt: skip
    page = web.post("/appointments/new/", form)
    assert page.status_code == 422
    assert 'data-code="deviation_reason_missing"' in page.content.decode()
    assert not Appointment.objects.filter(patient=who, state="booked").exists()

    assert web.post("/appointments/new/", form | {"deviation": "patient_wish"}).status_code == 303
    row = Assignment.objects.get(appointment__patient=who, appointment__state="booked")
    assert (row.basis, row.deviation, row.owner) == ("preference", "patient_wish", staff("014"))


@pytest.mark.ledger("AP-029")
def test_a_dissatisfied_patient_is_reported_to_the_supervisor_of_the_doctors(tuesday):
    who = patient("不满意")
    treated_by(who, "014")

    row = booked(who, f"{FRIDAY} 10:00", doctor="011", deviation="dissatisfied", deviation_note="态度不好")

    task = Task.objects.get(kind=assignment.DISSATISFIED)
    assert (task.roles, task.subject_code) == (["doctor_supervisor"], who.code)
    assert task.due_at - clock.now() == timedelta(minutes=15)
    event = OutboxEvent.objects.get(type="appointments.dissatisfied")
    assert (event.payload["original"], event.payload["appointment"]) == (str(staff("014").code), str(row.code))
    assert "态度" not in f"{task.args} {event.payload}"


@pytest.mark.ledger("AP-007")
def test_the_treatment_ends_with_a_card_that_says_so(tuesday, at):
    who = patient("完成")
    treated_by(who, "014")
    at("2026-12-08 11:00")
    assert treating_doctor(who) == staff("014")
    card = {"by": person("dr.xu"), "site": center(), "patient": who, "doctor": staff("020")}
    actions.write_card(**card, units=2)
    assert treating_doctor(who) == staff("020")
    at("2026-12-08 11:05")
    actions.write_card(**card, state=AppointmentCard.State.COMPLETE)
    assert treating_doctor(who) is None
    assert booked(who, f"{FRIDAY} 10:00", doctor="011").doctor == staff("011")


def test_a_treating_doctor_who_does_not_work_here_any_more_binds_nobody(tuesday):
    who = patient("换院")
    treated_by(who, "014")
    SiteAssignment.objects.filter(staff=staff("014"), site=center()).update(ends_on=date(2026, 12, 8))
    row = booked(who, f"{FRIDAY} 10:00", doctor="011")
    assert (basis_of(row), row.helps) == ("choice", None)


# --- AP-025 ------------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("AP-025")
def test_who_helps_out_is_found_by_room_and_the_credit_stays_apart(tuesday):
    who = patient("互助")
    treated_by(who, "014")
    booked(patient("占着"), f"{THURSDAY} 10:00", doctor="011")  # room 1 is taken; room 2 is next

    row = by_rule(who, f"{THURSDAY} 10:00")

    assert (row.doctor, row.helps, basis_of(row)) == (staff("020"), staff("014"), "mutual_help")
    page = browser("bai.lan").get(f"/appointments/{row.code}/").content.decode()
    assert "赵医生" in page
    helped = selectors.help_given(center(), date(2026, 12, 1), date(2026, 12, 31))
    assert [(one.doctor.number, one.owner.number) for one in helped] == [("020", "014")]
    answer = api("gao.wen").get(f"{API}assignments/?owner={staff('014').code}&basis=mutual_help").json()
    assert [(one["doctor"], one["owner"]) for one in answer["results"]] == [
        (str(staff("020").code), str(staff("014").code))
    ]
    assert api("bai.lan").get(f"{API}{row.code}/").json()["helps"] == str(staff("014").code)
    # A desk that names somebody for a doctor who rests needs no reason, and helps all the same.
    named = booked(who, f"{THURSDAY} 14:00", doctor="005")
    assert (named.helps, basis_of(named)) == (staff("014"), "mutual_help")
    with pytest.raises(IntegrityError), transaction.atomic():
        Appointment.objects.filter(pk=named.pk).update(helps=named.doctor)


@pytest.mark.ledger("AP-025")
def test_a_supervisor_who_treats_comes_before_mutual_help(tuesday):
    who = patient("主管看")
    treated_by(who, "014")
    update_staff(by=SYSTEM, staff=staff("110"), is_doctor=True)
    DutyShift.objects.filter(staff=staff("110"), starts_at__gte=local(f"{THURSDAY} 00:00")).update(chair=chair("6"))

    row = by_rule(who, f"{THURSDAY} 10:00")

    assert (row.doctor, row.helps, basis_of(row)) == (staff("110"), staff("014"), "supervisor")


# --- AP-023, AP-034 ----------------------------------------------------------------------------------------------------


@pytest.mark.ledger("AP-023")
def test_doctors_are_filtered_by_sex_age_title_and_specialty(tuesday):
    update_staff(by=SYSTEM, staff=staff("005"), birth_year=1965)
    update_staff(by=SYSTEM, staff=staff("011"), birth_year=1992)
    people = [staff(number) for number in ("005", "011", "014", "020", "023")]
    day = date(2026, 12, 9)

    def fit(wish: str, value: str = "") -> list[str]:
        return [one.number for one in wishes.fitting(people, wish, value, day)]

    assert fit("female") == ["020", "023"]
    assert fit("male") == ["005", "011", "014"]
    assert fit("title", "主任医师") == ["005"]
    assert (fit("age", "from_50"), fit("age", "under_35")) == (["005"], ["011"])  # unknown years fit no age
    assert fit("specialty", "orthodontics") == ["023"]
    assert fit("doctor", str(staff("014").code)) == ["014"]


@pytest.mark.ledger("AP-023")
def test_a_wish_is_granted_by_rule_or_refused_with_its_reason_and_the_staff_are_told(tuesday):
    granted = by_rule(
        patient("要女医生"),
        f"{FRIDAY} 10:00",
        preference="female",
        preference_reason="怕男医生",
        assistant=staff("201"),
    )
    assert (granted.doctor, granted.wish_outcome, basis_of(granted)) == (staff("020"), "satisfied", "preference")
    told = set(Task.objects.filter(kind="appointments.told").values_list("assignee__username", flat=True))
    assert told == {"dr.xu", "mo.xiao"}

    who = patient("要年长的")
    facts = {"preference": "age", "doctor": "011", "units": 1}
    refused("wish_value_missing", lambda: booked(who, f"{FRIDAY} 10:00", **facts))
    facts |= {"wish_value": "from_50"}
    refused("wish_refusal_missing", lambda: booked(who, f"{FRIDAY} 10:00", **facts))
    row = booked(who, f"{FRIDAY} 10:00", wish_refusal="not_on_duty", **facts)
    assert (row.wish_outcome, row.wish_refusal, basis_of(row)) == ("refused", "not_on_duty", "choice")
    with pytest.raises(IntegrityError), transaction.atomic():
        Appointment.objects.filter(pk=row.pk).update(wish_refusal="")


@pytest.mark.ledger("AP-034")
def test_the_share_of_granted_wishes_is_counted_by_kind(tuesday):
    from services.appointments.kpis import requests_satisfied

    booked(patient("甲"), f"{FRIDAY} 09:00", doctor="020", preference="female")
    booked(patient("乙"), f"{FRIDAY} 09:00", doctor="011", preference="female", wish_refusal="full")
    booked(patient("丙"), f"{FRIDAY} 10:00", doctor="005", preference="title", wish_value="主任医师")
    booked(patient("丁"), f"{FRIDAY} 10:00", doctor="011")

    fact = requests_satisfied(center(), date(2026, 12, 8))
    assert fact is not None
    assert (fact.numerator, fact.denominator) == (2, 3)
    assert requests_satisfied(center(), date(2026, 12, 9)) is None
    kinds = {
        one.wish: (one.satisfied, one.told)
        for one in wishes.wishes_between(center(), date(2026, 12, 8), date(2026, 12, 8))
    }
    assert kinds == {"female": (1, 2), "title": (1, 1)}


def test_a_move_to_another_doctor_judges_wish_and_rule_anew(tuesday):
    row = booked(patient("要女医生"), f"{FRIDAY} 10:00", doctor="020", preference="female")
    moved = actions.move_appointment(
        by=person("bai.lan"), appointment=row, starts_at=local(f"{FRIDAY} 10:00"), doctor=staff("011"), reason="work"
    )
    moved.refresh_from_db()
    assert (moved.wish_outcome, moved.wish_refusal, moved.assignments.count()) == ("refused", "moved", 2)
    assert selectors.assignments_of(moved)[0].reason == "work"


# --- AP-024 ------------------------------------------------------------------------------------------------------------


def filled(who: Patient, at: Any, day: str = "2028-02-29") -> ToothTreatment:
    """SC-05: Dr Lin filled tooth 36 on the leap day."""
    at(f"{day} 10:00")
    return record_tooth_treatment(
        by=person("dr.lin"), patient=who, tooth=36, site=center(), doctor=staff("011"),
        item=Item.objects.get(key="dental-filling"), surfaces=["O"],
    )  # fmt: skip


def on_duty(day: str, *numbers: str) -> None:
    rooms = {"011": "1", "020": "2", "005": "3"}
    for number in numbers:
        DutyShift.objects.create(
            staff=staff(number), site=center(), chair=chair(rooms[number]), starts_at=local(f"{day} 08:30"),
            ends_at=local(f"{day} 12:00"),
        )  # fmt: skip


@pytest.mark.ledger("AP-024")
@pytest.mark.parametrize(
    "day,first", [("2029-02-28", True), ("2029-03-01", True), ("2029-03-30", True), ("2029-03-31", False)]
)
def test_trouble_within_a_year_or_just_past_it_goes_to_the_original_doctor(tuesday, at, day, first):
    who = patient("韩博")
    earlier = filled(who, at).code
    at(f"{day} 08:00")
    on_duty(day, "011", "020", "005")

    if not first:
        with pytest.raises(NotFound):
            by_rule(who, f"{day} 09:00", earlier=earlier)
        return
    row = by_rule(who, f"{day} 09:00", earlier=earlier)
    assert (row.doctor, row.earlier_code, basis_of(row)) == (staff("011"), earlier, "original_doctor")


@pytest.mark.ledger("AP-024")
def test_declining_the_original_doctor_needs_the_reason_and_the_director_learns_of_it(tuesday, at):
    who = patient("韩博")
    earlier = filled(who, at).code
    day = "2029-03-01"
    at(f"{day} 08:00")
    on_duty(day, "011", "020")
    facts = {"doctor": "020", "earlier": earlier}

    refused("original_doctor_reason_missing", lambda: booked(who, f"{day} 09:00", **facts))
    assert not Task.objects.filter(kind=assignment.DECLINED).exists()
    row = booked(who, f"{day} 09:00", deviation_note="疼痛没人理", **facts)

    task = Task.objects.get(kind=assignment.DECLINED)
    assert (task.roles, task.subject_code) == (["clinic_director"], who.code)
    assert "疼痛" not in str(task.args)
    stored = row.assignments.get()
    assert (stored.owner, stored.deviation, stored.reason) == (staff("011"), "dissatisfied", "疼痛没人理")
    event = OutboxEvent.objects.get(type="appointments.original_declined")
    assert event.payload["earlier"] == str(earlier)
    assert "疼痛" not in str(event.payload)


@pytest.mark.ledger("AP-024", "AP-042")
def test_an_original_doctor_at_another_site_leaves_the_choice_to_the_supervisor(tuesday, at):
    who = patient("韩博")
    earlier = filled(who, at).code
    day = "2029-03-01"
    SiteAssignment.objects.filter(staff=staff("011"), site=center()).update(ends_on=date(2029, 1, 31))
    at(f"{day} 08:00")
    on_duty(day, "020", "005")

    refused("supervisor_assigns", lambda: by_rule(who, f"{day} 09:00", earlier=earlier))
    refusal = refused("supervisor_assigns", lambda: booked(who, f"{day} 09:00", doctor="020", earlier=earlier))
    assert refusal.facts["original"] == str(staff("011").code)
    row = booked(who, f"{day} 09:00", doctor="020", earlier=earlier, by="gao.wen")
    assert (basis_of(row), row.helps) == ("supervisor", staff("011"))


@pytest.mark.ledger("AP-024")
def test_the_drawer_asks_for_the_earlier_treatment_only_where_there_is_one(tuesday, at):
    who = patient("韩博")
    earlier = filled(who, at).code
    at("2028-03-06 08:00")
    web = browser("bai.lan")
    assert str(earlier) in web.get(f"/appointments/new/?patient={who.code}").content.decode()
    other = web.get(f"/appointments/new/?patient={patient('别人').code}").content.decode()
    assert 'name="earlier"' not in other


# --- AP-001, AP-009, AP-018 and the pages --------------------------------------------------------------------------------


@pytest.mark.ledger("AP-001")
def test_a_booking_on_the_spot_keeps_its_reason(tuesday):
    row = booked(patient("现场"), f"{FRIDAY} 10:00", channel="on_spot", on_spot_reason="long_wait")
    assert (row.channel, row.on_spot_reason) == ("on_spot", "long_wait")
    refused(
        "not_on_the_spot",
        lambda: booked(patient("电话"), f"{FRIDAY} 11:00", channel="phone", on_spot_reason="long_wait"),
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        Appointment.objects.filter(pk=row.pk).update(channel="phone")


@pytest.mark.ledger("AP-009")
def test_the_phone_offers_one_morning_and_one_afternoon_of_the_next_days(tuesday):
    offered = phone_offer(site=center(), doctor=staff("011"), length=2 * unit(center()), after=clock.now())
    zone = center().timezone
    shown = [
        (clock.local(one.starts_at, zone).date().isoformat(), clock.local(one.starts_at, zone).hour < 12)
        for one in offered
    ]
    days = ["2026-12-08", "2026-12-09", THURSDAY]
    assert shown == [(day, morning) for day in days for morning in (True, False)]
    parameters.set_parameter(
        by=SYSTEM, key="booking_offer_days", scope=Scope.tenant(), value=2, effective_from=clock.now()
    )
    assert len(phone_offer(site=center(), doctor=staff("011"), length=unit(center()), after=clock.now())) == 4


@pytest.mark.ledger("AP-018")
def test_a_doctors_overrun_against_the_planned_units_is_shown_when_booking(tuesday, at):
    for start, end in (("09:00", "09:40"), ("10:00", "10:20")):
        row = booked(patient(f"患者{start}"), f"2026-12-08 {start}", units=2)
        at(f"2026-12-08 {start}")
        actions.mark_arrived(by=SYSTEM, appointment=row)
        actions.mark_in_service(by=SYSTEM, appointment=row)
        at(f"2026-12-08 {end}")
        actions.mark_completed(by=SYSTEM, appointment=row)

    found = selectors.doctor_habits(staff("011"))

    assert (found.treated, found.overrun, found.over_minutes) == (2, 1, 10)
    partial = browser("bai.lan").get(f"/appointments/slots/?doctor={staff('011').code}").content.decode()
    assert 'data-habits="doctor"' in partial


def test_the_page_of_rotation_and_help_is_for_those_who_lead(tuesday):
    by_rule(patient("甲"), f"{FRIDAY} 10:00")
    booked(patient("乙"), f"{FRIDAY} 10:00", doctor="020", preference="female")
    web = browser("gao.wen")
    page = web.get("/appointments/shares/")
    assert page.status_code == 200
    assert "潘主任" in page.content.decode()
    before = statements(lambda: web.get("/appointments/shares/"))
    for number in range(4):
        by_rule(patient(f"新{number}"), f"{FRIDAY} 14:00")
    assert before <= 13
    assert statements(lambda: web.get("/appointments/shares/")) == before
    assert browser("bai.lan").get("/appointments/shares/").status_code == 403
    assert api("bai.lan").get(f"{API}assignments/").status_code == 403


def test_the_drawer_reads_the_habits_within_its_budget(tuesday):
    who = patient("守时")
    row = booked(who, f"{FRIDAY} 10:00")
    actions.move_appointment(by=person("bai.lan"), appointment=row, starts_at=local(f"{FRIDAY} 11:00"), reason="work")
    web = browser("bai.lan")
    url = f"/appointments/new/?patient={who.code}&doctor={staff('011').code}"
    web.get(url)
    few = statements(lambda: web.get(url))
    for number in range(9, 12):
        booked(patient(f"别人{number}"), f"{THURSDAY} {number}:00" if number > 9 else f"{THURSDAY} 09:00")
    assert statements(lambda: web.get(url)) == few


def test_the_api_books_by_rule_and_says_whose_turn_it_is(tuesday):
    desk = api("bai.lan")
    asked = desk.get(f"{API}proposal/?site={center().code}&day={FRIDAY}").json()
    assert (asked["basis"], asked["doctor"]) == ("rotation", str(staff("005").code))
    body = {
        "site": str(center().code), "patient": str(patient("甲").code), "starts_at": local(f"{FRIDAY} 10:00").isoformat(),
        "units": 1,
    }  # fmt: skip
    made = desk.post(API, body)
    assert (made.status_code, made.json()["doctor"]) == (201, str(staff("005").code))
    who = patient("复诊")
    treated_by(who, "014")
    back = desk.get(f"{API}proposal/?site={center().code}&patient={who.code}").json()
    assert (back["basis"], back["owner"]) == ("single_doctor", str(staff("014").code))
    other = body | {"patient": str(who.code), "doctor": str(staff("011").code)}
    answer = desk.post(API, other)
    assert (answer.status_code, answer.json()["code"]) == (422, "deviation_reason_missing")
    assert desk.get(f"{API}proposal/").status_code == 400


def test_only_those_who_may_book_are_given_a_turn(tuesday):
    with pytest.raises(Forbidden):
        by_rule(patient("夏冰"), f"{FRIDAY} 10:00", by="fang.li")
    assert not Rotation.objects.exists()
