"""Seeing a whole number: for whoever has to call, and logged."""

from __future__ import annotations

from django.db import transaction

from kernel import audit
from kernel.access import holds
from kernel.context import Actor
from kernel.web.formatting import masked_phone
from services.guest_care.models import AdviceSeeker


def number_to_call(actor: Actor, advice: AdviceSeeker) -> str:
    """The number of somebody who asked for advice: whole, and the look logged, for who may follow up while that is open;
    else masked."""
    number = str(advice.phone)
    if not number or advice.state != "follow_up" or not holds(actor, "guest_care.log", site=advice.site.code):
        return masked_phone(number) if number else ""
    with transaction.atomic():
        audit.record_read(by=actor, target=advice, purpose="phone", part="phone")
    return number
