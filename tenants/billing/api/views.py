"""Billing over the API: the same reads as its pages, and the calculation of a change."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from kernel import tenancy
from kernel.api.pages import paged
from kernel.api.views import ApiView
from kernel.errors import NotFound
from tenants.billing import quoting, selectors
from tenants.billing.api.serializers import ExplainedOut, InvoiceOut, NextOut, OrderIn, QuoteOut, SubscriptionOut
from tenants.billing.plan_changes import Order
from tenants.billing.scope import public_schema


class SubscriptionDetail(ApiView):
    """The subscription of the account that pays for this tenant: state, limits with their use, the ladder."""

    permissions = {"GET": "billing.view"}
    outputs = {"GET": SubscriptionOut}

    def get(self, request: Request) -> Response:
        tenant = tenancy.current()
        found = selectors.overview(tenant)
        account, sub = found.account, found.subscription
        row = {
            "account": account.code,
            "name": account.name,
            "state": account.state,
            "plan": sub.plan if sub else None,
            "interval": sub.interval if sub else None,
            "collection": account.collection,
            "period_start": sub.period_start if sub else None,
            "period_end": sub.period_end if sub else None,
            "cancel_at": sub.cancel_at if sub else None,
            "trial_ends_at": account.trial_ends_at,
            "past_due_since": account.past_due_since,
            "debt_fen": found.debt_fen,
            "managed_here": found.managed_here,
            "stripe_customer": account.stripe_customer,
            "stripe_subscription": sub.stripe_id if sub else None,
            "meters": selectors.meter_rows(tenant),
            "ladder": found.ladder,
        }
        return Response(SubscriptionOut(row).data)


class Invoices(ApiView):
    """Invoices, the newest first."""

    permissions = {"GET": "billing.view"}
    outputs = {"GET": paged(InvoiceOut)}

    def get(self, request: Request) -> Response:
        tenant = tenancy.current()
        with public_schema():
            return self.page(selectors.invoices(tenant), InvoiceOut)


class Invoice(ApiView):
    """One invoice, explained line by line."""

    permissions = {"GET": "billing.view"}
    outputs = {"GET": ExplainedOut}

    def get(self, request: Request, code: UUID) -> Response:
        row, lines = selectors.invoice_explained(tenancy.current(), code)
        said: dict[str, Any] = {str(name): getattr(row, str(name)) for name in InvoiceOut().fields}
        return Response(ExplainedOut(said | {"lines": lines}).data)


class Next(ApiView):
    """The next invoice, explained line by line; estimates are marked. Asks the payment service."""

    permissions = {"GET": "billing.view"}
    outputs = {"GET": NextOut}

    def get(self, request: Request) -> Response:
        found = selectors.next_invoice(tenancy.current())
        if found is None:
            raise NotFound("no_next_invoice", _("No invoice follows."))
        return Response(NextOut(found).data)


class Preview(ApiView):
    """What a change would cost. Nothing is changed."""

    permissions = {"POST": "billing.manage"}
    inputs = {"POST": OrderIn}
    outputs = {"POST": (200, QuoteOut)}
    idempotent = False  # it changes nothing, and speaks to the payment service

    def post(self, request: Request) -> Response:
        data = self.read(request)
        quantities: dict[str, dict[str, int]] = {}
        for part in data["parts"]:
            quantities.setdefault(part["tenant"], {})[part["key"]] = part["quantity"]
        order = Order(plan=data["plan"], interval=data["interval"], quantities=quantities)
        found = quoting.quote(tenancy.current(), order)
        row = {name: getattr(found, name) for name in found.__slots__} | {
            "later": found.later,
            "refused": found.refusal.code if found.refusal else None,
        }
        return Response(QuoteOut(row).data)
