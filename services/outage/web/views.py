"""Pages of an outage: the state now, and the day sheet for printing."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kernel import clock
from kernel.access import holds
from kernel.errors import DomainError
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.outage import actions, selectors
from services.outage.sheets import BLANK
from services.outage.web.forms import WindowForm
from services.patients.reading import note_listing
from services.sites.web.current import site_for

SHOWN = 100


@page(permission={"GET": "outage.view", "POST": "outage.declare"}, methods=("GET", "POST"))
def today(request: HttpRequest) -> HttpResponse:
    """The outage that lasts, what the server's silence proposes, and the past ones; a POST declares one."""
    actor = request.actor  # type: ignore[attr-defined]
    site = site_for(request, "outage.declare" if request.method == "POST" else "outage.view")
    form = WindowForm(request.POST or None)
    form.fields["since"].zone = form.fields["until"].zone = site.timezone  # type: ignore[attr-defined]
    if request.method == "POST" and form.is_valid():
        try:
            actions.declare_window(by=actor, site=site, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error.message))
        else:
            flash(request, _("Declared"))
            return redirect_after_post(request, "outage:today")
    context = {
        "site": site,
        "form": form,
        "lasting": selectors.open_window(site),
        "proposals": selectors.proposals(site),
        "rows": list(selectors.windows_at(actor, site)[:SHOWN]),
        "may_declare": holds(actor, "outage.declare", site=site.code),
        "may_enter": holds(actor, "outage.enter", site=site.code),
        "may_desks": holds(actor, "outage.desks", site=site.code),
    }
    return render_page(request, "outage/today.html", context, invalid=form)


@page(permission="outage.declare", methods=("POST",))
def close(request: HttpRequest, code: UUID) -> HttpResponse:
    window = selectors.access_window(request.actor, code)  # type: ignore[attr-defined]
    actions.close_window(by=request.actor, site=window.site, window=window)  # type: ignore[attr-defined]
    flash(request, _("The outage is over"))
    return redirect_after_post(request, "outage:today")


@page(permission="outage.view")
def sheet(request: HttpRequest) -> HttpResponse:
    """Today's or tomorrow's sheet for printing; who saw which patients is kept."""
    actor = request.actor  # type: ignore[attr-defined]
    site = site_for(request, "outage.view")
    tomorrow = request.GET.get("day") == "tomorrow"
    day = clock.today(site.timezone) + timedelta(days=tomorrow)
    note_listing(actor, [one.patient for one in selectors.day_sheet(site, day)])
    context = {"site": site, "day": day, "as_of": clock.now(), "rows": selectors.sheet_rows(actor, site, day)}
    return render_page(request, "outage/sheet.html", context | {"blank": range(BLANK), "tomorrow": tomorrow})
