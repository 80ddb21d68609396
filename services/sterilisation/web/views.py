"""Pages of sterilisation: the log, a load with its steps, its labels, the stock of sets and sterilisers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import segno
from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel.access import holds
from kernel.errors import DomainError
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.patients.reading import note_listing
from services.sites.web.current import site_for
from services.sterilisation import actions, selectors
from services.sterilisation.machines import LOAD
from services.sterilisation.models import InstrumentSet, Load, Steriliser
from services.sterilisation.web.forms import BiologicalForm, LoadForm, ReasonForm, ResultForm, SetForm, SteriliserForm

PER_PAGE = 50
VIEW, OPERATE = "sterilisation.view", "sterilisation.operate"


@page(permission=VIEW)
def log(request: HttpRequest) -> HttpResponse:
    """The sterilisation log of a site, the latest load first; by state."""
    site = site_for(request, VIEW)
    state = request.GET.get("state", "")
    rows = selectors.loads(request.actor).filter(site=site)
    if state in LOAD.states:
        rows = rows.filter(state=state)
    here = reverse("sterilisation:log")
    tabs: list[dict[str, Any]] = [{"key": "", "label": _("All"), "url": here}]
    tabs += [{"key": key, "label": label, "url": f"{here}?state={key}"} for key, label in LOAD.choices]
    context = {
        "site": site,
        "rows": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "tabs": tabs,
        "show": state,
        "ready": selectors.ready(site).count(),
        "may_load": holds(request.actor, OPERATE, site=site.code),
        "may_open": holds(request.actor, "sterilisation.use", site=site.code),
    }
    return render_page(request, "sterilisation/log.html", context)


@page(permission=OPERATE, methods=("GET", "POST"))
def new(request: HttpRequest) -> HttpResponse:
    """Put sets into a steriliser."""
    site = site_for(request, OPERATE)
    form = LoadForm(request.POST or None, site=site)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            load = actions.load_steriliser(by=request.actor, site=site, **form.cleaned_data)
        except DomainError as error:
            refusal = error
        else:
            flash(request, _("Load %(number)s entered; print its labels") % {"number": load.number})
            return redirect_after_post(request, "sterilisation:load", load.code)
    context = {"site": site, "form": form, "refusal": refusal}
    status = refusal.status if refusal is not None else 200
    return render_page(request, "sterilisation/new.html", context, status=status, invalid=form)


@page(permission=VIEW)
def load(request: HttpRequest, code: UUID) -> HttpResponse:
    """One load: packs, indicators, what comes next; of a failed one, who was treated with its instruments."""
    found = selectors.access_load(request.actor, code)
    return render_page(request, "sterilisation/load.html", _shown(request, found))


@page(permission=VIEW)
def labels(request: HttpRequest, code: UUID) -> HttpResponse:
    """The labels of a load, to be printed: number, set, load, dates, and the address of the pack as a QR code."""
    found = selectors.access_load(request.actor, code)
    rows = [
        {
            "pack": pack,
            "squares": squares(request.build_absolute_uri(reverse("sterilisation:pack", args=[pack.code]))),
        }
        for pack in found.packs.all()
    ]
    return render_page(request, "sterilisation/labels.html", {"load": found, "site": found.site, "labels": rows})


@page(permission=OPERATE, methods=("POST",))
def start(request: HttpRequest, code: UUID) -> HttpResponse:
    """The run begins."""
    return _act(request, code, OPERATE, forms.Form, "", actions.start_load, _("The run has begun"))


@page(permission=OPERATE, methods=("POST",))
def result(request: HttpRequest, code: UUID) -> HttpResponse:
    """The run is over; what the indicators say."""
    return _act(request, code, OPERATE, ResultForm, "result_form", actions.finish_load, _("Result stored"))


@page(permission=OPERATE, methods=("POST",))
def biological(request: HttpRequest, code: UUID) -> HttpResponse:
    """The biological indicator, read later."""

    def act(*, passed: str, **facts: Any) -> Load:
        return actions.read_biological(passed=passed == "yes", **facts)

    return _act(request, code, OPERATE, BiologicalForm, "biological_form", act, _("Result stored"))


@page(permission="sterilisation.release", methods=("POST",))
def release(request: HttpRequest, code: UUID) -> HttpResponse:
    """A second person releases the load."""
    return _act(
        request,
        code,
        "sterilisation.release",
        forms.Form,
        "",
        actions.release_load,
        _("Released; its sets may be used"),
    )


@page(permission=OPERATE, methods=("POST",))
def cancel(request: HttpRequest, code: UUID) -> HttpResponse:
    """It is not run after all."""
    return _act(
        request, code, OPERATE, ReasonForm, "cancel_form", actions.cancel_load, _("Cancelled; its sets are free")
    )


@page(permission="sterilisation.reprocess", methods=("POST",))
def reprocess(request: HttpRequest, code: UUID) -> HttpResponse:
    """A failed load goes through cleaning again."""
    return _act(
        request, code, "sterilisation.reprocess", ReasonForm, "reprocess_form", actions.reprocess_load,
        _("Noted; its sets go through cleaning again"),
    )  # fmt: skip


@page(permission={"GET": VIEW, "POST": "sterilisation.manage"}, methods=("GET", "POST"))
def stock(request: HttpRequest) -> HttpResponse:
    """Sterilisers and instrument sets of the site: where each set is, and entering another."""
    site = site_for(request, VIEW)
    what = request.POST.get("what", "")
    steriliser_form = SteriliserForm(request.POST if what == "steriliser" else None, auto_id="steriliser_%s")
    set_form = SetForm(request.POST if what == "set" else None, auto_id="set_%s")
    doors: dict[str, tuple[forms.Form, Callable[..., Any]]] = {
        "steriliser": (steriliser_form, actions.register_steriliser),
        "set": (set_form, actions.register_set),
    }
    form, act = doors.get(what, (None, None))
    refusal: DomainError | None = None
    if form is not None and act is not None and form.is_valid():
        try:
            act(by=request.actor, site=site_for(request, "sterilisation.manage"), **form.cleaned_data)
        except DomainError as error:
            refusal = error
        else:
            flash(request, _("Entered"))
            return redirect_after_post(request, "sterilisation:stock")
    context = {
        "site": site,
        "sterilisers": selectors.sterilisers(request.actor).filter(site=site),
        "sets": Paginator(selectors.sets(request.actor).filter(site=site), PER_PAGE).get_page(request.GET.get("page")),
        "steriliser_form": steriliser_form,
        "set_form": set_form,
        "refusal": refusal,
        "may_manage": holds(request.actor, "sterilisation.manage", site=site.code),
    }
    status = refusal.status if refusal is not None else 200
    return render_page(request, "sterilisation/stock.html", context, status=status, invalid=form)


@page(permission="sterilisation.manage", methods=("POST",))
def steriliser_in_use(request: HttpRequest, code: UUID) -> HttpResponse:
    """Take a steriliser out of use, or back."""
    return _in_use(request, selectors.access_steriliser(request.actor, code, "sterilisation.manage"))


@page(permission="sterilisation.manage", methods=("POST",))
def set_in_use(request: HttpRequest, code: UUID) -> HttpResponse:
    """Take an instrument set out of use, or back."""
    return _in_use(request, selectors.access_set(request.actor, code, "sterilisation.manage"))


# --- parts ------------------------------------------------------------------------------------------------------------


def squares(address: str) -> dict[str, Any]:
    """The dark squares of a QR code as one SVG path, and its width with the quiet zone."""
    rows = list(segno.make(address).matrix_iter(border=2))
    dark = [f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, on in enumerate(row) if on]
    return {"width": len(rows), "path": "".join(dark)}


def _in_use(request: HttpRequest, row: Steriliser | InstrumentSet) -> HttpResponse:
    in_use = request.POST.get("in_use") == "1"
    actions.set_in_use(by=request.actor, row=row, in_use=in_use)  # type: ignore[attr-defined]
    flash(request, _("In use") if in_use else _("Out of use"))
    return redirect_after_post(request, "sterilisation:stock")


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
    found = selectors.access_load(request.actor, code, word)  # type: ignore[attr-defined]
    form = form_class(request.POST)
    if not form.is_valid():
        return render_page(request, "sterilisation/load.html", _shown(request, found, **{name: form}), invalid=form)
    facts = form.read() if isinstance(form, ResultForm) else form.cleaned_data
    act(by=request.actor, site=found.site, load=found, **facts)  # type: ignore[attr-defined]
    flash(request, said)
    return redirect_after_post(request, "sterilisation:load", found.code)


def _shown(request: HttpRequest, found: Load, **given: Any) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    targets = {option.target for option in LOAD.options(found, by=actor) if option.possible}
    kinds = {one.kind for one in found.indicators.all()}
    treated = selectors.affected(found) if found.state in ("failed", "recalled", "reprocessed") else []
    note_listing(actor, [one.visit.patient for one in treated])
    return {
        "load": found,
        "site": found.site,
        "packs": list(found.packs.all()),
        "indicators": list(found.indicators.all()),
        "recalls": list(found.recalls.all()) if found.state in ("failed", "reprocessed") else [],
        "treated": treated,
        "targets": targets,
        "may_finish": found.state == "running" and "passed" in targets,
        "may_read": found.state in ("passed", "released", "recalled", "failed")
        and "biological" not in kinds
        and holds(actor, OPERATE, site=found.site.code),
        "somebody_else": found.state == "passed" and "released" not in targets,
        "result_form": ResultForm(),
        "biological_form": BiologicalForm(),
        "cancel_form": ReasonForm(auto_id="cancel_%s"),
        "reprocess_form": ReasonForm(auto_id="reprocess_%s"),
        **given,
    }
