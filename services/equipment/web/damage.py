"""Pages of damage and loss: the list, a new report, one report with what comes next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kernel.access import holds
from kernel.errors import DomainError
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.equipment import damage, selectors
from services.equipment.models import DamageReport
from services.equipment.web.forms import DamageForm, DecisionForm, DoneForm, OpinionForm
from services.sites.selectors import today
from services.sites.web.current import site_for

PER_PAGE = 50
JUDGE, DECIDE = "equipment.judge", "equipment.decide"


@page(permission="equipment.view")
def reports(request: HttpRequest) -> HttpResponse:
    """Damage and loss at a site, the latest first."""
    site = site_for(request, "equipment.view")
    rows = selectors.damage_reports(request.actor).filter(site=site)
    context = {
        "site": site,
        "rows": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "may_report": holds(request.actor, "equipment.report", site=site.code),
    }
    return render_page(request, "equipment/reports.html", context)


@page(permission="equipment.report", methods=("GET", "POST"))
def new(request: HttpRequest) -> HttpResponse:
    """Report that an instrument is damaged or lost."""
    site = site_for(request, "equipment.report")
    form = DamageForm(request.POST or None, site=site, initial={"happened_on": today(site)})
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            made = damage.report_damage(by=request.actor, site=site, **form.cleaned_data)
        except DomainError as error:
            refusal = error
        else:
            flash(request, _("Reported; the head nurse has it"))
            return redirect_after_post(request, "equipment:damage-report", made.code)
    status = refusal.status if refusal is not None else 200
    context = {"site": site, "form": form, "refusal": refusal}
    return render_page(request, "equipment/report_new.html", context, status=status, invalid=form)


@page(permission="equipment.view")
def report(request: HttpRequest, code: UUID) -> HttpResponse:
    """One report: instrument, date, event, person, opinion, decision."""
    found = selectors.access_report(request.actor, code)
    return render_page(request, "equipment/report.html", _shown(request, found))


@page(permission=JUDGE, methods=("POST",))
def opinion(request: HttpRequest, code: UUID) -> HttpResponse:
    """The head nurse's preliminary opinion."""
    return _act(request, code, JUDGE, OpinionForm, "opinion_form", damage.give_opinion, _("The dean has it"))


@page(permission=DECIDE, methods=("POST",))
def decision(request: HttpRequest, code: UUID) -> HttpResponse:
    """The dean decides."""
    return _act(request, code, DECIDE, DecisionForm, "decision_form", damage.decide, _("Decided"))


@page(permission=JUDGE, methods=("POST",))
def executed(request: HttpRequest, code: UUID) -> HttpResponse:
    """What was decided is carried out."""
    return _act(request, code, JUDGE, DoneForm, "done_form", damage.execute, _("Carried out"))


def _act(
    request: HttpRequest,
    code: UUID,
    word: str,
    form_class: type[forms.Form],
    name: str,
    act: Callable[..., Any],
    said: str,
) -> HttpResponse:
    found = selectors.access_report(request.actor, code, word)  # type: ignore[attr-defined]
    form = form_class(request.POST)
    if not form.is_valid():
        return render_page(request, "equipment/report.html", _shown(request, found, **{name: form}), invalid=form)
    act(by=request.actor, site=found.site, report=found, **form.cleaned_data)  # type: ignore[attr-defined]
    flash(request, said)
    return redirect_after_post(request, "equipment:damage-report", found.code)


def _shown(request: HttpRequest, found: DamageReport, **given: Any) -> dict[str, Any]:
    actor, site = request.actor, found.site  # type: ignore[attr-defined]
    judges, decides = (holds(actor, word, site=site.code) for word in (JUDGE, DECIDE))
    return {
        "report": found,
        "site": site,
        "may_judge": judges and found.state == "reported",
        "may_decide": decides and found.state == "judged" and actor.code not in (found.reported_by, found.opinion_by),
        "may_execute": judges and found.state == "decided",
        "opinion_form": OpinionForm(),
        "decision_form": DecisionForm(),
        "done_form": DoneForm(),
        **given,
    }
