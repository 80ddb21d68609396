"""The pages of a family: who belongs to it, adding somebody known, registering somebody new."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel import clock
from kernel.errors import Conflict, DomainError, RuleRefused
from kernel.web.slots import slot_items
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.patients import actions, families, reading, selectors
from services.patients.models import Patient
from services.patients.web.forms import RelationForm, RelativeForm
from services.patients.web.views import alike_of, show_on_fields, site_of


@page(permission={"GET": "patients.view", "POST": "patients.edit"}, methods=("GET", "POST"))
def family(request: HttpRequest, code: UUID) -> HttpResponse:
    """The members with who pays, whose phone is shared and the next visits of all. POST adds a relative."""
    word = "patients.edit" if request.method == "POST" else "patients.view"
    patient = selectors.access_patient(request.actor, code, word)
    form = RelationForm(request.POST or None)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            data = form.cleaned_data
            number = data.pop("record_number").strip()
            relative = selectors.by_record_number(request.actor, number) if number else None
            actions.add_relation(by=request.actor, patient=patient, relative=relative, **data)
        except DomainError as error:
            refusal = error
        else:
            flash(request, _("Relative added"))
            return redirect_after_post(request, "patients:family", code=patient.code)
    context = {"patient": patient, "form": form, "refusal": refusal, **_shown(request, patient)}
    return render_page(
        request, "patients/family.html", context, status=refusal.status if refusal else 200, invalid=form
    )


@page(permission="patients.register", methods=("GET", "POST"))
def relative_new(request: HttpRequest, code: UUID) -> HttpResponse:
    """Register somebody from a relative's file: relation, shared phone and payer in one step."""
    patient = selectors.access_patient(request.actor, code, "patients.register")
    initial = {"kind": "child", "shares_phone": bool(patient.phone), "address": patient.address}
    form = RelativeForm(request.POST or None, initial=initial)
    refusal: DomainError | None = None
    alike: list[tuple[Patient, tuple[str, ...]]] = []
    if request.method == "GET":
        # The address of the family stands in the form: opening it is a look at it.
        reading.note_read(request.actor, patient, part="details")
    elif form.is_valid():
        try:
            relative = families.register_relative(
                by=request.actor,
                site=site_of(request),
                patient=patient,
                confirmed_new=form.cleaned_data["confirmed_new"],
                **form.relation(),
                **form.facts(),
            )
        except RuleRefused as error:
            show_on_fields(form, error)
        except Conflict as error:
            refusal, alike = error, alike_of(request, form.cleaned_data)
        else:
            flash(
                request,
                _("%(name)s registered as %(number)s") % {"name": relative.name, "number": relative.record_number},
            )
            return redirect_after_post(request, "patients:family", code=patient.code)
    form.is_valid()
    form.star_what_is_needed()
    context = {"patient": patient, "form": form, "refusal": refusal, "alike": alike}
    status = refusal.status if refusal else 200
    return render_page(request, "patients/relative_new.html", context, status=status, invalid=form)


@page(permission="patients.edit", methods=("POST",))
def relation_remove(request: HttpRequest, code: UUID, relation: UUID) -> HttpResponse:
    patient = selectors.access_patient(request.actor, code, "patients.edit")
    actions.remove_relation(by=request.actor, relation=selectors.access_relation(request.actor, patient, relation))
    flash(request, _("Relative taken out"))
    return redirect_after_post(request, "patients:family", code=patient.code)


def family_tab(request: HttpRequest, patient: Patient) -> dict[str, Any]:
    """The family among the tabs of a file."""
    return {
        "key": "family",
        "label": _("Family"),
        "icon": "people",
        "url": reverse("patients:family", args=[patient.code]),
        "order": 20,
    }


def _shown(request: HttpRequest, patient: Patient) -> dict[str, Any]:
    members = families.members_of(patient)
    files = [member.patient for member in members]
    known = {one.pk for one in files}
    strangers = [one for one in families.sharing_phone(patient) if one.pk not in known]
    reading.note_listing(request.actor, [*files, *strangers])
    visits = {item["patient"]: item for item in slot_items("patients.next_visits", request, patients=files)}
    today = clock.today(patient.site.timezone)
    return {
        "rows": [
            {"member": member, "age": member.patient.age_on(today), "visit": visits.get(member.patient.pk)}
            for member in members
        ],
        "without_file": [row for row in selectors.family_of(patient) if row.relative_id is None],
        "relations": [row for row in selectors.family_of(patient) if row.relative_id is not None],
        "strangers": strangers,
        "acts": slot_items("patient.family_actions", request, patient=patient, members=files),
        "may_edit": request.actor.can("patients.edit"),
        "may_register": request.actor.can("patients.register"),
    }
