"""Slips, receipts and arrears from user input; missing and forbidden look alike."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from kernel.access import accessible
from kernel.context import Actor
from kernel.errors import NotFound
from services.cashier.models import Arrear, ChargeSlip, Receipt
from services.cashier.selectors import with_report


def access_slip(actor: Actor, code: UUID, word: str = "cashier.view") -> ChargeSlip:
    """A charge slip at a site where ``actor`` holds ``word``. Raises NotFound (``slip_not_found``)."""
    rows = ChargeSlip.objects.select_related("site__entity", "patient", "doctor__user").prefetch_related("lines__item")
    found = accessible(rows, actor, word).filter(code=code).first()
    if found is None:
        raise NotFound("slip_not_found", _("There is no such slip."))
    return found


def access_receipt(actor: Actor, code: UUID, word: str = "cashier.view") -> Receipt:
    """A receipt at a site where ``actor`` holds ``word``. Raises NotFound (``receipt_not_found``)."""
    rows = Receipt.objects.select_related(
        "site__entity", "patient", "document", "slip__doctor", "void", "replaces", "replaced_by"
    ).prefetch_related("lines__line", "payments", "arrears")
    found = accessible(rows, actor, word).filter(code=code).first()
    if found is None:
        raise NotFound("receipt_not_found", _("There is no such receipt."))
    return found


def access_arrear(actor: Actor, code: UUID, word: str = "cashier.view") -> Arrear:
    """An arrear at a site where ``actor`` holds ``word``. Raises NotFound (``arrear_not_found``)."""
    rows = with_report(Arrear.objects.select_related("site__entity", "patient", "line", "receipt"))
    found = accessible(rows, actor, word).filter(code=code).first()
    if found is None:
        raise NotFound("arrear_not_found", _("There is no such arrear."))
    return found
