"""Writes of discounts. The till asks here what a line costs; nothing else makes anything cheaper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock, money
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Cure, NotFound, RuleRefused
from services.catalogue.models import Category, Item
from services.discounts.machines import APPROVAL, COUPON
from services.discounts.models import WHOLE, Coupon, DiscountApproval, DiscountPolicy, Placement, percent
from services.patients.models import Patient
from services.sites.models import Site
from services.tasks.actions import open_task, settle_task

ASKED = "discounts.asked"


class Line(Protocol):
    """What the till asks about: a line of a slip."""

    code: UUID
    item: Item
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A discount that the till wants on ``line``: by a line of the policy, or by an approval. Coupons name no line."""

    line: UUID
    policy: UUID | None = None
    approval: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduced:
    """What of a line is paid, and on which ground."""

    line: UUID
    rate_bp: int
    price_fen: int
    reduced_fen: int
    policy: DiscountPolicy | None = None
    coupon: Coupon | None = None
    approval: DiscountApproval | None = None


@action(permission="discounts.manage")
def set_policy(
    *,
    by: Actor,
    name_zh: str,
    rate_bp: int,
    starts_on: date,
    name_en: str = "",
    item: Item | None = None,
    category: Category | None = None,
    roles: Sequence[str] = (),
    coupon_only: bool = False,
    ends_on: date | None = None,
) -> DiscountPolicy:
    """Add a line to the finance policy (CA-006). Lines are ended, not edited: a receipt keeps the ground it had.

    Raises RuleRefused (``rate_invalid``, ``scope_ambiguous``, ``period_inverted``, ``granted_by_nobody``).
    """
    if not 0 < rate_bp < WHOLE:
        sentence = _("A rate lies between 1 % and 99 %. What is free has a reason of its own.")
        raise RuleRefused("rate_invalid", sentence, fields={"rate": [sentence]})
    if item is not None and category is not None:
        raise RuleRefused("scope_ambiguous", _("Name an item or a category, not both."))
    if ends_on is not None and ends_on < starts_on:
        raise RuleRefused("period_inverted", _("It ends before it begins."), fields={"ends_on": [_("Too early.")]})
    if not coupon_only and not roles:
        raise RuleRefused("granted_by_nobody", _("Say which roles may grant it, or that it needs a coupon."))
    policy = DiscountPolicy.objects.create(
        name_zh=name_zh,
        name_en=name_en,
        rate_bp=rate_bp,
        item=item,
        category=category,
        roles=sorted(set(roles)),
        coupon_only=coupon_only,
        starts_on=starts_on,
        ends_on=ends_on,
    )
    audit.record(by=by, verb="discounts.policy_set", target=policy, rate_bp=rate_bp)
    return policy


@action(permission="discounts.manage")
def end_policy(*, by: Actor, policy: DiscountPolicy, ends_on: date) -> DiscountPolicy:
    """The policy counts until ``ends_on``, that day included. Raises RuleRefused (``period_inverted``)."""
    if ends_on < policy.starts_on:
        raise RuleRefused("period_inverted", _("It ends before it begins."), fields={"ends_on": [_("Too early.")]})
    policy.ends_on = ends_on
    policy.bump({"ends_on"})
    audit.record(by=by, verb="discounts.policy_ended", target=policy, ends_on=ends_on.isoformat())
    return policy


@action(permission="discounts.manage")
def issue_coupon(
    *, by: Actor, policy: DiscountPolicy, number: str, patient: Patient | None = None, valid_until: date | None = None
) -> Coupon:
    """Register a coupon of ``policy``. Raises Conflict (``coupon_exists``), RuleRefused (``coupon_number_missing``)."""
    number = number.strip().upper()
    if not number:
        raise RuleRefused("coupon_number_missing", _("A coupon has a number."), fields={"number": [_("Required")]})
    try:
        with transaction.atomic():
            coupon = Coupon.objects.create(
                number=number,
                policy=policy,
                patient=patient,
                valid_until=valid_until,
                issued_at=clock.now(),
                issued_by_name=by.name,
            )
    except IntegrityError as error:
        raise Conflict("coupon_exists", _("This number is taken.")) from error
    audit.record(by=by, verb="discounts.coupon_issued", target=coupon)
    return coupon


