"""Follow-ups: the list, one call with its script, and the rules."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel.access import holds
from kernel.errors import DomainError, NotFound
from kernel.web.views import flash, page, polled, redirect_after_post, render_page
from services.appointments.machine import AWAITED
from services.appointments.selectors import of_patient
from services.followup import actions, selectors
from services.followup.machine import DUE, UNDONE
from services.followup.models import FollowUp
from services.followup.rules import rules
from services.followup.web.forms import AnswerForm, AttemptForm, CancelForm, ResultForm, RuleForm

PER_PAGE = 50


def badge(request: HttpRequest) -> int:
    """How many follow-ups are due now."""
    return selectors.due_count(request.actor)


@page(permission="followup.view")
def followups(request: HttpRequest) -> HttpResponse:
    return polled(request, "followup/list.html", "followup/_list.html", lambda: _list(request))


@page(permission="followup.view")
def followup(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_followup(request.actor, code)
    return render_page(request, "followup/followup.html", _detail(request, found))


@page(permission="followup.call", methods=("POST",))
def attempt(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_followup(request.actor, code)
    form = AttemptForm(request.POST)
    if not form.is_valid():
        return render_page(request, "followup/followup.html", _detail(request, found, attempt_form=form), invalid=form)
    done = actions.record_attempt(by=request.actor, followup=found, reached=False, **form.cleaned_data)
    closed = done.state == "closed_unreached"
    flash(request, _("Closed as not reached") if closed else _("Not reached; it comes back on the next opening day"))
    return redirect_after_post(request, "followup:list")


@page(permission="followup.call", methods=("POST",))
def result(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_followup(request.actor, code)
    form = ResultForm(request.POST, followup=found, coming=_coming(found))
    if not form.is_valid():
        return render_page(request, "followup/followup.html", _detail(request, found, result_form=form), invalid=form)
    try:
        actions.close_with_result(by=request.actor, followup=found, **form.cleaned_data)
    except DomainError as error:
        context = _detail(request, found, result_form=form, refusal=error)
        return render_page(request, "followup/followup.html", context, status=error.status)
    problem = form.cleaned_data["result"] == FollowUp.Result.PROBLEM
    flash(request, _("The doctor has it now") if problem else _("Follow-up done"))
    return redirect_after_post(request, "followup:list")


@page(permission="followup.answer", methods=("POST",))
def answer(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_followup(request.actor, code)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return render_page(request, "followup/followup.html", _detail(request, found, answer_form=form), invalid=form)
    actions.answer_problem(by=request.actor, followup=found, **form.cleaned_data)
    flash(request, _("Follow-up done"))
    return redirect_after_post(request, "followup:list")


@page(permission="followup.cancel", methods=("POST",))
def cancel(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_followup(request.actor, code)
    form = CancelForm(request.POST)
    if not form.is_valid():
        return render_page(request, "followup/followup.html", _detail(request, found, cancel_form=form), invalid=form)
    actions.cancel_followup(by=request.actor, followup=found, **form.cleaned_data)
    flash(request, _("Cancelled"))
    return redirect_after_post(request, "followup:list")


@page(permission="followup.view")
def rule_list(request: HttpRequest) -> HttpResponse:
    context = {"rules": list(rules().values()), "may_manage": request.actor.can("followup.manage_rules")}
    return render_page(request, "followup/rules.html", context)


@page(permission="followup.manage_rules", methods=("GET", "POST"))
def rule(request: HttpRequest, key: str) -> HttpResponse:
    known = rules().get(key)
    if known is None:
        raise NotFound("rule_not_found", _("There is no such rule."))
    initial = {
        "label": known.label if known.own else "",
        "offsets": ", ".join(known.offsets),
        "roles": list(known.roles),
        "script": known.script if known.own else "",
        "opening_days": known.opening_days,
        "is_active": known.is_active,
    }
    form = RuleForm(request.POST or None, initial=initial)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            actions.set_rule(by=request.actor, key=key, trigger=known.trigger, **form.cleaned_data)
        except DomainError as error:
            refusal = error
        else:
            flash(request, _("Rule changed; what is planned keeps its days"))
            return redirect_after_post(request, "followup:rules")
    status = refusal.status if refusal is not None else 200
    context = {"rule": known, "form": form, "refusal": refusal}
    return render_page(request, "followup/rule.html", context, status=status, invalid=form)


def _list(request: HttpRequest) -> dict[str, Any]:
    show = request.GET.get("show", "due")
    show = show if show in ("due", "doctor", "planned", "done") else "due"
    counts = selectors.counts(request.actor)
    here = reverse("followup:list")
    labels = {"due": _("Due"), "doctor": _("With the doctor"), "planned": _("Planned"), "done": _("Done")}
    rows = Paginator(selectors.listed(request.actor, show=show), PER_PAGE).get_page(request.GET.get("page"))
    return {
        "show": show,
        "page_of_rows": rows,
        "lines": selectors.lines(list(rows.object_list)),
        "tabs": [
            {"key": key, "label": label, "url": f"{here}?show={key}", "count": counts.get(key)}
            for key, label in labels.items()
        ],
    }


def _detail(request: HttpRequest, found: FollowUp, **given: Any) -> dict[str, Any]:
    site = found.plan.site
    may = {word: holds(request.actor, f"followup.{word}", site=site.code) for word in ("call", "answer", "cancel")}
    return {
        "followup": found,
        "plan": found.plan,
        "site": site,
        "rule": selectors.rule_label(found),
        "script": selectors.script_of(found),
        "attempts": found.attempts.all(),
        "siblings": found.plan.followups.exclude(pk=found.pk),
        "is_due": found.state in DUE,
        "may_call": may["call"] and found.state in DUE,
        "may_answer": may["answer"] and found.state == "with_doctor",
        "may_cancel": may["cancel"] and found.state in UNDONE,
        "attempt_form": given.get("attempt_form") or AttemptForm(),
        "result_form": given.get("result_form") or ResultForm(followup=found, coming=_coming(found)),
        "answer_form": given.get("answer_form") or AnswerForm(),
        "cancel_form": given.get("cancel_form") or CancelForm(),
        "refusal": given.get("refusal"),
    }


def _coming(found: FollowUp) -> Any:
    return of_patient(found.plan.patient).filter(state__in=AWAITED)
