"""Classified follow-up: the class of an illness sets when the patient is asked again, and nobody drops out of sight."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

import pytest

from dermatology import actions
from dermatology.models import ClassifiedPlan, ClassifiedVisit
from kernel.audit.models import AuditEntry
from kernel.errors import Conflict, Forbidden, RuleRefused
from kernel.ids import uuid7
from kernel.outbox import relay_pending
from kernel.tenancy import TenantContext
from services.followup import actions as calls
from services.followup import kpis
from services.followup.handlers import open_due
from services.followup.models import FollowUp
from services.patients.models import Patient
from services.sites.models import Site
from services.tasks.models import Task
from tests.services.doors import SYSTEM, api, browser, person, staff
from tests.services.flow import patient

MONDAY = "2026-12-07"
SAID = {"medication": "外用他克莫司，每日一次", "development": "较前好转", "advice": "保湿，避免搔抓"}


@pytest.fixture(autouse=True)
def monday(derma: TenantContext, at: Any) -> Any:
    """The hospital on a Monday, ten o'clock; it is closed on Sundays."""
    at(f"{MONDAY} 10:00")
    return at


def main_site() -> Site:
    return Site.objects.get(slug="main")


def somebody(name: str = "柳三变") -> Patient:
    return patient(name, site=main_site())


def classified(who: Patient | None = None, illness_class: str = "B", illness: str = "银屑病") -> ClassifiedPlan:
    return actions.classify(
        by=person("dr.cen"), site=main_site(), patient=who or somebody(), doctor=staff("041"), illness=illness,
        illness_class=illness_class,
    )  # fmt: skip


def visited(plan: ClassifiedPlan, by: str = "hu.min", **facts: Any) -> ClassifiedVisit:
    return actions.record_visit(by=person(by), plan=plan, **(SAID | facts))


def call_of(plan: ClassifiedPlan) -> FollowUp:
    """The call of the present round."""
    plan.refresh_from_db()
    return FollowUp.objects.get(plan__source_key=plan.source_key)


def told() -> None:
    """Everybody has heard what happened."""
    while relay_pending().more:
        pass


def open_calls() -> list[date]:
    """When somebody will be asked."""
    undone = FollowUp.objects.filter(state__in=("planned", "due", "no_phone", "attempting"))
    return list(undone.order_by("due_on").values_list("due_on", flat=True))


def refusals(code: str) -> int:
    return AuditEntry.objects.filter(verb="refused", data__code=code).count()


# --- the class sets the date ------------------------------------------------------------------------------------------


@pytest.mark.ledger("DM-020", "FU-013")
@pytest.mark.parametrize(
    "illness_class,due",
    [
        ("A", "2026-12-10"),
        ("B", "2026-12-14"),
        ("C", "2027-01-06"),
        ("D", "2027-03-08"),  # ninety days later is a Sunday
    ],
)
def test_each_class_has_its_interval(illness_class: str, due: str) -> None:
    who = somebody()
    said = {
        "site": str(main_site().code),
        "patient": str(who.code),
        "illness": "银屑病",
        "illness_class": illness_class,
    }

    answer = api("dr.cen").post("/api/v1/dermatology/plans/", said)

    assert answer.status_code == 201, answer.content
    assert answer.json()["next_due_on"] == due
    assert answer.json()["doctor"] == str(staff("041").code)
    assert open_calls() == [date.fromisoformat(due)]


@pytest.mark.ledger("DM-020")
def test_on_its_day_it_is_somebodys_task(monday: Any) -> None:
    plan = classified(illness_class="A")
    monday("2026-12-09 06:00")
    open_due(date(2026, 12, 9))
    assert not Task.objects.filter(kind=calls.CALL).exists()

    monday("2026-12-10 06:00")
    open_due(date(2026, 12, 10))
    open_due(date(2026, 12, 10))

    task = Task.objects.get(kind=calls.CALL)
    assert (task.room, task.state, task.subject_code) == ("dermatology", "open", plan.patient.code)
    assert "nurse" in task.roles


