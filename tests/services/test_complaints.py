"""Complaints: complete or not accepted, never dealt with by the accused, told in time, followed up until the customer is
content (state machine a15)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from kernel import clock
from kernel.audit.models import AuditEntry
from kernel.errors import Conflict, DomainError, Forbidden, RuleRefused
from kernel.identity.models import RoleAssignment
from kernel.outbox.models import OutboxEvent
from kernel.parameters import set_parameter
from kernel.parameters.scopes import Scope
from kernel.tenancy import activate
from services.charts.custody import holds_on
from services.complaints import cases, intake, kpis, remedies, results, routing, selectors, ways
from services.complaints.intake import Speaker
from services.complaints.leftovers import of_day
from services.complaints.models import Complaint, Evidence, Involved, Remedy, Round, Route
from services.followup.actions import answer_problem
from services.followup.holding import hold_on
from services.followup.models import FollowUp
from services.sites.models import Site
from services.staff.models import StaffMember
from services.tasks.models import Task
from tenants.selectors import context_for
from tests.services.complaining import (
    BAI,
    DOU,
    GAO,
    LIN,
    REN,
    SECRET,
    SHEN,
    YE,
    assigned,
    call_of,
    cao,
    closed,
    complained,
    content,
    determined,
    finished,
    followed,
    fresh,
    told,
)
from tests.services.doors import SYSTEM, person, staff
from tests.services.flow import center, clockwork, local, patient, stand_in, walked_in


@pytest.fixture(autouse=True)
def tuesday(smile: Any, at: Any) -> Any:
    at("2026-12-08 14:20")
    return at


def refused(error: type[DomainError], code: str, act: Callable[[], Any]) -> DomainError:
    """What ``act`` is refused with; nothing of it is kept."""
    with pytest.raises(error) as refusal:
        act()
    assert refusal.value.code == code
    return refusal.value


def tasks(kind: str) -> list[Task]:
    return list(Task.objects.filter(kind=kind, state="open").order_by("id"))


# --- receipt ----------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("CP-001", "CP-002", "CP-003", "CP-030")
def test_a_complaint_is_complete_with_its_promise_or_it_is_not_accepted():
    who = cao()
    visit = walked_in(who)

    case = complained(visit=visit)

    case.refresh_from_db()
    assert (case.complainant_name, case.phone, case.patient, case.visit) == ("曹先进", "13901230042", who, visit)
    assert (case.receiver_name, case.received_at) == ("任涛", local("2026-12-08 14:20"))
    assert case.reply_due_at == local("2026-12-09 14:20")
    assert case.limit_on == date(2026, 12, 15)
    assert case.statutory_due_on == date(2026, 12, 22)
    assert [one.staff.name for one in case.people.all()] == ["林医生"]

    nobody = Speaker(contact="13901230042@example.test")
    for code, more in {
        "complainant_missing": {"speaker": nobody},
        "contact_missing": {"speaker": Speaker(name="曹先进")},
        "phone_invalid": {"speaker": Speaker(name="曹先进", phone="12")},
        "matter_missing": {"matter": " "},
        "treatment_missing": {"treatment": ""},
        "promise_missing": {"promised": False},
        "category_unknown": {"category": "weather"},
        "channel_unknown": {"channel": "pigeon"},
        "severity_unknown": {"severity": "huge"},
        "vertical_unknown": {"vertical": "aesthetics"},
        "visit_of_another": {"speaker": Speaker(patient=patient("旁人")), "visit": visit},
    }.items():
        refused(RuleRefused, code, lambda more=more: complained(**more))
    assert Complaint.objects.count() == 1
    assert (
        AuditEntry.objects.filter(verb="refused").exists() or AuditEntry.objects.filter(verb__contains="refus").exists()
    )


def test_name_contact_and_matter_lie_sealed_in_the_database():
    complained()
    with connection.cursor() as cursor:
        cursor.execute("SELECT phone, matter, treatment, phone_index FROM complaints_complaint")
        row = cursor.fetchone()
    assert not any("13901230042" in one or "牙冠" in one or SECRET in one for one in row)


@pytest.mark.ledger("CP-004", "CP-028", "CP-006")
def test_who_can_solve_it_does_so_at_once_with_a_record_but_never_a_serious_one():
    case = complained(by=BAI, channel="desk", accused=None)
    refused(
        RuleRefused, "solution_missing", lambda: results.solve_on_the_spot(by=person(BAI), complaint=case, solution=" ")
    )

    results.solve_on_the_spot(by=person(BAI), complaint=case, solution="当场道歉并改签")

    case = fresh(case)
    assert (case.state, case.solution, case.answered_at) == ("solved_on_spot", "当场道歉并改签", clock.now())
    assert not tasks(routing.ROUTED)
    assert call_of(case).due_on == date(2026, 12, 15)
    case = followed(case, "satisfied")
    assert results.close(by=person(GAO), complaint=case).content_at_close

    serious = complained(severity="serious")
    refused(
        RuleRefused, "serious_not_on_the_spot",
        lambda: results.solve_on_the_spot(by=person(REN), complaint=serious, solution="已安抚"),
    )  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        Complaint.objects.filter(pk=serious.pk).update(state="solved_on_spot")


@pytest.mark.ledger("CP-005")
def test_the_matrix_says_who_receives_it():
    def roles(**facts: Any) -> list[str]:
        given = {"channel": "desk", "category": "attitude", "severity": "ordinary", "vertical": "", **facts}
        return routing.routed_to(**given)

    assert roles(channel="phone") == ["clinic_director"]
    assert roles(channel="desk") == ["supervisor"]
    assert roles(category="doctor_change") == ["doctor_supervisor"]
    assert roles(category="doctor_change", channel="phone", severity="serious") == ["doctor_supervisor"]
    assert roles(category="original_declined") == ["clinic_director"]
    assert roles(severity="serious") == ["clinic_director"]

    routing.set_route(by=person(SHEN), roles=["head_nurse"], category="attitude")
    assert roles(channel="phone") == ["head_nurse"]
    refused(RuleRefused, "roles_missing", lambda: routing.set_route(by=person(SHEN), roles=["nobody"]))
    refused(RuleRefused, "route_unknown", lambda: routing.set_route(by=person(SHEN), roles=["dean"], category="x"))
    refused(Forbidden, "permission_denied", lambda: routing.set_route(by=person(GAO), roles=["dean"]))
    general = Route.objects.get(channel="", category="", severity="")
    refused(RuleRefused, "route_needed", lambda: routing.drop_route(by=person(SHEN), route=general))

    complained(by=BAI, channel="desk", category="wait", accused=None)
    assert tasks(routing.ROUTED)[-1].roles == ["supervisor"]


@pytest.mark.ledger("CP-006", "TC-010")
def test_a_serious_one_is_with_the_dean_at_once_and_waits_for_no_report():
    ordinary = complained()
    assert not tasks(routing.SERIOUS)

    case = complained(severity="serious")

    task = tasks(routing.SERIOUS)[0]
    assert (task.roles, task.opened_at, task.due_at) == (["dean"], clock.now(), clock.now() + timedelta(minutes=15))
    assert SECRET not in f"{task.title}{task.detail}{task.args}"
    event = OutboxEvent.objects.get(type="complaints.serious")
    assert event.payload == {"complaint": str(case.code), "site": str(center().code), "number": case.number}
    assert selectors.access_complaint(person(DOU), case.code) == case
    assert ordinary.severity == "ordinary"


def test_who_complains_about_the_same_within_a_year_complains_again(tuesday):
    first = complained()
    tuesday("2027-03-01 10:00")
    again = complained(speaker=Speaker(name="曹先进", phone="139 0123 0042"))
    other = complained(category="price")
    tuesday("2028-06-01 10:00")
    late = complained()
    assert again.repeat_of == first
    assert other.repeat_of is None
    assert late.repeat_of is None


# --- never the accused ------------------------------------------------------------------------------------------------


@pytest.mark.ledger("CP-012", "CP-023")
def test_the_accused_neither_assigns_nor_handles_nor_investigates_nor_approves():
    case = complained()
    refused(RuleRefused, "handler_is_accused", lambda: assigned(case, handler="011"))
    assert fresh(case).state == "received"
    case = assigned(case)
    refused(
        RuleRefused, "handler_is_accused",
        lambda: cases.set_team(by=person(SHEN), complaint=case, lead=staff("112"), members=[staff("011")]),
    )  # fmt: skip
    refused(
        RuleRefused, "accused_works_on_it",
        lambda: cases.name_concerned(by=person(SHEN), complaint=case, staff=staff("112")),
    )  # fmt: skip
    refused(RuleRefused, "complaint_about_you", lambda: cases.begin(by=person(LIN), complaint=case))

    about_the_director = complained(accused="107", category="attitude", channel="desk")
    refused(RuleRefused, "complaint_about_you", lambda: assigned(about_the_director))
    cases.assign(by=person(GAO), complaint=about_the_director, handler=staff("112"))
    determined(about_the_director)
    offered = remedies.offer(by=person(YE), complaint=about_the_director, kind="compensation", amount_fen=80_000)
    refused(RuleRefused, "complaint_about_you", lambda: remedies.decide(by=person(SHEN), remedy=offered, approve=True))
    assert remedies.decide(by=person(DOU), remedy=offered, approve=True).state == "approved"


@pytest.mark.ledger("CP-012", "CP-023")
def test_the_database_lets_nobody_stand_on_both_sides():
    case = assigned()
    now = clock.now()
    for part, side, number in (("member", 1, "011"), ("approver", 1, "011"), ("accused", 0, "112")):
        with pytest.raises(IntegrityError, match="complaints_never_the_accused"), transaction.atomic():
            Involved.objects.create(complaint=case, staff=staff(number), part=part, side=side, since_at=now)
    with pytest.raises(IntegrityError, match="complaints_side_of_part"), transaction.atomic():
        Involved.objects.create(complaint=case, staff=staff("107"), part="handler", side=0, since_at=now)
    Involved.objects.create(complaint=case, staff=staff("107"), part="member", side=1, since_at=now)


@pytest.mark.ledger("CP-012", "CP-003")
def test_an_aesthetic_clinic_forms_a_team_first_and_has_its_own_hours(at):
    with activate(context_for(slug="lumen")):
        site = Site.objects.get()
        doctor = StaffMember.objects.get(number="051")
        desk, director, nurse = person("cui.ling"), person("yu.zhen"), StaffMember.objects.get(number="503")
        case = intake.receive_complaint(
            by=desk, site=site, channel="window", category="complication", vertical="aesthetics",
            speaker=Speaker(name="罗女士", phone="13901239999"), matter="术后红肿", treatment="双眼皮", promised=True,
            accused=[doctor],
        )  # fmt: skip
        assert case.reply_due_at == clock.now() + timedelta(hours=48)
        assert "investigator" in case.routed_to
        handler = StaffMember.objects.get(number="501")
        case = cases.assign(by=director, complaint=case, handler=handler)
        who = person("nora.shen")
        refused(RuleRefused, "team_missing", lambda: cases.begin(by=who, complaint=case))
        refused(
            RuleRefused, "team_missing", lambda: cases.set_team(by=director, complaint=case, lead=handler, members=[])
        )
        refused(
            RuleRefused, "handler_is_accused",
            lambda: cases.set_team(by=director, complaint=case, lead=handler, members=[doctor]),
        )  # fmt: skip
        cases.set_team(by=director, complaint=case, lead=handler, members=[nurse])
        assert cases.begin(by=who, complaint=case).state == "investigating"
        # Whoever is of the team collects evidence too.
        cases.collect(by=person("jin.ya"), complaint=case, kind="chart", words="术后第三天红肿")

        set_parameter(
            by=SYSTEM, key="complaint_reply_hours", scope=Scope.tenant(), value=12, effective_from=clock.now()
        )
        assert ways.reply_hours(site, "aesthetics") == 12


# --- investigation ----------------------------------------------------------------------------------------------------


@pytest.mark.ledger("CP-011", "CP-013", "CP-026", "CP-008")
def test_cause_and_responsibility_need_evidence_and_the_handler():
    case = assigned()
    ye = person(YE)
    refused(Forbidden, "not_your_case", lambda: cases.begin(by=person(GAO), complaint=case))
    cases.begin(by=ye, complaint=case)
    facts = {"cause": "粘接不牢", "opinion": "免费重做", "department": "doctors"}
    refused(RuleRefused, "evidence_missing", lambda: cases.determine(by=ye, complaint=case, **facts))
    refused(RuleRefused, "words_missing", lambda: cases.collect(by=ye, complaint=case, kind="chart", words=" "))
    refused(RuleRefused, "kind_unknown", lambda: cases.collect(by=ye, complaint=case, kind="hand_over", words="x"))
    cases.collect(by=ye, complaint=case, kind="complainant", words="患者说咬硬物时断")
    for code, gap in {
        "cause_missing": "cause",
        "opinion_missing": "opinion",
        "responsible_missing": "department",
    }.items():
        refused(RuleRefused, code, lambda gap=gap: cases.determine(by=ye, complaint=case, **{**facts, gap: ""}))
    refused(RuleRefused, "principle_unknown", lambda: cases.keep_principle(by=ye, complaint=case, key="x"))
    cases.keep_principle(by=ye, complaint=case, key="mood", words="先听完")
    cases.keep_principle(by=ye, complaint=case, key="mood", words="先听完，再解释")
    assert [one.words for one in case.principles.all()] == ["先听完，再解释"]

    refused(RuleRefused, "words_missing", lambda: cases.assign(by=ye, complaint=case, handler=staff("102")))
    cases.assign(by=ye, complaint=case, handler=staff("102"), words="白岚更了解当时情况")
    refused(Forbidden, "not_your_case", lambda: cases.determine(by=ye, complaint=case, **facts))
    assert cases.determine(by=person(BAI), complaint=case, **facts).state == "determined"
    assert [one.kind for one in case.evidence.all()] == ["complainant", "hand_over"]
    assert [task.assignee.username for task in tasks("complaints.handle")] == [BAI]
    refused(RuleRefused, "handler_unreachable", lambda: cases.assign(
        by=person(BAI), complaint=case, handler=staff("031"), words="x"))  # fmt: skip


def test_whoever_stands_in_for_the_handler_takes_the_steps():
    case = assigned(handler="105")
    refused(Forbidden, "not_your_case", lambda: cases.begin(by=person(REN), complaint=case))
    stand_in(GAO, REN, "supervisor")
    assert cases.begin(by=person(REN), complaint=case).state == "investigating"


# --- remedies ---------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("CP-009", "CP-014")
def test_a_redo_is_within_authority_and_money_is_approved_before_the_customer_hears_of_it():
    case = determined()
    ye = person(YE)
    refused(RuleRefused, "remedy_missing", lambda: remedies.authorise(by=ye, complaint=case))
    refused(RuleRefused, "amount_missing", lambda: remedies.offer(by=ye, complaint=case, kind="compensation"))
    refused(RuleRefused, "amount_strange", lambda: remedies.offer(by=ye, complaint=case, kind="redo", amount_fen=1))
    refused(RuleRefused, "apology_by_whom", lambda: remedies.offer(by=ye, complaint=case, kind="apology"))
    refused(RuleRefused, "remedy_unknown", lambda: remedies.offer(by=ye, complaint=case, kind="cake"))
    redo = remedies.offer(by=ye, complaint=case, kind="redo")
    money = remedies.offer(by=ye, complaint=case, kind="compensation", amount_fen=80_000)
    assert (redo.needs_approval, redo.state) == (False, "approved")
    assert (money.needs_approval, money.state) == (True, "proposed")

    refused(RuleRefused, "approval_first", lambda: remedies.authorise(by=ye, complaint=case))
    refused(Conflict, "invalid_transition", lambda: results.reply(by=ye, complaint=case, words="赔您 800"))
    refused(Forbidden, "permission_denied", lambda: remedies.decide(by=ye, remedy=money, approve=True))
    refused(RuleRefused, "reason_missing", lambda: remedies.decide(by=person(SHEN), remedy=money, approve=False))
    assert fresh(case).rounds.count() == 0

    remedies.decide(by=person(SHEN), remedy=money, approve=True)
    refused(
        Conflict, "remedy_decided", lambda: remedies.decide(by=person(SHEN), remedy=money, approve=False, reason="x")
    )
    case = fresh(case)
    assert case.state == "authorised"
    assert Involved.objects.get(complaint=case, part="approver").staff == staff("107")
    refused(Conflict, "remedy_untold", lambda: remedies.finish(by=ye, remedy=redo))
    results.reply(by=ye, complaint=case, words="重做并赔 800")
    assert {one.told_at for one in case.remedies.all()} == {clock.now()}
    assert len(tasks(remedies.DO)) == 2
    refused(RuleRefused, "done_in_the_future", lambda: remedies.finish(by=ye, remedy=redo, done_on=date(2027, 1, 1)))
    assert remedies.finish(by=ye, remedy=redo).done_on == date(2026, 12, 8)
    assert remedies.finish(by=ye, remedy=money, declined=True).state == "declined"
    assert not tasks(remedies.DO)


@pytest.mark.ledger("CP-009")
def test_beyond_the_directors_limit_the_dean_decides_and_nobody_approves_what_they_proposed():
    case = complained(accused=None)
    cases.assign(by=person(GAO), complaint=case, handler=staff("107"))
    shen = person(SHEN)
    cases.begin(by=shen, complaint=case)
    cases.collect(by=shen, complaint=case, kind="chart", words="见病历")
    cases.determine(by=shen, complaint=case, cause="误", opinion="赔", department="doctors")
    own = remedies.offer(by=shen, complaint=case, kind="compensation", amount_fen=100_000)
    refused(RuleRefused, "same_person_twice", lambda: remedies.decide(by=shen, remedy=own, approve=True))
    with pytest.raises(IntegrityError, match="complaints_remedy_two_people"), transaction.atomic():
        Remedy.objects.filter(pk=own.pk).update(decided_by=own.proposed_by)
    with pytest.raises(IntegrityError, match="complaints_remedy_approved"), transaction.atomic():
        Remedy.objects.filter(pk=own.pk).update(state="approved")
    remedies.decide(by=person(DOU), remedy=own, approve=False, reason="太多")

    other = determined(assigned(complained()))
    much = remedies.offer(by=person(YE), complaint=other, kind="compensation", amount_fen=200_001)
    assert tasks(remedies.APPROVE)[-1].roles == ["dean"]
    refused(RuleRefused, "beyond_your_authority", lambda: remedies.decide(by=shen, remedy=much, approve=True))
    assert remedies.decide(by=person(DOU), remedy=much, approve=True).state == "approved"

    # A house without a dean comes to no dead end: there the director decides.
    RoleAssignment.objects.filter(role__slug="dean").delete()
    more = remedies.offer(by=person(YE), complaint=other, kind="compensation", amount_fen=200_001)
    assert remedies.decide(by=person(SHEN), remedy=more, approve=True).state == "approved"


# --- the answer, in time or not ---------------------------------------------------------------------------------------


@pytest.mark.ledger("CP-015")
def test_an_answer_that_is_late_alarms_the_supervisor_and_stays_late(tuesday):
    case = determined()
    remedies.offer(by=person(YE), complaint=case, kind="redo")
    remedies.authorise(by=person(YE), complaint=case)
    tuesday("2026-12-09 14:19")
    clockwork()
    assert not tasks(results.OVERDUE)
    tuesday("2026-12-09 14:20")
    clockwork()
    alarm = tasks(results.OVERDUE)
    assert [task.roles for task in alarm] == [["supervisor", "service_supervisor"]]
    clockwork()
    assert len(tasks(results.OVERDUE)) == 1

    tuesday("2026-12-09 15:20")
    results.reply(by=person(YE), complaint=case, words="重做")
    assert not tasks(results.OVERDUE)
    case = closed_from_told(case)
    assert (case.state, case.overdue_at) == ("closed", local("2026-12-09 14:20"))
    fact = kpis.in_time(center(), date(2026, 12, 9))
    assert fact is not None
    assert (fact.numerator, fact.denominator) == (0, 1)


def closed_from_told(case: Complaint) -> Complaint:
    found = finished(followed(content(fresh(case)), "satisfied"))
    return results.close(by=person(YE), complaint=found)


@pytest.mark.ledger("CP-015")
def test_an_answer_in_time_cancels_the_alarm(tuesday):
    case = told()
    tuesday("2026-12-10 10:00")
    clockwork()
    assert not tasks(results.OVERDUE)
    assert fresh(case).overdue_at is None


def test_a_late_answer_is_late_even_where_the_clock_had_no_chance(tuesday):
    case = determined()
    remedies.offer(by=person(YE), complaint=case, kind="redo")
    remedies.authorise(by=person(YE), complaint=case)
    tuesday("2026-12-09 15:20")
    results.reply(by=person(YE), complaint=case, words="重做")
    assert fresh(case).overdue_at == local("2026-12-09 14:20")


# --- rounds, mediation, the end ---------------------------------------------------------------------------------------


@pytest.mark.ledger("CP-016", "CP-017")
def test_rounds_are_counted_and_nothing_closes_before_the_follow_up(tuesday):
    case = told()
    ye = person(YE)
    refused(RuleRefused, "words_missing", lambda: results.negotiate(by=ye, complaint=case, words=""))
    results.negotiate(by=ye, complaint=case, words="还要求道歉")
    remedies.offer(by=ye, complaint=case, kind="apology", staff=staff("011"))
    results.reply(by=ye, complaint=case, words="林医生当面道歉")
    results.note_content(by=ye, complaint=case, words="可以")
    case = fresh(case)
    assert [(one.number, one.outcome) for one in case.rounds.all()] == [(1, "dissatisfied"), (2, "satisfied")]
    refused(RuleRefused, "follow_up_missing", lambda: results.close(by=ye, complaint=case))

    tuesday("2026-12-15 10:00")
    case = followed(case, "satisfied")
    assert case.state == "followed_up"
    refused(RuleRefused, "remedies_open", lambda: results.close(by=ye, complaint=case))
    case = results.close(by=ye, complaint=finished(case))
    assert (case.state, case.content_at_close, case.rounds.count()) == ("closed", True, 2)


@pytest.mark.ledger("FU-015", "CP-017")
def test_follow_ups_go_on_until_the_customer_is_content(tuesday):
    case = content()
    assert (call_of(case).due_on, call_of(case).state) == (date(2026, 12, 15), "planned")

    tuesday("2026-12-15 10:00")
    case = followed(case, "mixed")  # partly: the next call is planned
    assert (case.state, case.follow_ups) == ("satisfied", 2)
    assert call_of(case).due_on == date(2026, 12, 22)
    refused(RuleRefused, "follow_up_missing", lambda: results.close(by=person(SHEN), complaint=case))

    tuesday("2026-12-22 10:00")
    case = followed(case, "dissatisfied", note="又松动了")  # not content: the next round
    assert case.state == "negotiating"
    assert [(one.outcome, one.outcome_words) for one in case.rounds.all()] == [("dissatisfied", "又松动了")]
    assert [task.assignee.username for task in tasks("complaints.dissatisfied")] == [YE]

    results.reply(by=person(YE), complaint=case, words="再重做一次")
    case = content(fresh(case))
    assert (case.follow_ups, case.rounds.count()) == (3, 2)
    tuesday("2026-12-29 10:00")
    case = followed(case, "satisfied")
    assert case.state == "followed_up"
    assert results.close(by=person(YE), complaint=finished(case)).content_at_close
    assert FollowUp.objects.filter(plan__rule_key="complaint_result").count() == 3


@pytest.mark.ledger("FU-015")
def test_who_is_not_content_does_not_wait_for_the_doctors_answer_to_a_problem(tuesday):
    case = content()
    tuesday("2026-12-15 10:00")
    case = followed(case, "dissatisfied", result="problem", note="又疼又松")
    assert case.state == "negotiating"
    call = FollowUp.objects.get(plan__source_key=results.source_key(case))
    assert call.state == "with_doctor"
    answer_problem(by=person(LIN), followup=call, note="复诊处理")
    clockwork()
    assert (fresh(case).state, fresh(case).follow_ups) == ("negotiating", 1)


@pytest.mark.ledger("FU-015", "CP-017")
def test_the_database_knows_no_content_end_without_a_follow_up():
    case = content()
    with pytest.raises(IntegrityError, match="complaints_complaint_end"), transaction.atomic():
        Complaint.objects.filter(pk=case.pk).update(state="closed", closed_at=clock.now(), content_at_close=True)
    with pytest.raises(IntegrityError, match="complaints_complaint_end"), transaction.atomic():
        Complaint.objects.filter(pk=case.pk).update(state="closed", closed_at=clock.now(), content_at_close=False)


@pytest.mark.ledger("FU-015", "CP-017")
def test_a_spot_solution_that_does_not_last_waits_for_a_handler(tuesday):
    case = complained(by=BAI, channel="desk", accused=None)
    results.solve_on_the_spot(by=person(BAI), complaint=case, solution="当场解释")
    tuesday("2026-12-15 10:00")
    case = followed(case, "dissatisfied", note="没有解决")
    assert (case.state, case.reopenings) == ("reopened", 1)
    assert case.reply_due_at == local("2026-12-16 10:00")
    assert len(tasks(routing.ROUTED)) == 1
    assert assigned(case).state == "assigned"
    tuesday("2026-12-16 10:01")
    clockwork()
    assert len(tasks(results.OVERDUE)) == 1


@pytest.mark.ledger("FU-015")
def test_without_a_file_the_follow_up_is_a_task_of_the_room():
    case = complained(speaker=Speaker(name="路人王", phone="13901238888"), accused=None)
    case = content(told(determined(assigned(case))))
    assert [task.key for task in tasks(results.FOLLOW_UP)] == [results.source_key(case)]
    record = results.record_follow_up
    refused(RuleRefused, "satisfaction_unknown", lambda: record(by=person(BAI), complaint=case, satisfaction="x"))
    refused(RuleRefused, "words_missing", lambda: record(by=person(BAI), complaint=case, satisfaction="dissatisfied"))
    record(by=person(BAI), complaint=case, satisfaction="mixed", words="还疼")
    assert [task.key for task in tasks(results.FOLLOW_UP)] == [results.source_key(fresh(case))]
    assert record(by=person(BAI), complaint=fresh(case), satisfaction="satisfied").state == "followed_up"
    refused(Conflict, "invalid_transition", lambda: record(by=person(BAI), complaint=case, satisfaction="satisfied"))

    known = content(told(determined(assigned(complained()))))
    refused(Conflict, "followed_by_engine", lambda: record(by=person(BAI), complaint=known, satisfaction="satisfied"))


@pytest.mark.ledger("CP-010")
def test_a_mediator_has_a_name_a_date_and_a_result():
    case = told()
    ye = person(YE)
    refused(RuleRefused, "mediator_missing", lambda: results.mediate(by=ye, complaint=case, mediator=" "))
    results.mediate(by=ye, complaint=case, mediator="医调委王老师", mediation_on=date(2026, 12, 10))
    refused(RuleRefused, "mediation_result_missing", lambda: results.reply(by=ye, complaint=case, words="x"))
    refused(RuleRefused, "mediation_result_missing", lambda: results.note_content(by=ye, complaint=case))
    refused(RuleRefused, "mediation_result_missing", lambda: results.note_mediation(by=ye, complaint=case, result=""))
    results.note_mediation(by=ye, complaint=case, result="双方同意重做")
    case = results.note_content(by=ye, complaint=fresh(case))
    assert (case.mediator, case.mediation_on, case.mediation_result) == (
        "医调委王老师",
        date(2026, 12, 10),
        "双方同意重做",
    )


@pytest.mark.ledger("CP-016")
def test_only_management_closes_without_satisfaction_and_says_why():
    case = told()
    results.negotiate(by=person(YE), complaint=case, words="要求双倍")
    case = finished(case)
    for who in (YE, GAO):
        refused(
            Forbidden, "permission_denied", lambda who=who: results.conclude(by=person(who), complaint=case, reason="x")
        )
    refused(RuleRefused, "reason_missing", lambda: results.conclude(by=person(SHEN), complaint=case, reason=" "))
    case = results.conclude(by=person(SHEN), complaint=case, reason="要求超出依据，已告知司法途径")
    assert (case.state, case.content_at_close) == ("closed", False)
    assert case.closing_reason == "要求超出依据，已告知司法途径"
    fact = kpis.content(center(), date(2026, 12, 8))
    assert fact is not None
    assert (fact.numerator, fact.denominator) == (0, 1)

    refused(Forbidden, "permission_denied", lambda: results.reopen(by=person(YE), complaint=case, words="x"))
    refused(RuleRefused, "words_missing", lambda: results.reopen(by=person(GAO), complaint=case, words=""))
    case = results.reopen(by=person(GAO), complaint=case, words="客户又来电")
    assert (case.state, case.closed_at, case.reopenings) == ("reopened", None, 1)
    assert Evidence.objects.filter(complaint=case, kind="reopened").count() == 1
    assert assigned(case).state == "assigned"


# --- what others ask --------------------------------------------------------------------------------------------------


@pytest.mark.ledger("FU-018", "CR-008")
def test_recalls_rest_and_the_chart_stays_while_a_complaint_is_open():
    who = cao()
    assert (hold_on(who), holds_on(who)) == (None, [])
    case = complained(severity="serious")
    assert (hold_on(who), holds_on(who)) == ("open_complaint", ["complaint"])
    case = closed(told(determined(assigned(case))))
    assert (hold_on(who), holds_on(who)) == (None, [])
    complained()
    assert (hold_on(who), holds_on(who)) == (None, ["complaint"])


@pytest.mark.ledger("GV-005")
def test_what_waits_for_us_stands_among_the_open_problems_without_content():
    case = complained()
    found = of_day(center(), date(2026, 12, 8))
    assert [(one["keys"], one["part"]) for one in found] == [([str(case.code)], "problem")]
    assert SECRET not in str(found)
    assigned(case)
    assert of_day(center(), date(2026, 12, 8)) == []
    assert of_day(center(), date(2026, 12, 9))[0]["keys"] == [str(case.code)]


@pytest.mark.ledger("CP-025")
def test_the_figures_of_a_day(tuesday):
    complained()
    complained(category="treatment")
    case = told(determined(assigned(complained(category="price", accused=None))))
    tuesday("2026-12-08 15:20")
    day = date(2026, 12, 8)
    assert kpis.received(center(), day).numerator == 3
    assert kpis.repeats(center(), day).numerator == 1
    assert kpis.received(center(), date(2026, 12, 7)) is None
    assert kpis.first_answer(center(), day).numerator == 0
    case = closed(case)
    closing = kpis.closing(center(), day)
    assert (closing.numerator, closing.denominator) == (60, 1)
    assert kpis.content(center(), day).numerator == 1
    lines = {str(row.label): row for row in selectors.statistics(center(), day, day)}
    assert sorted(row.cases for row in lines.values()) == [1, 2]
    assert sum(row.repeats for row in lines.values()) == 1


def test_two_handlers_at_once_are_one(tuesday):
    case = assigned()
    with pytest.raises(IntegrityError, match="complaints_one_handler_one_lead"), transaction.atomic():
        Involved.objects.create(complaint=case, staff=staff("102"), part="handler", side=1, since_at=clock.now())
    assert Round.objects.count() == 0