@action(permission="discounts.manage")
def withdraw_coupon(*, by: Actor, coupon: Coupon) -> Coupon:
    """The coupon counts no more. Raises Conflict (``invalid_transition``) for one that was used."""
    COUPON.move(coupon, "withdrawn", by=by)
    return coupon


@action(permission="cashier.charge")
def ask_approval(*, by: Actor, site: Site, slip_code: UUID, line: Line, rate_bp: int, reason: str) -> DiscountApproval:
    """Ask for a discount that the policy does not know (CA-006). The supervisor finds it in the inbox.

    Raises Conflict (``approval_open``), RuleRefused (``rate_invalid``, ``reason_missing``).
    """
    if not 0 < rate_bp < WHOLE:
        sentence = _("A rate lies between 1 % and 99 %. What is free has a reason of its own.")
        raise RuleRefused("rate_invalid", sentence, fields={"rate": [sentence]})
    if not reason.strip():
        raise RuleRefused("reason_missing", _("Say why it shall be cheaper."), fields={"reason": [_("Required")]})
    now = clock.now()
    try:
        with transaction.atomic():
            approval = DiscountApproval.objects.create(
                site=site,
                slip_code=slip_code,
                line_code=line.code,
                item=line.item,
                rate_bp=rate_bp,
                reason=reason.strip(),
                asked_at=now,
                asked_by=by.code,
                asked_by_name=by.name,
            )
    except IntegrityError as error:
        raise Conflict("approval_open", _("This item has been asked about already.")) from error
    audit.record(by=by, verb="discounts.asked", target=approval, site=site.code, rate_bp=rate_bp)
    open_task(
        by=by,
        kind=ASKED,
        key=str(approval.code),
        room="discounts",
        title=gettext_noop("Discount asked for at the till"),
        detail=gettext_noop("%(rate)s of %(item)s: %(reason)s"),
        args={"rate": percent(rate_bp), "item": line.item.name_zh, "reason": approval.reason},
        due_at=now + timedelta(minutes=10),
        group="approval",
        icon="cash",
        roles=("supervisor", "finance", "clinic_director"),
        site=site,
        url=("discounts:approval", str(approval.code)),
        closed_in_inbox=False,
    )
    return approval


@action(permission="discounts.approve")
def decide(*, by: Actor, site: Site, approval: DiscountApproval, approve: bool, words: str = "") -> DiscountApproval:
    """Allow or refuse what the till asked for. Raises RuleRefused (``own_request``, ``reason_missing``), Conflict."""
    if approval.site_id != site.pk:
        raise NotFound("approval_not_found", _("There is no such request."))
    if not approve and not words.strip():
        raise RuleRefused("reason_missing", _("Say why not."), fields={"words": [_("Required")]})
    APPROVAL.move(approval, "approved" if approve else "refused", by=by, words=words.strip())
    settle_task(by=by, kind=ASKED, key=str(approval.code), result=approval.state)
    return approval


def reduce(
    *, by: Actor, patient: Patient, day: date, lines: Sequence[Line], wanted: Sequence[Wanted] = (),
    coupons: Sequence[str] = (), lock: bool = True,
) -> dict[UUID, Reduced]:  # fmt: skip
    """What the lines of a bill cost with these discounts, by line; lines without one are missing. A line has one discount.

    ``lock`` holds the coupons until the transaction ends: of two tills with one coupon the second waits and is refused.

    Raises NotFound (``coupon_not_found``, ``policy_not_found``, ``approval_not_found``), Conflict (``coupon_used``),
    RuleRefused (``coupon_of_somebody_else``, ``coupon_expired``, ``coupon_fits_nothing``, ``discount_not_in_policy``,
    ``discount_not_yours``, ``discount_not_approved``, ``discounts_add_up``).
    """
    by_code = {line.code: line for line in lines}
    found: dict[UUID, Reduced] = {}
    for number in dict.fromkeys(one.strip().upper() for one in coupons if one.strip()):
        coupon = _coupon(number, patient, day, lock=lock)
        fitting = [line for line in lines if line.amount_fen and coupon.policy.covers(line.item)]
        if not fitting:
            raise RuleRefused(
                "coupon_fits_nothing", _("Coupon %(number)s is not for what is on this slip.") % {"number": number}
            )
        for line in fitting:
            _put(found, _reduced(line, coupon.policy.rate_bp, policy=coupon.policy, coupon=coupon))
    for one in wanted:
        wanted_on = by_code.get(one.line)
        if wanted_on is None:
            raise NotFound("line_not_found", _("There is no such item on this slip."))
        if one.approval:
            _put(found, _by_approval(wanted_on, one.approval, lock))
        else:
            _put(found, _by_policy(by, wanted_on, one.policy, day))
    return found


