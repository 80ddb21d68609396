"""Making and moving a booking: the drawer, the offered slots, and the drop on the board."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel import clock, parameters
from kernel.errors import Conflict, DomainError, RuleRefused
from kernel.web.views import flash, htmx_partial, page, redirect_after_post, render_page
from services.appointments import actions, controls, selectors, wishes
from services.appointments.assignment import Case, propose, treating_doctor
from services.appointments.board import moment_at
from services.appointments.models import Appointment
from services.appointments.originals import earlier_treatments
from services.appointments.slots import best_slots, phone_offer, unit
from services.appointments.web.forms import YEARS, BookingForm, DropForm, MoveForm, read_slot
from services.appointments.web.views import asked_day, detail
from services.patients.models import Patient
from services.patients.reading import note_listing
from services.patients.selectors import access_patient, find_patients
from services.sites.models import Chair, Site
from services.sites.selectors import access_chair
from services.sites.web.current import site_for
from services.staff.models import StaffMember
from services.staff.selectors import doctors_at, shifts_between

FOUND = 8


@page(permission="appointments.book", methods=("GET", "POST"))
def new(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "appointments.book")
    patient = _patient(request)
    earlier = earlier_treatments(patient, asked_day(request, site)) if patient is not None else []
    form = BookingForm(request.POST or None, site=site, earlier=earlier, initial=_initial(request, site, patient))
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        card = _card(request)
        try:
            booked = actions.book_appointment(by=request.actor, site=site, card=card, **form.facts())
        except DomainError as error:
            refusal = error
        else:
            when = controls.moment(booked.starts_at, site.timezone)
            flash(request, _("Booked: %(when)s, %(doctor)s") % {"when": when, "doctor": booked.doctor.name})
            day = clock.local(booked.starts_at, site.timezone).date().isoformat()
            return redirect_after_post(request, f"{reverse('appointments:board')}?day={day}")
    context: dict[str, Any] = {
        "site": site,
        "form": form,
        "refusal": refusal,
        "patient": patient,
        "earlier": earlier,
        "card": request.GET.get("card") or request.POST.get("card") or "",
        "following": following_of(refusal),
        **_slots(request, site, patient),
    }
    if patient is not None:
        context |= {"habits": selectors.habits_of(patient), "next_booked": selectors.next_of_patient(patient)}
    template = "appointments/_booking.html" if getattr(request, "htmx", None) else "appointments/new.html"
    status = refusal.status if refusal is not None else 200
    return render_page(request, template, context, status=status, invalid=form)


@page(permission="appointments.book")
def slots(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "appointments.book")
    return render(request, "appointments/_slots.html", _slots(request, site, _patient(request)))


@page(permission="appointments.book")
def patients(request: HttpRequest) -> HttpResponse:
    query = request.GET.get("q", "").strip()
    found = find_patients(query, limit=FOUND) if query else []
    note_listing(request.actor, found)
    return render(request, "appointments/_patients.html", {"found": found, "query": query})


@page(permission="appointments.book", methods=("POST",))
def move(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_appointment(request.actor, code)
    form = MoveForm(request.POST, site=found.site)
    if not form.is_valid():
        context = detail(request, found, move_form=form)
        return render_page(request, "appointments/appointment.html", context, invalid=form)
    try:
        actions.move_appointment(by=request.actor, appointment=found, **_moving(form))
    except DomainError as error:
        context = detail(request, found, move_form=form, refusal=error)
        return render_page(request, "appointments/appointment.html", context, status=error.status)
    flash(request, _("Visit moved; doctor and assistant are told"))
    return redirect_after_post(request, "appointments:appointment", code)


@page(permission="appointments.book", methods=("POST",))
def drop(request: HttpRequest, code: UUID) -> HttpResponse:
    """A block was dropped. First the place is tried and the reason asked for; with the reason it is stored."""
    found = selectors.access_appointment(request.actor, code)
    form = DropForm(request.POST)
    if not form.is_valid():
        raise RuleRefused("drop_unreadable", _("This place cannot be read. Try again."))
    data = form.cleaned_data
    starts_at, chair = _place(request, found, data)
    doctor = _doctor_at(found, chair, starts_at)
    shown = {
        "appointment": found,
        "site": found.site,
        "doctor": doctor,
        "chair": chair,
        "starts_at": starts_at,
        "other_doctor": doctor.pk != found.doctor_id,
    }
    if not data["reason"]:
        refusal = _try(found, doctor, chair, starts_at)
        return _notice(request, shown, refusal)
    try:
        actions.move_appointment(
            by=request.actor,
            appointment=found,
            reason=data["reason"],
            asked_by=data["asked_by"] or "patient",
            version=data["version"],
            doctor=doctor,
            chair=chair,
            starts_at=starts_at,
        )
    except Conflict as error:
        return _notice(request, shown, error)
    flash(request, _("Visit moved; doctor and assistant are told"))
    day = clock.local(starts_at, found.site.timezone).date().isoformat()
    return redirect_after_post(request, f"{reverse('appointments:board')}?day={day}")


def _notice(request: HttpRequest, shown: dict[str, Any], refusal: DomainError | None) -> HttpResponse:
    context = shown | {"refusal": refusal, "following": following_of(refusal)}
    return htmx_partial(request, "appointments/move.html", "appointments/_move_notice.html", context)


def _try(found: Appointment, doctor: StaffMember, chair: Chair, starts_at: datetime) -> DomainError | None:
    """Would the move be accepted now? Nothing is locked or stored; the answer is asked for again at the drop."""
    try:
        window = controls.window_for(site=found.site, starts_at=starts_at, units=found.units)
        resources = controls.placed(
            site=found.site, doctor=doctor, chair=chair, assistant=found.assistant, window=window
        )
        controls.refuse_taken(site=found.site, resources=resources, window=window, ignore=found)
    except DomainError as error:
        return error
    return None


def _place(request: HttpRequest, found: Appointment, data: dict[str, Any]) -> tuple[datetime, Chair]:
    chair = access_chair(request.actor, data["column"]) if data["column"] else found.chair
    if data["slot"]:
        moment = read_slot(data["slot"])
        if moment is not None:
            return moment, chair
    day = (
        data["day"]
        if data["day"] and data["day"].year in YEARS
        else clock.local(found.starts_at, found.site.timezone).date()
    )
    try:
        return moment_at(found.site, day, data["at"] if data["at"] is not None else -1), chair
    except ValueError:
        raise RuleRefused("drop_unreadable", _("This place cannot be read. Try again.")) from None


def _doctor_at(found: Appointment, chair: Chair, starts_at: datetime) -> StaffMember:
    """Who works at the chair at that time; the doctor of the booking where the roster names nobody."""
    if chair.pk == found.chair_id:
        return found.doctor
    for shift in shifts_between(found.site, starts_at, starts_at + unit(found.site)).filter(chair=chair):
        if shift.staff.is_doctor:
            return shift.staff
    return found.doctor


def following_of(refusal: DomainError | None) -> str:
    """The next gap that a conflict names, for the button that drops there."""
    return str(refusal.facts.get("next_starts_at") or "") if refusal is not None else ""


def _moving(form: MoveForm) -> dict[str, Any]:
    return {
        **form.placing(),
        "reason": form.cleaned_data["reason"],
        "asked_by": form.cleaned_data["asked_by"],
        "version": form.cleaned_data["version"],
        "keep_assistant": False,
    }


def _initial(request: HttpRequest, site: Site, patient: Patient | None) -> dict[str, Any]:
    card = _card(request)
    initial: dict[str, Any] = {"channel": "phone", "day": asked_day(request, site)}
    initial |= {
        name: request.GET[name] for name in ("doctor", "item", "units", "slot", "chair") if request.GET.get(name)
    }
    if patient is not None:
        initial["patient"] = patient.code
        usual = treating_doctor(patient) if "doctor" not in initial and request.method == "GET" else None
        if usual is not None and doctors_at(site).filter(pk=usual.pk).exists():
            initial["doctor"] = usual.code
    if card is not None:
        initial |= {"doctor": card.doctor.code, "units": card.units, "channel": "card"}
        if card.item is not None:
            initial["item"] = card.item.code
    return initial


def _patient(request: HttpRequest) -> Patient | None:
    wanted = request.POST.get("patient") or request.GET.get("patient")
    try:
        return access_patient(request.actor, UUID(wanted)) if wanted else None
    except ValueError:
        return None


def _card(request: HttpRequest) -> Any:
    wanted = request.POST.get("card") or request.GET.get("card")
    try:
        return selectors.access_card(request.actor, UUID(wanted)) if wanted else None
    except ValueError:
        return None


def _slots(request: HttpRequest, site: Site, patient: Patient | None) -> dict[str, Any]:
    """Slots to offer: of the doctor who is chosen, else of whom the rules propose, with the explanation (AP-007, AP-008)."""
    asked = request.POST if request.method == "POST" else request.GET
    form = BookingForm(site=site)
    typed = asked.get("units", "")
    units = int(typed) if typed.isdecimal() and len(typed) <= 2 else _usual_units(form, asked.get("item", ""))
    length = max(1, units) * unit(site)
    after = max(clock.now(), clock.day_bounds(asked_day(request, site), site.timezone)[0])
    card = _card(request)
    doctor = _chosen(form, asked.get("doctor", "")) or (card.doctor if card is not None else None)
    context: dict[str, Any] = {"site": site, "advice_days": parameters.value("booking_advice_days", site=site)}
    if doctor is None:
        proposed = propose(_case(asked, site, patient, after, length))
        context["proposed"] = proposed
        doctor = proposed.doctor if proposed is not None else None
    if doctor is None:
        return context | {"proposals": [], "asked_doctor": None}
    # On the phone the house offers a morning and an afternoon of the next days; at the desk the card may lie further off.
    if asked.get("channel", "phone") == "phone" and card is None:
        proposals = phone_offer(site=site, doctor=doctor, length=length, after=after)
    else:
        proposals = best_slots(site=site, doctor=doctor, length=length, after=after)
    return context | {
        "proposals": proposals,
        "asked_doctor": doctor,
        "doctor_habits": selectors.doctor_habits(doctor),
    }


def _case(asked: Any, site: Site, patient: Patient | None, after: datetime, length: timedelta) -> Case:
    """The question that the drawer asks while its time is open. A wish that is not complete yet is none."""
    day = clock.local(after, site.timezone).date()
    wish, value = asked.get("preference", ""), asked.get("wish_value", "")
    if wish not in Appointment.Preference.values or (wish in wishes.NEEDS_VALUE and not value):
        wish = ""
    if wish == Appointment.Preference.AGE and value not in wishes.AGE_BANDS:
        wish = ""
    code = wishes.code_of(asked.get("earlier", ""))
    known = earlier_treatments(patient, day) if code is not None and patient is not None else []
    return Case(
        site=site,
        patient=patient,
        day=day,
        length=length,
        after=after,
        earlier=next((one for one in known if one.code == code), None),
        wish=wish,
        wish_value=value,
    )


def _chosen(form: BookingForm, code: str) -> StaffMember | None:
    found = wishes.code_of(code)
    if found is None:
        return None
    return form.fields["doctor"].queryset.filter(code=found).first()  # type: ignore[attr-defined,no-any-return]


def _usual_units(form: BookingForm, code: str) -> int:
    """The usual length of the chosen item; one unit where none is chosen."""
    try:
        item = form.fields["item"].queryset.filter(code=UUID(code)).first()  # type: ignore[attr-defined]
    except ValueError:
        item = None
    return item.units if item is not None else 1
