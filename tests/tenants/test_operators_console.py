"""The operators' console and its API: what they see, and what nobody else may."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver
from rest_framework.test import APIClient

from config.urls import tenant_urlconf
from kernel import clock, registry
from kernel.ids import uuid7
from kernel.schedule import actions as due_index
from kernel.tenancy import activate
from tenants import directory
from tenants.directory import context_for, public_schema
from tenants.models import (
    SchemaStatus,
    Tenant,
    TenantVitals,
)
from tenants.operators import selectors
from tests.tenants.new_tenants import SYSTEM, ask, new_slug
from tests.tenants.operators_desk import (  # noqa: F401  # fixtures
    OPERATOR,
    acts,
    api,
    console,
    letters,
    row,
    sent,
    signed_up,
    text,
)

# ruff: noqa: F811  # fixtures are imported by name

pytestmark = pytest.mark.ledger("PL-002")


# --- seeing -------------------------------------------------------------------------------------------------------------


def test_the_list_shows_tenants_and_no_person(console: Client) -> None:
    page = text(console.get("/tenants/"))
    for slug in ("smile", "derma", "peiban", "orchid", "bamboo"):
        assert f"{slug}.localhost" in page
    # Nobody who works there, and nothing that a tenant keeps: not even their mail addresses.
    for canary in ("bai.lan", "白岚", "shen.lan", "蓝鲸壹", "赤狐贰", "smile.example"):
        assert canary not in page


def test_the_list_costs_the_same_for_many_tenants(console: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert console.get("/tenants/").status_code == 200
        return len(captured.captured_queries)

    queries()
    few = queries()
    for _number in range(25):
        ask()
    assert queries() <= few


def test_what_needs_somebody_comes_first(console: Client, at: Callable[[str], Any]) -> None:
    at("2026-11-02 08:01")  # just after everybody was made: nothing is late yet
    with public_schema():
        willow, heron = row("willow"), row("heron")
        SchemaStatus.objects.filter(schema_name="t_willow").update(state="failed", error="LockNotAvailable")
        TenantVitals.objects.update_or_create(tenant=heron, defaults={"dead_events": 3, "measured_at": clock.now()})
    rows = selectors.tenant_rows()
    assert rows[0].tenant.slug == "willow"
    assert rows[0].worst.key == "migration_failed"
    concerned = [found.tenant.slug for found in selectors.tenant_rows(show="attention")]
    assert {"willow", "heron"} <= set(concerned)
    assert "smile" not in concerned
    page = text(console.get("/tenants/?show=attention"))
    assert "willow.localhost" in page
    assert "smile.localhost" not in page
    assert willow.slug in text(console.get("/health/"))


def test_late_work_is_a_concern(console: Client, data: None) -> None:
    with activate(context_for(slug="smile")), transaction.atomic():
        due_index.put(kind="timer", ref=uuid7(), due_at=clock.now() - timedelta(minutes=10))
    found = next(found for found in selectors.tenant_rows() if found.tenant.slug == "smile")
    assert "late" in {concern.key for concern in found.concerns}


@pytest.mark.parametrize(
    "query,hit,miss",
    [
        ("微笑", "smile.localhost", "derma.localhost"),
        ("Bamboo", "willow.localhost", "smile.localhost"),
        ("lumen", "lumen.localhost", "smile.localhost"),
    ],
)
def test_tenants_are_found_by_name_subdomain_and_chain(console: Client, query: str, hit: str, miss: str) -> None:
    page = text(console.get("/tenants/", {"q": query}))
    assert hit in page
    assert miss not in page


@pytest.mark.parametrize(
    "path", ["/tenants/", "/tenants/new/", "/tenants/smile/", "/jobs/", "/sign-ups/", "/dead-letters/", "/health/"]
)
def test_every_page_opens(console: Client, path: str) -> None:
    assert console.get(path).status_code == 200
    assert console.get(path, headers={"HX-Request": "true", "X-Poll": "1"}).status_code == 200


def test_unknown_things_are_404(console: Client) -> None:
    for path in ("/tenants/nobody/", f"/jobs/{uuid4()}/"):
        assert console.get(path).status_code == 404
    assert console.post(f"/sign-ups/{uuid4()}/", {"answer": "no"}).status_code == 404


# --- who may ------------------------------------------------------------------------------------------------------------


def test_the_console_exists_on_its_own_host_only(client_for: Callable[..., Client]) -> None:
    for username, slug in ((None, "smile"), ("admin.smile", "smile"), ("admin.orchid", "orchid")):
        client = client_for(username, slug)
        for path in ("/tenants/smile/", "/jobs/", "/sign-ups/", "/dead-letters/", "/health/"):
            assert client.get(path).status_code == 404, (slug, path)
        assert client.get("/api/v1/operators/tenants/").status_code in (401, 404)
        assert client.post("/tenants/smile/suspension/", {"suspended": "1"}).status_code == 404
    with public_schema():
        assert Tenant.objects.get(slug="smile").state == Tenant.State.ACTIVE


def test_anonymous_people_are_sent_to_sign_in(
    client_for: Callable[..., Client], api_for: Callable[..., APIClient]
) -> None:
    nobody = client_for(None, "ops")
    for path in ("/tenants/", "/tenants/new/", "/tenants/smile/", "/jobs/", "/health/"):
        answer = nobody.get(path)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/")
    assert api_for(None, "ops").get("/api/v1/operators/tenants/").status_code == 401


def test_somebody_without_the_words_is_refused(
    client_for: Callable[..., Client], api_for: Callable[..., APIClient]
) -> None:
    from kernel.identity.actions import create_user

    with activate(context_for(slug="ops")):
        create_user(by=SYSTEM, username="guest", display_name="Guest")
    guest, token = client_for("guest", "ops"), api_for("guest", "ops")
    for path in ("/tenants/", "/tenants/new/", "/tenants/smile/", "/jobs/", "/sign-ups/", "/dead-letters/", "/health/"):
        assert guest.get(path).status_code == 403, path
    for path in ("/tenants/smile/suspension/", "/tenants/smile/domains/", "/tenants/smile/dead-letters/"):
        assert guest.post(path, {"suspended": "1", "host": "x.example.com"}).status_code == 403, path
    assert token.get("/api/v1/operators/tenants/").status_code == 403
    assert token.put("/api/v1/operators/tenants/smile/suspension/", {"suspended": True}).status_code == 403
    assert row("smile").state == Tenant.State.ACTIVE


def test_every_operation_declares_a_word_of_the_platform() -> None:
    words = {word for room in registry.rooms() if room.key == "operators" for word in room.permissions}
    names = set()
    for prefix in ("operators", "api-operators"):
        resolver = get_resolver(tenant_urlconf("platform", frozenset())).namespace_dict
        assert prefix in resolver or prefix == "api-operators"
    from tenants.operators.api import urls as api_urls
    from tenants.operators.web import urls as web_urls

    for pattern in (*api_urls.urlpatterns, *web_urls.urlpatterns):
        declared = pattern.callback.permissions
        assert declared, pattern
        names |= set(declared.values())
    assert names <= words
    assert words <= names


# --- API ------------------------------------------------------------------------------------------------------------------


def test_the_api_lists_and_filters(api: APIClient) -> None:
    everybody = api.get("/api/v1/operators/tenants/").json()
    assert everybody["count"] >= 9
    slugs = {found["slug"] for found in everybody["results"]}
    assert {"smile", "orchid", "ops"} <= slugs
    smile = next(found for found in everybody["results"] if found["slug"] == "smile")
    assert smile["chain"] == "Orchid Group"
    assert smile["domains"] == [{"host": "smile.localhost", "primary": True}]
    assert not {"key_salt", "id", "schema_name", "database_role"} & set(smile)
    found = api.get("/api/v1/operators/tenants/", {"q": "willow"}).json()
    assert [tenant["slug"] for tenant in found["results"]] == ["willow"]
    assert api.get("/api/v1/operators/tenants/", {"unknown": "1"}).status_code == 400
    assert api.get("/api/v1/operators/tenants/smile/").json()["name"] == smile["name"]
    assert api.get("/api/v1/operators/tenants/nobody/").status_code == 404


def test_the_api_sets_up_and_changes(
    api: APIClient, sent: list[tuple[str, Any]], django_capture_on_commit_callbacks: Any
) -> None:
    slug = new_slug()
    wanted = {
        "slug": slug,
        "name": "青禾",
        "kind": "clinic",
        "chain": "Green Chain",
        "administrator": {"name": "Q", "mail": "q@g.example"},
    }
    with django_capture_on_commit_callbacks(execute=True):
        answer = api.post("/api/v1/operators/tenants/", wanted)
    assert answer.status_code == 201
    job = answer.json()
    assert (job["tenant"], job["state"]) == (slug, "waiting")
    assert ("tenants.provision", (job["code"],)) in sent
    assert api.get(f"/api/v1/operators/jobs/{job['code']}/").json()["steps"][0]["name"] == "schema"
    assert api.post(f"/api/v1/operators/jobs/{job['code']}/resume/").status_code == 409
    again = api.post("/api/v1/operators/tenants/", wanted)
    assert (again.status_code, again.json()["code"]) == (409, "slug_taken")
    for wrong, status in (
        ({"slug": "www"}, 422),
        ({"kind": "spaceship"}, 422),
        ({"time_zone": "Mars"}, 400),
        ({"state": "active"}, 400),
    ):
        assert api.post("/api/v1/operators/tenants/", {**wanted, "slug": new_slug(), **wrong}).status_code == status

    with django_capture_on_commit_callbacks(execute=True):
        assert (
            api.put("/api/v1/operators/tenants/smile/suspension/", {"suspended": True}).json()["state"] == "suspended"
        )
        assert api.put("/api/v1/operators/tenants/smile/suspension/", {"suspended": False}).json()["state"] == "active"
        key = next(iter(registry.verticals()))
        assert key in api.put(f"/api/v1/operators/tenants/smile/verticals/{key}/", {"active": True}).json()["verticals"]
        assert api.post("/api/v1/operators/tenants/smile/domains/", {"host": "z.example.com"}).status_code == 201
        assert api.put("/api/v1/operators/tenants/smile/domains/z.example.com/").status_code == 200
        assert api.delete("/api/v1/operators/tenants/smile/domains/z.example.com/").status_code == 422
        assert api.put("/api/v1/operators/tenants/smile/domains/smile.localhost/").status_code == 200
        assert api.delete("/api/v1/operators/tenants/smile/domains/z.example.com/").status_code == 204


def test_the_same_key_sets_up_one_tenant(api: APIClient) -> None:
    wanted = {"slug": new_slug(), "name": "青禾", "kind": "clinic", "chain": "Green Chain"}
    first = api.post("/api/v1/operators/tenants/", wanted, headers={"Idempotency-Key": "key-0001"})
    second = api.post("/api/v1/operators/tenants/", wanted, headers={"Idempotency-Key": "key-0001"})
    assert first.status_code == second.status_code == 201
    assert first.json()["code"] == second.json()["code"]


def test_the_api_shows_dead_letters_sign_ups_and_health(api: APIClient, letters: None) -> None:
    found = api.get("/api/v1/operators/tenants/smile/dead-letters/").json()["results"]
    assert {(letter["kind"], letter["type"], letter["count"]) for letter in found} == {
        ("event", "patients.registered", 3),
        ("timer", "reception.wait", 1),
    }
    assert "secret" not in json.dumps(found)
    assert api.post("/api/v1/operators/tenants/smile/dead-letters/").json() == {"requeued": 4}
    asked = signed_up()
    assert api.get("/api/v1/operators/sign-ups/", {"state": "open"}).json()["count"] == 1
    assert (
        api.post(f"/api/v1/operators/sign-ups/{asked.code}/decision/", {"approve": False}).json()["state"] == "declined"
    )
    health = api.get("/api/v1/operators/health/").json()
    assert {part["name"] for part in health["parts"]} == {"tick", "relay", "worker"}
    assert health["schemas"] >= 9


def test_the_catalogue_of_acts_is_complete() -> None:
    """Every act that is audited has its words in the history of a tenant."""
    import re
    from pathlib import Path

    from tenants.operators.web.drawing import ACTS

    source = "".join(path.read_text() for path in Path(directory.__file__).parent.rglob("actions.py"))
    verbs = set(re.findall(r'"(platform\.(?:tenant|job|domain|dead|migration)_\w+)"', source))
    assert verbs <= set(ACTS)
