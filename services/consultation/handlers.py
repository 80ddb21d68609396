"""What other rooms' facts do to consultations."""

from __future__ import annotations

from datetime import datetime

from kernel.context import Actor
from kernel.outbox import Event
from services.appointments.models import Appointment
from services.cashier.models import Receipt
from services.consultation import actions, fees, transfers
from services.followup.models import FollowUp
from services.patients.models import Patient
from services.sites.models import Site

ENGINE = Actor.system("consultation")


def on_booking_given_up(event: Event) -> None:
    """A booking that a consultation had led to was cancelled."""
    booking = Appointment.objects.filter(code=event.payload["appointment"]).first()
    if booking is not None:
        actions.lose_booking(by=ENGINE, appointment=booking)


def on_treated(event: Event) -> None:
    """A treatment was recorded: what was accepted before it has begun."""
    patient = Patient.objects.filter(code=event.payload["patient"]).first()
    site = Site.objects.filter(code=event.payload["site"]).first()
    if patient is not None and site is not None:
        at = datetime.fromisoformat(event.payload["performed_at"])
        actions.note_treated(by=ENGINE, patient=patient, site=site, at=at)


def on_charged(event: Event) -> None:
    """A receipt may hold a consultation fee."""
    receipt = Receipt.objects.filter(code=event.payload["receipt"]).first()
    if receipt is not None:
        fees.settle_fee(by=ENGINE, receipt=receipt)


def on_suggestion(event: Event) -> None:
    """A suggestion made in a follow-up call goes to its department (FU-011, CS-012)."""
    call = FollowUp.objects.select_related("plan__site", "plan__patient").filter(code=event.payload["followup"]).first()
    if call is not None and call.suggestion:
        transfers.pass_on_heard(
            by=ENGINE, site=call.plan.site, patient=call.plan.patient, kind="suggestion",
            department=call.suggestion_for or "management", matter=call.suggestion, source_key=f"followup:{call.code}",
        )  # fmt: skip
