"""What people do with a first-visit form: each a POST that calls one action and goes back to the form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import segno
from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel import parameters
from kernel.errors import DomainError, NotFound, RuleRefused
from kernel.web.refusals import describe
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.intake import actions, handover, seating, selectors
from services.intake.models import IntakeSheet
from services.intake.web.forms import (
    FILLER,
    AlertForm,
    AnswersForm,
    HandOverForm,
    OverrideForm,
    SignForm,
    SpecialForm,
)
from services.intake.web.views import sheet_context
from services.reception.selectors import access_visit

Act = Callable[[IntakeSheet, dict[str, Any]], str]


@page(permission="intake.fill", methods=("POST",))
def answer(request: HttpRequest, code: UUID) -> HttpResponse:
    """Keep the answers face to face, and with ``check`` confirm them item by item."""
    sheet = selectors.access_sheet(request.actor, code)
    form = AnswersForm(request.POST, sheet=sheet, answers=selectors.answers_of(sheet))
    if not form.is_valid():
        return render_page(request, "intake/sheet.html", sheet_context(request, sheet, answers_form=form), invalid=form)
    checks, saved = "check" in request.POST, False
    try:
        kept = form.answers()
        # Read back without a change, a form stays the visitor's own.
        own = sheet.filler == FILLER.PATIENT and kept_same(sheet, kept)
        actions.save_answers(
            by=request.actor, sheet=sheet, answers=kept, filler=FILLER.PATIENT if own else FILLER.DESK,
            version=form.cleaned_data["version"],
        )  # fmt: skip
        saved = True
        if checks:
            actions.check_sheet(by=request.actor, sheet=sheet)
    except DomainError as error:
        sheet = selectors.access_sheet(request.actor, code)
        shown = describe(error, request)
        if saved:
            form.go_on_from(sheet.version)
            # What is blank stands beside its question and at the head of the form.
            shown = replace(shown, note=_("The answers are kept; only the check is refused."), missing=())
        if error.fields:
            form.mark(error.fields)
        context = sheet_context(request, sheet, answers_form=form, refusal=shown)
        return render_page(request, "intake/sheet.html", context, status=error.status)
    return _back(request, sheet, _("Checked: now the visitor signs") if checks else _("Answers kept"))


def kept_same(sheet: IntakeSheet, answers: dict[str, dict[str, Any]]) -> bool:
    """Does the desk send back what the visitor had written?"""
    plain = {key: said for key, said in answers.items() if said["value"] or said["declined"]}
    return plain == selectors.answers_of(sheet)


@page(permission="intake.check", methods=("POST",))
def reopen(request: HttpRequest, code: UUID) -> HttpResponse:
    sheet = selectors.access_sheet(request.actor, code)
    actions.reopen_sheet(by=request.actor, sheet=sheet)
    return _back(request, sheet, _("Open for correction; check it again afterwards"))


@page(permission="intake.fill", methods=("POST",))
def sign(request: HttpRequest, code: UUID) -> HttpResponse:
    def act(sheet: IntakeSheet, data: dict[str, Any]) -> str:
        actions.sign_sheet(by=request.actor, sheet=sheet, **data)
        return _("Signed; now hand it over")

    form = SignForm(request.POST, sheet=selectors.access_sheet(request.actor, code))
    return _with_form(request, code, form, "sign_form", act)


@page(permission="intake.hand_over", methods=("POST",))
def special(request: HttpRequest, code: UUID) -> HttpResponse:
    """Highlight answers (``question``, as often as needed), or something that was told in words only."""
    sheet = selectors.access_sheet(request.actor, code)
    questions = request.POST.getlist("question")
    if questions:
        with transaction.atomic():
            for question in questions:
                handover.mark_special(by=request.actor, sheet=sheet, question=question)
        return _back(request, sheet, _("It stands out now"))

    def act(found: IntakeSheet, data: dict[str, Any]) -> str:
        handover.mark_special(by=request.actor, sheet=found, **data)
        return _("It stands out now")

    return _with_form(request, code, SpecialForm(request.POST), "special_form", act)


@page(permission="intake.hand_over", methods=("POST",))
def highlight_off(request: HttpRequest, code: UUID, finding: UUID) -> HttpResponse:
    sheet = selectors.access_sheet(request.actor, code)
    found = sheet.findings.filter(code=finding).select_related("sheet__patient", "sheet__site").first()
    if found is None:
        raise NotFound("finding_not_found", _("There is no such finding."))
    handover.set_highlight(by=request.actor, finding=found, on=False)
    return _back(request, sheet, _("The highlight is off; the circumstance stays"))


@page(permission="intake.hand_over", methods=("POST",))
def alert(request: HttpRequest, code: UUID) -> HttpResponse:
    def act(sheet: IntakeSheet, data: dict[str, Any]) -> str:
        handover.enter_alert(by=request.actor, sheet=sheet, **data)
        return _("Entered into the alert")

    return _with_form(request, code, AlertForm(request.POST), "alert_form", act)


@page(permission="intake.hand_over", methods=("POST",))
def give(request: HttpRequest, code: UUID) -> HttpResponse:
    def act(sheet: IntakeSheet, data: dict[str, Any]) -> str:
        given = handover.hand_over(by=request.actor, sheet=sheet, **data)
        return _("Handed over; %(name)s acknowledges it") % {"name": given.receiver.name}

    sheet = selectors.access_sheet(request.actor, code)
    form = HandOverForm(
        request.POST,
        people=selectors.receivers_at(sheet.site),
        by_giver=bool(parameters.value("hand_over_by_giver", site=sheet.site)),
    )
    return _with_form(request, code, form, "hand_over_form", act)


@page(permission="intake.acknowledge", methods=("POST",))
def acknowledge(request: HttpRequest, code: UUID) -> HttpResponse:
    given = selectors.access_hand_over(request.actor, code)
    handover.acknowledge(by=request.actor, hand_over=given)
    flash(request, _("Acknowledged"))
    return redirect_after_post(request, "intake:sheet", given.sheet.code)


@page(permission="intake.fill", methods=("POST",))
def link(request: HttpRequest, code: UUID) -> HttpResponse:
    """A link for the visitor's tablet or phone, shown once as a picture to scan."""
    sheet = selectors.access_sheet(request.actor, code)
    token = actions.open_link(by=request.actor, sheet=sheet)
    address = request.build_absolute_uri(reverse("intake:tablet", args=[token]))
    context = sheet_context(
        request, selectors.access_sheet(request.actor, code), link=address, squares=_squares(address)
    )
    return render_page(request, "intake/sheet.html", context)


