"""What is done on the page of a case. Each act is its action; a form that misses something comes back on the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kernel.errors import RuleRefused
from kernel.web.views import flash, page, redirect_after_post
from services.complaints import cases, remedies, results, selectors
from services.complaints.web import forms as given
from services.complaints.web.views import case_of, show_on_fields, shown

HERE = "complaints:complaint"


def _try(
    request: HttpRequest, code: UUID, form: forms.Form, name: str, act: Callable[[dict[str, Any]], Any], done: str
) -> HttpResponse:
    """Do ``act`` with what the form says and go back to the case; what is missing stands beside its field."""
    if form.is_valid():
        try:
            act(form.cleaned_data)
        except RuleRefused as error:
            if not error.fields:
                raise
            show_on_fields(form, error)
        else:
            flash(request, done)
            if selectors.complaints(request.actor).filter(code=code).exists():  # type: ignore[attr-defined]
                return redirect_after_post(request, HERE, code)
            return redirect_after_post(request, "complaints:list")
    return shown(request, code, status=422, **{name: form})


@page(permission="complaints.receive", methods=("POST",))
def solve(request: HttpRequest, code: UUID) -> HttpResponse:
    """Solved on the spot, with a record."""
    case, by = case_of(request, code), request.actor
    form = given.SolveForm(request.POST)
    return _try(
        request, code, form, "solve_form",
        lambda said: results.solve_on_the_spot(by=by, complaint=case, **said), _("Solved; a follow-up is planned"),
    )  # fmt: skip


@page(permission="complaints.view", methods=("POST",))
def assign(request: HttpRequest, code: UUID) -> HttpResponse:
    """Choose the handler, or hand over to another one."""
    case, by = case_of(request, code), request.actor
    form = given.AssignForm(request.POST, site=case.site, again=True)
    return _try(
        request, code, form, "assign_form", lambda said: cases.assign(by=by, complaint=case, **said),
        _("The handler has it now"),
    )  # fmt: skip


@page(permission="complaints.assign", methods=("POST",))
def team(request: HttpRequest, code: UUID) -> HttpResponse:
    """The investigation team."""
    case, by = case_of(request, code), request.actor
    form = given.TeamForm(request.POST, site=case.site)
    return _try(
        request, code, form, "team_form",
        lambda said: cases.set_team(by=by, complaint=case, lead=said["lead"], members=list(said["members"])),
        _("The team stands"),
    )  # fmt: skip


@page(permission="complaints.assign", methods=("POST",))
def concerned(request: HttpRequest, code: UUID) -> HttpResponse:
    """Whom it is about."""
    case, by = case_of(request, code), request.actor
    form = given.ConcernedForm(request.POST, site=case.site)
    return _try(
        request, code, form, "concerned_form", lambda said: cases.name_concerned(by=by, complaint=case, **said),
        _("Noted"),
    )  # fmt: skip


@page(permission="complaints.handle", methods=("POST",))
def begin(request: HttpRequest, code: UUID) -> HttpResponse:
    """Begin to investigate."""
    cases.begin(by=request.actor, complaint=case_of(request, code))
    flash(request, _("The investigation has begun"))
    return redirect_after_post(request, HERE, code)


@page(permission="complaints.handle", methods=("POST",))
def evidence(request: HttpRequest, code: UUID) -> HttpResponse:
    """What a record or a talk says."""
    case, by = case_of(request, code), request.actor
    form = given.EvidenceForm(request.POST)
    return _try(
        request, code, form, "evidence_form", lambda said: cases.collect(by=by, complaint=case, **said), _("Kept")
    )  # fmt: skip


@page(permission="complaints.handle", methods=("POST",))
def principle(request: HttpRequest, code: UUID) -> HttpResponse:
    """A point of the guide."""
    case, by = case_of(request, code), request.actor
    form = given.PrincipleForm(request.POST)
    return _try(
        request, code, form, "principle_form", lambda said: cases.keep_principle(by=by, complaint=case, **said), _("Kept")
    )  # fmt: skip


@page(permission="complaints.handle", methods=("POST",))
def determine(request: HttpRequest, code: UUID) -> HttpResponse:
    """Cause, responsibility, opinion."""
    case, by = case_of(request, code), request.actor
    form = given.DetermineForm(request.POST, site=case.site)
    return _try(
        request, code, form, "determine_form", lambda said: cases.determine(by=by, complaint=case, **said),
        _("Kept; now what is offered"),
    )  # fmt: skip


@page(permission="complaints.handle", methods=("POST",))
def remedy(request: HttpRequest, code: UUID) -> HttpResponse:
    """What is offered."""
    case, by = case_of(request, code), request.actor
    form = given.RemedyForm(request.POST, site=case.site)

    def offer(said: dict[str, Any]) -> None:
        remedies.offer(by=by, complaint=case, **{**said, "amount_fen": said["amount_fen"] or 0})

    return _try(request, code, form, "remedy_form", offer, _("Written down"))


@page(permission="complaints.approve", methods=("POST",))
def decide(request: HttpRequest, code: UUID, remedy: UUID) -> HttpResponse:
    """Approve or refuse what goes beyond the handler's authority."""
    case, by = case_of(request, code), request.actor
    found = selectors.access_remedy(by, case, remedy)
    form = given.DecideForm(request.POST)
    return _try(
        request, code, form, "decide_form",
        lambda said: remedies.decide(by=by, remedy=found, approve=request.POST.get("answer") == "yes", **said),
        _("Decided"),
    )  # fmt: skip


