"""Companions take seats: the one after the last is refused, also to two managers at once."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connections

from escort import actions
from escort.models import Companion
from kernel import usage
from kernel.errors import Conflict
from kernel.tenancy import TenantContext, activate
from services.sites.models import Site
from services.staff.actions import hire_staff
from services.staff.models import StaffMember
from tenants.entitlements.models import Entitlement
from tenants.selectors import context_for
from tests.verticals.agency import BY, actor, companion


def hired(number: str) -> StaffMember:
    site = Site.objects.get(slug="first")
    return hire_staff(by=BY, site=site, number=number, name=f"新人{number}", post="陪诊师", gender="female")


def limited(seats: int) -> None:
    """The agency pays for so many companions."""
    Entitlement.objects.update_or_create(
        kind=Entitlement.Kind.METER, key="companions", defaults={"limit": seats, "soft": False}
    )


@pytest.mark.ledger("PL-005")
def test_a_seat_is_taken_by_becoming_active_and_by_nothing_else(peiban: TenantContext) -> None:
    manager, newcomer = actor("hao.zhi"), hired("621")
    assert usage.count("companions") == 4
    limited(4)
    enlisted = actions.enlist_companion(by=manager, staff=newcomer)
    assert (enlisted.state, usage.count("companions")) == ("applicant", 4)
    with pytest.raises(Conflict) as refused:
        actions.enlist_companion(by=manager, staff=newcomer, state=Companion.State.ACTIVE)
    assert (refused.value.code, refused.value.facts["limit"]) == ("seat_limit_reached", 4)
    ming = companion("ming.yu")
    actions.enlist_companion(by=manager, staff=ming.staff, state=Companion.State.ACTIVE, experience_years=9)

    actions.enlist_companion(by=manager, staff=ming.staff, state=Companion.State.SUSPENDED)
    actions.enlist_companion(by=manager, staff=newcomer, state=Companion.State.ACTIVE)
    assert usage.count("companions") == 4


@pytest.mark.ledger("PL-005")
def test_the_last_seat_goes_to_one_of_two(own_database: str, at: Any) -> None:
    """SC-30: five seats, four taken; two newcomers are activated at the same moment."""
    at("2026-12-30 15:00")
    peiban = context_for(slug="peiban")
    with activate(peiban):
        limited(5)
        newcomers = [hired("621"), hired("622")]
        manager = actor("hao.zhi")
    start, outcomes = threading.Barrier(2), []

    def admit(staff: StaffMember) -> None:
        start.wait()
        try:
            with activate(peiban):
                actions.enlist_companion(by=manager, staff=staff, state=Companion.State.ACTIVE)
            outcomes.append("admitted")
        except Conflict as refusal:
            outcomes.append(refusal.code)
        finally:
            connections.close_all()

    runners = [threading.Thread(target=admit, args=(staff,)) for staff in newcomers]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join()

    assert sorted(outcomes) == ["admitted", "seat_limit_reached"]
    with activate(peiban):
        assert Companion.objects.filter(state="active").count() == 5
