"""Feedback (state machine a16) and the analysis of closed complaints."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from kernel.errors import Conflict, Forbidden, RuleRefused
from services.complaints import feedback as acts
from services.complaints import intake, reviews, selectors
from services.complaints.intake import Speaker
from services.complaints.models import Complaint, Feedback, Finding
from services.complaints.reviews import Found
from services.tasks.models import Task
from tests.services.complaining import BAI, GAO, REN, SHEN, YE, cao, closed, complained, fresh, said
from tests.services.doors import SYSTEM, person, staff
from tests.services.flow import center, clockwork, local
from tests.services.test_complaints import refused, tasks


@pytest.fixture(autouse=True)
def tuesday(smile: Any, at: Any) -> Any:
    at("2026-12-08 14:20")
    return at


def given(row: Feedback, responsible: str = "109", department: str = "nursing") -> Feedback:
    return acts.assign_feedback(by=person(GAO), feedback=row, department=department, responsible=staff(responsible))


# --- feedback ---------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("SV-005")
def test_feedback_goes_to_a_department_and_a_person_and_comes_back_to_the_customer(tuesday):
    row = said(speaker=Speaker(patient=cao()))
    assert (row.due_on, row.customer_name) == (date(2026, 12, 15), "曹先进")
    gao = person(GAO)
    for more in ({"department": "nursing", "responsible": None}, {"department": "", "responsible": staff("109")}):
        refused(
            RuleRefused, "responsible_missing", lambda more=more: acts.assign_feedback(by=gao, feedback=row, **more)
        )
    refused(
        RuleRefused, "department_unknown",
        lambda: acts.assign_feedback(by=gao, feedback=row, department="moon", responsible=staff("109")),
    )  # fmt: skip
    refused(Forbidden, "permission_denied", lambda: acts.assign_feedback(
        by=person(BAI), feedback=row, department="nursing", responsible=staff("109")))  # fmt: skip
    with pytest.raises(IntegrityError, match="complaints_feedback_names_both"), transaction.atomic():
        Feedback.objects.filter(pk=row.pk).update(assigned_at=local("2026-12-08 15:00"))

    given(row)
    assert [task.assignee.username for task in tasks(acts.PROCESS)] == ["mei.hua"]
    refused(RuleRefused, "not_responsible", lambda: acts.process_feedback(by=person(BAI), feedback=row, measure="买"))
    refused(
        RuleRefused, "measure_missing", lambda: acts.process_feedback(by=person("mei.hua"), feedback=row, measure="")
    )
    refused(Conflict, "invalid_transition", lambda: acts.tell_customer(by=person(BAI), feedback=row, answer="好"))
    acts.process_feedback(by=person("mei.hua"), feedback=row, measure="已买饮水机")
    assert len(tasks(acts.TELL)) == 1
    refused(RuleRefused, "customer_not_told", lambda: acts.confirm_feedback(by=gao, feedback=row))
    refused(RuleRefused, "answer_missing", lambda: acts.tell_customer(by=person(BAI), feedback=row, answer=""))
    acts.tell_customer(by=person(BAI), feedback=row, answer="饮水机周五到")
    refused(RuleRefused, "satisfaction_missing", lambda: acts.confirm_feedback(by=person(BAI), feedback=row))
    done = acts.confirm_feedback(by=person(BAI), feedback=row, satisfied=True)
    assert (done.state, done.satisfied, done.overdue_at) == ("confirmed", True, None)
    assert not Task.objects.filter(room="complaints", state="open").exists()


def test_praise_without_a_name_is_dealt_with_and_nobody_has_to_be_told():
    row = given(said("praise", channel="box", words="梅护士长很细心"))
    acts.process_feedback(by=person("mei.hua"), feedback=row, measure="晨会表扬")
    assert not tasks(acts.TELL)
    refused(RuleRefused, "nobody_to_tell", lambda: acts.tell_customer(by=person(BAI), feedback=row, answer="谢谢"))
    assert acts.confirm_feedback(by=person(GAO), feedback=row).state == "confirmed"
    refused(RuleRefused, "words_missing", lambda: said(words=" "))
    refused(RuleRefused, "kind_unknown", lambda: said("complaint"))
    refused(RuleRefused, "channel_unknown", lambda: said(channel="pigeon"))


@pytest.mark.ledger("SV-005")
def test_feedback_of_which_the_day_has_passed_stays_late(tuesday):
    row = given(said())
    tuesday("2026-12-16 00:00")
    clockwork()
    row.refresh_from_db()
    assert row.overdue_at == local("2026-12-16 00:00")
    done = acts.process_feedback(by=person("mei.hua"), feedback=row, measure="已买")
    assert done.overdue_at == local("2026-12-16 00:00")
    kept = given(said())
    acts.process_feedback(by=person("mei.hua"), feedback=kept, measure="已买")
    tuesday("2027-01-10 10:00")
    clockwork()
    kept.refresh_from_db()
    assert kept.overdue_at is None


def test_given_to_somebody_else_it_is_theirs():
    row = given(given(said()), responsible="112", department="desk")
    assert [task.assignee.username for task in tasks(acts.PROCESS)] == [YE]
    refused(RuleRefused, "not_responsible", lambda: acts.process_feedback(
        by=person("mei.hua"), feedback=row, measure="x"))  # fmt: skip


@pytest.mark.ledger("CP-027")
def test_feedback_becomes_a_complaint_and_keeps_its_history():
    row = given(said("opinion", words="护士动作太重", speaker=Speaker(patient=cao())))
    acts.process_feedback(by=person("mei.hua"), feedback=row, measure="已提醒")
    refused(
        RuleRefused, "promise_missing",
        lambda: intake.upgrade_feedback(by=person(BAI), feedback=row, category="attitude", treatment="洗牙", promised=False),
    )  # fmt: skip
    row.refresh_from_db()
    assert row.state == "processed"  # the refusal changed nothing

    case = intake.upgrade_feedback(
        by=person(BAI), feedback=row, category="attitude", treatment="洗牙", promised=True, accused=[staff("109")]
    )

    row.refresh_from_db()
    assert (row.state, row.measure, row.words) == ("upgraded", "已提醒", "护士动作太重")
    case.refresh_from_db()
    assert (case.feedback, case.matter, case.patient, case.state) == (row, "护士动作太重", cao(), "received")
    assert (case.channel, case.phone) == ("desk", "13901230042")
    refused(Conflict, "invalid_transition", lambda: intake.upgrade_feedback(
        by=person(BAI), feedback=row, category="attitude", treatment="洗牙", promised=True))  # fmt: skip
    assert Complaint.objects.count() == 1


# --- analysis ---------------------------------------------------------------------------------------------------------


def found(category: str = "treatment", **more: Any) -> Found:
    facts: dict[str, Any] = {
        "cause": "粘接流程不齐", "measure": "培训粘接流程", "responsible": staff("103"), "due_on": date(2027, 1, 20), **more,
    }  # fmt: skip
    return Found(category=category, **facts)


def analysed(*findings: Found, by: str = SHEN):
    return reviews.analyse(
        by=person(by), site=center(), first=date(2026, 12, 1), last=date(2026, 12, 31), findings=findings
    )


@pytest.mark.ledger("CP-018")
def test_the_closed_cases_of_a_month_get_causes_and_measures_and_what_comes_again_is_counted(tuesday):
    case = closed()
    complained(category="price", accused=None)  # open: not part of it
    tuesday("2027-01-01 08:00")
    reviews.ask_for_review(by=SYSTEM, site=center(), today=date(2027, 1, 1))
    assert [task.roles for task in tasks(reviews.REVIEW)] == [["quality", "clinic_director"]]

    refused(RuleRefused, "finding_missing", lambda: analysed())
    refused(RuleRefused, "finding_missing", lambda: analysed(found("price")))
    refused(RuleRefused, "finding_incomplete", lambda: analysed(found(measure=" ")))
    refused(Forbidden, "permission_denied", lambda: analysed(found(), by=GAO))
    assert fresh(case).state == "closed"
    review = analysed(found())

    assert (fresh(case).state, review.cases) == ("analysed", 1)
    finding = Finding.objects.get()
    assert (finding.cases, finding.repeats, finding.measure) == (1, 0, "培训粘接流程")
    assert not tasks(reviews.REVIEW)
    assert [task.assignee.username for task in tasks(reviews.MEASURE)] == [REN]
    refused(Conflict, "reviewed_already", lambda: analysed(found()))
    refused(RuleRefused, "period_strange", lambda: reviews.analyse(
        by=person(SHEN), site=center(), first=date(2027, 2, 1), last=date(2027, 2, 28), findings=[]))  # fmt: skip

    refused(RuleRefused, "words_missing", lambda: reviews.finish_measure(by=person(REN), finding=finding, words=" "))
    finding = reviews.finish_measure(by=person(REN), finding=finding, words="1月5日培训")
    assert selectors.recurrence(finding) == 0
    tuesday("2027-01-03 10:00")
    complained()
    assert selectors.recurrence(finding) == 1
    refused(Conflict, "measure_done", lambda: reviews.finish_measure(by=person(REN), finding=finding, words="x"))


def test_nobody_is_asked_to_analyse_nothing(tuesday):
    reviews.ask_for_review(by=SYSTEM, site=center(), today=date(2027, 1, 1))
    closed()
    reviews.ask_for_review(by=SYSTEM, site=center(), today=date(2027, 1, 2))
    assert not tasks(reviews.REVIEW)
    refused(RuleRefused, "nothing_to_analyse", lambda: reviews.analyse(
        by=person(SHEN), site=center(), first=date(2026, 11, 1), last=date(2026, 11, 30), findings=[]))  # fmt: skip
