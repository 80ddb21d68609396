"""The registers: each page takes one more line on top and shows its lines below."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel.errors import DomainError
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.shift import desk, selectors
from services.shift import incidents as asked
from services.shift import posts as standing
from services.shift.models import ItemEntry
from services.shift.web.forms import (
    AwayForm,
    BroadcastForm,
    EntryForm,
    ErrandForm,
    IncidentForm,
    ItemForm,
    OutcomeForm,
    ResultForm,
    TicketForm,
    VisitorForm,
    WordsForm,
    ZoneForm,
)
from services.shift.web.showing import filled_in, may, register, show_register
from services.sites.models import Site
from services.sites.web.current import site_for

REGISTERS = {"GET": "shift.view", "POST": "shift.register"}
BOTH = ("GET", "POST")


@page(permission=REGISTERS, methods=BOTH)
def items(request: HttpRequest) -> HttpResponse:
    query, kind = request.GET.get("q", "").strip()[:60], request.GET.get("kind", "")
    here = reverse("shift:items")
    kinds = [{"key": "", "label": _("All"), "url": here}]
    kinds += [{"key": key, "label": str(label), "url": f"{here}?kind={key}"} for key, label in ItemEntry.Kind.choices]

    def act(site: Site, data: dict[str, Any]) -> str:
        desk.register_item(by=request.actor, site=site, **data)
        return _("Entered")

    return register(
        request, key="items", form_class=ItemForm, act=act, query=query, kind=kind, kinds=kinds,
        rows=lambda site: selectors.items_listed(request.actor, site, query=query, kind=kind),
    )  # fmt: skip


@page(permission=REGISTERS, methods=BOTH)
def item(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_item(request.actor, code)

    def act(data: dict[str, Any]) -> str:
        desk.link_error(by=request.actor, site=found.site, entry=found, **data)
        return _("The error stands beside the entry")

    return _one(request, "item", found, WordsForm, act, errors=found.errors.all())


@page(permission=REGISTERS, methods=BOTH)
def visitors(request: HttpRequest) -> HttpResponse:
    def act(site: Site, data: dict[str, Any]) -> str:
        visitor = desk.register_visitor(by=request.actor, site=site, **data)
        return _("%(name)s has been told") % {"name": visitor.host.name}

    return register(
        request, key="visitors", form_class=VisitorForm, act=act,
        rows=lambda site: selectors.visitors_listed(request.actor, site),
    )  # fmt: skip


@page(permission="shift.register", methods=("POST",))
def visitor_received(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_visitor(request.actor, code)
    desk.receive_visitor(by=request.actor, site=found.site, visitor=found)
    return redirect_after_post(request, "shift:visitors")


@page(permission="shift.register", methods=("POST",))
def visitor_left(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_visitor(request.actor, code)
    desk.see_out(by=request.actor, site=found.site, visitor=found)
    return redirect_after_post(request, "shift:visitors")


@page(permission=REGISTERS, methods=BOTH)
def broadcasts(request: HttpRequest) -> HttpResponse:
    def act(site: Site, data: dict[str, Any]) -> str:
        desk.log_broadcast(by=request.actor, site=site, **data)
        return _("Entered")

    return register(
        request, key="broadcasts", form_class=BroadcastForm, act=act,
        rows=lambda site: selectors.broadcasts_listed(request.actor, site),
    )  # fmt: skip


@page(permission={"GET": "shift.view", "POST": "shift.cashier_area"}, methods=BOTH)
def cashier_area(request: HttpRequest) -> HttpResponse:
    def act(site: Site, data: dict[str, Any]) -> str:
        standing.let_in(by=request.actor, site=site, **data)
        return _("Inside, accompanied; note the exit")

    return register(
        request, key="cashier-area", form_class=EntryForm, act=act,
        rows=lambda site: selectors.entries_listed(request.actor, site),
    )  # fmt: skip


@page(permission="shift.cashier_area", methods=("POST",))
def entry_out(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_entry(request.actor, code)
    standing.let_out(by=request.actor, site=found.site, entry=found)
    return redirect_after_post(request, "shift:cashier-area")


@page(permission={"GET": "shift.view", "POST": "shift.leave_post"}, methods=BOTH)
def posts(request: HttpRequest) -> HttpResponse:
    def act(site: Site, data: dict[str, Any]) -> str:
        left = standing.leave_post(by=request.actor, site=site, **data)
        return _("Away; the post is empty, which is counted") if left.left_empty else _("Away, covered")

    return register(
        request, key="posts", form_class=AwayForm, act=act,
        rows=lambda site: selectors.absences_listed(request.actor, site),
    )  # fmt: skip


@page(permission="shift.leave_post", methods=("POST",))
def back(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_absence(request.actor, code)
    standing.come_back(by=request.actor, site=found.site, absence=found)
    return redirect_after_post(request, "shift:posts")


@page(permission=REGISTERS, methods=BOTH)
def incidents(request: HttpRequest) -> HttpResponse:
    def act(site: Site, data: dict[str, Any]) -> str:
        asked.report_incident(by=request.actor, site=site, **data)
        return _("The managers are called")

    return register(
        request, key="incidents", form_class=IncidentForm, act=act,
        rows=lambda site: selectors.incidents_listed(request.actor, site),
    )  # fmt: skip


@page(permission={"GET": "shift.view", "POST": "shift.answer_incident"}, methods=BOTH)
def incident(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_incident(request.actor, code)

    def act(data: dict[str, Any]) -> str:
        asked.close_incident(by=request.actor, site=found.site, incident=found, **data)
        return _("Closed")

    return _one(request, "incident", found, OutcomeForm, act)


@page(permission="shift.answer_incident", methods=("POST",))
def incident_answer(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_incident(request.actor, code)
    asked.answer_incident(by=request.actor, site=found.site, incident=found)
    return redirect_after_post(request, "shift:incident", code)


@page(permission=REGISTERS, methods=BOTH)
def hygiene(request: HttpRequest) -> HttpResponse:
    def act(site: Site, data: dict[str, Any]) -> str:
        asked.raise_ticket(by=request.actor, site=site, **data)
        return _("Whoever keeps the zone clean has it")

    return register(
        request, key="hygiene", form_class=TicketForm, act=act, **_with_zones(),
        rows=lambda site: selectors.tickets_listed(request.actor, site),
    )  # fmt: skip


@page(permission="shift.zones", methods=("POST",))
def zones(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "shift.zones")
    form = ZoneForm(request.POST, site=site)
    if not form.is_valid():
        rows = selectors.tickets_listed(request.actor, site)
        again = _with_zones(form)
        return show_register(request, site, "hygiene", TicketForm(site=site), rows, status=422, **again)
    asked.allocate_zone(by=request.actor, site=site, **form.cleaned_data)
    flash(request, _("Allocated"))
    return redirect_after_post(request, "shift:hygiene")


@page(permission="shift.clean", methods=("POST",))
def ticket_close(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_ticket(request.actor, code)
    asked.close_ticket(by=request.actor, site=found.site, ticket=found)
    flash(request, _("Clean again"))
    return redirect_after_post(request, "shift:hygiene")


@page(permission={"GET": "shift.view", "POST": "tasks.assign"}, methods=BOTH)
def errands(request: HttpRequest) -> HttpResponse:
    def act(site: Site, data: dict[str, Any]) -> str:
        errand = asked.assign_errand(by=request.actor, site=site, **data)
        return _("It lies in the day of %(name)s") % {"name": errand.assignee.name}

    return register(
        request, key="errands", form_class=ErrandForm, act=act,
        rows=lambda site: selectors.errands_listed(request.actor, site),
    )  # fmt: skip


@page(permission={"GET": "shift.view", "POST": "tasks.work"}, methods=BOTH)
def errand(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_errand(request.actor, code)

    def act(data: dict[str, Any]) -> str:
        asked.finish_errand(by=request.actor, site=found.site, errand=found, **data)
        return _("Done")

    mine = found.assignee.user_id == request.actor.user_id
    return _one(request, "errand", found, ResultForm, act, mine=mine)


@page(permission="tasks.assign", methods=("POST",))
def errand_withdraw(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_errand(request.actor, code)
    asked.withdraw_errand(by=request.actor, site=found.site, errand=found)
    flash(request, _("Withdrawn"))
    return redirect_after_post(request, "shift:errands")


def _one(
    request: HttpRequest,
    name: str,
    found: Any,
    form_class: type[forms.Form],
    act: Callable[[dict[str, Any]], str],
    **more: Any,
) -> HttpResponse:
    """The page of one line with its form."""

    def show(form: Any = None, status: int = 200, refusal: DomainError | None = None) -> HttpResponse:
        context = {
            "row": found,
            "site": found.site,
            "may": may(request, found.site),
            "form": form or form_class(),
            "refusal": refusal,
            **more,
        }
        return render_page(request, f"shift/{name}.html", context, status=status)

    if request.method != "POST":
        return show()
    return filled_in(request, form_class(request.POST), act, show, reverse(f"shift:{name}", args=[found.code]))


def _with_zones(zone_form: ZoneForm | None = None) -> dict[str, Any]:
    return {
        "zones": lambda site: list(selectors.zones_of(site)),
        "zone_form": lambda site: zone_form or ZoneForm(site=site, auto_id="zone_%s"),
    }
