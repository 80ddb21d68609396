"""SC-15: who may sit at the till, and what leaves it for an expense."""

from __future__ import annotations

from typing import Any

import pytest

from kernel import clock
from kernel.identity.actions import assign_role, create_user
from kernel.identity.models import Role, User
from kernel.parameters import set_parameter
from services.books.models import Account
from services.books.selectors import balance
from services.shift.models import Incident
from services.sites.models import Site
from services.staff.actions import hire_staff
from tests.scenarios.over_http import Clinic, utc
from tests.services.doors import SYSTEM
from tests.services.till import item


@pytest.fixture
def clinic(smile: Any, at: Any) -> Clinic:
    """Ou Jie is a new cashier."""
    house = Clinic()
    at("2026-12-18 08:00")
    site = Site.objects.get(code=house.site)
    user = create_user(by=SYSTEM, username="ou.jie", display_name="欧洁", password="a long walk home 1")
    assign_role(by=SYSTEM, user=user, role=Role.objects.get(slug="cashier"), site=site.code)
    hire_staff(by=SYSTEM, site=site, number="190", name="欧洁", post="收银员", gender="female", user=user)
    return house


def slip_of(clinic: Clinic) -> str:
    """A slip that waits at the till."""
    lines = [{"item": str(item("film").code), "quantity": 1}]
    made = clinic.who("dr.lin").does(
        "cashier/slips/", site=clinic.site, patient=clinic.patient("梁博"), lines=lines
    )  # fmt: skip
    return str(made["code"])


@pytest.mark.ledger("CA-035")
def test_a_new_cashier_works_after_the_guarantee(clinic: Clinic) -> None:
    ou, gao = clinic.who("ou.jie"), clinic.who("gao.wen")
    pay = {"tender": "cash", "tendered_fen": 12_000}
    slip = slip_of(clinic)
    ou.is_refused("till_days/", "guarantee_missing", site=clinic.site, float_fen=50_000)
    ou.is_refused(f"cashier/slips/{slip}/charge/", "guarantee_missing", **pay)
    given = {"site": clinic.site, "staff": clinic.staff("190"), "guarantor": "欧父"}
    gao.is_refused("till_days/admissions/", "guarantee_incomplete", **given)
    gao.does("till_days/admissions/", **given, document="担保书 12 号", guaranteed_on="2026-12-17")
    assert ou.does("till_days/", site=clinic.site, float_fen=50_000)["float_fen"] == 50_000
    ou.does(f"cashier/slips/{slip}/charge/", **pay)


@pytest.mark.ledger("CA-035")
def test_by_default_training_and_a_colleague_beside_her(clinic: Clinic, at: Any) -> None:
    set_parameter(by=SYSTEM, key="cashier_readiness", value="training", effective_from=clock.now())
    ou, gao = clinic.who("ou.jie"), clinic.who("gao.wen")
    ou.is_refused("till_days/", "training_missing", site=clinic.site)
    trained = {"site": clinic.site, "staff": clinic.staff("190"), "trained_on": "2026-12-17"}
    gao.does("till_days/admissions/", **trained)
    ou.is_refused("till_days/", "second_person_needed", site=clinic.site)
    at("2026-12-18 10:00")
    gao.does("till_days/admissions/", **trained, companion=clinic.staff("104"))
    assert ou.does("till_days/", site=clinic.site)["state"] == "open"


@pytest.mark.ledger("CA-016")
def test_nothing_leaves_the_till_for_a_taxi_without_gao(clinic: Clinic) -> None:
    fang, gao = clinic.who("fang.li"), clinic.who("gao.wen")
    site = Site.objects.get(code=clinic.site)
    fang.does("till_days/", site=clinic.site, float_fen=50_000)
    asked = clinic.who("bai.lan").does("till_days/petty-cash/", site=clinic.site, amount_fen=8_000, reason="打车")
    path = f"till_days/petty-cash/{asked['code']}"
    fang.is_refused(f"{path}/payment/", "consent_first")
    assert balance(Account.PETTY_CASH, site=site) == 0
    gao.does(f"{path}/decision/", approve=True)
    fang.does(f"{path}/payment/")
    assert balance(Account.PETTY_CASH, site=site) == 8_000
    assert balance(Account.MONEY, site=site, tender="cash") == 42_000
    fang.is_refused(f"{path}/payment/", "invalid_transition", 409)
    own = gao.does("till_days/petty-cash/", site=clinic.site, amount_fen=1_000, reason="茶水")
    gao.is_refused(f"till_days/petty-cash/{own['code']}/decision/", "own_request", 403, approve=True)


@pytest.mark.ledger("CA-039", "AT-012")
def test_fang_leaves_with_gaos_approval_or_it_is_an_incident_and_never_as_the_only_one(clinic: Clinic, at: Any) -> None:
    fang, gao = clinic.who("fang.li"), clinic.who("gao.wen")
    at("2026-12-18 15:20")
    asked = fang.does("till_days/leaves/", site=clinic.site, reason="去银行")
    path = f"till_days/leaves/{asked['code']}"
    # Without approval she is out all the same, and it is an incident
    assert fang.does(f"{path}/out/")["state"] == "unapproved"
    assert Incident.objects.count() == 1
    at("2026-12-18 15:40")
    assert fang.does(f"{path}/back/")["state"] == "back"

    # With Gao's approval before, the times are noted and nothing else
    asked = fang.does("till_days/leaves/", site=clinic.site, reason="去银行")
    path = f"till_days/leaves/{asked['code']}"
    fang_cannot = fang.tries(f"{path}/decision/", approve=True)
    assert fang_cannot.status_code in (403, 404)
    gao.does(f"{path}/decision/", approve=True)
    at("2026-12-18 15:50")
    out = fang.does(f"{path}/out/")
    assert (out["state"], out["decided_by_name"]) == ("out", "高文")
    at("2026-12-18 16:05")
    back = fang.does(f"{path}/back/")
    assert (back["out_at"], back["back_at"]) == (utc("2026-12-18 15:50"), utc("2026-12-18 16:05"))
    assert Incident.objects.count() == 1

    # The only person at the desk does not go
    for one in User.objects.exclude(username="fang.li"):
        one.assignments.filter(role__slug__in=("front_desk", "customer_service", "cashier")).delete()
    asked = fang.does("till_days/leaves/", site=clinic.site, reason="去银行")
    fang.is_refused(f"till_days/leaves/{asked['code']}/out/", "only_person_at_desk", 409)
