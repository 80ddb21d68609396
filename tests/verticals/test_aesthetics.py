"""A procedure and what follows it: the post-op plan of its template, due tasks, and the aftercare sheet of two people."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

import pytest

from aesthetics import actions
from aesthetics.kpis import postop_on_time
from aesthetics.models import Procedure, ProcedureTemplate
from kernel.audit.models import AuditEntry
from kernel.errors import Conflict, Forbidden, RuleRefused
from kernel.ids import uuid7
from kernel.tenancy import TenantContext
from services.followup import actions as calls
from services.followup.handlers import open_due
from services.followup.models import FollowUp, Plan
from services.patients.models import Patient
from services.sites.models import Site
from services.tasks.models import Task
from tests.services.doors import SYSTEM, api, browser, person, staff
from tests.services.flow import local, patient

# SC-26: a procedure on 17 December at two o'clock. 20 December is a Sunday; wounds do not wait for Monday.
OPERATED = "2026-12-17 14:00"
PLANNED = ["2026-12-18", "2026-12-20", "2026-12-24", "2026-12-31", "2027-01-16", "2027-03-17"]


@pytest.fixture(autouse=True)
def operated(lumen: TenantContext, at: Any) -> Any:
    """The clinic at the moment of the procedure."""
    at(OPERATED)
    return at


def lake() -> Site:
    return Site.objects.get(slug="lake")


def eyelid() -> ProcedureTemplate:
    return ProcedureTemplate.objects.get(key="eyelid")


def bella() -> Patient:
    return patient("许贝拉", site=lake(), occupation="演员")


def procedure(who: Patient | None = None, by: str = "dr.kang", **facts: Any) -> Procedure:
    known = {"site": lake(), "doctor": staff("051"), "template": eyelid()}
    who = who or bella()
    if facts.pop("reading", True):
        read_chart(who, by)
    return actions.record_procedure(by=person(by), patient=who, **(known | facts))


def read_chart(who: Patient, by: str = "dr.kang") -> None:
    """The doctor opens the chart, which is logged."""
    assert browser(by).get(f"/records/patients/{who.code}/").status_code == 200


def plan_of(found: Procedure) -> list[FollowUp]:
    return list(FollowUp.objects.filter(plan__source_key=found.source_key).order_by("due_on", "id"))


def days(found: Procedure) -> list[str]:
    return [row.due_on.isoformat() for row in plan_of(found)]


def morning(at: Any, day: str) -> None:
    """Six o'clock: what is due enters the inbox."""
    at(f"{day} 06:00")
    open_due(date.fromisoformat(day))


def call(found: Procedure, day: str, result: str = "fine", **facts: Any) -> FollowUp:
    row = next(row for row in plan_of(found) if row.due_on.isoformat() == day)
    return calls.close_with_result(by=person("jin.ya"), followup=row, result=result, **facts)


def refusals(code: str) -> int:
    return AuditEntry.objects.filter(verb="refused", data__code=code).count()


# --- the plan ---------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("CR-024")
def test_the_doctor_reads_the_chart_before_the_service(operated: Any) -> None:
    """SC-25: refused without opening the chart; yesterday's look and a colleague's are none."""
    who = bella()
    operated("2026-12-16 14:00")
    read_chart(who)
    operated(OPERATED)
    read_chart(who, "dr.ruan")
    said = {"site": str(lake().code), "patient": str(who.code), "template": str(eyelid().code)}
    refused = api("dr.kang").post("/api/v1/aesthetics/procedures/", said)
    assert (refused.status_code, refused.json()["code"]) == (422, "chart_not_read")
    assert refused.json()["cures"][0]["url"] == f"/records/patients/{who.code}/"
    assert (Procedure.objects.count(), refusals("chart_not_read")) == (0, 1)

    operated("2026-12-17 14:30")
    read_chart(who)
    with pytest.raises(RuleRefused):  # the chart was opened after it was done
        procedure(who, reading=False, performed_at=local("2026-12-17 14:10"))
    assert api("dr.kang").post("/api/v1/aesthetics/procedures/", said).status_code == 201


