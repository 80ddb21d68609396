"""The operators' console and its API: what they see, what they do, and what nobody else may."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from celery import Task
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver
from rest_framework.test import APIClient

from config.urls import tenant_urlconf
from kernel import clock, registry, timers
from kernel.audit.models import AuditEntry
from kernel.ids import uuid7
from kernel.outbox.models import EventState, OutboxEvent
from kernel.schedule import actions as due_index
from kernel.tenancy import activate
from kernel.timers.models import Timer, TimerState
from tenants import directory, sending
from tenants.billing.models import BillingAccount
from tenants.directory import context_for, public_schema
from tenants.models import (
    Chain,
    Domain,
    ProvisioningJob,
    SchemaStatus,
    SignUpRequest,
    Tenant,
    TenantVitals,
    VerticalActivation,
)
from tenants.operators import selectors
from tests.tenants.new_tenants import SYSTEM, ask, new_slug

pytestmark = pytest.mark.ledger("PL-002")
OPERATOR = "op.lu"


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Task and arguments of what went to the broker."""
    messages: list[tuple[str, Any]] = []

    def keep(self: Task, args: Any = None, kwargs: Any = None, *posted: Any, **options: Any) -> None:
        messages.append((self.name, args))

    monkeypatch.setattr(Task, "apply_async", keep)
    monkeypatch.setattr(sending, "_breaker", sending._Breaker())
    return messages


@pytest.fixture
def console(client_for: Callable[..., Client]) -> Client:
    return client_for(OPERATOR, "ops")


@pytest.fixture
def api(api_for: Callable[..., APIClient]) -> APIClient:
    return api_for(OPERATOR, "ops")


def text(response: Any) -> str:
    return response.content.decode()


def row(slug: str) -> Tenant:
    with public_schema():
        return Tenant.objects.select_related("chain").get(slug=slug)


def acts(slug: str) -> list[str]:
    """What the operators' own audit says about a tenant."""
    with activate(context_for(slug="ops")):
        return list(
            AuditEntry.objects.filter(verb__startswith="platform.", data__slug=slug)
            .order_by("id")
            .values_list("verb", flat=True)
        )


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


# --- setting up -----------------------------------------------------------------------------------------------------------


def order(**changes: Any) -> dict[str, Any]:
    return {
        "name": "青禾口腔",
        "slug": new_slug(),
        "chain_name": "Green Chain",
        "kind": "clinic",
        "time_zone": "Asia/Shanghai",
        "language": "zh-hans",
        "profile": "default",
        "administrator_name": "",
        "administrator_mail": "",
        **changes,
    }


def test_ordering_a_tenant_leads_to_its_job(
    console: Client, sent: list[tuple[str, Any]], django_capture_on_commit_callbacks: Any
) -> None:
    vertical = next(iter(registry.verticals()))
    wanted = order(verticals=[vertical], administrator_name="秦禾", administrator_mail="qin@green.example")
    with django_capture_on_commit_callbacks(execute=True):
        answer = console.post("/tenants/new/", wanted)
    with public_schema():
        job = ProvisioningJob.objects.select_related("tenant__chain").get(tenant__slug=wanted["slug"])
        assert job.options == {"administrator": {"name": "秦禾", "mail": "qin@green.example"}}
        assert VerticalActivation.objects.filter(tenant=job.tenant, vertical=vertical, active=True).exists()
        # The chain's account begins with a trial.
        assert BillingAccount.objects.get(chain=job.tenant.chain).email == "qin@green.example"
    assert answer.status_code == 303
    assert answer["Location"] == f"/jobs/{job.code}/"
    assert ("tenants.provision", (str(job.code),)) in sent
    page = text(console.get(answer["Location"]))
    assert 'data-poll="1"' in page
    assert acts(wanted["slug"]) == ["platform.tenant_requested"]


