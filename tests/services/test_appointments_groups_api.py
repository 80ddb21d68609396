"""Visits booked together over the API: the same rules as on the page, all of them or none."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from kernel.messaging.models import Message
from services.appointments import actions, groups
from services.appointments.models import Appointment, AppointmentCard, BookingGroup
from services.patients.actions import add_relation
from tests.services.doors import SYSTEM, api, person, staff, statements
from tests.services.flow import booked, center, local, patient

URL = "/api/v1/appointments/groups/"
TEN, THREE = "2026-12-09T10:00:00+08:00", "2026-12-09T15:00:00+08:00"


@pytest.fixture
def desk(smile: Any, at: Any) -> Any:
    at("2026-12-08 09:00")
    return api("bai.lan")


def family() -> tuple[Any, Any]:
    """A mother and the child for whom she pays."""
    mother, child = patient("孟兰"), patient("孟小宝")
    add_relation(by=SYSTEM, patient=child, relative=mother, kind="mother", is_payer=True)
    return mother, child


def asked(*visits: tuple[Any, str | None], **more: Any) -> dict[str, Any]:
    """A group of (patient, number of the doctor) at ten; the first one is told for all."""
    return {
        "site": str(center().code),
        "starts_at": TEN,
        "visits": [
            {"patient": str(who.code), "units": 2, **({"doctor": str(staff(number).code)} if number else {})}
            for who, number in visits
        ],
        "contact": str(visits[0][0].code),
        **more,
    }


def tag(answer: Any) -> dict[str, str]:
    return {"If-Match": answer.headers["ETag"]}


def test_a_family_is_booked_read_moved_and_cancelled(desk: Any) -> None:
    mother, child = family()
    made = desk.post(URL, asked((mother, "011"), (child, "020")))
    assert made.status_code == 201, made.json()
    said = made.json()
    assert [(one["patient"], one["starts_at"], one["group"]) for one in said["visits"]] == [
        (str(mother.code), "2026-12-09T02:00:00Z", said["code"]),
        (str(child.code), "2026-12-09T02:00:00Z", said["code"]),
    ]
    assert (said["contact"], said["arrangement"]) == (str(mother.code), "side_by_side")
    assert Message.objects.count() == 1

    one = f"{URL}{said['code']}/"
    assert desk.get(one).json() == said
    assert [row["code"] for row in desk.get(URL, {"contact": str(mother.code)}).json()["results"]] == [said["code"]]

    change = {"starts_at": THREE, "reason": "school"}
    assert desk.post(f"{one}move/", change).json()["code"] == "if_match_required"
    moved = desk.post(f"{one}move/", change, headers=tag(made))
    assert moved.status_code == 200, moved.json()
    assert {visit["starts_at"] for visit in moved.json()["visits"]} == {"2026-12-09T07:00:00Z"}
    assert desk.post(f"{one}cancel/", {"reason": "ill"}, headers=tag(made)).json()["code"] == "stale_version"

    sure = desk.post(f"{one}confirm/", {"result": "confirmed"})
    assert {visit["state"] for visit in sure.json()["visits"]} == {"confirmed"}
    # A visit was confirmed since, and the version is the same: the reading is still told.
    assert desk.get(one, headers={"If-None-Match": moved.headers["ETag"]}).status_code == 200

    gone = desk.post(f"{one}cancel/", {"reason": "ill"}, headers=tag(sure))
    assert {visit["state"] for visit in gone.json()["visits"]} == {"cancelled"}
    again = desk.post(f"{one}cancel/", {"reason": "ill"}, headers=tag(gone))
    assert (again.status_code, again.json()["code"]) == (409, "group_over")


def test_one_taken_place_keeps_nothing_and_names_the_next_common_time(desk: Any) -> None:
    mother, child = family()
    booked(patient("先来"), "2026-12-09 10:00", doctor="020")
    before = (Appointment.objects.count(), Message.objects.count())
    refused = desk.post(URL, asked((mother, "011"), (child, "020")))
    assert (refused.status_code, refused.json()["code"]) == (409, "group_conflict")
    following = refused.json()["facts"]["next_starts_at"]
    assert (Appointment.objects.count(), Message.objects.count()) == before
    assert not BookingGroup.objects.exists()
    # The time that the refusal names is free for all.
    assert desk.post(URL, asked((mother, "011"), (child, "020"), starts_at=following)).status_code == 201


def test_a_move_that_does_not_fit_leaves_everybody_in_place(desk: Any) -> None:
    mother, child = family()
    booked(patient("先来"), "2026-12-09 15:00", doctor="020")
    made = desk.post(URL, asked((mother, "011"), (child, "020")))
    one = f"{URL}{made.json()['code']}/"
    refused = desk.post(f"{one}move/", {"starts_at": THREE, "reason": "school"}, headers=tag(made))
    assert (refused.status_code, refused.json()["code"]) == (409, "group_conflict")
    assert desk.get(one).json() == made.json()


def test_who_is_told_for_all_belongs_to_them(desk: Any) -> None:
    """The receipt lists everybody's visit, so it goes to one of them, or to who pays for one."""
    mother, child = family()
    friend, stranger = patient("朋友"), patient("路人")
    visits = ((child, "011"), (friend, "020"))
    refused = desk.post(URL, asked(*visits, contact=str(stranger.code)))
    assert (refused.status_code, refused.json()["code"]) == (422, "contact_outside_group")
    assert not BookingGroup.objects.exists()
    assert desk.post(URL, asked(*visits, contact=str(mother.code))).json()["contact"] == str(mother.code)
    assert [one.to for one in Message.objects.all()] == [mother.phone]