@pytest.mark.ledger("AE-015", "FU-012")
def test_the_template_plans_every_day_of_its_schedule() -> None:
    who = bella()
    said = {"site": str(lake().code), "patient": str(who.code), "template": str(eyelid().code)}

    read_chart(who)
    answer = api("dr.kang").post("/api/v1/aesthetics/procedures/", said)

    assert answer.status_code == 201, answer.content
    assert [row["due_on"] for row in answer.json()["followups"]] == PLANNED
    assert [row["offset"] for row in answer.json()["followups"]] == ["D1", "D3", "D7", "D14", "D30", "D90"]
    assert {row["state"] for row in answer.json()["followups"]} == {"planned"}
    found = Procedure.objects.get()
    assert (found.doctor, found.performed_at, found.state) == (staff("051"), local(OPERATED), "following_up")


@pytest.mark.ledger("AE-015")
def test_each_day_becomes_a_task_when_it_comes(operated: Any) -> None:
    found = procedure()
    morning(operated, "2026-12-17")
    assert not Task.objects.filter(kind=calls.CALL).exists()
    morning(operated, "2026-12-18")
    morning(operated, "2026-12-18")

    task = Task.objects.get(kind=calls.CALL)
    assert (task.room, task.state, task.subject_code) == ("aesthetics", "open", found.patient.code)
    assert set(task.roles) == {"nurse", "follow_up_caller", "doctor"}
    assert "许贝拉" in browser("jin.ya").get("/tasks/").content.decode()
    call(found, "2026-12-18")
    task.refresh_from_db()
    assert task.state == "done"
    assert days(found) == PLANNED


@pytest.mark.ledger("AE-015", "FU-022")
def test_another_date_moves_only_what_is_undone_and_doubles_nothing(operated: Any) -> None:
    found = procedure()
    morning(operated, "2026-12-18")
    call(found, "2026-12-18")
    operated("2026-12-18 15:00")
    doctor = api("dr.kang")
    path = f"/api/v1/aesthetics/procedures/{found.code}/date/"

    for _twice in range(2):
        moved = doctor.post(path, {"performed_at": "2026-12-16T14:00:00+08:00"})
        assert moved.status_code == 200, moved.content
        assert [row["due_on"] for row in moved.json()["followups"]] == [
            "2026-12-18", "2026-12-19", "2026-12-23", "2026-12-30", "2027-01-15", "2027-03-16",
        ]  # fmt: skip
    assert (Plan.objects.filter(room="aesthetics").count(), FollowUp.objects.count()) == (1, 6)
    assert FollowUp.objects.get(offset="D1").state == "closed"
    doctor.post(path, {"performed_at": "2026-12-17T14:00:00+08:00"})
    assert days(found) == PLANNED


@pytest.mark.ledger("AE-015", "FU-022")
def test_what_was_due_and_moves_away_leaves_the_inbox_and_comes_back(operated: Any) -> None:
    found = procedure()
    morning(operated, "2026-12-18")
    task = Task.objects.get(kind=calls.CALL)

    actions.move_procedure(by=person("dr.kang"), procedure=found, performed_at=local("2026-12-18 00:30"))

    task.refresh_from_db()
    assert (task.state, days(found)[0]) == ("cancelled", "2026-12-19")
    morning(operated, "2026-12-19")
    assert Task.objects.filter(kind=calls.CALL, state="open").count() == 1


@pytest.mark.ledger("AE-015")
def test_a_procedure_entered_late_makes_due_at_once_what_should_have_been_asked(operated: Any) -> None:
    who = bella()
    read_chart(who)
    operated("2026-12-20 10:00")
    found = procedure(who, reading=False, performed_at=local(OPERATED))
    assert [(row.due_on.isoformat(), row.state) for row in plan_of(found)][:3] == [
        ("2026-12-18", "due"), ("2026-12-20", "due"), ("2026-12-24", "planned"),
    ]  # fmt: skip
    assert Task.objects.filter(kind=calls.CALL, state="open").count() == 2