@page(permission="complaints.handle", methods=("POST",))
def done(request: HttpRequest, code: UUID, remedy: UUID) -> HttpResponse:
    """A remedy is done, or declined."""
    case, by = case_of(request, code), request.actor
    found = selectors.access_remedy(by, case, remedy)
    form = given.DoneForm(request.POST)
    return _try(
        request, code, form, "done_form", lambda said: remedies.finish(by=by, remedy=found, **said), _("Noted")
    )  # fmt: skip


@page(permission="complaints.view", methods=("POST",))
def authorise(request: HttpRequest, code: UUID) -> HttpResponse:
    """What is offered stands."""
    remedies.authorise(by=request.actor, complaint=case_of(request, code))
    flash(request, _("Now tell the customer"))
    return redirect_after_post(request, HERE, code)


@page(permission="complaints.handle", methods=("POST",))
def reply(request: HttpRequest, code: UUID) -> HttpResponse:
    """The customer was told."""
    case, by = case_of(request, code), request.actor
    form = given.ReplyForm(request.POST)
    return _try(
        request, code, form, "reply_form", lambda said: results.reply(by=by, complaint=case, **said),
        _("Told; what was offered is to be done now"),
    )  # fmt: skip


@page(permission="complaints.handle", methods=("POST",))
def content(request: HttpRequest, code: UUID) -> HttpResponse:
    """The customer is content."""
    case, by = case_of(request, code), request.actor
    form = given.WordsForm(request.POST)
    return _try(
        request, code, form, "words_form", lambda said: results.note_content(by=by, complaint=case, **said),
        _("A follow-up is planned"),
    )  # fmt: skip


@page(permission="complaints.handle", methods=("POST",))
def negotiate(request: HttpRequest, code: UUID) -> HttpResponse:
    """The customer is not content."""
    case, by = case_of(request, code), request.actor
    form = given.WordsForm(request.POST)
    return _try(
        request, code, form, "words_form", lambda said: results.negotiate(by=by, complaint=case, **said),
        _("The next round begins"),
    )  # fmt: skip


@page(permission="complaints.handle", methods=("POST",))
def mediate(request: HttpRequest, code: UUID) -> HttpResponse:
    """A third party mediates."""
    case, by = case_of(request, code), request.actor
    form = given.MediateForm(request.POST)
    return _try(
        request, code, form, "mediate_form", lambda said: results.mediate(by=by, complaint=case, **said),
        _("With the mediator"),
    )  # fmt: skip


@page(permission="complaints.handle", methods=("POST",))
def mediation(request: HttpRequest, code: UUID) -> HttpResponse:
    """What the mediation came to."""
    case, by = case_of(request, code), request.actor
    form = given.MediationResultForm(request.POST)
    return _try(
        request, code, form, "mediation_form", lambda said: results.note_mediation(by=by, complaint=case, **said),
        _("Kept"),
    )  # fmt: skip


@page(permission="complaints.receive", methods=("POST",))
def follow_up(request: HttpRequest, code: UUID) -> HttpResponse:
    """What the customer said afterwards, where no call of the follow-up list is open."""
    case, by = case_of(request, code), request.actor
    form = given.FollowUpForm(request.POST)
    return _try(
        request, code, form, "follow_up_form", lambda said: results.record_follow_up(by=by, complaint=case, **said),
        _("Kept"),
    )  # fmt: skip


@page(permission="complaints.view", methods=("POST",))
def close(request: HttpRequest, code: UUID) -> HttpResponse:
    """The customer is content and everything is done."""
    results.close(by=request.actor, complaint=case_of(request, code))
    flash(request, _("Closed"))
    return redirect_after_post(request, HERE, code)


@page(permission="complaints.conclude", methods=("POST",))
def conclude(request: HttpRequest, code: UUID) -> HttpResponse:
    """Management closes it although the customer is not content."""
    case, by = case_of(request, code), request.actor
    form = given.ReasonForm(request.POST)
    return _try(
        request, code, form, "reason_form", lambda said: results.conclude(by=by, complaint=case, **said), _("Closed")
    )  # fmt: skip


@page(permission="complaints.assign", methods=("POST",))
def reopen(request: HttpRequest, code: UUID) -> HttpResponse:
    """The customer is not content any more."""
    case, by = case_of(request, code), request.actor
    form = given.WordsForm(request.POST)
    return _try(
        request, code, form, "words_form", lambda said: results.reopen(by=by, complaint=case, **said),
        _("It waits for a handler again"),
    )  # fmt: skip
