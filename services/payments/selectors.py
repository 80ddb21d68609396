"""Reads of wallet payments."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from kernel.access import accessible
from kernel.context import Actor
from kernel.errors import NotFound
from services.payments.machines import LIVE
from services.payments.models import AcquirerBill, BillDifference, GiveBack, PaymentAttempt


def attempts(actor: Actor, word: str = "payments.view") -> QuerySet[PaymentAttempt]:
    """Attempts at the sites of ``actor``, the latest first."""
    rows = PaymentAttempt.objects.select_related("site__entity", "slip__patient", "slip__doctor", "receipt")
    return accessible(rows, actor, word)


def access_attempt(actor: Actor, code: UUID, word: str = "payments.view") -> PaymentAttempt:
    """An attempt at a site where ``actor`` holds ``word``. Raises NotFound (``payment_not_found``)."""
    found = attempts(actor, word).filter(code=code).first()
    if found is None:
        raise NotFound("payment_not_found", _("There is no such payment."))
    return found


def given_back(actor: Actor, word: str = "payments.view") -> QuerySet[GiveBack]:
    """Money on its way back at the sites of ``actor``, the latest first."""
    rows = GiveBack.objects.select_related("site", "attempt__slip", "payout__refund__patient")
    return accessible(rows, actor, word)


def access_give_back(actor: Actor, code: UUID, word: str = "payments.view") -> GiveBack:
    """One way back at a site where ``actor`` holds ``word``. Raises NotFound (``payment_not_found``)."""
    found = given_back(actor, word).filter(code=code).first()
    if found is None:
        raise NotFound("payment_not_found", _("There is no such payment."))
    return found


def bills(actor: Actor, word: str = "payments.view") -> QuerySet[AcquirerBill]:
    """The bills matched for the sites of ``actor``, the latest first, with how many differences are open."""
    open_ones = Count("differences", filter=Q(differences__resolved_at__isnull=True))
    rows = AcquirerBill.objects.select_related("site", "entity").annotate(open=open_ones).order_by("-day", "-id")
    return accessible(rows, actor, word)


def access_bill(actor: Actor, code: UUID, word: str = "payments.view") -> AcquirerBill:
    """A bill of a site where ``actor`` holds ``word``. Raises NotFound (``bill_not_found``)."""
    found = bills(actor, word).filter(code=code).first()
    if found is None:
        raise NotFound("bill_not_found", _("There is no such bill."))
    return found


def access_difference(actor: Actor, code: UUID, word: str = "payments.match") -> BillDifference:
    """A difference at a site where ``actor`` holds ``word``. Raises NotFound (``difference_not_found``)."""
    rows = accessible(BillDifference.objects.select_related("site", "bill"), actor, word)
    found = rows.filter(code=code).first()
    if found is None:
        raise NotFound("difference_not_found", _("There is no such difference."))
    return found


def open_count(request: HttpRequest) -> int:
    """What waits for the person: results that are not known, and differences nobody has resolved; for the rail."""
    actor = request.actor  # type: ignore[attr-defined]
    unknown = accessible(PaymentAttempt.objects.filter(state__in=LIVE), actor, "payments.take").count()
    differences = accessible(BillDifference.objects.filter(resolved_at__isnull=True), actor, "payments.match").count()
    return unknown + differences