@pytest.mark.ledger("AE-015")
def test_a_rule_changed_by_the_clinic_counts_for_the_next_procedure() -> None:
    before = procedure()
    calls.set_rule(
        by=SYSTEM,
        key="postop-eyelid",
        trigger=eyelid().trigger,
        offsets=["D1", "M1"],
        roles=["nurse"],
        opening_days=False,
    )
    after = procedure(patient("后来", site=lake()))
    assert days(before) == PLANNED
    assert days(after) == ["2026-12-18", "2027-01-17"]
    listed = api("dr.kang").get("/api/v1/aesthetics/templates/").json()["results"]
    assert {row["key"] for row in listed} == {"eyelid", "filler", "laser"}


def test_what_has_not_happened_is_not_recorded() -> None:
    found = procedure()
    later = local("2026-12-17 14:00:01")
    with pytest.raises(RuleRefused) as recorded:
        procedure(patient("早", site=lake()), performed_at=later)
    with pytest.raises(RuleRefused) as moved:
        actions.move_procedure(by=person("dr.kang"), procedure=found, performed_at=later)
    assert recorded.value.code == moved.value.code == "performed_in_the_future"
    assert refusals("performed_in_the_future") == 2
    eyelid_off = eyelid()
    eyelid_off.is_active = False
    eyelid_off.save()
    with pytest.raises(RuleRefused) as gone:
        procedure()
    assert gone.value.code == "template_inactive"
    said = {"site": str(lake().code), "patient": str(bella().code), "template": str(eyelid_off.code)}
    assert api("dr.kang").post("/api/v1/aesthetics/procedures/", said).status_code == 404
    assert (days(found), Procedure.objects.count()) == (PLANNED, 1)


@pytest.mark.ledger("AE-015")
def test_on_time_counts_post_op_calls_and_no_other(operated: Any) -> None:
    punctual, late = procedure(), procedure(patient("迟", site=lake()))
    calls.plan_from(
        by=SYSTEM, trigger="visit.finished", source_key="visit:1", site=lake(), patient=punctual.patient,
        anchor_on=date(2026, 12, 18), room="aesthetics",
    )  # fmt: skip
    morning(operated, "2026-12-18")
    call(punctual, "2026-12-18")
    operated("2026-12-19 09:00")
    call(late, "2026-12-18")

    fact = postop_on_time(lake(), date(2026, 12, 18))
    assert fact is not None
    assert (fact.numerator, fact.denominator) == (1, 2)
    assert postop_on_time(lake(), date(2026, 12, 19)) is None


# --- aftercare --------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("AE-007")
def test_doctor_and_nurse_both_hand_out_the_sheet_before_it_is_understood(operated: Any) -> None:
    """SC-25: only the nurse gave it, so the client cannot have acknowledged it; the first moment of each is kept."""
    found = procedure()
    nurse, doctor = api("jin.ya"), api("dr.kang")
    path = f"/api/v1/aesthetics/procedures/{found.code}/aftercare/"

    for _twice in range(2):
        assert nurse.post(path, {"step": "give"}).status_code == 200
    refused = nurse.post(path, {"step": "acknowledge"})
    assert (refused.status_code, refused.json()["code"], refused.json()["facts"]["missing"]) == (
        422, "aftercare_incomplete", ["doctor"],
    )  # fmt: skip
    assert refusals("aftercare_incomplete") == 1
    operated("2026-12-17 14:30")
    nurse.post(path, {"step": "give"})
    given = doctor.post(path, {"step": "give"}).json()
    assert (given["aftercare_by_nurse"], given["aftercare_by_doctor"]) == (
        "2026-12-17T06:00:00Z", "2026-12-17T06:30:00Z",
    )  # fmt: skip
    assert nurse.post(path, {"step": "acknowledge"}).json()["acknowledged_at"] == "2026-12-17T06:30:00Z"
    operated("2026-12-17 15:00")
    assert nurse.post(path, {"step": "acknowledge"}).json()["acknowledged_at"] == "2026-12-17T06:30:00Z"


