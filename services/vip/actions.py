"""Writes of VIP cards: the stock of blanks, issuing with the chief physician's signature, and each use."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock, parameters, timers
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Cure, DomainError, NotFound, RuleRefused
from kernel.timers.models import Timer
from services.cashier.models import Receipt
from services.discounts.models import Coupon
from services.patients.models import Patient
from services.refunds.identity import same_name
from services.sites.models import Site
from services.staff.models import StaffMember
from services.staff.selectors import staff_at
from services.tasks.actions import open_task, settle_task
from services.vip.machines import CARD, USABLE
from services.vip.models import Reason, VipCard, VipUse

SIGN = "vip.sign"
EXPIRE = "vip.expire"
CLOCK = Actor.system("timers")
# The holder may come to any site of the house; whoever uses the card there holds the word there.
TILL = Actor.system("till")
MOST_AT_ONCE = 500


@action(permission="vip.keep")
def register_cards(*, by: Actor, site: Site, first: str, last: str, custodian: StaffMember) -> list[VipCard]:
    """Take blank cards into stock by their range of serials, both ends included (VP-001, IN-013).

    Raises RuleRefused (``serial_range_invalid``, ``custodian_not_here``), Conflict (``serial_exists``); then none is
    taken in.
    """
    serials = _range(first, last)
    _refuse_stranger(site, custodian)
    taken = set(VipCard.objects.filter(serial__in=serials).values_list("serial", flat=True))
    taken |= set(Coupon.objects.filter(number__in=serials).values_list("number", flat=True))
    if taken:
        raise _exists(min(taken))
    now = clock.now()
    try:
        with transaction.atomic():
            cards = VipCard.objects.bulk_create(
                VipCard(serial=serial, site=site, custodian=custodian, registered_at=now) for serial in serials
            )
    except IntegrityError as error:
        raise _exists(serials[0]) from error
    audit.record(
        by=by, verb="vip.registered", target=cards[0], site=site.code, cards=len(cards), custodian=custodian.code
    )
    return cards


@action(permission="vip.keep")
def hand_over_stock(*, by: Actor, site: Site, first: str, last: str, custodian: StaffMember) -> int:
    """Another custodian keeps the blanks of a range from now on; how many there are (IN-013).

    Raises RuleRefused (``serial_range_invalid``, ``custodian_not_here``), NotFound (``card_not_found``).
    """
    _refuse_stranger(site, custodian)
    cards = list(
        VipCard.objects.select_for_update(of=("self",))
        .filter(site=site, state="in_stock", serial__in=_range(first, last))
        .order_by("id")
    )
    if not cards:
        raise NotFound("card_not_found", _("No blank card of this range lies in stock here."))
    for card in cards:
        card.custodian = custodian
        card.bump({"custodian"})
    audit.record(
        by=by, verb="vip.stock_handed_over", target=cards[0], site=site.code, cards=len(cards), custodian=custodian.code
    )
    return len(cards)


@action(permission="vip.issue")
def propose(
    *,
    by: Actor,
    site: Site,
    card: VipCard,
    reason: str,
    words: str = "",
    holder_name: str = "",
    patient: Patient | None = None,
) -> VipCard:
    """Say for whom a blank is and why (VP-003); the chief physician has it in the inbox. Proposed again, it is signed again.

    Raises Conflict (``card_not_in_stock``), RuleRefused (``vip_holder_missing``, ``vip_reason_missing``).
    """
    card = _locked(card, site)
    if card.state != "in_stock":
        raise Conflict("card_not_in_stock", _("Card %(serial)s has been given out already.") % {"serial": card.serial})
    # The name of a file stays in the file, where whoever may not read it does not.
    name = "" if patient is not None else holder_name.strip()
    if patient is None and not name:
        raise RuleRefused(
            "vip_holder_missing", _("Say first for whom the card is, and why."), fields={"holder_name": [_("Required")]}
        )
    if reason not in Reason.values:
        sentence = _("Choose the reason: a special relation, or potential.")
        raise RuleRefused("vip_reason_missing", sentence, fields={"reason": [sentence]})
    card.holder_name, card.patient, card.reason, card.reason_words = name, patient, reason, words.strip()
    card.asked_by, card.asked_by_name = by.code, by.name
    card.signed_by, card.signed_by_name, card.signed_at, card.signed_hash = None, "", None, ""
    card.bump(
        {"holder_name", "patient", "reason", "reason_words", "asked_by", "asked_by_name"}
        | {"signed_by", "signed_by_name", "signed_at", "signed_hash"}
    )
    audit.record(by=by, verb="vip.proposed", target=card, site=site.code, reason=reason)
    open_task(
        by=by,
        kind=SIGN,
        key=str(card.code),
        room="vip",
        title=gettext_noop("VIP card to be signed"),
        detail=gettext_noop("Card %(serial)s"),
        args={"serial": card.serial},
        due_at=clock.now() + timedelta(days=1),
        group="approval",
        icon="sign",
        roles=("chief_physician",),
        site=site,
        url=("vip:card", str(card.code)),
        closed_in_inbox=False,
    )
    return card


@action(permission="vip.sign")
def sign(*, by: Actor, site: Site, card: VipCard) -> VipCard:
    """The chief physician signs for holder and reason (VP-002). Whoever proposed the card does not sign it.

    Raises Conflict (``card_not_in_stock``, ``vip_signed_already``), RuleRefused (``vip_holder_missing``,
    ``same_person_twice``).
    """
    card = _locked(card, site)
    if card.state != "in_stock":
        raise Conflict("card_not_in_stock", _("Card %(serial)s has been given out already.") % {"serial": card.serial})
    if not card.is_meant:
        raise RuleRefused("vip_holder_missing", _("Say first for whom the card is, and why."))
    if card.signed_at is not None:
        raise Conflict("vip_signed_already", _("This card has been signed."))
    if by.code is not None and by.code == card.asked_by:
        raise RuleRefused(
            "same_person_twice", _("You have signed this already. The next signature is somebody else's.")
        )
    card.signed_by, card.signed_by_name, card.signed_at = by.code, by.name, clock.now()
    card.signed_hash = _hash(card)
    card.bump({"signed_by", "signed_by_name", "signed_at", "signed_hash"})
    audit.record(by=by, verb="vip.signed", target=card, site=site.code, hash=card.signed_hash)
    settle_task(by=by, kind=SIGN, key=str(card.code), result="signed")
    return card


@action(permission="vip.issue")
def issue(*, by: Actor, site: Site, card: VipCard) -> VipCard:
    """Hand out a signed card (VP-002). How often and how long it counts is what the settings say today (VP-004).

    Raises RuleRefused (``vip_holder_missing``, ``vip_signature_missing``, ``same_person_twice``), Conflict
    (``invalid_transition``).
    """
    card = _locked(card, site)
    CARD.move(card, "issued", by=by)
    days = int(parameters.value("vip_card_valid_days", site=site))
    card.allowed_uses = int(parameters.value("vip_card_uses", site=site))
    card.valid_until = clock.today(site.timezone) + timedelta(days=days)
    card.bump({"allowed_uses", "valid_until"})
    _end_by_clock(card)
    return card


@action(permission="vip.use")
def use_card(*, by: Actor, site: Site, serial: str, receipt: Receipt) -> VipCard:
    """Count one use of a card, with the receipt that it belongs to (VP-004). The card goes back to its holder: it is no
    coupon (VP-006).

    Raises NotFound (``card_not_found``, ``receipt_not_found``), Conflict (``card_lost``, ``card_revoked``, ``card_used_up``,
    ``card_expired``, ``card_not_issued``, ``card_counted_already``), RuleRefused (``card_is_coupon``, ``receipt_void``,
    ``card_of_somebody_else``).
    """
    if receipt.site_id != site.pk:
        raise NotFound("receipt_not_found", _("There is no such receipt."))
    serial = clean_serial(serial)
    card = VipCard.objects.select_for_update(of=("self",)).select_related("site").filter(serial=serial).first()
    if card is None:
        if Coupon.objects.filter(number=serial).exists():
            raise RuleRefused(
                "card_is_coupon",
                _("This is a coupon, no VIP card: it is taken with the bill and stays with the stub."),
            )
        raise NotFound("card_not_found", _("There is no VIP card %(serial)s.") % {"serial": serial})
    # Two tills that scan at once for one receipt: the second finds it counted, even if that was the last use.
    if VipUse.objects.filter(receipt__in=_lineage(receipt)).exists():
        raise _counted(receipt)
    if card.state not in USABLE or (card.valid_until is not None and clock.today(site.timezone) > card.valid_until):
        raise _not_usable(card)
    if hasattr(receipt, "void"):
        raise RuleRefused("receipt_void", _("This receipt was corrected and counts no more."))
    if not _is_holders(card, receipt):
        raise RuleRefused("card_of_somebody_else", _("This card is made out to somebody else."))
    if card.state == "issued":
        CARD.move(card, "active", by=TILL)
    card.uses += 1
    card.bump({"uses"})
    try:
        with transaction.atomic():
            VipUse.objects.create(card=card, number=card.uses, receipt=receipt, at=clock.now(), by_name=by.name)
    except IntegrityError as error:
        raise _counted(receipt) from error
    audit.record(by=by, verb="vip.used", target=card, site=site.code, use=card.uses, receipt=receipt.code)
    if card.uses == card.allowed_uses:
        CARD.move(card, "used_up", by=CLOCK)
        timers.cancel(EXPIRE, str(card.code))
    return card


@action(permission="vip.issue")
def report_lost(*, by: Actor, site: Site, card: VipCard, words: str = "") -> VipCard:
    """The holder has lost the card: its serial is refused from now on (VP-005). Raises Conflict (``invalid_transition``)."""
    card = _locked(card, site)
    CARD.move(card, "lost", by=by, words=words.strip())
    timers.cancel(EXPIRE, str(card.code))
    return card


@action(permission="vip.issue")
def replace(*, by: Actor, site: Site, card: VipCard, blank: VipCard) -> VipCard:
    """Give the holder of a lost card another one, which goes on with its count, validity, reason and signature (VP-005).

    Raises Conflict (``invalid_transition``, ``card_not_in_stock``), RuleRefused (``same_person_twice``).
    """
    blank, card = _locked(blank, site), _locked(card, site)
    if blank.state != "in_stock" or blank.is_meant:
        raise Conflict("card_not_in_stock", _("Card %(serial)s has been given out already.") % {"serial": blank.serial})
    CARD.move(card, "replaced", by=by)
    names = {
        "holder_name", "patient", "reason", "reason_words", "asked_by", "asked_by_name", "signed_by", "signed_by_name",
        "signed_at", "signed_hash", "allowed_uses", "valid_until", "uses",
    }  # fmt: skip
    for name in names:
        setattr(blank, name, getattr(card, name))
    blank.replaces = card
    blank.bump({*names, "replaces"})
    CARD.move(blank, "issued", by=by)
    if blank.uses:
        CARD.move(blank, "active", by=TILL)
    _end_by_clock(blank)
    return blank


@action(permission="vip.revoke")
def revoke(*, by: Actor, site: Site, card: VipCard, words: str) -> VipCard:
    """The supervisor takes a card back for a reason (VP-005). Raises RuleRefused (``reason_missing``), Conflict."""
    if not words.strip():
        sentence = _("Say why the card is revoked.")
        raise RuleRefused("reason_missing", sentence, fields={"words": [sentence]})
    card = _locked(card, site)
    CARD.move(card, "revoked", by=by, words=words.strip())
    timers.cancel(EXPIRE, str(card.code))
    return card


def on_validity_over(timer: Timer) -> None:
    """The last day of a card is over (VP-005)."""
    card = VipCard.objects.select_for_update(of=("self",)).select_related("site").filter(code=UUID(timer.key)).first()
    if card is None or card.state not in USABLE or card.valid_until is None:
        return
    if clock.today(card.site.timezone) > card.valid_until:
        CARD.move(card, "expired", by=CLOCK)


def clean_serial(text: str) -> str:
    """A serial as it is stored, however it was typed or scanned."""
    return unicodedata.normalize("NFKC", text).strip().upper()


# --- parts ------------------------------------------------------------------------------------------------------------


def _range(first: str, last: str) -> list[str]:
    begin, end = (re.fullmatch(r"([A-Z0-9\-]*?)([0-9]{1,9})", clean_serial(text)) for text in (first, last or first))
    if begin and end and begin[1] == end[1] and len(begin[2]) == len(end[2]):
        numbers = range(int(begin[2]), int(end[2]) + 1)
        if 0 < len(numbers) <= MOST_AT_ONCE and len(begin[0]) <= 40:
            return [f"{begin[1]}{number:0{len(begin[2])}d}" for number in numbers]
    raise RuleRefused(
        "serial_range_invalid",
        _("Give the first and the last serial of one range, such as V-0001 to V-0050; at most %(most)s cards.")
        % {"most": MOST_AT_ONCE},
        fields={"first": [_("Check the serials.")]},
    )


def _refuse_stranger(site: Site, custodian: StaffMember) -> None:
    if not staff_at(site).filter(pk=custodian.pk).exists():
        sentence = _("Whoever keeps the cards works at this site.")
        raise RuleRefused("custodian_not_here", sentence, fields={"custodian": [sentence]})


def _exists(serial: str) -> Conflict:
    return Conflict("serial_exists", _("Serial %(serial)s is registered already.") % {"serial": serial})


def _locked(card: VipCard, site: Site) -> VipCard:
    found = (
        VipCard.objects.select_for_update(of=("self",))
        .select_related("site", "patient")
        .filter(pk=card.pk, site=site)
        .first()
    )
    if found is None:
        raise NotFound("card_not_found", _("There is no such card."))
    return found


def _not_usable(card: VipCard) -> DomainError:
    serial = {"serial": card.serial}
    if card.state in ("lost", "replaced"):
        return Conflict(
            "card_lost",
            _("Card %(serial)s was reported lost and is refused.") % serial,
            cures=[Cure(_("Use the card that replaced it, or have it replaced"))],
            state=card.state,
        )
    if card.state == "revoked":
        return Conflict("card_revoked", _("Card %(serial)s was revoked.") % serial, state=card.state)
    if card.state == "used_up":
        return Conflict(
            "card_used_up", _("Card %(serial)s has been used as often as it may.") % serial, state=card.state
        )
    if card.state == "in_stock":
        return Conflict("card_not_issued", _("Card %(serial)s has not been issued.") % serial, state=card.state)
    return Conflict("card_expired", _("Card %(serial)s is no longer valid.") % serial, state=card.state)


def _lineage(receipt: Receipt) -> list[int]:
    """The receipt and those that it stands for by correction: together they are one payment, and one use."""
    found, one = [receipt.pk], receipt.replaces
    while one is not None:
        found.append(one.pk)
        one = one.replaces
    return found


def _counted(receipt: Receipt) -> Conflict:
    return Conflict(
        "card_counted_already", _("A use has been counted for receipt %(number)s.") % {"number": receipt.number}
    )


def _is_holders(card: VipCard, receipt: Receipt) -> bool:
    if card.patient_id is not None:
        return card.patient_id == receipt.patient_id
    return same_name(receipt.patient.name, card.holder_name)


def _end_by_clock(card: VipCard) -> None:
    if card.valid_until is not None:
        _start, end = clock.day_bounds(card.valid_until, card.site.timezone)
        timers.schedule(EXPIRE, str(card.code), end)


def _hash(card: VipCard) -> str:
    said = {
        "serial": card.serial,
        "holder": card.holder_name,
        "patient": str(card.patient.code) if card.patient is not None else "",
        "reason": card.reason,
        "words": card.reason_words,
        "signed_by": str(card.signed_by or ""),
    }
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
