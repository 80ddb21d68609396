"""Pages of the desks that keep the day sheet: naming them, the worker of their browsers, and the sheet as it is kept."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel import clock
from kernel.errors import DomainError, NotFound
from kernel.identity.desks import desk_of
from kernel.web import assets
from kernel.web.views import flash, page, public_page, redirect_after_post, render_page
from services.documents.views import POLICY
from services.outage import desks
from services.outage.sheets import BLANK, headings, sheet_pdf
from services.outage.web.forms import DeskForm
from services.sites.web.current import site_for

# Whoever goes there leaves the desk: what it holds is deleted, whether the server answers or not.
LEAVING = ("account_logout", "account_desk_lock", "account_desk")
WORKER = "desk_worker.js"


@page(permission=desks.WORD, methods=("GET", "POST"))
def sheet_desks(request: HttpRequest) -> HttpResponse:
    """The desks of the site that keep its day sheet; a POST names another one."""
    actor = request.actor  # type: ignore[attr-defined]
    site = site_for(request, desks.WORD)
    free = {str(one.code): one for one in desks.free_desks(site)}
    here = desk_of(request)
    form = DeskForm(request.POST or None, desks=free, here=here)
    if request.method == "POST" and form.is_valid():
        try:
            desks.keep_at_desk(by=actor, site=site, desk=free[form.cleaned_data["desk"]])
        except DomainError as error:
            form.add_error(None, str(error.message))
        else:
            flash(request, _("This desk keeps the day sheet from now on"))
            return redirect_after_post(request, "outage:desks")
    rows = list(desks.sheet_desks_for(actor).filter(site=site))
    context = {"site": site, "form": form, "rows": rows, "free": free, "here": here}
    return render_page(request, "outage/desks.html", context, invalid=form)


@page(permission=desks.WORD, methods=("POST",))
def withdraw(request: HttpRequest, code: UUID) -> HttpResponse:
    kept = desks.access_sheet_desk(request.actor, code)  # type: ignore[attr-defined]
    desks.withdraw_desk(by=request.actor, site=kept.site, kept=kept)  # type: ignore[attr-defined]
    flash(request, _("This desk keeps no day sheet any more"))
    return redirect_after_post(request, "outage:desks")


@page(permission="outage.view")
def kept(request: HttpRequest) -> HttpResponse:
    """The sheets of today and tomorrow as the browser of a registered desk keeps them; no other browser gets them."""
    found = desks.kept_here(request)
    if found is None:
        raise NotFound("sheet_not_kept", _("This computer keeps no day sheet."))
    actor = request.actor  # type: ignore[attr-defined]
    sheets = desks.sheets_of(actor, found)
    context = {"site": found.site, "as_of": clock.now(), "sheets": sheets, "heads": headings(), "blank": range(BLANK)}
    response = render_page(request, "outage/kept.html", context)
    # The rest of its life and not its end: the clock of a desk may be wrong.
    response["X-Kept-Seconds"] = str(sheets[-1]["seconds"])
    return response


@public_page(reason="the program that keeps the sheet holds no data; a browser renews it whoever is signed in")
def worker(request: HttpRequest) -> HttpResponse:
    """The browser's program that keeps the sheet; it answers for the whole host, and only where nothing else does."""
    if not assets.is_built():
        raise Http404
    facts = {"sheet": reverse("outage:kept"), "leaving": [resolve_url(name) for name in LEAVING]}
    program = f"self.DESK = {json.dumps(facts)};\nimportScripts({json.dumps(assets.address(WORKER))});\n"
    headers = {"Service-Worker-Allowed": "/", "Cache-Control": "no-cache"}
    return HttpResponse(program, content_type="text/javascript; charset=utf-8", headers=headers)


@page(permission="outage.view")
def pdf(request: HttpRequest) -> HttpResponse:
    """Today's or tomorrow's sheet as PDF; who saw which patients is kept."""
    actor = request.actor  # type: ignore[attr-defined]
    site = site_for(request, "outage.view")
    day = clock.today(site.timezone) + timedelta(days=request.GET.get("day") == "tomorrow")
    response = HttpResponse(sheet_pdf(actor, site, day), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="day-sheet-{day:%Y-%m-%d}.pdf"'
    response["Content-Security-Policy"] = POLICY
    return response