@pytest.mark.ledger("AE-007", "AE-014")
def test_the_page_shows_the_sheet_with_the_occupation_and_takes_the_steps() -> None:
    found = procedure()
    web, nurse = browser("dr.kang"), browser("jin.ya")
    there = f"/aesthetics/procedures/{found.code}/"
    page = web.get(there).content.decode()
    for words in (eyelid().wound, eyelid().diet, eyelid().rest, eyelid().medication, "演员", *PLANNED):
        assert words in page

    assert web.post(f"{there}give/").status_code == 303
    refused = web.post(f"{there}acknowledge/")
    assert refused.status_code == 422
    assert nurse.post(f"{there}give/").status_code == 303
    assert nurse.post(f"{there}acknowledge/").status_code == 303
    found.refresh_from_db()
    assert found.acknowledged_at is not None
    assert web.post(f"{there}dance/").status_code == 404


# --- the end ----------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("AE-013")
def test_a_case_closes_only_when_every_follow_up_is_done(operated: Any) -> None:
    """Open ones block it, and so does a problem that waits for the doctor's note."""
    found = procedure()
    doctor = api("dr.kang")
    path = f"/api/v1/aesthetics/procedures/{found.code}/"
    refused = doctor.post(f"{path}complete/")
    assert (refused.status_code, refused.json()["code"], refused.json()["facts"]["open"]) == (409, "followups_open", 6)
    for day in PLANNED:
        morning(operated, day)
        call(found, day, "problem" if day == PLANNED[-1] else "fine", note="swollen")
    doctor = api("dr.kang")
    refused = doctor.post(f"{path}complete/")
    assert (refused.status_code, refused.json()["facts"]["open"]) == (409, 1)
    with pytest.raises(Conflict):
        actions.complete_procedure(by=person("dr.kang"), procedure=found)

    calls.answer_problem(by=person("dr.kang"), followup=plan_of(found)[-1], note="normal")
    assert doctor.post(f"{path}complete/").json()["state"] == "completed"
    for step, said in (("complete", {}), ("date", {"performed_at": "2026-12-16T14:00:00+08:00"})):
        late = doctor.post(f"{path}{step}/", said)
        assert (late.status_code, late.json()["code"]) == (409, "procedure_completed")
    assert days(found) == PLANNED


# --- pages, rights, borders -------------------------------------------------------------------------------------------


@pytest.mark.ledger("AE-015", "CR-006")
def test_the_pages_record_list_and_move() -> None:
    who = bella()
    web = browser("dr.kang")
    path = f"/aesthetics/patients/{who.code}/"
    assert web.post(path, {"template": ""}).status_code == 422
    read_chart(who)
    made = web.post(path, {"template": str(eyelid().code), "performed_at": ""})
    found = Procedure.objects.get()
    there = f"/aesthetics/procedures/{found.code}/"
    assert (made.status_code, made.headers["Location"]) == (303, there)
    assert there in web.get(path).content.decode()
    assert there in web.get("/aesthetics/").content.decode()

    wrong = web.post(f"{there}move/", {"performed_at": "yesterday"})
    assert wrong.status_code == 422
    assert PLANNED[0] in wrong.content.decode()
    assert web.post(f"{there}move/", {"performed_at": "2026-12-16T14:00"}).status_code == 303
    assert days(found)[-1] == "2027-03-16"
    assert web.get(there).status_code == 200
    looked = AuditEntry.objects.filter(verb="read", target_code=who.code, data__part="procedure")
    assert looked.filter(actor_name="dr.kang", purpose="treatment").exists()


