"""Pages of the first visit: the desk's work of today, a form, its wording."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from kernel import clock, parameters
from kernel.access import holds
from kernel.errors import DomainError
from kernel.web.formatting import masked_phone
from kernel.web.views import flash, page, polled, redirect_after_post, render_page
from services.documents.models import Document
from services.intake import actions, definitions, findings, handover, seating, selectors
from services.intake.machine import SHEET
from services.intake.models import IntakeSheet, Signature
from services.intake.web.forms import (
    AlertForm,
    AnswersForm,
    ExplanationForm,
    HandOverForm,
    OverrideForm,
    SignForm,
    SpecialForm,
)
from services.patients.reading import note_listing, note_read
from services.policy import gates
from services.reception.models import Visit
from services.reception.selectors import access_visit
from services.sites.models import Site
from services.sites.selectors import today
from services.sites.web.current import site_for

WORDS = ("fill", "check", "hand_over", "acknowledge", "manage")
STAGE_TONES = {"missing": "warn", "filling": "warn", "to_sign": "warn", "signed": "info", "acknowledged": "ok"}


@page(permission="intake.view")
def work_list(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "intake.view")
    return polled(request, "intake/list.html", "intake/_list.html", lambda: _work(request, site))


@page(permission="intake.view", methods=("GET", "POST"))
def of_visit(request: HttpRequest, code: UUID) -> HttpResponse:
    """The form of a visit; who may fill it in begins it with one key."""
    visit = access_visit(request.actor, code)
    sheet = selectors.sheet_of(visit)
    if request.method == "POST":
        sheet = actions.start_sheet(by=request.actor, site=visit.site, visit=visit)
        return redirect_after_post(request, "intake:sheet", sheet.code)
    if sheet is not None:
        return redirect_after_post(request, "intake:sheet", sheet.code)
    form = selectors.form_in_use(selectors.vertical_of(visit, None))
    context = {
        "visit": visit,
        "site": visit.site,
        "form_in_use": form,
        "may": _may(request, visit.site),
        "override_form": OverrideForm() if may_override(request, visit, seating.FORM) else None,
        **_explained(selectors.newest_version(form).content if form is not None else {}),
    }
    note_listing(request.actor, [visit.patient])
    return render_page(request, "intake/begin.html", context)


@page(permission="intake.view")
def sheet(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_sheet(request.actor, code)
    return render_page(request, "intake/sheet.html", sheet_context(request, found))


@page(permission={"GET": "intake.view", "POST": "intake.manage"}, methods=("GET", "POST"))
def wording(request: HttpRequest, code: UUID) -> HttpResponse:
    """The wording of a form: why we ask, what we offer, every question, and its earlier versions."""
    found = selectors.access_form(request.actor, code)
    newest = selectors.newest_version(found)
    why, offers = newest.content.get("why", {}), newest.content.get("offers", [])
    initial = {
        "why_zh": why.get("zh", ""),
        "why_en": why.get("en", ""),
        "offers_zh": "\n".join(one.get("zh", "") for one in offers),
        "offers_en": "\n".join(one.get("en", "") for one in offers),
        "version": found.version,
    }
    form = ExplanationForm(request.POST or None, initial=initial)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            actions.write_explanation(
                by=request.actor, form=found, why={"zh": data["why_zh"], "en": data["why_en"]}, offers=form.offers(),
                version=data["version"],
            )  # fmt: skip
        except DomainError as error:
            refusal = error
        else:
            flash(request, _("Wording changed; what was signed keeps its own"))
            return redirect_after_post(request, "intake:wording", found.code)
    sections = [
        (definitions.in_language(section), [(definitions.in_language(one), one) for one in section["questions"]])
        for section in newest.content["sections"]
    ]
    context = {
        "definition": found,
        "newest": newest,
        "versions": found.versions.all()[:50],
        "sections": sections,
        "form": form,
        "refusal": refusal,
        "may_manage": request.actor.can("intake.manage"),
    }
    status = refusal.status if refusal is not None else 200
    return render_page(request, "intake/wording.html", context, status=status, invalid=form)


def sheet_context(request: HttpRequest, found: IntakeSheet, **given: Any) -> dict[str, Any]:
    """Everything about one form; ``given`` are forms that came back with errors, and a refusal."""
    site, patient = found.site, found.patient
    note_read(request.actor, patient, part="first_visit")
    may = _may(request, site)
    answers = selectors.answers_of(found)
    content = found.form.content
    places = findings.places(found)
    special = {one.key: one for one in places.found if one.key}
    signature = selectors.signature_of(found)
    people = selectors.receivers_at(site)
    speaking = selectors.speakers(site, patient.language)
    day = today(site)
    doctor = found.visit.doctor if found.visit is not None else found.appointment.doctor if found.appointment else None
    by_giver = bool(parameters.value("hand_over_by_giver", site=site))
    standing = places.hand_over
    return {
        "sheet": found,
        "site": site,
        "patient": patient,
        "title": definitions.in_language({"zh": found.form.form.title_zh, "en": found.form.form.title_en}),
        "state_label": SHEET.label(found.state),
        "steps": _steps(found, signature),
        "may": may,
        "facts": [
            {"label": _("Name"), "value": patient.name},
            {"label": _("Sex"), "value": patient.get_sex_display()},
            {"label": _("Age"), "value": patient.age_on(day)},
            {"label": _("Phone"), "value": masked_phone(patient.phone) if patient.phone else _("none")},
        ],
        "filling": found.state == "filling",
        "answers_form": given.get("answers_form") or AnswersForm(sheet=found, answers=answers),
        "lines": [
            {"key": key, "question": question, "answer": answer, "special": special.get(key)}
            for key, question, answer in selectors.lines(found)
        ],
        "blank_count": len(definitions.blanks(content, patient, answers)),
        "places": places,
        "missing": {one: seating.CURES[one] for one in places.missing},
        "signature": signature,
        "drawn": _drawn(signature),
        "intact": signature is not None and selectors.is_intact(signature),
        "document": Document.objects.filter(kind=actions.PRINTED, subject_code=found.code).first()
        if signature is not None
        else None,
        "signature_demanded": handover.signature_demanded(found),
        "sign_form": given.get("sign_form") or (SignForm(sheet=found) if found.state == "to_sign" else None),
        "special_form": given.get("special_form") or SpecialForm(),
        "alert_form": given.get("alert_form") or AlertForm(initial={"text": _alert(places)}),
        "hand_over_form": given.get("hand_over_form")
        or HandOverForm(
            people=people,
            by_giver=by_giver,
            initial={"receiver": doctor.code if doctor is not None else "", "version": found.version},
        ),
        "speaking": speaking,
        "standing": standing,
        "mine": standing is not None and standing.acknowledged_at is None and handover.is_for(request.actor, standing),
        "hand_overs": list(found.hand_overs.all()),
        "can_hand_over": found.state in ("to_sign", "signed", "handed_over", "acknowledged"),
        "override_form": given.get("override_form")
        or (OverrideForm() if found.visit and may_override(request, found.visit, handover.SIGNATURE) else None),
        "link": given.get("link", ""),
        "squares": given.get("squares"),
        "refusal": given.get("refusal"),
        **_explained(content),
    }


def may_override(request: HttpRequest, visit: Visit, key: str) -> bool:
    """May this person let the visit pass the gate once?"""
    return gates.may_override(request.actor, key, visit.site)


def _work(request: HttpRequest, site: Site) -> dict[str, Any]:
    rows = selectors.work_list(site, today(site))
    show = request.GET.get("show", "")
    counts = {key: sum(1 for one in rows if one.stage == key) for key in selectors.STAGES}
    here = reverse("intake:list")
    tabs = [{"key": "", "label": _("All"), "url": here, "count": len(rows)}]
    tabs += [
        {"key": key, "label": stage_label(key), "url": f"{here}?show={key}", "count": count}
        for key, count in counts.items()
        if count
    ]
    return {
        "site": site,
        "now": clock.now(),
        "show": show,
        "tabs": tabs,
        "rows": [
            {"line": one, "label": stage_label(one.stage), "tone": STAGE_TONES.get(one.stage, "plain")}
            for one in rows
            if not show or one.stage == show
        ],
        "forms": selectors.forms(),
        "may": _may(request, site),
    }


def stage_label(stage: str) -> str:
    """What the desk calls a stage of the work list."""
    return _("No form yet") if stage == "missing" else str(SHEET.label(stage))


def _explained(content: dict[str, Any]) -> dict[str, Any]:
    """Why we ask, and what the desk offers (FD-013, FD-029)."""
    return {
        "why": definitions.in_language(content.get("why", {})),
        "offers": [definitions.in_language(one) for one in content.get("offers", [])],
    }


def _steps(found: IntakeSheet, signature: Signature | None) -> list[dict[str, Any]]:
    """The way of a form as the stepper draws it."""
    given = next((one for one in found.hand_overs.all() if one.replaced_at is None), None)
    steps = [
        (_("Filled in"), found.filled_by_name, found.filled_at),
        (_("Checked"), found.checked_by_name, found.checked_at),
        (_("Signed"), signature.signer_name if signature else "", signature.signed_at if signature else None),
        (pgettext("first visit", "Passed on"), given.receiver.name if given else "", given.given_at if given else None),
        (_("Acknowledged"), given.acknowledged_by_name if given else "", given.acknowledged_at if given else None),
    ]
    open_steps = [number for number, (_title, _who, at) in enumerate(steps) if at is None]
    first = open_steps[0] if open_steps else len(steps)
    return [
        {"title": title, "who": who, "at": at, "state": "done" if at else "now" if number == first else "locked"}
        for number, (title, who, at) in enumerate(steps)
    ]


def _drawn(signature: Signature | None) -> list[str]:
    """The lines of a drawn signature as an SVG draws them."""
    lines = json.loads(signature.strokes) if signature is not None and signature.strokes else []
    return [" ".join(f"{x},{y}" for x, y in line) for line in lines]


def _alert(places: findings.Places) -> str:
    return _("; ").join(places.in_words)[: handover.LONGEST_ALERT]


def _may(request: HttpRequest, site: Site) -> dict[str, bool]:
    return {word: holds(request.actor, f"intake.{word}", site=site.code) for word in WORDS}
