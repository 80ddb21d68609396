"""Bookings through the doors: the day board, the drawer, the drop, and the API."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from kernel import clock
from services.appointments import actions
from services.appointments.board import day_board, grid_of, moment_at
from services.appointments.models import Appointment
from services.appointments.web import views
from services.patients.models import Patient
from services.sites.models import Chair, Room
from services.staff.models import DutyShift, StaffMember
from services.tasks.models import Task
from tests.services.doors import SYSTEM, api, browser, person, staff, statements
from tests.services.flow import SHANGHAI, booked, center, chair, local, patient

BOARD = "/appointments/"
API = "/api/v1/appointments/"


@pytest.fixture(autouse=True)
def tuesday(smile, at):
    at("2026-12-08 09:00")
    return at


# --- the board --------------------------------------------------------------------------------------------------------


def test_every_unit_of_the_day_has_a_row_and_the_lunch_break_one(tuesday):
    grid = grid_of(center(), local("2026-12-08 09:00").date())
    assert (grid.rows, len(grid.folded)) == (14 + 1 + 16, 1)
    day = local("2026-12-08 09:00").date()
    for text in ("08:30", "11:45", "13:30", "17:15"):
        moment = local(f"2026-12-08 {text}")
        assert moment_at(center(), day, grid.row(clock.local(moment, SHANGHAI)) - 1) == moment
    with pytest.raises(ValueError):
        moment_at(center(), day, grid.rows)


def test_the_board_draws_chairs_doctors_and_states(tuesday, at):
    confirmed = booked(patient("邵晴"), "2026-12-08 10:00", assistant=staff("201"))
    actions.record_confirmation(by=person("bai.lan"), appointment=confirmed, result="confirmed")
    booked(patient("马林"), "2026-12-08 09:15", doctor="020")
    booked(patient("苗圃"), "2026-12-08 15:00", doctor="014", units=1)
    at("2026-12-08 10:05")

    board = day_board(center(), local("2026-12-08 09:00").date())

    columns = {column["title"]: column for column in board.columns}
    assert (
        list(columns) == ["1诊室 林医生", "2诊室 徐医生", "3诊室 潘主任", "5诊室 赵医生", "沟通室 叶帆"]
        or len(columns) >= 5
    )
    blocks = {block["title"]: block for column in board.columns for block in column["blocks"]}
    assert blocks["邵晴"]["state"] == "confirmed"
    assert (blocks["马林"]["state"], blocks["马林"]["note_tone"]) == ("no_show", "late")  # 50 minutes late, not here
    assert (blocks["苗圃"]["state"], blocks["苗圃"]["span"]) == ("booked", 1)
    assert board.counts == {"confirmed": 1, "no_show": 1, "booked": 1}
    assert board.total == 3


def test_a_doctor_who_rests_folds_with_the_day_of_return(tuesday):
    thursday = day_board(center(), local("2026-12-10 09:00").date())
    off = [column for column in thursday.columns if column.get("off")]
    assert [column["title"] for column in off] == ["赵医生"]
    assert "12-11" in off[0]["off"]


@pytest.fixture
def full_house(tuesday):
    """20 doctors and 300 bookings on one day."""
    site = center()
    day = local("2026-12-08 09:00").date()
    people, chairs = [], []
    for number in range(20):
        room = Room.objects.create(site=site, number=f"7{number:02d}", name=f"{number}号", order=100 + number)
        chairs.append(Chair.objects.create(site=site, room=room, name=f"{number}号"))
        people.append(
            StaffMember.objects.create(
                number=f"8{number:02d}", name=f"医生{number}", pinyin="", initials="", post="医生", gender="male",
                is_doctor=True, home_site=site,
            )
        )  # fmt: skip
    shifts = [
        DutyShift(
            staff=doctor, site=site, chair=place, starts_at=local(f"{day} {start}"), ends_at=local(f"{day} {end}")
        )
        for doctor, place in zip(people, chairs, strict=True)
        for start, end in (("08:30", "12:00"), ("13:30", "17:30"))
    ]
    DutyShift.objects.bulk_create(shifts)
    who = [patient(f"患者{number}") for number in range(15)]
    starts = [f"{hour:02d}:{minute}" for hour in range(8, 18) for minute in ("00", "30")]
    starts = [start for start in starts if "08:30" <= start < "12:00" or "13:30" <= start < "17:30"]
    half_hour = timedelta(minutes=30)
    rows = [
        Appointment(
            site=site,
            patient=who[number],
            doctor=doctor,
            chair=place,
            starts_at=local(f"{day} {start}"),
            ends_at=local(f"{day} {start}") + half_hour,
            units=2,
            booked_at=clock.now(),
        )
        for doctor, place in zip(people, chairs, strict=True)
        for number, start in enumerate(starts)
    ]
    Appointment.objects.bulk_create(rows)
    assert len(rows) == 300
    return site


def test_the_board_of_20_doctors_and_300_bookings_takes_at_most_12_queries(full_house):
    web = browser("bai.lan")
    web.get(BOARD)
    assert statements(lambda: web.get(BOARD)) <= 12
    page = web.get(BOARD)
    assert page.status_code == 200
    assert page.content.decode().count("data-block") == 300


def test_the_board_is_polled_with_an_etag(tuesday):
    web = browser("bai.lan")
    first = web.get(BOARD, headers={"X-Poll": "1"})
    same = web.get(BOARD, headers={"X-Poll": "1", "If-None-Match": first.headers["ETag"]})
    booked(patient("新"), "2026-12-08 10:00")
    changed = web.get(BOARD, headers={"X-Poll": "1", "If-None-Match": first.headers["ETag"]})
    assert (first.status_code, same.status_code, changed.status_code) == (200, 304, 200)


def test_a_board_on_which_nothing_has_changed_is_not_drawn_again(tuesday, monkeypatch):
    row, web = booked(patient("先到"), "2026-12-08 10:00"), browser("bai.lan")
    first = web.get(BOARD, headers={"X-Poll": "1"})
    known = {"X-Poll": "1", "If-None-Match": first.headers["ETag"]}

    def never(*_args: object, **_more: object) -> None:
        raise AssertionError("drawn again")

    with monkeypatch.context() as patched:
        patched.setattr(views, "day_board", never)
        assert web.get(BOARD, headers=known).status_code == 304
    for change in (
        lambda: actions.mark_arrived(by=person("bai.lan"), appointment=row),
        lambda: tuesday("2026-12-08 09:01"),
        lambda: DutyShift.objects.filter(staff=staff("020"), starts_at__lt=local("2026-12-09 00:00")).delete(),
    ):
        change()
        fresh = web.get(BOARD, headers=known)
        assert fresh.status_code == 200
        known["If-None-Match"] = fresh.headers["ETag"]
    assert web.get(BOARD, headers=known).status_code == 304


# --- booking and moving by hand ---------------------------------------------------------------------------------------


def booking_form(who: Patient, **more: str) -> dict[str, str]:
    return {
        "patient": str(who.code), "doctor": str(staff("011").code), "units": "2", "day": "2026-12-09", "time": "10:00",
        "channel": "phone", **more,
    }  # fmt: skip


@pytest.mark.ledger("AP-002", "AP-006")
def test_the_drawer_books_and_offers_the_next_gap(tuesday):
    web = browser("bai.lan")
    assert web.get("/appointments/new/").status_code == 200
    assert "韩博" in web.get("/appointments/patients/?q=" + patient("韩博").name).content.decode()
    offered = web.get(f"/appointments/slots/?doctor={staff('011').code}&units=2").content.decode()
    assert 'name="slot"' in offered

    done = web.post("/appointments/new/", booking_form(patient("宋倩")))
    assert (done.status_code, done.headers["Location"]) == (303, "/appointments/?day=2026-12-09")

    taken = web.post("/appointments/new/", booking_form(patient("鲁岩")), headers={"HX-Request": "true"})
    assert taken.status_code == 409
    assert local("2026-12-09 10:30").astimezone(clock.now().tzinfo).isoformat() in taken.content.decode()
    missing = web.post("/appointments/new/", {"channel": "phone"})
    assert missing.status_code == 422
    assert Appointment.objects.count() == 1


@pytest.mark.ledger("AP-017")
def test_a_drop_is_tried_first_asks_the_reason_and_then_moves(tuesday):
    row = booked(patient("鲁岩"), "2026-12-09 10:00", doctor="014")
    booked(patient("宋倩"), "2026-12-09 10:00")
    web = browser("bai.lan")
    grid = grid_of(center(), local("2026-12-09 09:00").date())
    at_row = {text: grid.row(clock.local(local(f"2026-12-09 {text}"), SHANGHAI)) - 1 for text in ("10:15", "10:30")}
    url = f"/appointments/{row.code}/drop/"

    met = web.post(url, {"column": str(chair("1").code), "at": at_row["10:15"]}, headers={"HX-Request": "true"})
    assert 'data-code="booking_conflict"' in met.content.decode()
    asked = web.post(url, {"column": str(chair("1").code), "at": at_row["10:30"]}, headers={"HX-Request": "true"})
    assert 'name="reason"' in asked.content.decode()
    assert "赵医生" in asked.content.decode()  # whoever treats so far is named
    row.refresh_from_db()
    assert row.starts_at == local("2026-12-09 10:00")

    done = web.post(
        url,
        {"column": str(chair("1").code), "slot": local("2026-12-09 10:30").isoformat(), "reason": "work"},
        headers={"HX-Request": "true"},
    )
    assert done.status_code == 204
    row.refresh_from_db()
    assert (row.starts_at, row.doctor, row.chair) == (local("2026-12-09 10:30"), staff("011"), chair("1"))


def test_the_page_of_a_booking_confirms_moves_and_cancels(tuesday):
    row = booked(patient("樊星"), "2026-12-09 10:00")
    web, url = browser("bai.lan"), f"/appointments/{row.code}/"
    assert web.get(url).status_code == 200
    assert web.post(f"{url}confirm/", {"result": "confirmed"}).status_code == 303
    row.refresh_from_db()
    assert row.state == "confirmed"
    moving = {
        "doctor": str(staff("011").code), "units": "2", "day": "2026-12-10", "time": "11:00", "reason": "work",
        "asked_by": "patient", "version": row.version,
    }  # fmt: skip
    assert web.post(f"{url}move/", {**moving, "reason": ""}).status_code == 422
    assert web.post(f"{url}move/", {**moving, "time": "12:30"}).status_code == 422
    assert web.post(f"{url}move/", moving).status_code == 303
    row.refresh_from_db()
    assert row.starts_at == local("2026-12-10 11:00")
    assert web.post(f"{url}cancel/", {"reason": "ill"}).status_code == 303
    row.refresh_from_db()
    assert (row.state, row.cancel_reason) == ("cancelled", "ill")


def test_blocks_and_cards_have_pages(tuesday):
    head = browser("gao.wen")
    form = {
        "staff": str(staff("011").code), "starts_at": "2026-12-09T10:00", "ends_at": "2026-12-09T11:00", "reason": "meeting",
    }  # fmt: skip
    assert head.post("/appointments/blocks/", form).status_code == 303
    assert "meeting" in head.get("/appointments/blocks/").content.decode()
    assert browser("bai.lan").get("/appointments/blocks/").status_code == 403
    actions.write_card(by=SYSTEM, site=center(), patient=patient("段宏"), doctor=staff("011"), units=3)
    assert "段宏" in browser("bai.lan").get("/appointments/cards/").content.decode()


# --- the API ----------------------------------------------------------------------------------------------------------


def body(who: Patient, at: str = "2026-12-09 10:00", **more) -> dict:
    return {
        "site": str(center().code), "patient": str(who.code), "doctor": str(staff("011").code),
        "starts_at": local(at).isoformat(), "units": 2, **more,
    }  # fmt: skip


@pytest.mark.ledger("AP-003", "AP-006")
def test_sc03_over_the_api(tuesday):
    phone, desk = api("bai.lan"), api("ren.tao")
    mo = str(staff("201").code)
    made = phone.post(API, body(patient("甲"), assistant=mo))
    assert made.status_code == 201
    assert made.headers["ETag"]

    second = desk.post(API, body(patient("乙")))
    assert (second.status_code, second.json()["code"]) == (409, "booking_conflict")
    assert second.json()["facts"]["next_starts_at"] == "2026-12-09T02:30:00+00:00"
    zhao = desk.post(
        API, body(patient("乙"), "2026-12-09 10:15", doctor=str(staff("014").code), chair=str(chair("1").code), units=1)
    )
    xu = phone.post(API, body(patient("丙"), "2026-12-09 10:15", doctor=str(staff("020").code), assistant=mo, units=1))
    assert (zhao.status_code, zhao.json()["facts"]["resource"]) == (409, "chair")
    assert (xu.status_code, xu.json()["facts"]["resource"]) == (409, "assistant")
    touching = phone.post(API, body(patient("丙"), "2026-12-09 10:30", assistant=mo, units=1))
    assert touching.status_code == 201

    odd = phone.post(API, {**body(patient("丁"), "2026-12-09 14:00"), "units": None, "minutes": 20})
    assert (odd.status_code, odd.json()["code"]) == (422, "duration_not_whole_units")
    check = phone.post(API, {**body(patient("丁"), "2026-12-09 14:00"), "units": None})
    assert check.json()["units"] == 1
    assert Appointment.objects.count() == 3


def test_the_same_key_books_once_and_another_body_is_refused(tuesday):
    desk, key = api("bai.lan"), {"Idempotency-Key": str(uuid4())}
    who = patient("甲")
    first = desk.post(API, body(who), headers=key)
    again = desk.post(API, body(who), headers=key)
    other = desk.post(API, body(who, "2026-12-09 15:00"), headers=key)

    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert first.json() == again.json()
    assert Appointment.objects.count() == 1
    assert Task.objects.filter(kind="appointments.confirm").count() == 1


def test_a_move_needs_the_version_that_was_seen(tuesday):
    desk = api("bai.lan")
    made = desk.post(API, body(patient("甲")))
    url = f"{API}{made.json()['code']}/"
    new = {"starts_at": local("2026-12-09 15:00").isoformat(), "reason": "work"}

    assert desk.post(f"{url}move/", new).status_code == 400
    seen = desk.get(url).headers["ETag"]
    moved = desk.post(f"{url}move/", new, headers={"If-Match": seen})
    stale = desk.post(f"{url}move/", new, headers={"If-Match": seen})

    assert (moved.status_code, stale.status_code) == (200, 412)
    assert moved.headers["ETag"] != seen
    assert desk.get(url, headers={"If-None-Match": moved.headers["ETag"]}).status_code == 304
    assert desk.get(f"{url}moves/").json()["count"] == 1


def test_lists_are_filtered_by_a_white_list_and_slots_are_offered(tuesday):
    row = booked(patient("甲"), "2026-12-09 10:00")
    desk = api("bai.lan")
    assert desk.get(f"{API}?patient={row.patient.code}").json()["count"] == 1
    assert desk.get(f"{API}?doctor={staff('020').code}").json()["count"] == 0
    assert desk.get(f"{API}?patient__name=x").status_code == 400
    slots = desk.get(f"{API}slots/?site={center().code}&doctor={staff('011').code}&units=2").json()["results"]
    assert slots
    assert desk.get(f"{API}slots/").status_code == 400
    assert desk.post(f"{API}{row.code}/confirm/", {"result": "confirmed"}).json()["state"] == "confirmed"


@pytest.mark.ledger("PL-001")
def test_bookings_of_other_sites_and_tenants_look_missing(tuesday, working_for):
    row = booked(patient("蓝鲸壹"), "2026-12-09 10:00")
    assert api("luo.ping").get(f"{API}{row.code}/").status_code == 404
    assert api("luo.ping").get(API).json()["count"] == 0
    assert browser("luo.ping").get(f"/appointments/{row.code}/").status_code == 404
    assert api(None).get(API).status_code == 401
    with working_for("derma"):
        stranger = api("lian.qiao")
        answer = stranger.get(f"{API}{row.code}/")
        assert answer.status_code == 404
        assert "蓝鲸" not in stranger.get(API).content.decode()
