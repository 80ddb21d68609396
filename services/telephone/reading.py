"""Seeing a whole number: for whoever has to call, and logged."""

from __future__ import annotations

from django.db import transaction

from kernel import audit
from kernel.access import holds
from kernel.context import Actor
from kernel.web.formatting import masked_phone
from services.telephone.machines import is_for
from services.telephone.models import Call, MessageSlip, Promise


def phone_to_call(actor: Actor, row: MessageSlip | Promise) -> str:
    """The number of who waits: whole, and the look logged, for whoever answers them while it is open; else masked."""
    calls = isinstance(row, MessageSlip) and is_for(row, actor)
    calls = calls or any(holds(actor, f"telephone.{word}", site=row.site.code) for word in ("log", "answer"))
    if not calls or row.state in ("closed", "told"):
        return masked_phone(row.phone)
    with transaction.atomic():
        audit.record_read(by=actor, target=row, purpose="phone", part="phone")
    return row.phone


def phone_of_serious(actor: Actor, call: Call) -> str:
    """The number of a call: whole, and the look logged, for who answers a serious complaint; else masked, "" for none."""
    if not call.phone:
        return ""
    if not call.serious or not holds(actor, "telephone.answer", site=call.site.code):
        return masked_phone(call.phone)
    with transaction.atomic():
        audit.record_read(by=actor, target=call, purpose="phone", part="phone")
    return call.phone