@pytest.mark.ledger("DM-021")
def test_another_class_replaces_the_date_and_doubles_nothing(monday: Any) -> None:
    plan = classified(illness_class="C")
    monday("2026-12-08 09:00")
    doctor = api("dr.cen")
    path = f"/api/v1/dermatology/plans/{plan.code}/class/"

    worse = doctor.post(path, {"illness_class": "A"})
    assert (worse.status_code, worse.json()["next_due_on"]) == (200, "2026-12-11")
    assert doctor.post(path, {"illness_class": "A"}).json()["next_due_on"] == "2026-12-11"
    assert open_calls() == [date(2026, 12, 11)]
    better = doctor.post(path, {"illness_class": "D"})
    assert better.json()["next_due_on"] == "2027-03-08"
    assert open_calls() == [date(2027, 3, 8)]
    assert doctor.post(path, {"illness_class": "E"}).status_code == 400
    with pytest.raises(RuleRefused) as refused:
        actions.reclassify(by=person("dr.cen"), plan=plan, illness_class="E")
    assert refused.value.code == "class_unknown"
    assert refusals("class_unknown") == 1


@pytest.mark.ledger("DM-021")
def test_a_class_changed_late_plans_no_day_that_has_passed(monday: Any) -> None:
    """Stable for eighty days, then acute: asked in three days, not eighty days ago."""
    plan = classified(illness_class="D")
    monday("2027-02-24 09:00")
    actions.reclassify(by=person("dr.cen"), plan=plan, illness_class="A")
    assert open_calls() == [date(2027, 2, 27)]


@pytest.mark.ledger("DM-021")
def test_what_was_due_leaves_the_inbox_with_its_date(monday: Any) -> None:
    plan = classified(illness_class="A")
    monday("2026-12-10 06:00")
    open_due(date(2026, 12, 10))
    task = Task.objects.get(kind=calls.CALL)

    actions.reclassify(by=person("dr.cen"), plan=plan, illness_class="B")

    task.refresh_from_db()
    assert task.state == "cancelled"
    assert open_calls() == [date(2026, 12, 17)]


@pytest.mark.ledger("DM-020")
def test_one_illness_has_one_plan() -> None:
    who = somebody()
    plan = classified(who)
    with pytest.raises(Conflict) as refused:
        classified(who, "A", "银屑病 ")
    assert (refused.value.code, refused.value.facts["plan"]) == ("plan_running", plan.code)
    assert refusals("plan_running") == 1
    classified(who, "A", "湿疹")
    actions.end_plan(by=person("dr.cen"), plan=plan, reason="healed")
    classified(who, "C")
    assert ClassifiedPlan.objects.filter(ended_on=None).count() == 2


# --- visits -----------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("DM-020")
def test_a_visit_needs_all_three_and_sets_the_next_date(monday: Any) -> None:
    plan = classified(illness_class="A")
    monday("2026-12-10 06:00")
    open_due(date(2026, 12, 10))
    nurse = api("hu.min")
    path = f"/api/v1/dermatology/plans/{plan.code}/visits/"
    for name in SAID:
        assert nurse.post(path, SAID | {name: ""}).status_code == 400
        with pytest.raises(RuleRefused) as refused:
            visited(plan, **{name: "  "})
        assert (refused.value.code, list(refused.value.fields)) == ("visit_incomplete", [name])
    assert refusals("visit_incomplete") == 3
    assert open_calls() == [date(2026, 12, 10)]

    done = nurse.post(path, SAID | {"illness_class": "C"})

    assert done.status_code == 201, done.content
    plan.refresh_from_db()
    assert (plan.illness_class, plan.next_due_on, plan.round) == ("C", date(2027, 1, 9), 2)
    assert open_calls() == [plan.next_due_on]
    assert nurse.get(path).json()["results"][0]["medication"] == SAID["medication"]