@page(permission="policy.override", methods=("POST",))
def override(request: HttpRequest, code: UUID) -> HttpResponse:
    """Let one visit pass without its form (before the chair) or its signature (before the hand-over)."""
    visit = access_visit(request.actor, code)
    form = OverrideForm(request.POST)
    if not form.is_valid():
        sentence = _("An override needs a reason.")
        raise RuleRefused("reason_missing", sentence, fields={"reason": [sentence]})
    key = handover.SIGNATURE if request.POST.get("of") == "signature" else seating.FORM
    actions.override_gate_of(by=request.actor, visit=visit, gate=key, reason=form.cleaned_data["reason"])
    flash(request, _("Overridden once; it is reviewed on the next opening day"))
    return redirect_after_post(request, "intake:of-visit", visit.code)


def _squares(address: str) -> dict[str, Any]:
    """The dark squares of a QR code as one SVG path, and its width with the quiet zone."""
    rows = list(segno.make(address).matrix_iter(border=2))
    dark = [f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, on in enumerate(row) if on]
    return {"width": len(rows), "path": "".join(dark)}


def _with_form(request: HttpRequest, code: UUID, form: forms.Form, name: str, act: Act) -> HttpResponse:
    """Act on what the form says; what is missing stands beside its field on the page of the sheet."""
    sheet = selectors.access_sheet(request.actor, code)
    if not form.is_valid():
        context = sheet_context(request, sheet, **{name: form})
        return render_page(request, "intake/sheet.html", context, invalid=form)
    try:
        done = act(sheet, dict(form.cleaned_data))
    except DomainError as error:
        for field, messages in error.fields.items():
            if field in form.fields:
                form.add_error(field, [str(one) for one in messages])
        shown = describe(error, request)
        if form.errors:  # said beside the field
            shown = replace(shown, missing=())
        context = sheet_context(request, selectors.access_sheet(request.actor, code), **{name: form}, refusal=shown)
        return render_page(request, "intake/sheet.html", context, status=error.status)
    return _back(request, sheet, done)


def _back(request: HttpRequest, sheet: IntakeSheet, text: str) -> HttpResponse:
    flash(request, text)
    return redirect_after_post(request, "intake:sheet", sheet.code)
