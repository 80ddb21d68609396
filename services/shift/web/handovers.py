"""Hand-overs: what is open and how it is cured, the two signatures, what did not agree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel.errors import DomainError, NotFound
from kernel.identity.sign_in import require_recent_authentication
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.shift import handover as handing
from services.shift import selectors
from services.shift.leftovers import gathered
from services.shift.models import HandOver
from services.shift.web.forms import BeginForm, DiscrepancyForm, PassOnForm, ResolutionForm, SignForm
from services.shift.web.showing import filled_in, may, paged, parts
from services.sites.selectors import today
from services.sites.web.current import site_for


@page(permission="shift.view")
def handovers(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "shift.view")
    context = {
        "site": site,
        "parts": parts(request),
        "may": may(request, site),
        "rows": paged(request, selectors.handovers_listed(request.actor, site)),
        "day": selectors.day_of(site, today(site)),
        "kinds": HandOver.Kind.choices,
    }
    return render_page(request, "shift/handovers.html", context)


@page(permission="shift.hand_over", methods=("POST",))
def begin(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "shift.hand_over")
    form = BeginForm(request.POST)
    day = selectors.day_of(site, today(site))
    if day is None or not form.is_valid():
        raise NotFound("day_not_found", _("Today is not planned at this site, so there is nothing to hand over."))
    draft = handing.begin_hand_over(by=request.actor, site=site, day=day, **form.cleaned_data)
    return redirect_after_post(request, "shift:handover", draft.code)


@page(permission="shift.view")
def handover(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_handover(request.actor, code)
    return render_page(request, "shift/handover.html", _handover(request, found))


@page(permission="shift.hand_over", methods=("POST",))
def pass_on(request: HttpRequest, code: UUID) -> HttpResponse:
    def act(found: HandOver, data: dict[str, Any]) -> str:
        handing.pass_on(by=request.actor, site=found.site, handover=found, **data)
        return _("Passed on to the shift lead")

    return _about(request, code, PassOnForm, "pass_on_form", act)


@page(permission="shift.hand_over", methods=("POST",))
def sign(request: HttpRequest, code: UUID) -> HttpResponse:
    def act(found: HandOver, data: dict[str, Any]) -> str:
        require_recent_authentication(request)
        handing.sign_hand_over(by=request.actor, site=found.site, handover=found, **data)
        closes = found.kind == HandOver.Kind.CLOSE
        return _("Signed; the day is closed") if closes else _("Signed; a colleague takes over")

    return _about(request, code, SignForm, "sign_form", act)


@page(permission="shift.receive", methods=("POST",))
def receive(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_handover(request.actor, code)
    require_recent_authentication(request)
    handing.receive_hand_over(by=request.actor, site=found.site, handover=found)
    flash(request, _("Signed: the shift is taken over"))
    return redirect_after_post(request, "shift:handover", code)


@page(permission="shift.receive", methods=("POST",))
def report(request: HttpRequest, code: UUID) -> HttpResponse:
    def act(found: HandOver, data: dict[str, Any]) -> str:
        handing.report_discrepancy(by=request.actor, site=found.site, handover=found, **data)
        return _("An issue is open until it is resolved")

    return _about(request, code, DiscrepancyForm, "discrepancy_form", act)


@page(permission={"GET": "shift.view", "POST": "shift.resolve"}, methods=("GET", "POST"))
def discrepancy(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_discrepancy(request.actor, code)

    def show(form: Any = None, status: int = 200, refusal: DomainError | None = None) -> HttpResponse:
        context = {
            "row": found,
            "site": found.site,
            "may": may(request, found.site),
            "form": form or ResolutionForm(),
            "refusal": refusal,
        }
        return render_page(request, "shift/discrepancy.html", context, status=status)

    def act(data: dict[str, Any]) -> str:
        handing.resolve_discrepancy(by=request.actor, site=found.site, discrepancy=found, **data)
        return _("Resolved")

    if request.method != "POST":
        return show()
    return filled_in(request, ResolutionForm(request.POST), act, show, reverse("shift:discrepancy", args=[code]))


def _about(
    request: HttpRequest,
    code: UUID,
    form_class: type[forms.Form],
    name: str,
    act: Callable[[HandOver, dict[str, Any]], str],
) -> HttpResponse:
    found = selectors.access_handover(request.actor, code)

    def again(form: Any, status: int, refusal: DomainError | None = None) -> HttpResponse:
        fresh = selectors.access_handover(request.actor, code)
        context = _handover(request, fresh, refusal=refusal, **{name: form})
        return render_page(request, "shift/handover.html", context, status=status)

    back = reverse("shift:handover", args=[code])
    return filled_in(request, form_class(request.POST), lambda data: act(found, data), again, back)


def _handover(request: HttpRequest, found: HandOver, **given: Any) -> dict[str, Any]:
    allowed = may(request, found.site)
    draft = found.state == "draft"
    passed = list(found.passed_on.all())
    lines = gathered(found.site, found.day.day, passed=passed) if draft else []
    return {
        "handover": found,
        "site": found.site,
        "closes": found.kind == HandOver.Kind.CLOSE,
        "draft": draft,
        "lines": lines,
        "open": [one for one in lines if one.blocks],
        "passed": passed,
        "reasons": {row.source: row for row in passed},
        "figures": [(label, found.figures[key]) for key, label in figure_labels().items() if key in found.figures],
        "issues": list(found.discrepancies.all()),
        "may": allowed,
        "may_receive": allowed["receive"] and found.state == "given" and found.given_by_id != request.actor.user_id,
        "pass_on_form": given.get("pass_on_form"),
        "sign_form": given.get("sign_form") or SignForm(),
        "discrepancy_form": given.get("discrepancy_form") or DiscrepancyForm(auto_id="discrepancy_%s"),
        "refusal": given.get("refusal"),
    }


def figure_labels() -> dict[str, str]:
    """What the counts of a hand-over are called, in the order of the sheet."""
    return {
        "goods_in": _("Goods sent in"),
        "goods_out": _("Goods sent out"),
        "model_in": _("Models sent in"),
        "model_out": _("Models sent out"),
        "document_in": _("Documents sent in"),
        "document_out": _("Documents sent out"),
        "message_in": _("Messages received"),
        "message_out": _("Messages sent"),
        "visitors": _("Visitors"),
        "broadcasts": _("Broadcasts"),
    }