@pytest.mark.ledger("DM-020", "FU-020")
def test_the_visit_is_the_answer_to_the_call(monday: Any) -> None:
    """The call that was due counts as done on its day; one that was only planned is withdrawn and counts nowhere."""
    punctual, early = classified(somebody("准时"), "A"), classified(somebody("提前"), "A")
    monday("2026-12-09 10:00")
    first = call_of(early)
    visited(early)
    monday("2026-12-10 06:00")
    open_due(date(2026, 12, 10))
    second = call_of(punctual)
    visited(punctual)

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state, second.result) == ("cancelled", "closed", "fine")
    assert Task.objects.get(kind=calls.CALL).state == "done"
    fact = kpis.on_time(main_site(), date(2026, 12, 10))
    assert fact is not None
    assert (fact.numerator, fact.denominator) == (1, 1)


@pytest.mark.ledger("DM-022")
def test_a_worse_course_goes_to_the_doctor_at_once(monday: Any) -> None:
    """Before its day by a task of its own, on its day by the engine's: closed with the doctor's note only."""
    plan = classified(illness_class="A")
    visited(plan, worse=True)
    task = Task.objects.get(kind="dermatology.worse")
    assert task.assignee is not None
    assert (task.assignee.username, task.subject_code, task.state) == ("dr.cen", plan.patient.code, "open")
    assert "柳三变" in browser("dr.cen").get("/tasks/").content.decode()

    monday("2026-12-10 06:00")
    open_due(date(2026, 12, 10))
    call = call_of(plan)
    visited(plan, worse=True)
    item = Task.objects.get(kind=calls.DOCTOR_ITEM)
    call.refresh_from_db()
    assert item.assignee is not None
    assert (call.state, call.result, item.assignee.username) == ("with_doctor", "problem", "dr.cen")
    assert Task.objects.filter(kind="dermatology.worse").count() == 1
    calls.answer_problem(by=person("dr.cen"), followup=call, note="see again on Friday")
    told()
    assert open_calls() == [date(2026, 12, 14)]  # 13 December is a Sunday


@pytest.mark.ledger("DM-020", "DM-021")
def test_a_call_that_ends_on_the_follow_up_list_does_not_end_the_plan(monday: Any) -> None:
    plan = classified(illness_class="A")
    monday("2026-12-10 06:00")
    open_due(date(2026, 12, 10))
    calls.close_with_result(by=person("hu.min"), followup=call_of(plan), result="fine")
    told()

    plan.refresh_from_db()
    assert (plan.next_due_on, plan.round) == (date(2026, 12, 14), 2)  # 13 December is a Sunday
    assert open_calls() == [date(2026, 12, 14)]
    assert not Task.objects.filter(kind="dermatology.missed").exists()


@pytest.mark.ledger("DM-021")
def test_who_is_not_reached_becomes_the_doctors_task(monday: Any) -> None:
    plan = classified(illness_class="A")
    for day in ("2026-12-10", "2026-12-11", "2026-12-12"):
        monday(f"{day} 10:00")
        open_due(date.fromisoformat(day))
        calls.record_attempt(by=person("hu.min"), followup=call_of(plan), reached=False)
    told()

    task = Task.objects.get(kind="dermatology.missed")
    plan.refresh_from_db()
    assert task.assignee is not None
    assert (task.assignee.username, task.state) == ("dr.cen", "open")
    assert plan.next_due_on == date(2026, 12, 15)
    assert open_calls() == [date(2026, 12, 15)]


@pytest.mark.ledger("FU-018")
def test_a_cancelled_call_leaves_the_plan_without_a_date_until_somebody_gives_one(monday: Any) -> None:
    plan = classified(illness_class="B")
    calls.cancel_followup(by=SYSTEM, followup=call_of(plan), reason="opted out")
    told()
    plan.refresh_from_db()
    assert (plan.next_due_on, open_calls()) == (None, [])

    actions.reclassify(by=person("dr.cen"), plan=plan, illness_class="C")
    told()
    assert open_calls() == [date(2027, 1, 6)]


