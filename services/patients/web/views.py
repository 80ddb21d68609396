"""Pages of patients: the list and search, registration, the file, contact and family."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kernel import clock
from kernel.errors import Conflict, DomainError, NotFound, RuleRefused
from kernel.limits import Limit, consume
from kernel.web.views import flash, htmx_partial, next_path, page, redirect_after_post, render_page, site_code
from services.patients import actions, listing, reading, selectors
from services.patients.models import Patient
from services.patients.phones import canonical_phone
from services.patients.web.forms import ContactForm, FileForm, RegistrationForm
from services.patients.web.keeping import keeping_tabs
from services.patients.web.page import patient_context
from services.sites.models import Site
from services.sites.selectors import working_site

PER_PAGE = 50
FOUND_AT_ONCE = 60
# A person needs a number now and then, a thief needs all of them.
REVEALS = Limit("patient-phones", 60, 3600)


@page(permission="patients.view")
def patient_list(request: HttpRequest) -> HttpResponse:
    query = request.GET.get("q", "").strip()[:80]
    context: dict[str, Any] = {
        "query": query,
        "may_register": request.actor.can("patients.register"),
        "keeping": keeping_tabs(request, "")["items"],
    }
    if query:
        found = selectors.find_patients(query, limit=FOUND_AT_ONCE)
        prefetch_related_objects(found, "site")
        context |= {"rows": found, "more": len(found) == FOUND_AT_ONCE}
    else:
        page_of_rows = Paginator(selectors.newest(), PER_PAGE).get_page(request.GET.get("page"))
        context |= {"rows": list(page_of_rows.object_list), "page": page_of_rows}
    context["rows"] = listing.listed(request.actor, context["rows"])
    reading.note_listing(request.actor, context["rows"])
    states = selectors.present_states(context["rows"])
    today = clock.today()
    context["rows"] = [
        {"patient": patient, "age": patient.age_on(today), "state": states.get(patient.pk)}
        for patient in context["rows"]
    ]
    return htmx_partial(request, "patients/list.html", "patients/_rows.html", context)


@page(permission="patients.register", methods=("GET", "POST"))
def patient_new(request: HttpRequest) -> HttpResponse:
    form = RegistrationForm(
        request.POST or None, initial={"name": request.GET.get("name", ""), "phone": request.GET.get("phone", "")}
    )
    refusal: DomainError | None = None
    alike: list[tuple[Patient, tuple[str, ...]]] = []
    if request.method == "POST" and form.is_valid():
        try:
            patient = actions.register_patient(
                by=request.actor,
                site=site_of(request),
                confirmed_new=form.cleaned_data["confirmed_new"],
                **form.facts(),
            )
        except RuleRefused as error:
            show_on_fields(form, error)
        except Conflict as error:
            refusal, alike = error, alike_of(request, form.cleaned_data)
        else:
            flash(
                request,
                _("%(name)s registered as %(number)s") % {"name": patient.name, "number": patient.record_number},
            )
            target = next_path(request, "")
            if target:
                joint = "&" if "?" in target else "?"
                return redirect_after_post(request, f"{target}{joint}patient={patient.code}")
            return redirect_after_post(request, "patients:detail", code=patient.code)
    form.is_valid()
    form.star_what_is_needed()
    context = {"form": form, "refusal": refusal, "alike": alike, "next": next_path(request, "")}
    status = refusal.status if refusal else 200
    return render_page(request, "patients/new.html", context, status=status, invalid=form)


@page(permission="patients.register")
def duplicates(request: HttpRequest) -> HttpResponse:
    """What is found while the form is being filled in."""
    form = RegistrationForm(request.GET)
    form.is_valid()
    alike = alike_of(request, form.cleaned_data)
    reading.note_listing(request.actor, [patient for patient, _shared in alike])
    context = {"alike": alike, "asked": bool(form.cleaned_data.get("name") or form.cleaned_data.get("phone"))}
    return render_page(request, "patients/_duplicates.html", context)


@page(permission="patients.view", methods=("GET", "POST"))
def patient_detail(request: HttpRequest, code: UUID) -> HttpResponse:
    """The file. POST carries the purpose of somebody whose work gives none by itself."""
    patient = selectors.access_patient(request.actor, code)
    try:
        purpose = reading.note_read(request.actor, patient, stated=request.POST.get("purpose", ""))
    except RuleRefused as error:
        choices = [(key, reading.PURPOSES[key]) for key in reading.ASKED]
        context = {"choices": choices, "refusal": error if request.method == "POST" else None}
        return render_page(request, "patients/purpose.html", context, status=422 if request.method == "POST" else 200)
    context = patient_context(request, patient, purpose=purpose)
    return htmx_partial(request, "patients/detail.html", "patients/_timeline.html", context)


@page(permission="patients.reveal_phone", methods=("POST",))
def phone(request: HttpRequest, code: UUID) -> HttpResponse:
    patient = selectors.access_patient(request.actor, code, "patients.reveal_phone")
    consume((REVEALS, str(request.actor.code)))
    shown = actions.reveal_phone(by=request.actor, patient=patient, purpose=request.POST.get("purpose", ""))
    return htmx_partial(request, "patients/phone.html", "patients/_phone.html", {"patient": patient, "phone": shown})


@page(permission="patients.edit", methods=("GET", "POST"))
def patient_edit(request: HttpRequest, code: UUID) -> HttpResponse:
    patient = selectors.access_patient(request.actor, code, "patients.edit")
    if request.method == "GET":
        reading.note_read(request.actor, patient, part="details")
    form = FileForm(request.POST or None, initial=FileForm.initial_of(patient))
    return _edit(request, patient, form, "patients/edit.html", _("File changed"))


@page(permission="patients.edit", methods=("GET", "POST"))
def contact(request: HttpRequest, code: UUID) -> HttpResponse:
    patient = selectors.access_patient(request.actor, code, "patients.edit")
    if request.method == "GET":
        # The form shows the whole number: opening it is a look at it.
        actions.reveal_phone(by=request.actor, patient=patient)
    form = ContactForm(request.POST or None, initial=ContactForm.initial_of(patient))
    history = selectors.contact_history(patient)[:30]
    return _edit(request, patient, form, "patients/contact.html", _("Contact corrected"), history=history)


@page(permission="patients.edit", methods=("POST",))
def contact_verified(request: HttpRequest, code: UUID) -> HttpResponse:
    patient = selectors.access_patient(request.actor, code, "patients.edit")
    actions.verify_contact(by=request.actor, patient=patient)
    flash(request, _("Noted that the contact is still right"))
    return redirect_after_post(request, "patients:detail", code=patient.code)


def site_of(request: HttpRequest) -> Site:
    site = working_site(request.actor, site_code(request), "patients.register")
    if site is None:
        raise NotFound("site_not_found", _("You work at no site yet. Ask the administrator to assign you."))
    return site


def alike_of(request: HttpRequest, data: dict[str, Any]) -> list[tuple[Patient, tuple[str, ...]]]:
    """The proposals for what is typed so far."""
    born, age = data.get("birth_date"), data.get("stated_age")
    year = born.year if born else clock.today().year - age if age is not None else None
    found = selectors.possible_duplicates(
        name=data.get("name", ""),
        birth_year=year,
        exact_year=born is not None,
        phone=canonical_phone(data.get("phone", "")) or "",
    )
    shown = listing.listed(request.actor, [patient for patient, _shared in found])
    return [(patient, shared) for patient, (_patient, shared) in zip(shown, found, strict=True)]


def show_on_fields(form: Any, error: RuleRefused) -> None:
    """Put what a rule misses beside its fields; what belongs to none of them above the form."""
    for field, messages in error.fields.items():
        for message in messages:
            form.add_error(field if field in form.fields else None, str(message))
    if not error.fields:
        form.add_error(None, str(error.message))


def _edit(request: HttpRequest, patient: Patient, form: Any, template: str, done: str, **context: Any) -> HttpResponse:
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        version = form.cleaned_data["version"]
        try:
            if isinstance(form, ContactForm):
                actions.update_contact(
                    by=request.actor,
                    patient=patient,
                    version=version,
                    phone=form.cleaned_data["phone"],
                    address=form.cleaned_data["address"],
                    phone_absent_reason=form.reason(),
                )
            else:
                actions.update_patient(by=request.actor, patient=patient, version=version, **form.facts())
        except RuleRefused as error:
            show_on_fields(form, error)
        except DomainError as error:
            refusal = error
        else:
            flash(request, done)
            return redirect_after_post(request, "patients:detail", code=patient.code)
    context |= {"form": form, "patient": patient, "refusal": refusal}
    return render_page(request, template, context, status=refusal.status if refusal else 200, invalid=form)
