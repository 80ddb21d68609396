"""Pages of the billing administrator."""

from __future__ import annotations

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel import tenancy
from kernel.errors import DomainError, NotFound
from kernel.web.views import flash, page, redirect_after_post, render_page
from tenants.billing import actions, catalogue, quoting, selectors
from tenants.billing.plan_changes import Order
from tenants.billing.web.forms import OrderForm, PayerForm, StartForm

MANAGE: dict[str, Any] = {"permission": "billing.manage", "methods": ("POST",)}
EDIT: dict[str, Any] = {"permission": "billing.manage", "methods": ("GET", "POST")}


@page(permission="billing.view")
def home(request: HttpRequest) -> HttpResponse:
    """Plan, use, invoices, ladder. The next invoice is fetched afterwards: only it asks Stripe."""
    tenant = tenancy.current()
    try:
        found = selectors.overview(tenant)
    except NotFound:
        return render_page(request, "billing/none.html", {})
    if request.GET.get("checkout") == "done" and found.subscription is None:
        flash(request, _("Thank you. The subscription begins as soon as the payment service confirms it."), tone="info")
    rows = selectors.invoice_list(tenant, limit=selectors.CHARTED)
    context = {
        "billing": found,
        "meters": selectors.meter_rows(tenant),
        "invoices": rows[:6],
        "chart": selectors.invoice_chart(rows, ZoneInfo(found.account.time_zone)),
        "may_manage": _may_manage(request, found),
    }
    return render_page(request, "billing/home.html", context)


@page(permission="billing.view")
def next_invoice(request: HttpRequest) -> HttpResponse:
    """The next invoice, explained line by line."""
    context: dict[str, Any] = {}
    try:
        context["next"] = selectors.next_invoice(tenancy.current())
    except NotFound:
        context["next"] = None
    except DomainError as refusal:
        context["failed"] = refusal
    return render_page(request, "billing/_next.html", context)


@page(**EDIT)
def start(request: HttpRequest) -> HttpResponse:
    """Choose a first plan; then to Stripe's checkout, or an invoice."""
    found = selectors.overview(tenancy.current())
    order = selectors.starting_order(
        interval=request.GET.get("interval", "month") if request.method == "GET" else "month"
    )
    form = StartForm(request.POST or None, tenants=found.businesses, order=order)
    if request.method == "POST" and form.is_valid():
        if form.cleaned_data["paid_by"] == "card":
            return _leave(
                request, actions.start_checkout(by=request.actor, order=form.order(), return_url=_here(request))
            )
        actions.start_invoice_subscription(by=request.actor, order=form.order())
        flash(request, _("The subscription runs. The first invoice is on its way."))
        return redirect_after_post(request, "billing:home")
    context = {
        "form": form, "billing": found, "plans": catalogue.PLANS.values(), "intervals": catalogue.INTERVALS,
        "prices": _prices(order),
    }  # fmt: skip
    return render_page(request, "billing/start.html", context, invalid=form)


@page(**EDIT)
def change(request: HttpRequest) -> HttpResponse:
    """Calculate a change; nothing counts before it is confirmed."""
    tenant = tenancy.current()
    found = selectors.overview(tenant)
    order = selectors.present_order(tenant)
    if order is None:
        return redirect_after_post(request, "billing:start") if request.method == "POST" else _to("billing:start")
    form = OrderForm(request.POST or None, tenants=found.businesses, order=order)
    quote = refusal = None
    if request.method == "POST" and form.is_valid():
        if "confirm" in request.POST:
            actions.change_plan(by=request.actor, order=form.order())
            flash(request, _("Changed. What was added counts from today."))
            return redirect_after_post(request, "billing:home")
        try:
            quote = quoting.quote(tenant, form.order())
        except DomainError as error:
            refusal = error
    context = {"form": form, "billing": found, "quote": quote, "refusal": refusal, "prices": _prices(order)}
    status = refusal.status if refusal else 200
    return render_page(request, "billing/change.html", context, status=status, invalid=form)


@page(**MANAGE)
def cancel(request: HttpRequest) -> HttpResponse:
    """End the subscription with its period."""
    actions.cancel_subscription(by=request.actor)
    flash(request, _("The subscription ends with its period. The data stays and can be exported."))
    return redirect_after_post(request, "billing:home")


@page(**MANAGE)
def resume(request: HttpRequest) -> HttpResponse:
    """Take the cancellation back."""
    actions.resume_subscription(by=request.actor)
    flash(request, _("The subscription goes on."))
    return redirect_after_post(request, "billing:home")


@page(**MANAGE)
def portal(request: HttpRequest) -> HttpResponse:
    """To Stripe's portal, where cards are kept."""
    return _leave(request, actions.open_portal(by=request.actor, return_url=_here(request)))


@page(**EDIT)
def payer(request: HttpRequest) -> HttpResponse:
    """Who stands on the invoices."""
    found = selectors.overview(tenancy.current())
    known = {name: getattr(found.account, name) for name in ("name", "tax_number", "email", "version")}
    form = PayerForm(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid():
        actions.update_payer(by=request.actor, **form.cleaned_data)
        flash(request, _("Saved"))
        return redirect_after_post(request, "billing:home")
    return render_page(request, "billing/payer.html", {"form": form}, invalid=form)


@page(permission="billing.view")
def invoices(request: HttpRequest) -> HttpResponse:
    """All invoices."""
    tenant = tenancy.current()
    found = selectors.overview(tenant)
    context = {
        "billing": found,
        "invoices": selectors.invoice_list(tenant, limit=300),
        "may_manage": _may_manage(request, found),
    }
    return render_page(request, "billing/invoices.html", context)


@page(permission="billing.view")
def invoice(request: HttpRequest, code: UUID) -> HttpResponse:
    """One invoice, explained."""
    tenant = tenancy.current()
    found = selectors.overview(tenant)
    row, lines = selectors.invoice_explained(tenant, code)
    context = {"billing": found, "invoice": row, "lines": lines, "may_manage": _may_manage(request, found)}
    return render_page(request, "billing/invoice.html", context)


@page(**MANAGE)
def pay(request: HttpRequest, code: UUID) -> HttpResponse:
    """Charge an open invoice now."""
    actions.retry_payment(by=request.actor, invoice_code=code)
    flash(request, _("Paid. Everything is open."))
    return redirect_after_post(request, "billing:home")


def _may_manage(request: HttpRequest, found: selectors.Overview) -> bool:
    return found.managed_here and request.actor.can("billing.manage")


def _prices(order: Order) -> list[catalogue.Component]:
    return list(catalogue.components(order.plan, order.interval).values())


def _here(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("billing:home"))


def _to(name: str) -> HttpResponse:
    return HttpResponseRedirect(reverse(name))


def _leave(request: HttpRequest, address: str) -> HttpResponse:
    """Go to the payment service. A redirect of a form would fall to the page's own policy (form-action), so the
    browser is told to go there by htmx; without it, a page with a link does.
    """
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return render_page(request, "billing/leave.html", {"address": address})
