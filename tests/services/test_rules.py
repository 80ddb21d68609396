"""The rules of the house: who sees them, who changes them, from when on, and what an earlier event keeps (PL-006)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel import clock
from kernel.audit.models import AuditEntry
from kernel.parameters import value
from kernel.parameters.models import ParameterValue
from services.sites.models import Site
from tests.services.doors import api, browser, statements
from tests.services.flow import center

KEY = "wait_explain_minutes"
LIST, DETAIL, API = "/rules/", f"/rules/{KEY}/", "/api/v1/rules/"


@pytest.fixture(autouse=True)
def monday(smile, at):
    at("2026-12-07 09:00")
    return at


def test_the_list_shows_every_rule_with_who_decided_in_a_bounded_number_of_statements() -> None:
    desk = browser("admin.smile")
    desk.get(LIST)

    page = desk.get(LIST)

    assert page.status_code == 200
    shown = page.content.decode()
    assert DETAIL in shown
    assert "/rules/override_minutes/" in shown
    assert statements(lambda: desk.get(LIST)) <= 12
    found = desk.get(LIST, {"q": "wait_explain"}).content.decode()
    assert DETAIL in found
    assert "/rules/override_minutes/" not in found
    assert desk.get(LIST, {"q": "no such rule"}).status_code == 200


@pytest.mark.ledger("PL-006")
def test_a_change_counts_from_its_moment_on_and_names_its_author(monday) -> None:
    before = clock.now()
    new_year = "2027-01-01T00:00"
    desk = browser("admin.smile")

    # When the tenant changes 20 to 25 minutes from the new year on
    answer = desk.post(DETAIL, {"scope": "tenant", "value": "25", "effective_from": new_year})

    # Then December keeps 20, January has 25, and the page says who did it
    assert answer.status_code == 303
    assert value(KEY, at=before) == 20
    monday("2026-12-31 23:59")
    assert value(KEY) == 20
    monday("2027-01-01 00:00")
    assert value(KEY) == 25
    row = ParameterValue.objects.get(key=KEY)
    assert row.set_by_name == "admin.smile"
    assert "admin.smile" in browser("admin.smile").get(DETAIL).content.decode()


@pytest.mark.ledger("PL-006")
@pytest.mark.parametrize("typed", ["-1", "abc", "", "241"])
def test_a_value_that_the_rule_does_not_allow_is_said_at_its_field_and_changes_nothing(typed: str) -> None:
    known = AuditEntry.objects.filter(verb="parameters.set").count()

    answer = browser("admin.smile").post(DETAIL, {"scope": "tenant", "value": typed})

    assert answer.status_code == 422
    assert 'name="value"' in answer.content.decode()
    assert answer.context["form"].errors["value"]
    assert not ParameterValue.objects.filter(key=KEY).exists()
    assert AuditEntry.objects.filter(verb="parameters.set").count() == known


def test_a_site_keeps_its_own_value_until_it_is_withdrawn() -> None:
    desk, site = browser("admin.smile"), center()
    other = Site.objects.exclude(pk=site.pk).first()
    desk.post(DETAIL, {"scope": f"site:{site.code}", "value": "18"})
    assert (value(KEY, site=site), value(KEY, site=other)) == (18, 20)

    answer = desk.post(f"{DETAIL}withdraw/", {"scope": f"site:{site.code}"})

    assert answer.status_code == 303
    assert value(KEY, site=site) == 20
    again = api("admin.smile").post(f"{API}{KEY}/withdraw/", {"scope": "site", "scope_code": str(site.code)})
    assert (again.status_code, again.json()["code"]) == (409, "parameter_not_set")


def test_a_lock_of_the_tenant_can_be_tightened_by_a_site_and_not_loosened() -> None:
    client, site = api("admin.smile"), center()
    values = f"{API}{KEY}/values/"
    client.post(values, {"scope": "tenant", "value": 20, "locked": True})
    at_site = {"scope": "site", "scope_code": str(site.code)}

    looser = client.post(values, at_site | {"value": 25})
    tighter = client.post(values, at_site | {"value": 15})

    assert (looser.status_code, looser.json()["code"]) == (422, "parameter_loosens")
    assert tighter.status_code == 201
    assert value(KEY, site=site) == 15
    listed = client.get(f"{API}{KEY}/", {"site": str(site.code)}).json()
    assert (listed["value"], listed["decided_by"], listed["locked_by"]) == (15, "site", "tenant")


def test_the_past_is_closed() -> None:
    yesterday = (clock.now() - timedelta(days=1)).isoformat()

    answer = api("admin.smile").post(
        f"{API}{KEY}/values/", {"scope": "tenant", "value": 25, "effective_from": yesterday}
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "parameter_in_the_past")
    assert value(KEY) == 20


@pytest.mark.parametrize(
    ("username", "sees", "sets"), [("gao.wen", 200, 403), ("dou.heng", 200, 303), ("bai.lan", 403, 403)]
)
def test_roles_see_or_set(username: str, sees: int, sets: int) -> None:
    desk = browser(username)

    assert desk.get(LIST).status_code == sees
    assert desk.get(DETAIL).status_code == sees
    assert desk.post(DETAIL, {"scope": "tenant", "value": "22"}).status_code == sets
    assert value(KEY) == (22 if sets == 303 else 20)


def test_what_is_not_here_is_not_found(derma, working_for) -> None:
    """Given a site of another tenant and a rule that no active room has, then both are unknown."""
    foreign = str(Site.objects.first().code)
    with working_for("smile"):
        client = api("admin.smile")
        values = f"{API}{KEY}/values/"

        scoped = client.post(values, {"scope": "site", "scope_code": foreign, "value": 22})
        unknown = client.get(f"{API}no_such_rule/")
        off = client.post(values, {"scope": "vertical", "scope_code": "no-such", "value": 22})

        assert (scoped.status_code, scoped.json()["code"]) == (404, "scope_not_found")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "parameter_unknown")
        assert off.status_code == 404
        assert not ParameterValue.objects.filter(key=KEY).exists()
