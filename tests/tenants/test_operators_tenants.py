"""What operators do to a tenant: order it, switch its lines of business, suspend it, give it host names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from kernel import registry, timers
from kernel.audit.models import AuditEntry
from kernel.tenancy import activate
from tenants.billing.models import BillingAccount
from tenants.directory import context_for, public_schema
from tenants.models import (
    Chain,
    Domain,
    ProvisioningJob,
    Tenant,
    VerticalActivation,
)
from tenants.operators import selectors
from tests.tenants.new_tenants import ask, new_slug
from tests.tenants.operators_desk import (  # noqa: F401  # fixtures
    OPERATOR,
    acts,
    api,
    console,
    letters,
    row,
    sent,
    text,
)

# ruff: noqa: F811  # fixtures are imported by name

pytestmark = pytest.mark.ledger("PL-002")


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
