"""The correction book over the API: the same actions as its pages; signatures ask for a fresh proof of who signs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.filters import Choice, Code, Filters
from kernel.api.pages import paged
from kernel.api.views import ApiView
from kernel.identity.sign_in import require_recent_authentication
from services.cashier.access import access_receipt
from services.cashier.taking import HandedOver
from services.corrections import actions, selectors
from services.corrections.api.serializers import EntryIn, EntryOut, OpinionIn, RejectIn
from services.corrections.machines import CORRECTION
from services.patients.selectors import access_patient


class Entries(ApiView):
    """The correction book; and another entry of the cashier who erred."""

    permissions = {"GET": "corrections.view", "POST": "corrections.write"}
    inputs = {"POST": EntryIn}
    outputs = {"GET": paged(EntryOut), "POST": EntryOut}
    filters = Filters(
        Choice("state", "state", list(CORRECTION.states)),
        Code("receipt", "receipt__code"),
        Code("site", "site__code"),
        ordering={"drafted_at": "drafted_at"},
        default="-drafted_at",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.entries(self.actor), EntryOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        receipt = access_receipt(self.actor, data["receipt"], "corrections.write")
        made = actions.write_entry(
            by=self.actor,
            site=receipt.site,
            receipt=receipt,
            **{name: data[name] for name in ("kind", "cause", "wrong", "right")},
            patient=access_patient(self.actor, data["patient"]) if data["patient"] else None,
            owed=None if data["owed"] is None else {row["line"]: row["owed_fen"] for row in data["owed"]},
            payments=[_given(row) for row in data["payments"]],
        )
        return self.one(selectors.access_entry(self.actor, made.code, "corrections.write"), EntryOut, status=201)


def _given(row: dict[str, Any]) -> HandedOver:
    return HandedOver(
        tender=row["tender"], fen=row["tendered_fen"], card_number=row["card_last_four"], reference=row["reference"]
    )


class Entry(ApiView):
    """One entry of the book."""

    permissions = {"GET": "corrections.view"}
    outputs = {"GET": EntryOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(selectors.access_entry(self.actor, code), EntryOut)


class Verify(ApiView):
    """The supervisor signs; asks for a fresh proof of who signs."""

    permissions = {"POST": "corrections.verify"}
    inputs = {"POST": OpinionIn}
    outputs = {"POST": (200, EntryOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_entry(self.actor, code, "corrections.verify")
        data = self.read(request)
        require_recent_authentication(request)  # type: ignore[arg-type]
        actions.verify(by=self.actor, site=found.site, entry=found, **data)
        return self.one(selectors.access_entry(self.actor, code, "corrections.verify"), EntryOut)


class Reject(ApiView):
    """The supervisor rejects it, with the reason."""

    permissions = {"POST": "corrections.verify"}
    inputs = {"POST": RejectIn}
    outputs = {"POST": (200, EntryOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_entry(self.actor, code, "corrections.verify")
        data = self.read(request)
        require_recent_authentication(request)  # type: ignore[arg-type]
        actions.reject(by=self.actor, site=found.site, entry=found, **data)
        return self.one(selectors.access_entry(self.actor, code, "corrections.verify"), EntryOut)


class Apply(ApiView):
    """Change the data, once. Whose word it is says the parameter ``correction_editor``."""

    permissions = {"POST": "corrections.view"}
    outputs = {"POST": (200, EntryOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_entry(self.actor, code)
        require_recent_authentication(request)  # type: ignore[arg-type]
        actions.apply(by=self.actor, site=found.site, entry=found)
        return self.one(selectors.access_entry(self.actor, code), EntryOut)


class Acknowledge(ApiView):
    """The higher supervisor has read it; it is ticked."""

    permissions = {"POST": "corrections.acknowledge"}
    outputs = {"POST": (200, EntryOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_entry(self.actor, code, "corrections.acknowledge")
        require_recent_authentication(request)  # type: ignore[arg-type]
        actions.acknowledge(by=self.actor, site=found.site, entry=found)
        return self.one(selectors.access_entry(self.actor, code, "corrections.acknowledge"), EntryOut)
