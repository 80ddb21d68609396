"""Models for the tests of the kernel's fields and machines, with tables of their own."""

from __future__ import annotations

from uuid import UUID

from django.db import connection, models

from kernel.context import Actor
from kernel.crypto import BlindIndexField, EncryptedTextField, IndexedModel
from kernel.errors import Conflict
from kernel.ids import CodeModel, VersionedModel
from kernel.states import StateMachine, Transition
from kernel.tenancy import TenantContext
from tenants.database import roles


def _needs_reason(row: models.Model, by: Actor, *, reason: str = "", **facts: object) -> str | None:
    """A reason is given."""
    return None if reason else "Say why."


def _keep_reason(row: models.Model, by: Actor, *, reason: str = "", **facts: object) -> None:
    """The reason is kept."""
    row.reason = reason  # type: ignore[attr-defined]


def _full(row: models.Model, by: Actor, **facts: object) -> Conflict | None:
    return Conflict("room_full", "The room is full.") if row.reason == "full" else None  # type: ignore[attr-defined]


MACHINE = StateMachine(
    name="probe.visit",
    initial="waiting",
    states={"waiting": "waiting", "called": "called", "finished": "finished", "cancelled": "cancelled", "lost": "lost"},
    transitions=(
        Transition(source="waiting", target="called", who=("numbering.set_format",), guard=_full, ledger=("QU-008",)),
        Transition(
            source="called", target="finished", who=("numbering.set_format",), stamp="finished_at", limit="same day"
        ),
        Transition(
            source=("waiting", "called"),
            target="cancelled",
            who=("parameters.set", "parameters.publish"),
            guard=_needs_reason,
            effect=_keep_reason,
        ),
        Transition(source="waiting", target="lost"),
    ),
)


class Visit(VersionedModel):
    """Moves through ``MACHINE``."""

    site_code: UUID | None = None
    state = models.CharField(max_length=12, choices=MACHINE.choices, default=MACHINE.initial)
    reason = models.CharField(max_length=80, blank=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "probe"
        db_table = "probe_visit"
        constraints = [MACHINE.constraint("visit_state_known")]


class Person(CodeModel, IndexedModel):
    """Holds what must not be readable in the database."""

    name = models.CharField(max_length=40)
    phone = EncryptedTextField(blank=True)
    id_number = EncryptedTextField(null=True)
    phone_index = BlindIndexField(source="phone")
    phone_tail = BlindIndexField(source="phone", last=4)
    id_index = BlindIndexField(source="id_number")

    class Meta:
        app_label = "probe"
        db_table = "probe_person"


def make_tables(tenant: TenantContext, *chosen: type[models.Model]) -> None:
    """Tables for the probe models in the tenant's schema, made as its owner. Not inside a transaction."""
    before = connection.tenant
    with connection.as_owner():
        connection.set_schema(tenant.schema_name, include_public=False)
        with connection.schema_editor() as editor:
            for model in chosen:
                editor.create_model(model)
        roles.grant_schema(tenant.schema_name, tenant.database_role)
    connection.set_tenant(before)
