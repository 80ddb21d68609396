"""What a caller has to pay: asked of whoever keeps the accounts, through a slot.

``telephone.account`` ``(patient) -> (to pay, owed)`` in fen: what waits at the till (signed slips) and what is still owed of
earlier bills. Without an answer the words of the script stay open.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from django.db import transaction
from django.utils.module_loading import import_string

from kernel import audit, money, registry
from kernel.access import holds
from kernel.context import Actor
from services.patients.models import Patient

SLOT = "telephone.account"


def account_of(patient: Patient) -> tuple[int, int] | None:
    """The account as the active rooms know it; None where nobody keeps one."""
    for room in registry.active_rooms():
        for path in room.slots.get(SLOT, ()):
            return _answer(path)(patient)
    return None


def words_of(actor: Actor, patient: Patient) -> dict[str, str]:
    """``{amount}`` and ``{balance}`` of a script for who speaks on the phone (TC-030); the look at the account is logged."""
    if not holds(actor, "telephone.log"):
        return {}
    found = account_of(patient)
    if found is None:
        return {}
    with transaction.atomic():
        audit.record_read(by=actor, target=patient, purpose="phone", part="account")
    to_pay, owed = found
    return {"amount": money.yuan(to_pay, grouped=True), "balance": money.yuan(owed, grouped=True)}


@cache
def _answer(path: str) -> Callable[[Patient], tuple[int, int]]:
    return import_string(path)