def place(*, by: Actor, reduced: Mapping[UUID, Reduced], receipt_number: str) -> None:
    """Use up what ``reduce`` found, now that the receipt exists."""
    now = clock.now()
    for coupon in {one.coupon.pk: one.coupon for one in reduced.values() if one.coupon}.values():
        COUPON.move(coupon, "used", by=by, receipt_number=receipt_number)
    for one in reduced.values():
        if one.approval is not None:
            APPROVAL.move(one.approval, "used", by=by)
    Placement.objects.bulk_create(
        Placement(
            line_code=one.line,
            policy=one.policy,
            coupon=one.coupon,
            approval=one.approval,
            rate_bp=one.rate_bp,
            price_fen=one.price_fen,
            reduced_fen=one.reduced_fen,
            granted_by_name=one.approval.decided_by_name if one.approval else by.name,
            at=now,
        )
        for one in reduced.values()
    )


def _reduced(line: Line, rate_bp: int, **ground: Any) -> Reduced:
    return Reduced(
        line=line.code,
        rate_bp=rate_bp,
        price_fen=line.amount_fen,
        reduced_fen=money.rate_of(line.amount_fen, rate_bp),
        **ground,
    )


def _put(found: dict[UUID, Reduced], one: Reduced) -> None:
    if one.line in found:
        raise RuleRefused("discounts_add_up", _("One item has one discount. Choose which."))
    found[one.line] = one


def _coupon(number: str, patient: Patient, day: date, *, lock: bool) -> Coupon:
    rows = Coupon.objects.select_related("policy")
    if lock:
        rows = rows.select_for_update(of=("self",))
    coupon = rows.filter(number=number).first()
    if coupon is None:
        raise NotFound("coupon_not_found", _("There is no coupon %(number)s.") % {"number": number})
    if coupon.state != "issued":
        raise Conflict(
            "coupon_used",
            _("Coupon %(number)s has been used or withdrawn.") % {"number": number},
            state=coupon.state,
            receipt=coupon.receipt_number,
        )
    if coupon.patient_id is not None and coupon.patient_id != patient.pk:
        raise RuleRefused("coupon_of_somebody_else", _("This coupon is made out to somebody else."))
    if not coupon.policy.counts_on(day) or (coupon.valid_until is not None and day > coupon.valid_until):
        raise RuleRefused("coupon_expired", _("Coupon %(number)s does not count today.") % {"number": number})
    return coupon


def _by_policy(by: Actor, line: Line, code: UUID | None, day: date) -> Reduced:
    policy = DiscountPolicy.objects.filter(code=code).first() if code else None
    if policy is None:
        raise NotFound("policy_not_found", _("There is no such line of the finance policy."))
    if policy.coupon_only or not policy.covers(line.item) or not policy.counts_on(day):
        raise RuleRefused(
            "discount_not_in_policy",
            _("The finance policy has no such discount on “%(item)s” today.") % {"item": line.item.name},
            cures=[Cure(_("Ask for approval"))],
        )
    if not by.roles.intersection(policy.roles):
        raise RuleRefused(
            "discount_not_yours",
            _("This discount is granted by others. Ask for approval."),
            cures=[Cure(_("Ask for approval"))],
            roles=list(policy.roles),
        )
    return _reduced(line, policy.rate_bp, policy=policy)


def _by_approval(line: Line, code: UUID, lock: bool) -> Reduced:
    rows = DiscountApproval.objects.filter(code=code, line_code=line.code)
    approval = (rows.select_for_update(of=("self",)) if lock else rows).first()
    if approval is None:
        raise NotFound("approval_not_found", _("There is no such request."))
    if approval.state != "approved":
        raise RuleRefused(
            "discount_not_approved",
            _("This discount has not been approved."),
            cures=[Cure(_("Wait for the supervisor, or charge the full price"), role="supervisor")],
            state=approval.state,
        )
    return _reduced(line, approval.rate_bp, approval=approval)
