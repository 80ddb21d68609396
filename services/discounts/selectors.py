"""Reads of discounts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from kernel.access import accessible, require
from kernel.context import Actor
from kernel.errors import NotFound
from services.discounts.actions import Line
from services.discounts.models import Coupon, DiscountApproval, DiscountPolicy, percent


def policies(day: date | None = None) -> QuerySet[DiscountPolicy]:
    """The finance policy, the newest line first; with ``day`` only what counts on it."""
    rows = DiscountPolicy.objects.select_related("item", "category")
    if day is not None:
        rows = rows.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=day), starts_on__lte=day)
    return rows


def offers_for(actor: Actor, lines: Sequence[Line], day: date) -> dict[UUID, list[tuple[str, str]]]:
    """What ``actor`` may grant on each line today, as choices ``policy:<code>`` and ``approval:<code>``; two queries."""
    rows = [one for one in policies(day).filter(coupon_only=False) if actor.roles.intersection(one.roles)]
    approved = DiscountApproval.objects.filter(line_code__in=[line.code for line in lines], state="approved")
    granted = {one.line_code: one for one in approved}
    found: dict[UUID, list[tuple[str, str]]] = {}
    for line in lines:
        choices = [
            (f"policy:{one.code}", f"{percent(one.rate_bp)} · {one.name}") for one in rows if one.covers(line.item)
        ]
        if line.code in granted:
            one = granted[line.code]
            words = _("approved by %(who)s") % {"who": one.decided_by_name}
            choices.append((f"approval:{one.code}", f"{percent(one.rate_bp)} · {words}"))
        if choices and line.amount_fen:
            found[line.code] = choices
    return found


def requests_of(slip_code: UUID) -> QuerySet[DiscountApproval]:
    """What the till asked for on a slip, the latest first."""
    return DiscountApproval.objects.filter(slip_code=slip_code).select_related("item")


def coupons(actor: Actor) -> QuerySet[Coupon]:
    """Every coupon with its policy, the newest first."""
    require(actor, "discounts.view")
    return Coupon.objects.select_related("policy", "patient")


def approvals(actor: Actor) -> QuerySet[DiscountApproval]:
    """What tills asked for at the sites where ``actor`` decides or sees it, the latest first."""
    return accessible(DiscountApproval.objects.select_related("site", "item"), actor, "discounts.view")


def access_policy(actor: Actor, code: UUID, word: str = "discounts.view") -> DiscountPolicy:
    """A line of the finance policy. Raises NotFound (``policy_not_found``)."""
    require(actor, word)
    found = policies().filter(code=code).first()
    if found is None:
        raise NotFound("policy_not_found", _("There is no such line of the finance policy."))
    return found


def access_coupon(actor: Actor, code: UUID, word: str = "discounts.view") -> Coupon:
    """A coupon. Raises NotFound (``coupon_not_found``)."""
    require(actor, word)
    found = Coupon.objects.select_related("policy", "patient").filter(code=code).first()
    if found is None:
        raise NotFound("coupon_not_found", _("There is no such coupon."))
    return found


def access_approval(actor: Actor, code: UUID, word: str = "discounts.view") -> DiscountApproval:
    """A request at a site where ``actor`` holds ``word``. Raises NotFound (``approval_not_found``)."""
    rows = accessible(DiscountApproval.objects.select_related("site", "item"), actor, word)
    found = rows.filter(code=code).first()
    if found is None:
        raise NotFound("approval_not_found", _("There is no such request."))
    return found
