"""The grid of doctors and assistants: nobody is in two places, and a doctor without one is an alarm."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from kernel.errors import Conflict, Forbidden, RuleRefused
from services.staff.models import DutyShift
from services.tasks.models import Task
from services.treatment_area import assistance, handlers
from tests.services.doors import browser, person, staff, statements
from tests.services.flow import center, local

MONDAY = date(2026, 12, 7)
URL = "/treatment_area/assistants/2026-12-07/"


@pytest.fixture(autouse=True)
def roster(smile, at):
    """Dr Lin works all day, Dr Xu in the morning; Mo all day, Tang in the afternoon."""
    at("2026-12-07 07:00")
    DutyShift.objects.filter(starts_at__lt=local("2026-12-08 00:00"), ends_at__gt=local("2026-12-07 00:00")).delete()
    for number, since, until in (
        ("011", "08:30", "17:30"), ("020", "08:30", "13:00"), ("201", "08:30", "17:30"), ("202", "13:00", "17:30"),
    ):  # fmt: skip
        DutyShift.objects.create(
            staff=staff(number), site=center(),
            starts_at=local(f"2026-12-07 {since}"), ends_at=local(f"2026-12-07 {until}"),
        )  # fmt: skip
    return at


def assign(half: str, doctor: str, assistant: str | None, *, by: str = "mei.hua"):
    return assistance.assign_assistant(
        by=person(by), site=center(), day=MONDAY, half=half, doctor=staff(doctor),
        assistant=staff(assistant) if assistant else None,
    )  # fmt: skip


@pytest.mark.ledger("QU-021")
def test_a_gap_is_an_alarm_until_every_working_doctor_has_an_assistant():
    handlers.alarm_gaps(MONDAY)
    task = Task.objects.get(kind=assistance.GAP, site=center())
    assert (task.roles, task.args["found"]) == (["head_nurse"], 3)
    assign("morning", "011", "201")
    assign("afternoon", "011", "202")
    task.refresh_from_db()
    assert task.state == "open"
    with pytest.raises(Conflict) as taken:
        assign("morning", "020", "201")
    assert taken.value.code == "assistant_taken"
    DutyShift.objects.create(
        staff=staff("203"), site=center(), starts_at=local("2026-12-07 08:30"), ends_at=local("2026-12-07 12:00")
    )
    assign("morning", "020", "203")
    task.refresh_from_db()
    assert task.state == "done"
    assert assistance.gaps(assistance.grid(center(), MONDAY)) == 0


def test_the_alarm_of_a_day_that_is_over_is_withdrawn(at):
    handlers.alarm_gaps(MONDAY)
    at("2026-12-08 07:00")

    handlers.alarm_gaps(MONDAY + timedelta(days=1))

    assert Task.objects.get(kind=assistance.GAP, key=assistance.gap_key(center(), MONDAY)).state == "cancelled"


@pytest.mark.ledger("QU-021")
def test_only_who_is_on_duty_is_assigned_and_only_by_the_head_nurse():
    for half, doctor, assistant, code in (
        ("morning", "011", "202", "assistant_off_duty"),
        ("afternoon", "020", "202", "doctor_off_duty"),
        ("morning", "011", "111", "assistant_off_duty"),
        ("evening", "011", "201", "half_unknown"),
    ):
        with pytest.raises(RuleRefused) as refusal:
            assign(half, doctor, assistant)
        assert refusal.value.code == code
    with pytest.raises(Forbidden):
        assign("morning", "011", "201", by="su.qi")
    assert assistance.gaps(assistance.grid(center(), MONDAY)) == 3
    assign("morning", "011", "201")
    assign("morning", "011", None)
    assert assistance.gaps(assistance.grid(center(), MONDAY)) == 3


@pytest.mark.ledger("QU-021")
def test_the_grid_through_its_page():
    web = browser("mei.hua")
    page = web.get(URL).content.decode()
    assert person("dr.lin").name in page
    form = {"half": "morning", "doctor": str(staff("011").code), "assistant": str(staff("201").code)}
    assert web.post(URL, form).status_code == 303
    again = web.post(URL, form | {"doctor": str(staff("020").code)})
    assert again.status_code == 409
    assert 'data-code="assistant_taken"' in again.content.decode()
    assert web.post(URL, {"half": "x"}).status_code == 422
    assert browser("su.qi").post(URL, form).status_code == 403
    assert browser("su.qi").get(URL).status_code == 200
    assert web.get("/treatment_area/assistants/tomorrow/").status_code == 404
    assert statements(lambda: web.get(URL)) <= 12
