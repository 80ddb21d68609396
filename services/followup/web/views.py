"""Follow-ups: the list, one call with its script, and the rules."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kernel.access import holds
from kernel.errors import DomainError, NotFound
from kernel.web.views import flash, page, polled, redirect_after_post, render_page
from services.appointments.machine import AWAITED
from services.appointments.selectors import of_patient
from services.followup import actions, holding, selectors, wishes
from services.followup.machine import DUE, UNDONE
from services.followup.models import FollowUp
from services.followup.rules import rules
from services.followup.web.forms import AnswerForm, AttemptForm, CancelForm, ContactForm, ResultForm, RuleForm
from services.tasks.selectors import role_labels

PER_PAGE = 50
TRIGGER_WORDS = {
    "visit.finished": gettext_lazy("a visit is over"),
    "records.treatment_recorded": gettext_lazy("a treatment was recorded"),
    "consultation.treated": gettext_lazy("a customer of the consultant was treated"),
}


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
    form = ResultForm(request.POST, followup=found, coming=_coming(found), protocol=selectors.protocol_of(found))
    if not form.is_valid():
        return render_page(request, "followup/followup.html", _detail(request, found, result_form=form), invalid=form)
    try:
        actions.close_with_result(by=request.actor, followup=found, **form.facts())
    except DomainError as error:
        for field, messages in error.fields.items():
            if field in form.fields:
                form.add_error(field, [str(message) for message in messages])
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


@page(permission="followup.call", methods=("POST",))
def contact(request: HttpRequest, code: UUID) -> HttpResponse:
    """Phone or address as the patient corrected them."""
    found = selectors.access_followup(request.actor, code)
    form = ContactForm(request.POST)
    if form.is_valid():
        try:
            wishes.correct_contact(by=request.actor, followup=found, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error.message))
        else:
            flash(request, _("Written into the file; the old contact stays in its history"))
            return redirect_after_post(request, "followup:followup", code)
    return render_page(request, "followup/followup.html", _detail(request, found, contact_form=form), invalid=form)


@page(permission="followup.call", methods=("POST",))
def opt_out(request: HttpRequest, code: UUID) -> HttpResponse:
    """The patient wants no calls but those about a treatment, or wants them again."""
    found = selectors.access_followup(request.actor, code)
    if request.POST.get("again"):
        wishes.opt_in(by=request.actor, patient=found.plan.patient)
        flash(request, _("The patient may be called again"))
    else:
        wishes.opt_out(by=request.actor, patient=found.plan.patient, site=found.plan.site)
        flash(request, _("Noted; only calls about a treatment are made from now on"))
    return redirect_after_post(request, "followup:followup", code)


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
    people = role_labels()
    context = {
        "rules": [
            {
                "key": one.key,
                "label": one.label,
                "own": one.own,
                "is_active": one.is_active,
                "trigger_words": _trigger_words(one.trigger),
                "days": [_offset_words(offset) for offset in one.offsets],
                "who": [people.get(role, role) for role in one.roles],
            }
            for one in rules().values()
        ],
        "may_manage": request.actor.can("followup.manage_rules"),
    }
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
    context = {"rule": known, "form": form, "refusal": refusal, "trigger_words": _trigger_words(known.trigger)}
    return render_page(request, "followup/rule.html", context, status=status, invalid=form)


def _list(request: HttpRequest) -> dict[str, Any]:
    show = request.GET.get("show", "due")
    show = show if show in ("due", "call_backs", "doctor", "planned", "done") else "due"
    counts = selectors.counts(request.actor)
    here = reverse("followup:list")
    owed = selectors.call_backs(request.actor)
    counts["call_backs"] = len(owed)
    labels = {
        "due": _("Due"),
        "call_backs": _("Call-backs"),
        "doctor": _("With the doctor"),
        "planned": _("Planned"),
        "done": _("Done"),
    }
    rows = Paginator(selectors.listed(request.actor, show=show), PER_PAGE).get_page(request.GET.get("page"))
    return {
        "show": show,
        "call_backs": owed,
        "opted_out": selectors.opted_out_now(request.actor),
        "page_of_rows": rows,
        "lines": selectors.lines(list(rows.object_list)),
        "tabs": [
            {"key": key, "label": label, "url": f"{here}?show={key}", "count": counts.get(key)}
            for key, label in labels.items()
        ],
    }


def _detail(request: HttpRequest, found: FollowUp, **given: Any) -> dict[str, Any]:
    site = found.plan.site
    patient = found.plan.patient
    may = {word: holds(request.actor, f"followup.{word}", site=site.code) for word in ("call", "answer", "cancel")}
    return {
        "followup": found,
        "plan": found.plan,
        "site": site,
        "rule": selectors.rule_label(found),
        "script": selectors.script_of(found, request.actor),
        "education": selectors.education_of(found, request.actor),
        "answers": selectors.answers_of(found),
        "hold": holding.reason_words(holding.hold_on(patient) or ""),
        "opted_out": holding.opted_out(patient) is not None,
        "cancelled_because": holding.reason_words(found.cancel_reason),
        "may_correct": may["call"] and holds(request.actor, "patients.edit"),
        "contact_form": given.get("contact_form") or ContactForm(),
        "attempts": found.attempts.all(),
        "siblings": found.plan.followups.exclude(pk=found.pk),
        "is_due": found.state in DUE,
        "may_call": may["call"] and found.state in DUE,
        "may_answer": may["answer"] and found.state == "with_doctor",
        "may_cancel": may["cancel"] and found.state in UNDONE,
        "attempt_form": given.get("attempt_form") or AttemptForm(),
        "result_form": given.get("result_form")
        or ResultForm(followup=found, coming=_coming(found), protocol=selectors.protocol_of(found)),
        "answer_form": given.get("answer_form") or AnswerForm(),
        "cancel_form": given.get("cancel_form") or CancelForm(),
        "refusal": given.get("refusal"),
    }


def _trigger_words(trigger: str) -> str:
    """What starts a rule, as people say it; a trigger that no words are known for stands as it is."""
    if trigger in TRIGGER_WORDS:
        return str(TRIGGER_WORDS[trigger])
    _room, kind, key = (*trigger.split(".", 2), "", "")[:3]
    if kind == "class":
        return _("class %(letter)s was set") % {"letter": key}
    if kind == "procedure":
        return _("a procedure was done")
    if kind == "ended":
        return _("a service is over")
    return trigger


def _offset_words(offset: str) -> str:
    """D0 or M6 in words."""
    number = int(offset[1:])
    if offset.startswith("M"):
        return ngettext("after %(n)s month", "after %(n)s months", number) % {"n": number}
    if not number:
        return _("the same day")
    return ngettext("after %(n)s day", "after %(n)s days", number) % {"n": number}


def _coming(found: FollowUp) -> Any:
    return of_patient(found.plan.patient).filter(state__in=AWAITED)