@pytest.mark.ledger("DM-020")
def test_a_plan_ends_with_a_reason_and_asks_no_more() -> None:
    plan = classified()
    doctor = api("dr.cen")
    path = f"/api/v1/dermatology/plans/{plan.code}/"
    refused = doctor.post(f"{path}end/", {"reason": ""})
    assert (refused.status_code, refused.json()["code"]) == (422, "reason_missing")

    ended = doctor.post(f"{path}end/", {"reason": "healed"})
    assert (ended.status_code, ended.json()["ended_on"], ended.json()["next_due_on"]) == (200, MONDAY, None)
    assert open_calls() == []
    for step, said in (("class", {"illness_class": "A"}), ("visits", SAID), ("end", {"reason": "again"})):
        late = doctor.post(f"{path}{step}/", said)
        assert (late.status_code, late.json()["code"]) == (409, "plan_ended")
    assert refusals("plan_ended") == 3
    assert doctor.get("/api/v1/dermatology/plans/").json()["count"] == 0


# --- pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("DM-020", "CR-006")
def test_the_pages_classify_record_change_and_end(monday: Any) -> None:
    who = somebody()
    doctor, nurse = browser("dr.cen"), browser("hu.min")
    path = f"/dermatology/patients/{who.code}/"
    assert doctor.post(path, {"illness": "银屑病", "illness_class": ""}).status_code == 422
    made = doctor.post(path, {"illness": "银屑病", "illness_class": "A"})
    plan = ClassifiedPlan.objects.get()
    there = f"/dermatology/plans/{plan.code}/"
    assert (made.status_code, made.headers["Location"]) == (303, there)
    assert "2026-12-10" in doctor.get(path).content.decode()
    assert there in nurse.get("/dermatology/").content.decode()

    assert nurse.post(there, SAID | {"advice": ""}).status_code == 422
    assert nurse.post(there, SAID).status_code == 303
    shown = nurse.get(there).content.decode()
    assert SAID["medication"] in shown
    looked = AuditEntry.objects.filter(verb="read", target_code=who.code, actor_name="hu.min")
    assert looked.filter(data__part="plan", purpose="treatment").exists()

    assert doctor.post(f"{there}class/", {"illness_class": "C"}).status_code == 303
    assert doctor.post(f"{there}class/", {}).status_code == 422
    assert doctor.post(f"{there}end/", {"reason": ""}).status_code == 422
    assert doctor.post(f"{there}end/", {"reason": "healed"}).status_code == 303
    assert doctor.get(there).status_code == 200
    plan.refresh_from_db()
    assert (plan.illness_class, plan.end_reason, open_calls()) == ("C", "healed", [])


@pytest.mark.parametrize(
    "username,sees,classifies,records",
    [
        ("dr.cen", 200, 201, 201),
        ("hu.min", 200, 403, 201),
        ("zheng.hui", 200, 403, 403),
        ("wang.lei", 403, 403, 403),
        (None, 401, 401, 401),
    ],
)
def test_who_may_do_what(username: str | None, sees: int, classifies: int, records: int) -> None:
    plan = classified()
    client, web = api(username), browser(username)
    said = {
        "site": str(main_site().code), "patient": str(somebody("新").code), "illness": "湿疹", "illness_class": "A",
    }  # fmt: skip
    path = f"/api/v1/dermatology/plans/{plan.code}/"
    assert client.get(path).status_code == sees
    assert client.post("/api/v1/dermatology/plans/", said).status_code == classifies
    assert client.post(f"{path}visits/", SAID).status_code == records
    assert client.post(f"{path}class/", {"illness_class": "A"}).status_code == (
        200 if classifies == 201 else classifies
    )
    assert web.get(f"/dermatology/plans/{plan.code}/").status_code == (302 if username is None else sees)


