"""What a client says after the service: asked by somebody else than who served, counted, and told where it is needed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from escort import kpis, selectors, service
from escort.models import Order
from kernel.errors import RuleRefused
from kernel.ids import uuid7
from kernel.tenancy import TenantContext
from kernel.timers.models import Timer
from services.followup import actions
from services.followup.handlers import open_due
from services.followup.models import FollowUp
from services.followup.rules import rules
from services.sites.models import Site
from services.tasks.models import Task
from tests.services.doors import api, browser
from tests.verticals.agency import actor, local, met, ready, told

MANAGER, MING = "hao.zhi", "ming.yu"
CALLED = date(2027, 1, 1)


@pytest.fixture(autouse=True)
def afternoon(at: Any, peiban: TenantContext) -> Any:
    at("2026-12-30 15:00")
    Timer.objects.filter(kind__startswith="daily:").delete()
    return at


def ended(at: Any, starts: str = "2026-12-31 08:00", ends: str = "2026-12-31 12:00") -> tuple[Order, FollowUp]:
    """A service that Ming ended, and the call that became due the day after."""
    order = ready(starts=starts, ends=ends)
    at(starts)
    met(order, starts)
    at(ends)
    service.end_service(by=actor(MING), order=order, key=uuid7(), happened_at=local(ends))
    told()
    at("2027-01-01 10:00")
    open_due(CALLED)
    asked = selectors.feedback_of(order)
    assert asked is not None
    return order, asked


@pytest.mark.ledger("FU-014", "ES-032")
def test_the_day_after_a_service_the_client_is_asked_and_the_order_shows_what_was_said(afternoon: Any) -> None:
    order, asked = ended(afternoon)
    assert (asked.due_on, asked.state, asked.plan.patient) == (CALLED, "due", order.patient)
    manager, there = browser(MANAGER), f"/followup/{asked.code}/"
    assert there in manager.get(f"/escort/orders/{order.code}/").content.decode()
    assert manager.get(there).status_code == 200

    silent = manager.post(f"{there}result/", {"result": "fine", "channel": "phone"})
    assert silent.status_code == 422
    assert silent.context["result_form"].errors["satisfaction"]
    said = {"result": "fine", "channel": "phone", "satisfaction": "satisfied", "note": "陪诊员很细心"}
    assert manager.post(f"{there}result/", said).status_code == 303

    shown = manager.get(f"/escort/orders/{order.code}/").content.decode()
    assert "陪诊员很细心" in shown
    told()
    assert not Task.objects.filter(kind="escort.not_satisfied").exists()


@pytest.mark.ledger("FU-014")
def test_without_the_clients_satisfaction_there_is_no_result(afternoon: Any) -> None:
    _order, asked = ended(afternoon)
    with pytest.raises(RuleRefused) as refused:
        actions.close_with_result(by=actor(MANAGER), followup=asked, result="fine")
    assert refused.value.code == "satisfaction_missing"
    asked.refresh_from_db()
    assert (asked.state, asked.attempts.count()) == ("due", 0)
    over_api = api(MANAGER).post(f"/api/v1/followup/{asked.code}/result/", {"result": "fine"})
    assert (over_api.status_code, over_api.json()["code"]) == (422, "satisfaction_missing")
    # Calls that do not ask it are closed without.
    assert not rules()["same_day_call"].asks_satisfaction


@pytest.mark.ledger("FU-014", "ES-032")
@pytest.mark.parametrize(("satisfaction", "tasks"), [("satisfied", 0), ("mixed", 1), ("dissatisfied", 1)])
def test_who_is_not_satisfied_is_told_to_the_manager_at_once(afternoon: Any, satisfaction: str, tasks: int) -> None:
    order, asked = ended(afternoon)
    actions.close_with_result(by=actor(MANAGER), followup=asked, result="fine", satisfaction=satisfaction)
    told()
    told()
    found = Task.objects.filter(kind="escort.not_satisfied", key=str(order.code))
    assert [task.roles for task in found] == [["escort_manager"]] * tasks


@pytest.mark.ledger("FU-014")
def test_a_problem_goes_to_the_manager_who_answers_it(afternoon: Any) -> None:
    """An agency has no doctor: what went wrong would lie with nobody."""
    _order, asked = ended(afternoon)
    said = {"result": "problem", "note": "等了一小时", "satisfaction": "mixed"}
    actions.close_with_result(by=actor(MANAGER), followup=asked, **said)
    task = Task.objects.get(kind=actions.DOCTOR_ITEM, key=str(asked.code))
    assert task.roles == ["escort_manager"]
    answered = actions.answer_problem(by=actor(MANAGER), followup=asked, note="已致歉")
    assert answered.state == "closed"


@pytest.mark.ledger("FU-014")
def test_the_figure_counts_who_said_how_satisfied_they_are(afternoon: Any) -> None:
    site = Site.objects.get(slug="first")
    _one, first = ended(afternoon)
    assert kpis.satisfied(site, CALLED) is None  # nobody was asked yet
    dirty = Timer.objects.filter(kind="kpis.measure", key=f"{site.code}:{CALLED}")
    assert not dirty.exists()
    actions.close_with_result(by=actor(MANAGER), followup=first, result="fine", satisfaction="satisfied")
    told()
    assert dirty.exists()
    fact = kpis.satisfied(site, CALLED)
    assert fact is not None
    assert (fact.numerator, fact.denominator) == (1, 1)

    afternoon("2026-12-30 16:00")
    _two, second = ended(afternoon, "2026-12-31 14:00", "2026-12-31 16:00")
    actions.close_with_result(by=actor(MANAGER), followup=second, result="fine", satisfaction="dissatisfied")
    fact = kpis.satisfied(site, CALLED)
    assert fact is not None
    assert (fact.numerator, fact.denominator) == (1, 2)
    assert kpis.satisfied(site, date(2027, 1, 2)) is None