def test_who_names_no_doctor_sees_the_treating_one_and_the_length_is_the_usual_one(desk: Any) -> None:
    mother, child = family()
    actions.write_card(by=person("dr.lin"), site=center(), patient=mother, doctor=staff("020"), units=1)
    assert AppointmentCard.objects.get().state == "open"
    body = asked((mother, None), (child, "011"))
    for visit in body["visits"]:
        del visit["units"]
    made = desk.post(URL, body).json()
    by_patient = {visit["patient"]: visit for visit in made["visits"]}
    assert by_patient[str(mother.code)]["doctor"] == str(staff("020").code)
    assert {visit["units"] for visit in made["visits"]} == {1}
    assert AppointmentCard.objects.get().state == "booked"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"visits": []}, 422, "group_too_small"),
        ({"contact": None}, 422, "group_contact_missing"),
        ({"starts_at": "2026-12-07T10:00:00+08:00"}, 422, "slot_in_the_past"),
        ({"channel": "rebooked"}, 400, "validation_error"),
        ({"site": str(uuid4())}, 404, "site_not_found"),
        ({"contact": str(uuid4())}, 404, "patient_not_found"),
    ],
)
def test_what_is_no_group_is_refused(desk: Any, change: dict[str, Any], status: int, code: str) -> None:
    mother, child = family()
    refused = desk.post(URL, asked((mother, "011"), (child, "020")) | change)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert not Appointment.objects.exists()
    assert desk.post(URL, asked((mother, "011"), (child, "020"))).status_code == 201


def test_more_than_twelve_are_refused_before_anything_is_looked_up(desk: Any) -> None:
    body = asked((patient("甲"), "011"))
    body["visits"] *= groups.MOST + 1
    refused = desk.post(URL, body)
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["visits"])


def test_who_may(desk: Any) -> None:
    mother, child = family()
    made = desk.post(URL, asked((mother, "011"), (child, "020")))
    one = f"{URL}{made.json()['code']}/"
    # The cashier sees bookings and makes none; somebody of another site sees none of them.
    assert api("su.qi").get(one).status_code == 200
    assert api("su.qi").post(f"{one}cancel/", {"reason": "x"}, headers=tag(made)).status_code == 403
    assert api("su.qi").post(URL, asked((mother, "011"), (child, "020"))).status_code == 403
    assert api("luo.ping").get(one).status_code == 404
    assert api(None).get(one).status_code == 401


def test_a_list_of_groups_costs_the_same_for_many(desk: Any) -> None:
    def book(hour: int) -> None:
        two = [patient("甲"), patient("乙")]
        wanted = [groups.Wanted(who, 1, staff(number)) for who, number in zip(two, ("011", "020"), strict=True)]
        groups.book_group(
            by=person("bai.lan"), site=center(), wanted=wanted, starts_at=local(f"2026-12-09 {hour:02}:00"),
            contact=two[0],
        )  # fmt: skip

    book(9)
    desk.get(URL)
    one = statements(lambda: desk.get(URL))
    for hour in (10, 11, 14):
        book(hour)
    assert statements(lambda: desk.get(URL)) == one <= 12
    assert desk.get(URL).json()["count"] == 4
