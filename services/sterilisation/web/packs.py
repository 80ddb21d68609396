"""A pack in the hand: the label is scanned with a phone, checked, and the pack opened for a guest in a chair."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kernel.access import holds
from kernel.errors import DomainError, NotFound
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.patients.reading import note_listing
from services.reception.models import Visit
from services.reception.selectors import access_visit
from services.sites.web.current import site_for
from services.sterilisation import actions, selectors
from services.sterilisation.actions import AT_CHAIR
from services.sterilisation.models import Pack
from services.sterilisation.web.forms import LabelForm, ReasonForm, UseForm

USE = "sterilisation.use"


@page(permission="sterilisation.view", methods=("GET", "POST"))
def scan(request: HttpRequest) -> HttpResponse:
    """A label is scanned or its number typed; it leads to the pack."""
    site = site_for(request, "sterilisation.view")
    form = LabelForm(request.POST or None)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            found = selectors.pack_by_label(request.actor, site, form.cleaned_data["label"])
        except NotFound as error:
            refusal = error
        else:
            return redirect_after_post(request, "sterilisation:pack", found.code)
    context = {"site": site, "form": form, "refusal": refusal, "ready": list(selectors.ready(site)[:40])}
    status = refusal.status if refusal is not None else 200
    return render_page(request, "sterilisation/scan.html", context, status=status, invalid=form)


@page(permission="sterilisation.view")
def pack(request: HttpRequest, code: UUID) -> HttpResponse:
    """Where the code of a label leads: may this pack be opened, and for whom."""
    return _shown(request, selectors.access_pack(request.actor, code))


@page(permission=USE, methods=("POST",))
def use(request: HttpRequest, code: UUID) -> HttpResponse:
    """Open the pack for a guest in a chair."""
    found = selectors.access_pack(request.actor, code, USE)
    form = UseForm(request.POST, visits=selectors.at_chairs(request.actor, found.site))
    if not form.is_valid():
        return _shown(request, found, form=form)
    actions.use_pack(by=request.actor, site=found.site, pack=found, visit=form.cleaned_data["visit"])
    flash(request, _("Opened for this guest"))
    return redirect_after_post(request, "sterilisation:pack", code)


@page(permission="sterilisation.operate", methods=("POST",))
def put_back(request: HttpRequest, code: UUID) -> HttpResponse:
    """Expired, torn or wet: back to cleaning unopened."""
    found = selectors.access_pack(request.actor, code, "sterilisation.operate")
    reason = request.POST.get("reason", "")
    actions.return_pack(by=request.actor, site=found.site, pack=found, reason=reason)
    flash(request, _("Back to cleaning"))
    return redirect_after_post(request, "sterilisation:pack", code)


@page(permission={"GET": "sterilisation.view", "POST": USE}, methods=("GET", "POST"))
def of_visit(request: HttpRequest, code: UUID) -> HttpResponse:
    """Which packs were opened for a guest; in the chair one label after the other is scanned."""
    visit = access_visit(request.actor, code)
    form = LabelForm(request.POST or None)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            found = selectors.pack_by_label(request.actor, visit.site, form.cleaned_data["label"], USE)
            actions.use_pack(by=request.actor, site=visit.site, pack=found, visit=visit)
        except DomainError as error:
            refusal = error
        else:
            flash(request, _("Opened for this guest"))
            return redirect_after_post(request, "sterilisation:of-visit", code)
    note_listing(request.actor, [visit.patient])
    context = {
        "visit": visit,
        "site": visit.site,
        "form": form,
        "refusal": refusal,
        "uses": selectors.opened_for(visit),
        "may_open": _may_open(request, visit),
    }
    status = refusal.status if refusal is not None else 200
    return render_page(request, "sterilisation/of_visit.html", context, status=status, invalid=form)


def _may_open(request: HttpRequest, visit: Visit) -> bool:
    return visit.state in AT_CHAIR and holds(request.actor, USE, site=visit.site.code)  # type: ignore[attr-defined]


def _shown(request: HttpRequest, found: Pack, form: UseForm | None = None) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    refusal = actions.refusal_of(found)
    visits = selectors.at_chairs(actor, found.site)
    opened = getattr(found, "use", None)
    may_open = refusal is None and holds(actor, USE, site=found.site.code)
    seen = [opened.visit.patient] if opened is not None else []
    note_listing(actor, [*seen, *([one.patient for one in visits] if may_open else [])])
    context = {
        "pack": found,
        "site": found.site,
        "stands_against": refusal,
        "opened": opened,
        "may_open": may_open,
        "guests": list(visits) if may_open else [],
        "may_return": found.state == "sterile" and holds(actor, "sterilisation.operate", site=found.site.code),
        "form": form or UseForm(visits=visits),
        "reason_form": ReasonForm(),
    }
    return render_page(request, "sterilisation/pack.html", context, invalid=form)
