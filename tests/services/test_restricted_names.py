"""A restricted file keeps its name to itself on every list, board, sheet, search hit, inbox line and answer (CR-006)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from kernel import clock, context
from services.patients import restriction
from services.patients.models import Patient
from services.patients.names import nobody
from services.patients.search import find_patients
from services.tasks.actions import open_task
from services.telephone.actions import log_call
from services.telephone.models import Call
from tests.services.doors import SYSTEM, browser, person, statements
from tests.services.flow import booked, center, local, patient, walked_in

CANARY = "金丝雀甲"


@pytest.fixture(autouse=True)
def monday(smile: Any, at: Any) -> Any:
    at("2026-12-07 10:05")
    return at


def restrict(*files: Patient) -> None:
    """Close the files until the end of the year."""
    for who in files:
        restriction.restrict_file(by=person("dou.heng"), patient=who, reason="纠纷", until=local("2026-12-31 18:00"))


@pytest.mark.ledger("CR-006")
def test_who_attends_to_the_patient_today_reads_the_name_and_nobody_else(monday: Any) -> None:
    who, other = patient(CANARY), patient("旁人")
    booked(who, "2026-12-07 15:00")
    visit = walked_in(who)
    walked_in(other, doctor="014")
    restrict(who)

    def reads(username: str, page: str) -> bool:
        said = browser(username).get(page).content.decode()
        assert "旁人" in said or page != "/reception/"
        return CANARY in said

    assert reads("bai.lan", "/reception/")  # registers guests
    assert reads("su.qi", "/reception/")  # leads them in
    assert reads("dou.heng", "/reception/")  # restricts files
    assert not reads("ye.fan", "/reception/")  # consults others
    assert not reads("rong.an", "/reception/")
    assert reads("dr.lin", "/appointments/?day=2026-12-07")  # the doctor of the visit
    assert not reads("dr.zhao", "/appointments/?day=2026-12-07")
    assert not reads("ye.fan", "/appointments/?day=2026-12-07")

    restriction.open_by_exception(
        by=person("dr.zhao"), patient=Patient.objects.get(pk=who.pk), site=center(), reason="急诊"
    )
    assert reads("dr.zhao", "/appointments/?day=2026-12-07")
    monday("2026-12-08 10:05")
    assert not reads("bai.lan", f"/reception/visits/{visit.code}/")
    assert reads("dou.heng", f"/reception/visits/{visit.code}/")


@pytest.mark.ledger("CR-006")
def test_the_inbox_calls_a_restricted_patient_by_number() -> None:
    who = patient(CANARY)
    open_task(
        by=SYSTEM, kind="walk.restricted", key="1", room="tasks", title="%(subject)s waits", site=center(),
        subject=("patient", who.code), due_at=clock.now() + timedelta(hours=1), roles=("consultant", "dean"),
    )  # fmt: skip
    assert CANARY in browser("ye.fan").get("/tasks/").content.decode()
    restrict(who)
    assert CANARY not in browser("ye.fan").get("/tasks/").content.decode()
    assert CANARY not in json.dumps(browser("ye.fan").get("/api/v1/tasks/").json(), ensure_ascii=False)
    assert CANARY in browser("dou.heng").get("/tasks/").content.decode()


@pytest.mark.ledger("CR-006")
def test_a_restricted_name_is_masked_for_the_reader_and_written_as_it_is() -> None:
    """What is shown is never stored, and a search does not give the name away."""
    who = patient(CANARY)
    restrict(who)
    reader = person("ye.fan")
    with context.read_by(reader):
        shown = Patient.objects.get(pk=who.pk)
        assert shown.name == nobody()
        shown.refresh_from_db()
        shown.occupation = "会计"
        shown.save()
        assert [hit.title for hit in find_patients(reader, who.record_number, 5)] == [nobody()]
    assert Patient.objects.get(pk=who.pk).name == CANARY
    with context.read_by(person("dou.heng")):
        assert Patient.objects.get(pk=who.pk).name == CANARY


@pytest.mark.ledger("CR-006")
def test_a_name_that_was_written_down_with_a_call_keeps_to_itself_too() -> None:
    who = patient(CANARY, phone="13912345678")
    facts = {
        "purpose": "consultation",
        "outcome": "answered",
        "caller_name": "",
        "phone": "13912345678",
        "summary": "问",
    }
    log_call(by=SYSTEM, site=center(), direction="in", patient=who, **facts)
    log_call(by=SYSTEM, site=center(), direction="in", **(facts | {"caller_name": "路人", "phone": "13912345679"}))
    restrict(who)
    with context.read_by(person("ye.fan")):
        assert {row.caller_name for row in Call.objects.all()} == {nobody(), "路人"}
    assert {row.caller_name for row in Call.objects.all()} == {CANARY, "路人"}


@pytest.mark.ledger("CR-006")
def test_restricted_rows_cost_a_list_no_statement_per_row() -> None:
    files = [patient(f"患者{number}") for number in range(8)]
    starts = ("09:00", "09:30", "10:00", "10:30", "11:00", "14:00", "14:30", "15:00")
    for who, start in zip(files, starts, strict=True):
        booked(who, f"2026-12-09 {start}")
    web = browser("bai.lan")
    page: Callable[[], Any] = lambda: web.get("/appointments/?day=2026-12-09")  # noqa: E731
    page()
    plain = statements(page)
    restrict(files[0])
    assert statements(page) == plain + 1  # who may be named is asked for once, and only where a file is restricted
    restrict(*files[1:])
    assert statements(page) == plain + 1
    listed: Callable[[], Any] = lambda: web.get("/patients/")  # noqa: E731
    listed()
    assert statements(listed) <= 12