@pytest.mark.parametrize(
    "username,sees,performs,gives",
    [
        ("dr.kang", 200, 201, 200),
        ("jin.ya", 200, 403, 200),
        ("nora.shen", 200, 403, 403),
        ("bo.yan", 200, 403, 403),
        ("cui.ling", 403, 403, 403),
        (None, 401, 401, 401),
    ],
)
def test_who_may_do_what(username: str | None, sees: int, performs: int, gives: int) -> None:
    found = procedure()
    client, web = api(username), browser(username)
    said = {"site": str(lake().code), "patient": str(found.patient.code), "template": str(eyelid().code)}
    path = f"/api/v1/aesthetics/procedures/{found.code}/"
    assert client.get(path).status_code == sees
    assert client.get("/api/v1/aesthetics/templates/").status_code == sees
    assert client.post("/api/v1/aesthetics/procedures/", said).status_code == performs
    assert client.post(f"{path}aftercare/", {"step": "give"}).status_code == gives
    moved = client.post(f"{path}date/", {"performed_at": "2026-12-17T13:00:00+08:00"})
    assert moved.status_code == (200 if performs == 201 else performs)
    assert web.get(f"/aesthetics/procedures/{found.code}/").status_code == (302 if username is None else sees)
    step = web.post(f"/aesthetics/procedures/{found.code}/give/")
    assert step.status_code == (302 if username is None else 303 if gives == 200 else 403)


def test_refusals_are_written_to_the_audit() -> None:
    found = procedure()
    with pytest.raises(Forbidden):
        actions.move_procedure(by=person("jin.ya"), procedure=found, performed_at=local("2026-12-16 14:00"))
    assert browser("nora.shen").post(f"/aesthetics/procedures/{found.code}/give/").status_code == 403
    assert refusals("permission_denied") == 2
    with pytest.raises(RuleRefused):
        procedure(doctor=staff("503"))
    assert refusals("not_a_doctor") == 1
    found.refresh_from_db()
    assert (found.aftercare_by_nurse, days(found)) == (None, PLANNED)


@pytest.mark.ledger("PL-001")
def test_codes_of_another_tenant_are_not_found(
    working_for: Callable[[str], AbstractContextManager[TenantContext]],
) -> None:
    """willow operates too; its procedures, patients and templates do not exist here."""
    with working_for("willow"):
        river = Site.objects.get(slug="river")
        stranger = patient("别家", site=river)
        read_chart(stranger, "dr.song")
        foreign = actions.record_procedure(
            by=person("dr.song"), site=river, patient=stranger, doctor=staff("081"), template=eyelid()
        )
    doctor, web = api("dr.kang"), browser("dr.kang")
    path = f"/api/v1/aesthetics/procedures/{foreign.code}/"
    said = {"site": str(lake().code), "patient": str(bella().code), "template": str(eyelid().code)}
    for answer in (
        doctor.get(path),
        doctor.post(f"{path}date/", {"performed_at": "2026-12-16T14:00:00+08:00"}),
        doctor.post(f"{path}aftercare/", {"step": "give"}),
        doctor.post(f"{path}complete/"),
        doctor.get(f"/api/v1/aesthetics/procedures/{uuid7()}/"),
        doctor.post("/api/v1/aesthetics/procedures/", said | {"patient": str(stranger.code)}),
        doctor.post("/api/v1/aesthetics/procedures/", said | {"template": str(foreign.template.code)}),
    ):
        assert answer.status_code == 404
    for page in (f"procedures/{foreign.code}/", f"patients/{stranger.code}/"):
        assert web.get(f"/aesthetics/{page}").status_code == 404
    assert web.post(f"/aesthetics/procedures/{foreign.code}/give/").status_code == 404
    assert not Procedure.objects.exists()


@pytest.mark.ledger("PL-002")
def test_where_the_vertical_is_off_it_leaves_no_trace(
    working_for: Callable[[str], AbstractContextManager[TenantContext]],
) -> None:
    who = bella()
    assert f"/aesthetics/patients/{who.code}/" in browser("dr.kang").get(f"/patients/{who.code}/").content.decode()
    with working_for("smile"):
        other = patient("别家")
        web, client = browser("dr.lin"), api("dr.lin")
        assert web.get("/aesthetics/").status_code == 404
        assert client.get("/api/v1/aesthetics/procedures/").status_code == 404
        page = web.get(f"/patients/{other.code}/")
        assert page.status_code == 200
        assert "aesthetics" not in page.content.decode()