@pytest.mark.parametrize(
    "changes",
    [
        {"slug": "smile"},
        {"slug": "www"},
        {"slug": "ops"},
        {"slug": "No Good"},
        {"kind": "platform"},
        {"kind": "spaceship"},
        {"time_zone": "Mars/Olympus"},
        {"administrator_mail": "no address"},
        {"administrator_name": "Somebody without an address"},
        {"verticals": ["astrology"]},
        {"name": ""},
    ],
)
def test_a_wrong_order_is_refused_beside_its_field(console: Client, changes: dict[str, Any]) -> None:
    wanted = order(**changes)
    with public_schema():
        before = Tenant.objects.count()
    answer = console.post("/tenants/new/", wanted)
    assert answer.status_code == 422
    assert "field-bad" in text(answer) or "form-errors" in text(answer)
    with public_schema():
        assert Tenant.objects.count() == before
        assert not Chain.objects.filter(name="Green Chain").exists()


def test_the_address_is_looked_at_while_typing(console: Client) -> None:
    free, taken = console.get("/tenants/new/address/?slug=brandnew"), console.get("/tenants/new/address/?slug=smile")
    assert "text-ok" in text(free)
    assert "text-late" in text(taken)


def test_a_stopped_job_says_why_and_is_resumed(
    console: Client, sent: list[tuple[str, Any]], django_capture_on_commit_callbacks: Any
) -> None:
    job = ask()
    with public_schema():
        ProvisioningJob.objects.filter(pk=job.pk).update(
            state="failed", steps_done=["schema", "role"], error="content: Boom: on purpose", timings={"schema": 440}
        )
    page = text(console.get(f"/jobs/{job.code}/"))
    assert "content: Boom: on purpose" in page
    assert "0.44 s" in page
    assert "data-poll=" not in page.split('id="job"')[1].split(">")[0]
    assert job.tenant.name in text(console.get("/jobs/"))
    with django_capture_on_commit_callbacks(execute=True):
        assert console.post(f"/jobs/{job.code}/resume/").status_code == 303
    assert ("tenants.provision", (str(job.code),)) in sent
    # Only what stopped can be resumed.
    assert console.post(f"/jobs/{job.code}/resume/").status_code == 409


# --- changing -------------------------------------------------------------------------------------------------------------


def test_switching_a_vertical_off_and_on(
    console: Client, client_for: Callable[..., Client], django_capture_on_commit_callbacks: Any
) -> None:
    smile = context_for(slug="smile")
    key = next(iter(smile.verticals))
    assert "data-open" in text(console.get("/tenants/smile/"))
    with django_capture_on_commit_callbacks(execute=True):
        console.post(f"/tenants/smile/verticals/{key}/", {"active": "0"})
    assert key not in context_for(slug="smile").verticals
    # Its pages do not exist any more, for anybody.
    mounted = registry.verticals()[key].path
    assert client_for("admin.smile", "smile").get(f"/{mounted}/").status_code == 404
    with django_capture_on_commit_callbacks(execute=True):
        console.post(f"/tenants/smile/verticals/{key}/", {"active": "1"})
    assert key in context_for(slug="smile").verticals
    assert acts("smile")[-2:] == ["platform.vertical_switched_off", "platform.vertical_switched_on"]
    # The tenant finds in its own audit what was done to it.
    with activate(smile):
        entry = AuditEntry.objects.filter(verb="platform.vertical_switched_off").get()
        assert (entry.actor_kind, entry.actor_code, entry.data) == (
            "system",
            None,
            {"vertical": key, "operator": OPERATOR},
        )


def test_switching_twice_loads_no_content_twice(console: Client, django_capture_on_commit_callbacks: Any) -> None:
    from tests.tenants.new_tenants import rows_of

    key = next(iter(context_for(slug="smile").verticals))
    with activate(context_for(slug="smile")):
        timers.ensure_daily()
    before = rows_of(context_for(slug="smile"))
    for active in ("0", "1", "0", "1"):
        with django_capture_on_commit_callbacks(execute=True):
            console.post(f"/tenants/smile/verticals/{key}/", {"active": active})
    after = rows_of(context_for(slug="smile"))
    changed = {table for table in after if after[table] != before[table]}
    assert changed <= {"audit_auditentry"}


def test_an_unknown_vertical_is_refused(console: Client) -> None:
    assert console.post("/tenants/smile/verticals/astrology/", {"active": "1"}).status_code == 422


