"""The pages of dispatch slips: what is open and used at a site, one slip as it is printed, and the form of the head nurse."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from kernel import clock
from kernel.errors import DomainError
from kernel.web.views import code_or_404, flash, page, redirect_after_post, render_page
from services.cashier import dispatch
from services.cashier.web.forms import DispatchForm
from services.patients.reading import note_listing
from services.patients.selectors import access_patient
from services.sites.web.current import site_for
from services.staff.selectors import access_staff, staff_at

PER_PAGE = 50


@page(permission=dispatch.SEE)
def slips(request: HttpRequest) -> HttpResponse:
    """The slips of a site: open ones first, used ones behind the other tab."""
    site = site_for(request, dispatch.SEE)
    show = "used" if request.GET.get("show") == "used" else "open"
    found = dispatch.dispatch_slips_for(request.actor).filter(site=site, line__isnull=show == "open")
    number = dispatch.counts(request.actor, site)
    here = reverse("cashier:dispatch")
    context = {
        "site": site,
        "rows": Paginator(found, PER_PAGE).get_page(request.GET.get("page")),
        "show": show,
        "parts": [
            {"key": "open", "label": pgettext("dispatch slip", "open"), "url": here, "count": number["open"]},
            {
                "key": "used",
                "label": pgettext("dispatch slip", "used"),
                "url": f"{here}?show=used",
                "count": number["used"],
            },
        ],
        "may_issue": request.actor.can(dispatch.WORD, site=site.code),
        "back": reverse("cashier:till") if request.actor.can("cashier.charge") else "",
    }
    return render_page(request, "cashier/dispatch.html", context)


@page(permission=dispatch.SEE)
def slip(request: HttpRequest, code: UUID) -> HttpResponse:
    """One slip, as it is printed: for whom, what, who signed, and the receipt that used it."""
    found = dispatch.access_dispatch_slip(request.actor, code)
    context = {"slip": found, "may_open_receipt": request.actor.can("cashier.view", site=found.site.code)}
    return render_page(request, "cashier/dispatch_slip.html", context)


@page(permission=dispatch.WORD, methods=("GET", "POST"))
def new(request: HttpRequest) -> HttpResponse:
    """Choose the colleague, then their own file, the item and the fee."""
    site = site_for(request, dispatch.WORD)
    asked = request.POST.get("staff") or request.GET.get("staff") or ""
    staff = access_staff(request.actor, code_or_404(asked)) if asked else None
    context: dict[str, Any] = {"site": site, "staff": staff, "people": staff_at(site, clock.today(site.timezone))}
    if staff is None:
        return render_page(request, "cashier/dispatch_new.html", context)
    files = dispatch.own_files(staff)
    note_listing(request.actor, files)
    form = DispatchForm(request.POST if request.method == "POST" else None, files=files)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            made = dispatch.issue_dispatch_slip(
                by=request.actor,
                site=site,
                staff=staff,
                patient=access_patient(request.actor, form.cleaned_data["patient"].code),
                item=form.cleaned_data["item"],
                fee_fen=form.fee_fen(site),
            )
        except DomainError as error:
            refusal = error
        else:
            flash(request, _("Dispatch slip %(number)s signed") % {"number": made.number})
            return redirect_after_post(request, "cashier:dispatch-slip", made.code)
    context |= {"files": files, "form": form, "refusal": refusal}
    status = refusal.status if refusal is not None else 200
    return render_page(request, "cashier/dispatch_new.html", context, status=status, invalid=form)
