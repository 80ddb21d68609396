"""The operators' desk of the tests: who sits there, what went to the broker, and letters that nobody could deliver."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from celery import Task
from django.db import transaction
from django.test import Client
from rest_framework.test import APIClient

from kernel import clock, registry
from kernel.audit.models import AuditEntry
from kernel.outbox.models import EventState, OutboxEvent
from kernel.tenancy import activate
from kernel.timers.models import Timer, TimerState
from tenants import sending
from tenants.directory import context_for, public_schema
from tenants.models import (
    SignUpRequest,
    Tenant,
    TenantVitals,
)
from tests.tenants.new_tenants import new_slug

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
