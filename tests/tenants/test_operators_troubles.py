"""What waits for operators: letters that could not be delivered, migrations that failed, sign-ups."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from kernel.audit.models import AuditEntry
from kernel.outbox.models import EventState, OutboxEvent
from kernel.tenancy import activate
from kernel.timers.models import Timer, TimerState
from tenants.directory import context_for, public_schema
from tenants.models import (
    SchemaStatus,
    Tenant,
    TenantVitals,
)
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


# --- dead letters ---------------------------------------------------------------------------------------------------------


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
