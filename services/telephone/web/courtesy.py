"""Pages of courtesy calls."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kernel.access import holds
from kernel.errors import DomainError, RuleRefused
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.patients.reading import note_listing
from services.telephone import courtesy
from services.telephone.models import CourtesyCall, CourtesyOrder
from services.telephone.web.forms import CourtesyForm, CourtesyResultForm
from services.telephone.web.views import area_tabs, show_on_fields, working_place

SHOWN = 50


@page(permission={"GET": "telephone.view", "POST": "telephone.manage"}, methods=("GET", "POST"))
def orders(request: HttpRequest) -> HttpResponse:
    """The lists that superiors gave; a POST gives one more."""
    site = working_place(request, "telephone.view")
    form = CourtesyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        try:
            made = courtesy.order_calls(by=request.actor, site=site, patients=data.pop("numbers"), **data)
        except RuleRefused as error:
            show_on_fields(form, error)
        else:
            flash(request, _("The callers have the list"))
            return redirect_after_post(request, "telephone:courtesy-order", made.code)
    context = {
        "site": site,
        "form": form,
        "rows": list(courtesy.orders_at(request.actor, site)[:SHOWN]),
        "parts": area_tabs("courtesy"),
        "may_order": holds(request.actor, "telephone.manage", site=site.code),
    }
    return render_page(request, "telephone/courtesy.html", context, invalid=form)


@page(permission="telephone.view")
def order(request: HttpRequest, code: UUID) -> HttpResponse:
    found = courtesy.access_order(request.actor, code)
    return render_page(request, "telephone/courtesy_order.html", _order(request, found))


@page(permission="telephone.log", methods=("POST",))
def result(request: HttpRequest, code: UUID) -> HttpResponse:
    """What one call brought."""
    found = courtesy.access_courtesy(request.actor, code)
    form = CourtesyResultForm(request.POST)
    try:
        given: dict[str, Any] = form.cleaned_data if form.is_valid() else {"result": ""}
        courtesy.note_result(by=request.actor, site=found.order.site, courtesy=found, **given)
    except DomainError as error:
        context = _order(request, courtesy.access_order(request.actor, found.order.code), refusal=error)
        return render_page(request, "telephone/courtesy_order.html", context, status=error.status)
    flash(request, _("Noted"))
    return redirect_after_post(request, "telephone:courtesy-order", found.order.code)


def _order(request: HttpRequest, found: CourtesyOrder, *, refusal: DomainError | None = None) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    rows = list(found.calls.select_related("patient", "call"))
    note_listing(actor, [row.patient for row in rows])
    return {
        "order": found,
        "site": found.site,
        "rows": rows,
        "refusal": refusal,
        "results": CourtesyCall.Result.choices,
        "may_log": holds(actor, "telephone.log", site=found.site.code),
    }
