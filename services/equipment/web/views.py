"""Pages of the register: devices, their maintenance and faults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel.access import holds
from kernel.errors import DomainError
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.equipment import actions, selectors
from services.equipment.machines import DEVICE, WORKS
from services.equipment.models import Device
from services.equipment.web.forms import CloseForm, DeviceForm, FaultForm, LinkForm, MaintenanceForm
from services.guest_care.queue import open_fault
from services.patients.reading import note_listing
from services.sites.selectors import today
from services.sites.web.current import site_for

PER_PAGE = 50
VIEW, REPORT, MAINTAIN, MANAGE = "equipment.view", "equipment.report", "equipment.maintain", "equipment.manage"


@page(permission=VIEW)
def register(request: HttpRequest) -> HttpResponse:
    """The devices of a site: capability, room, treatments, next maintenance, state."""
    site = site_for(request, VIEW)
    rows = selectors.devices(request.actor).filter(site=site)
    state = request.GET.get("state", "")
    if state in DEVICE.states:
        rows = rows.filter(state=state)
    here = reverse("equipment:register")
    tabs: list[dict[str, Any]] = [{"key": "", "label": _("All"), "url": here}]
    tabs += [{"key": key, "label": label, "url": f"{here}?state={key}"} for key, label in DEVICE.choices]
    context = {
        "site": site,
        "today": today(site),
        "rows": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "tabs": tabs,
        "show": state,
        # The calling screen keeps its fault where it is called: here is the way to it.
        "screen_fault": open_fault(site),
        "may_call": holds(request.actor, "guest_care.queue", site=site.code),
        "may_manage": holds(request.actor, MANAGE, site=site.code),
    }
    return render_page(request, "equipment/register.html", context)


@page(permission=MANAGE, methods=("GET", "POST"))
def new(request: HttpRequest) -> HttpResponse:
    """Enter a device."""
    site = site_for(request, MANAGE)
    form = DeviceForm(request.POST or None, site=site)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.register_device(by=request.actor, site=site, **form.cleaned_data)
        except DomainError as error:
            refusal = error
        else:
            flash(request, _("Device %(number)s entered") % {"number": made.number})
            return redirect_after_post(request, "equipment:device", made.code)
    status = refusal.status if refusal is not None else 200
    context = {"site": site, "form": form, "refusal": refusal}
    return render_page(request, "equipment/new.html", context, status=status, invalid=form)


@page(permission=VIEW)
def device(request: HttpRequest, code: UUID) -> HttpResponse:
    """One device: capability, treatments, maintenance, faults with their downtime, bookings that need it."""
    found = selectors.access_device(request.actor, code)
    return render_page(request, "equipment/device.html", _shown(request, found))


@page(permission=MANAGE, methods=("POST",))
def link(request: HttpRequest, code: UUID) -> HttpResponse:
    """The treatments that need it."""
    return _act(request, code, MANAGE, LinkForm, "link_form", actions.link_treatments, _("Stored"))


@page(permission=MAINTAIN, methods=("POST",))
def maintain(request: HttpRequest, code: UUID) -> HttpResponse:
    """Maintenance begins."""
    return _act(request, code, MAINTAIN, forms.Form, "", actions.begin_maintenance, _("In maintenance"))


@page(permission=MAINTAIN, methods=("POST",))
def maintained(request: HttpRequest, code: UUID) -> HttpResponse:
    """Maintenance is done; its record."""
    return _act(
        request, code, MAINTAIN, MaintenanceForm, "maintenance_form", actions.finish_maintenance, _("Record stored")
    )


@page(permission=REPORT, methods=("POST",))
def fault(request: HttpRequest, code: UUID) -> HttpResponse:
    """Something is wrong with it."""
    return _act(request, code, REPORT, FaultForm, "fault_form", actions.report_fault, _("Reported; somebody is called"))


@page(permission=MAINTAIN, methods=("POST",))
def back(request: HttpRequest, code: UUID) -> HttpResponse:
    """A device that was given up works again."""
    return _act(request, code, MAINTAIN, forms.Form, "", actions.return_to_service, _("In service again"))


@page(permission=MAINTAIN, methods=("POST",))
def close(request: HttpRequest, code: UUID) -> HttpResponse:
    """The fault is repaired, or the device given up."""
    found = selectors.access_fault(request.actor, code, MAINTAIN)
    form = CloseForm(request.POST)
    if not form.is_valid():
        shown = _shown(request, selectors.access_device(request.actor, found.device.code), close_form=form)
        return render_page(request, "equipment/device.html", shown, invalid=form)
    actions.close_fault(
        by=request.actor, site=found.site, fault=found, repaired=request.POST.get("answer") == "repaired",
        **form.cleaned_data,
    )  # fmt: skip
    flash(request, _("Ticket closed"))
    return redirect_after_post(request, "equipment:device", found.device.code)


# --- parts ------------------------------------------------------------------------------------------------------------


def _act(
    request: HttpRequest,
    code: UUID,
    word: str,
    form_class: type[forms.Form],
    name: str,
    act: Callable[..., Any],
    said: str,
) -> HttpResponse:
    """Read the form, take the step, and go back; with what is missing the page comes again as 422."""
    found = selectors.access_device(request.actor, code, word)  # type: ignore[attr-defined]
    form = form_class(request.POST)
    if not form.is_valid():
        return render_page(request, "equipment/device.html", _shown(request, found, **{name: form}), invalid=form)
    act(by=request.actor, site=found.site, device=found, **form.cleaned_data)  # type: ignore[attr-defined]
    flash(request, said)
    return redirect_after_post(request, "equipment:device", found.code)


def _shown(request: HttpRequest, found: Device, **given: Any) -> dict[str, Any]:
    actor, site = request.actor, found.site  # type: ignore[attr-defined]
    sees_bookings = holds(actor, "appointments.view", site=site.code)
    bookings = list(selectors.bookings_of(found)[:20]) if sees_bookings else []
    note_listing(actor, [one.patient for one in bookings])
    faults = list(found.faults.all()[:50])
    maintains = holds(actor, MAINTAIN, site=site.code)
    return {
        "device": found,
        "site": site,
        "today": today(site),
        "items": list(found.items.all()),
        "history": selectors.history(found),
        "faults": faults,
        "downtime": sum(one.downtime for one in faults),
        "ticket": next(iter(found.open_faults), None),  # type: ignore[attr-defined]
        "bookings": bookings,
        "may_begin": maintains and found.state in WORKS,
        "may_finish": maintains and found.state == "in_maintenance",
        "may_close": maintains and found.state == "fault",
        "may_return": maintains and found.state == "out_of_service",
        "may_report": found.state in (*WORKS, "in_maintenance") and holds(actor, REPORT, site=site.code),
        "may_link": holds(actor, MANAGE, site=site.code),
        "fault_form": FaultForm(auto_id="fault_%s"),
        "maintenance_form": MaintenanceForm(auto_id="maintenance_%s"),
        "close_form": CloseForm(),
        "link_form": LinkForm(initial={"items": [one.code for one in found.items.all()]}),
        **given,
    }
