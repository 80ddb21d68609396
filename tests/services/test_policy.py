"""Gates: who may pass whom, and what the next day says about it (ledger 17 G)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from kernel import clock, parameters, registry
from kernel.errors import Conflict, Forbidden, RuleRefused
from kernel.parameters import Scope
from kernel.registry import Gate
from services.patients.models import Patient
from services.policy import actions, gates, kpis, selectors
from services.policy.models import NudgeCount, OverrideRecord
from services.tasks.models import Task
from tests.services.doors import SYSTEM, api, browser, person
from tests.services.flow import center, local, patient

DECLARED = {
    gate.key: gate
    for gate in (
        Gate(key="test.law", label="law", gate_class="law", overridable_by=("doctor",)),
        Gate(key="test.never", label="never", gate_class="law"),
        Gate(key="test.money", label="money", gate_class="money", overridable_by=("supervisor",)),
        Gate(key="test.process", label="process", gate_class="process", overridable_by=("supervisor",)),
        Gate(key="test.nudge", label="nudge", gate_class="nudge"),
    )
}


@pytest.fixture(autouse=True)
def declared(smile, at, monkeypatch):
    at("2026-12-07 09:00")
    monkeypatch.setattr(gates, "gate", DECLARED.__getitem__)
    monkeypatch.setattr(actions, "declared_gate", DECLARED.__getitem__)
    monkeypatch.setattr(selectors, "gates", lambda: DECLARED)
    return at


@pytest.fixture
def subject(declared) -> Patient:
    return patient("宋倩")


def ask(key: str, subject: Patient, *, ok: bool = False):
    return gates.check(key, by=person("su.qi"), subject=subject, ok=ok, message="Not yet.")


def override(key: str, subject: Patient, by: str = "gao.wen", **more) -> OverrideRecord:
    return actions.override_gate(by=person(by), gate=key, subject=subject, site=center(), reason="in pain", **more)


def test_a_gate_whose_rule_holds_asks_nothing(subject, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert gates.check("test.process", by=SYSTEM, subject=subject, ok=True, message="-") is None


def test_a_refusal_names_the_code_the_class_and_who_may_override(subject):
    with pytest.raises(RuleRefused) as refusal:
        ask("test.process", subject)

    assert refusal.value.code == "test_process"
    assert refusal.value.facts["gate_class"] == "process"
    assert [cure.role for cure in refusal.value.cures] == ["supervisor"]
    with pytest.raises(RuleRefused) as money:
        ask("test.money", subject)
    assert money.value.cures == ()


@pytest.mark.parametrize("key", ["test.money", "test.never", "test.nudge"])
def test_money_is_cured_and_never_overridden(subject, key):
    with pytest.raises(RuleRefused) as refusal:
        override(key, subject)
    assert refusal.value.code == "gate_cannot_be_overridden"
    assert not OverrideRecord.objects.exists()


def test_an_override_lets_its_own_subject_pass_once(subject):
    record = override("test.process", subject)
    other = patient("别人")

    with pytest.raises(RuleRefused):
        ask("test.process", other)
    assert ask("test.process", subject) == record
    with pytest.raises(RuleRefused):
        ask("test.process", subject)


def test_an_override_ends(subject, at):
    override("test.process", subject, expires_at=clock.now() + timedelta(minutes=10))
    at.advance(minutes=10)
    with pytest.raises(RuleRefused):
        ask("test.process", subject)
    with pytest.raises(RuleRefused) as refusal:
        override("test.process", subject, expires_at=clock.now() + timedelta(hours=25))
    assert refusal.value.code == "override_too_long"


def test_only_the_declared_roles_override(subject):
    with pytest.raises(Forbidden):
        override("test.process", subject, by="su.qi")  # has not the word at all
    with pytest.raises(Forbidden) as refusal:
        override("test.process", subject, by="dr.lin")
    assert refusal.value.code == "override_not_yours"
    with pytest.raises(Forbidden):
        override("test.law", subject, by="gao.wen")


def test_in_a_small_site_the_clinician_decides_about_process_but_not_about_law(subject):
    parameters.set_parameter(
        by=SYSTEM, key="small_site", scope=Scope.site(center().code), value=True, effective_from=clock.now()
    )
    assert override("test.process", subject, by="dr.lin").as_role == "doctor"
    with pytest.raises(Forbidden):
        override("test.law", subject, by="mei.hua")


def test_the_next_opening_day_another_person_reviews_it(subject, at):
    record = override("test.process", subject)
    assert record.review_due_at == local("2026-12-08 12:00")
    task = Task.objects.get(kind=actions.REVIEW)
    assert (task.due_at, task.closed_in_inbox) == (record.review_due_at, False)

    with pytest.raises(Forbidden) as refusal:
        actions.review_override(by=person("gao.wen"), record=record, accepted=True)
    assert refusal.value.code == "own_override"
    with pytest.raises(RuleRefused):
        actions.review_override(by=person("shen.ke"), record=record, accepted=False)

    reviewed = actions.review_override(by=person("shen.ke"), record=record, accepted=False, note="chair was dirty")
    task.refresh_from_db()
    assert (reviewed.review, task.state, task.result) == ("objected", "done", "objected")
    with pytest.raises(Conflict):
        actions.review_override(by=person("dou.heng"), record=record, accepted=True)


def test_an_override_of_a_safety_gate_alerts_the_directors_at_once(subject):
    override("test.law", subject, by="dr.lin")
    alert = Task.objects.get(kind=actions.ALERT)
    assert (set(alert.roles), alert.due_at) == ({"clinic_director", "dean"}, clock.now())


def test_a_nudge_never_blocks_and_is_counted_by_day(subject, at):
    for _time in range(3):
        assert ask("test.nudge", subject) is None
    at("2026-12-08 09:00")
    ask("test.nudge", subject)

    assert dict(NudgeCount.objects.values_list("day", "count")) == {date(2026, 12, 7): 3, date(2026, 12, 8): 1}
    assert selectors.nudges(person("gao.wen"), since=date(2026, 12, 8)) == [("nudge", 1)]


def test_overrides_are_counted_where_they_were_granted(subject):
    override("test.process", subject)
    fact = kpis.overrides(center(), date(2026, 12, 7))
    assert (fact.numerator, kpis.overrides(center(), date(2026, 12, 8)).numerator) == (1, 0)


def test_every_declared_gate_says_who_may_override_it(smile):
    declared = [gate for room in registry.rooms() for gate in room.gates]
    assert declared
    for gate in declared:
        if gate.gate_class in ("money", "nudge"):
            assert not gate.overridable_by, gate.key
        if gate.gate_class == "process":
            assert gate.overridable_by, gate.key


def test_the_exception_report_shows_and_reviews(subject):
    record = override("test.process", subject)
    director, own = browser("shen.ke"), browser("gao.wen")

    page = director.get("/policy/exceptions/").content.decode()
    assert "in pain" in page
    assert director.get(f"/policy/exceptions/{record.code}/").status_code == 200
    assert own.post(f"/policy/exceptions/{record.code}/review/", {"verdict": "accepted"}).status_code == 403
    missing = director.post(f"/policy/exceptions/{record.code}/review/", {"verdict": "objected"})
    assert missing.status_code == 422
    assert director.post(f"/policy/exceptions/{record.code}/review/", {"verdict": "accepted"}).status_code == 303
    record.refresh_from_db()
    assert record.review == "accepted"
    assert browser("bai.lan").get("/policy/exceptions/").status_code == 403


def test_the_api_lists_and_reviews(subject):
    record = override("test.process", subject)
    director = api("shen.ke")
    rows = director.get("/api/v1/policy/overrides/").json()["results"]
    assert [row["code"] for row in rows] == [str(record.code)]
    done = director.post(f"/api/v1/policy/overrides/{record.code}/review/", {"accepted": True})
    assert (done.status_code, done.json()["review"]) == (200, "accepted")
