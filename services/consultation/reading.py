"""Seeing a whole number: for the consultant who has to call back, and logged."""

from __future__ import annotations

from django.db import transaction

from kernel import audit
from kernel.access import holds
from kernel.context import Actor
from kernel.web.formatting import masked_phone
from services.consultation.machines import WORKED_ON
from services.consultation.models import Consultation


def phone_to_call(actor: Actor, row: Consultation) -> str:
    """The number of somebody without a file: whole, and the look logged, for whoever consults while it is undecided; else
    masked. A patient's number is seen in the file. "" where none is known."""
    if row.patient is not None or not row.phone:
        return ""
    if row.state not in WORKED_ON or not holds(actor, "consultation.consult", site=row.site.code):
        return masked_phone(row.phone)
    with transaction.atomic():
        audit.record_read(by=actor, target=row, purpose="phone", part="phone")
    return row.phone