def test_the_plan_bounds_what_can_be_switched_on(console: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from tenants.provisioning import actions as provisioning

    smile = context_for(slug="smile")
    key = next(key for key in registry.verticals() if key not in smile.verticals)
    monkeypatch.setattr(provisioning, "verticals_allowed", lambda tenant: frozenset(smile.verticals))
    assert console.post(f"/tenants/smile/verticals/{key}/", {"active": "1"}).status_code == 409
    with public_schema():
        assert not VerticalActivation.objects.filter(tenant__slug="smile", vertical=key, active=True).exists()
    # Switching off is never a question of the plan.
    own = next(iter(smile.verticals))
    assert console.post(f"/tenants/smile/verticals/{own}/", {"active": "0"}).status_code == 303


def test_suspending_and_letting_go_on(console: Client, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        console.post("/tenants/smile/suspension/", {"suspended": "1"})
    assert context_for(slug="smile").billing_state == "suspended"
    assert "suspended" in {concern.key for concern in selectors.tenant_row(row("smile")).concerns}
    with django_capture_on_commit_callbacks(execute=True):
        console.post("/tenants/smile/suspension/", {"suspended": "0"})
    assert context_for(slug="smile").billing_state != "suspended"
    assert acts("smile")[-2:] == ["platform.tenant_suspended", "platform.tenant_resumed"]


def test_the_operators_cannot_suspend_themselves(console: Client) -> None:
    assert console.post("/tenants/ops/suspension/", {"suspended": "1"}).status_code == 422
    assert row("ops").state == Tenant.State.ACTIVE


def test_a_tenant_that_is_being_set_up_cannot_be_changed(console: Client) -> None:
    slug = ask().tenant.slug
    key = next(iter(registry.verticals()))
    assert console.post(f"/tenants/{slug}/suspension/", {"suspended": "1"}).status_code == 409
    assert console.post(f"/tenants/{slug}/verticals/{key}/", {"active": "1"}).status_code == 409
    assert console.post(f"/tenants/{slug}/dead-letters/").status_code == 409
    assert console.get(f"/tenants/{slug}/").status_code == 200


def test_host_names_of_a_tenants_own(console: Client, client: Client, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert console.post("/tenants/smile/domains/", {"host": " Zahn.Example.COM. "}).status_code == 303
    assert context_for(host="zahn.example.com").slug == "smile"
    assert client.get("/accounts/login/", headers={"Host": "zahn.example.com"}).status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        console.post("/tenants/smile/domains/primary/", {"host": "zahn.example.com"})
    assert context_for(slug="smile").host == "zahn.example.com"
    # What links use cannot be removed, nor the subdomain.
    for host in ("zahn.example.com", "smile.localhost"):
        assert console.post("/tenants/smile/domains/remove/", {"host": host}).status_code == 422
    with django_capture_on_commit_callbacks(execute=True):
        console.post("/tenants/smile/domains/primary/", {"host": "smile.localhost"})
        console.post("/tenants/smile/domains/remove/", {"host": "zahn.example.com"})
    assert context_for(host="zahn.example.com") is None
    assert client.get("/", headers={"Host": "zahn.example.com"}).status_code == 404


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "derma.localhost",
        "ops.localhost",
        "no dots",
        "http://x.example.com",
        "x.example.com:8000",
        "-x.example.com",
        "10.0.0.1",
        "x..com",
        "",
    ],
)
def test_host_names_that_cannot_be_used(console: Client, host: str) -> None:
    with public_schema():
        before = Domain.objects.count()
    assert console.post("/tenants/smile/domains/", {"host": host}).status_code == 422
    with public_schema():
        assert Domain.objects.count() == before


def test_a_host_name_leads_to_one_tenant_only(console: Client) -> None:
    assert console.post("/tenants/smile/domains/", {"host": "one.example.com"}).status_code == 303
    assert console.post("/tenants/derma/domains/", {"host": "one.example.com"}).status_code == 422
    with public_schema():
        assert Domain.objects.get(domain="one.example.com").tenant.slug == "smile"


# --- dead letters ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def letters(data: None) -> None:
    present = clock.now()
    with activate(context_for(slug="smile")), transaction.atomic():
        for number in range(3):
            OutboxEvent.objects.create(
                type="patients.registered", key=f"secret-key-{number}", payload={"patient": "secret-payload"},
                occurred_at=present, try_at=present, state=EventState.FAILED, attempts=8, last_error="ValueError",
            )  # fmt: skip
        Timer.objects.create(
            kind="reception.wait",
            key="secret-timer",
            due_at=present,
            try_at=present,
            state=TimerState.FAILED,
            last_error="Conflict: busy",
        )
    with public_schema():
        TenantVitals.objects.update_or_create(
            tenant=row("smile"), defaults={"dead_events": 3, "dead_timers": 1, "measured_at": present}
        )


def test_dead_letters_show_types_and_never_contents(console: Client, letters: None) -> None:
    for path in ("/dead-letters/", "/tenants/smile/"):
        page = text(console.get(path))
        assert "patients.registered" in page
        assert "reception.wait" in page
        assert "secret" not in page


def test_dead_letters_are_tried_again(console: Client, letters: None) -> None:
    assert console.post("/tenants/smile/dead-letters/").status_code == 303
    with activate(context_for(slug="smile")):
        assert not OutboxEvent.objects.filter(state=EventState.FAILED).exists()
        assert not Timer.objects.filter(state=TimerState.FAILED).exists()
        assert AuditEntry.objects.filter(verb="platform.dead_letters_requeued", data__count=4).exists()
    with public_schema():
        assert TenantVitals.objects.get(tenant__slug="smile").dead_events == 0
    assert console.post("/tenants/smile/dead-letters/").status_code == 303  # nothing left is no error


def test_a_failed_migration_is_tried_again(
    console: Client, sent: list[tuple[str, Any]], django_capture_on_commit_callbacks: Any
) -> None:
    with public_schema():
        SchemaStatus.objects.filter(schema_name="t_smile").update(state="failed", error="LockNotAvailable: 5 s")
    assert "LockNotAvailable: 5 s" in text(console.get("/tenants/smile/"))
    with django_capture_on_commit_callbacks(execute=True):
        assert console.post("/tenants/smile/migration/").status_code == 303
    assert ("tenants.migrate", ("smile",)) in sent


# --- sign-ups -------------------------------------------------------------------------------------------------------------


def signed_up(**changes: Any) -> SignUpRequest:
    with public_schema():
        return SignUpRequest.objects.create(
            **{
                "company": "青禾口腔",
                "slug": new_slug(),
                "kind": "clinic",
                "verticals": [next(iter(registry.verticals()))],
                "contact_name": "秦禾",
                "contact_mail": "qin@green.example",
                "created_at": clock.now(),
                **changes,
            }
        )


def test_a_sign_up_is_approved_once(console: Client) -> None:
    asked = signed_up()
    assert "qin@green.example" in text(console.get("/sign-ups/"))
    answer = console.post(f"/sign-ups/{asked.code}/", {"answer": "yes"})
    with public_schema():
        asked.refresh_from_db()
        assert asked.state == "approved"
        assert asked.decided_by == OPERATOR
        tenant = Tenant.objects.select_related("chain").get(slug=asked.slug)
        assert tenant.chain.name == "青禾口腔"
    assert answer["Location"] == f"/jobs/{asked.job.code}/"
    assert console.post(f"/sign-ups/{asked.code}/", {"answer": "yes"}).status_code == 409
    assert console.post(f"/sign-ups/{asked.code}/", {"answer": "no"}).status_code == 409


def test_typing_a_chains_name_does_not_lead_into_it(console: Client) -> None:
    asked = signed_up(company="Orchid Group")
    console.post(f"/sign-ups/{asked.code}/", {"answer": "yes"})
    tenant = row(asked.slug)
    assert tenant.chain.name == f"Orchid Group ({asked.slug})"
    assert tenant.chain.pk != row("smile").chain.pk
    # The operator may say that it belongs there.
    branch = signed_up()
    console.post(f"/sign-ups/{branch.code}/", {"answer": "yes", "chain_name": "Orchid Group"})
    assert row(branch.slug).chain.pk == row("smile").chain.pk


def test_a_declined_sign_up_frees_its_subdomain(console: Client) -> None:
    asked = signed_up()
    console.post(f"/sign-ups/{asked.code}/", {"answer": "no"})
    with public_schema():
        asked.refresh_from_db()
        assert asked.state == "declined"
        assert not Tenant.objects.filter(slug=asked.slug).exists()
    signed_up(slug=asked.slug)


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
