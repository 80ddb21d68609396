"""Will they come? Bookings are confirmed in two rounds on the day before; who was not reached is asked once more in the
morning of the visit, and who books by telephone or at the desk has often promised it in the same conversation."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING

from config.demo.fate import Fate
from kernel import clock, parameters
from services.appointments import actions as booking
from services.appointments.models import Appointment
from services.sites.models import Site
from services.sites.selectors import weekly_hours

if TYPE_CHECKING:
    from config.demo.clinic import Clinic

SPOKEN = ("phone", "on_spot", "card")
LATE_DAYS = 7


def at_booking(clinic: Clinic, appointment: Appointment, fate: Fate) -> None:
    """Who speaks with the desk while booking, and would say yes when asked, mostly says so at once."""
    promises = Random(f"booking {appointment.pk}:promise").random() < 0.85
    if appointment.channel in SPOKEN and fate.answers == "yes" and promises:
        _record(clinic, appointment, "confirmed")


def ask_first(clinic: Clinic, site: Site, day: date) -> None:
    """The morning's round: most of those who are due to be asked today."""
    for appointment in _due(clinic, site, day):
        if Random(f"booking {appointment.pk}:first").random() < 0.7:
            _ask(clinic, appointment)


def ask(clinic: Clinic, site: Site, day: date) -> None:
    """The afternoon's round: everybody else; some are left for the last moment."""
    for appointment in _due(clinic, site, day):
        _ask(clinic, appointment)


def catch_up(clinic: Clinic, site: Site, day: date) -> None:
    """Before the rooms fill: who was not asked or not reached yesterday is called once more."""
    for appointment in clinic.bookings(site, day, states=("booked", "unreachable")):
        if Random(f"booking {appointment.pk}:late").random() < 0.75:
            _record(clinic, appointment, "confirmed")


def _due(clinic: Clinic, site: Site, day: date) -> list[Appointment]:
    """Who is to be asked today: the patients of the next opening days, as many as the house wants."""
    hours = weekly_hours(site)
    following = [day + timedelta(days=ahead) for ahead in range(1, LATE_DAYS + 1)]
    days = [one for one in following if hours.is_opening_day(one)][: parameters.value("reminder_lead_days", site=site)]
    return [appointment for target in days for appointment in clinic.bookings(site, target, states=("booked",))]


def _ask(clinic: Clinic, appointment: Appointment) -> None:
    answer = Fate.of_booking(appointment).answers
    if answer != "silent":
        _record(clinic, appointment, "confirmed" if answer == "yes" else "unreachable")


def _record(clinic: Clinic, appointment: Appointment, result: str) -> None:
    if appointment.starts_at > clock.now():
        by = clinic.who("appointments.confirm", appointment.site, role="front_desk")
        clinic.attempt(booking.record_confirmation, by=by, appointment=appointment, result=result)