def test_refusals_are_written_to_the_audit() -> None:
    plan = classified()
    with pytest.raises(Forbidden):
        actions.reclassify(by=person("hu.min"), plan=plan, illness_class="A")
    with pytest.raises(Forbidden):
        visited(plan, by="zheng.hui")
    assert refusals("permission_denied") == 2
    with pytest.raises(RuleRefused):
        actions.classify(
            by=person("dr.cen"), site=main_site(), patient=somebody("新"), doctor=staff("403"), illness="湿疹",
            illness_class="A",
        )  # fmt: skip
    assert refusals("not_a_doctor") == 1
    assert ClassifiedPlan.objects.get().illness_class == "B"


# --- borders ----------------------------------------------------------------------------------------------------------


def test_a_plan_belongs_to_its_site() -> None:
    """Dr Hua works in Nanjing: she neither finds the plan of the main house nor changes it."""
    plan = classified()
    west = api("dr.hua")
    assert west.get("/api/v1/dermatology/plans/").json()["count"] == 0
    path = f"/api/v1/dermatology/plans/{plan.code}/"
    answers = [west.get(path), west.post(f"{path}class/", {"illness_class": "A"}), west.post(f"{path}visits/", SAID)]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "plan_not_found")] * 3
    with pytest.raises(Forbidden):
        actions.reclassify(by=person("dr.hua"), plan=plan, illness_class="A")
    with pytest.raises(Forbidden):
        visited(plan, by="dr.hua")
    assert refusals("permission_denied") == 2


@pytest.mark.ledger("PL-001")
def test_codes_of_another_tenant_are_not_found(
    working_for: Callable[[str], AbstractContextManager[TenantContext]],
) -> None:
    """willow follows up skin too; its plans and patients do not exist here."""
    with working_for("willow"):
        river = Site.objects.get(slug="river")
        stranger = patient("别家", site=river)
        foreign = actions.classify(
            by=person("dr.song"), site=river, patient=stranger, doctor=staff("081"), illness="湿疹", illness_class="A"
        )
    doctor, web = api("dr.cen"), browser("dr.cen")
    path = f"/api/v1/dermatology/plans/{foreign.code}/"
    said = {"site": str(main_site().code), "patient": str(stranger.code), "illness": "湿疹", "illness_class": "A"}
    for answer in (
        doctor.get(path),
        doctor.post(f"{path}class/", {"illness_class": "B"}),
        doctor.post(f"{path}visits/", SAID),
        doctor.post(f"{path}end/", {"reason": "x"}),
        doctor.post("/api/v1/dermatology/plans/", said),
        doctor.get(f"/api/v1/dermatology/plans/{uuid7()}/"),
    ):
        assert answer.status_code == 404
    for page in (f"plans/{foreign.code}/", f"patients/{stranger.code}/"):
        assert web.get(f"/dermatology/{page}").status_code == 404
    with working_for("willow"):
        assert ClassifiedPlan.objects.get().illness_class == "A"


@pytest.mark.ledger("PL-002")
def test_where_the_vertical_is_off_it_leaves_no_trace(
    working_for: Callable[[str], AbstractContextManager[TenantContext]],
) -> None:
    plan = classified()
    assert "/dermatology/" in browser("dr.cen").get(f"/patients/{plan.patient.code}/").content.decode()
    with working_for("smile"):
        who = patient("别家")
        web, client = browser("dr.lin"), api("dr.lin")
        assert web.get("/dermatology/").status_code == 404
        assert client.get("/api/v1/dermatology/plans/").status_code == 404
        page = web.get(f"/patients/{who.code}/")
        assert page.status_code == 200
        assert "dermatology" not in page.content.decode()
        assert calls.plan_from(
            by=SYSTEM, trigger="dermatology.class.A", source_key="x", site=who.site, patient=who,
            anchor_on=date(2026, 12, 7), room="dermatology",
        ) == []  # fmt: skip
