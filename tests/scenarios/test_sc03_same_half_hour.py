"""SC-03: the same half hour, three resources."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from kernel.messaging.models import Message
from tests.kernel.probes import at_once
from tests.scenarios.over_http import Clinic, clockwork, moment, utc

DAY = "2026-12-09"


@pytest.mark.ledger("AP-002", "AP-006")
@pytest.mark.parametrize("day", [DAY, "2026-12-31"])
def test_both_submit_within_the_same_moment_and_exactly_one_appointment_exists(
    own_database: Any, smile: Any, at: Any, day: str
) -> None:
    at("2026-12-08 09:00")
    clinic = Clinic()
    # Dr Lin is free from 10:00 to 11:00, and taken around it.
    clinic.books(clinic.patient("之前"), f"{day} 09:30")
    clinic.books(clinic.patient("之后"), f"{day} 11:00", units=4)
    patients = [clinic.patient("电话"), clinic.patient("当场")]
    bai, ren = clinic.who("bai.lan"), clinic.who("ren.tao")
    facts = {"site": clinic.site, "doctor": clinic.staff("011"), "starts_at": moment(f"{day} 10:00"), "units": 2}
    assert bai.lists("appointments/", site=clinic.site)
    assert ren.lists("appointments/", site=clinic.site)

    answers = at_once(
        smile,
        lambda: bai.tries("appointments/", patient=patients[0], **facts),
        lambda: ren.tries("appointments/", patient=patients[1], **facts),
    )

    assert sorted(answer.status_code for answer in answers) == [201, 409], answers
    problem = next(answer.json() for answer in answers if answer.status_code == 409)
    assert problem["code"] == "booking_conflict"
    assert datetime.fromisoformat(problem["facts"]["next_starts_at"]) == datetime.fromisoformat(moment(f"{day} 10:30"))
    rows = bai.lists("appointments/", site=clinic.site, **{"from": utc(f"{day} 10:00"), "until": utc(f"{day} 11:00")})
    assert len(rows) == 1


@pytest.mark.ledger("AP-002", "AP-003", "AP-006")
def test_room_and_assistant_overlap_is_refused_and_touching_is_not_overlapping(smile: Any, at: Any) -> None:
    at("2026-12-08 09:00")
    clinic = Clinic()
    bai, ren = clinic.who("bai.lan"), clinic.who("ren.tao")
    mo = {"assistant": clinic.staff("201")}
    clinic.books(clinic.patient("甲"), f"{DAY} 10:00", chair=clinic.chair("1"), **mo)

    def asked(at: str, doctor: str, **more: Any) -> dict[str, Any]:
        return {"site": clinic.site, "patient": other, "doctor": clinic.staff(doctor), "starts_at": moment(at), **more}

    other = clinic.patient("乙")
    room = ren.is_refused(
        "appointments/", "booking_conflict", 409, **asked(f"{DAY} 10:15", "014", units=1, chair=clinic.chair("1"))
    )
    assert room["facts"]["resources"] == ["chair"]
    helper = bai.is_refused("appointments/", "booking_conflict", 409, **asked(f"{DAY} 10:15", "020", units=1, **mo))
    assert helper["facts"]["resources"] == ["assistant"]
    touching = asked(f"{DAY} 10:30", "011", units=1, chair=clinic.chair("1"), **mo)
    assert bai.does("appointments/", **touching)["ends_at"] == utc(f"{DAY} 10:45")

    bai.is_refused("appointments/", "duration_not_whole_units", **asked(f"{DAY} 14:00", "011", minutes=20))
    bai.is_refused("appointments/", "start_not_on_unit", **asked(f"{DAY} 14:05", "011", units=1))
    new = clinic.patient("新客")
    routine = bai.does(
        "appointments/", site=clinic.site, patient=new, doctor=clinic.staff("011"), complaint="常规检查",
        starts_at=moment(f"{DAY} 14:00"),
    )  # fmt: skip
    assert (routine["units"], routine["channel"]) == (1, "phone")


@pytest.mark.ledger("AP-012", "AP-017", "FU-022")
def test_one_message_although_the_delivery_crashed_and_one_reminder_after_a_move(
    smile: Any, at: Any, monkeypatch: Any
) -> None:
    """The gateway takes the message and the delivery dies before it is written down; the next try changes nothing."""
    at("2026-12-08 09:00")
    clinic = Clinic()
    bai = clinic.who("bai.lan")
    delivered: list[str] = []

    class Gateway:
        def deliver(self, *, key: str, to: str, subject: str, body: str) -> None:
            delivered.append(key)
            if len(delivered) == 1:
                raise ConnectionResetError("killed")

    monkeypatch.setattr("kernel.messaging.handlers.gateway", lambda channel: Gateway())
    who = clinic.patient("陈雨", phone="13711112222")
    booked = clinic.books(who, f"{DAY} 10:00")
    clockwork()
    assert Message.objects.get(channel="sms").state == "queued"
    for second in (6, 20, 40):
        at(f"2026-12-08 09:00:{second:02d}")
        clockwork()
    # The provider saw the same key twice: for it that is one message.
    message = Message.objects.get(channel="sms")
    assert (message.state, message.to) == ("sent", "13711112222")
    assert delivered == [str(message.code)] * 2

    def reminders() -> list[dict[str, Any]]:
        return [task for task in bai.inbox("appointments.confirm") if task["subject"] == who]

    assert [task["due_at"] for task in reminders()] == [utc("2026-12-08 17:30")]
    moved = bai.does(
        f"appointments/{booked['code']}/move/", version=booked["version"], starts_at=moment("2026-12-10 10:00"),
        reason="出差",
    )  # fmt: skip
    assert (moved["code"], moved["starts_at"]) == (booked["code"], utc("2026-12-10 10:00"))
    [line] = bai.lists(f"appointments/{booked['code']}/moves/")
    assert (line["old_starts_at"], line["reason"]) == (utc(f"{DAY} 10:00"), "出差")
    assert [task["due_at"] for task in reminders()] == [utc("2026-12-09 17:30")]
    # Somebody who still has the old page open changes nothing.
    stale = bai.tries(
        f"appointments/{booked['code']}/move/", version=booked["version"], starts_at=moment("2026-12-11 10:00"),
        reason="出差",
    )  # fmt: skip
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
