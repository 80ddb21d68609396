"""The lives of a VIP card (state machine a10) and of a partner's voucher."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kernel.context import Actor
from kernel.errors import Cure, DomainError, RuleRefused
from kernel.states import StateMachine, Transition

USABLE = ("issued", "active")


def signature_missing() -> RuleRefused:
    """The refusal for a card that the chief physician has not signed."""
    return RuleRefused(
        "vip_signature_missing",
        _("A VIP card is issued with the signature of the chief physician. It is still missing."),
        cures=[Cure(_("Let the chief physician sign"), role="chief_physician")],
    )


def _signed_by_another(card: Any, by: Actor, **facts: Any) -> DomainError | None:
    """a name and a reason; signed by the chief physician, who is not the cashier"""
    if not card.is_meant or not card.reason:
        return RuleRefused("vip_holder_missing", _("Say first for whom the card is, and why."))
    if card.signed_at is None:
        return signature_missing()
    if by.code is not None and by.code == card.signed_by:
        return RuleRefused(
            "same_person_twice", _("You have signed this already. The next signature is somebody else's.")
        )
    return None


def _issued(card: Any, by: Actor, **facts: Any) -> None:
    """allowed uses and validity of the day; keeps who issued it"""
    card.issued_by, card.issued_by_name = by.code, by.name


def _lost(card: Any, by: Actor, *, words: str = "", **facts: Any) -> None:
    """the serial is refused from now on"""
    card.words = words


CARD = StateMachine(
    name="vip.card",
    initial="in_stock",
    states={
        "in_stock": pgettext_lazy("vip", "In stock"),
        "issued": pgettext_lazy("vip", "Issued"),
        "active": pgettext_lazy("vip", "In use"),
        "used_up": pgettext_lazy("vip", "Used up"),
        "expired": pgettext_lazy("vip", "Expired"),
        "lost": pgettext_lazy("vip", "Lost"),
        "replaced": pgettext_lazy("vip", "Lost and replaced"),
        "revoked": pgettext_lazy("vip", "Revoked"),
    },
    transitions=(
        Transition(
            source="in_stock",
            target="issued",
            who=("vip.issue",),
            guard=_signed_by_another,
            effect=_issued,
            stamp="issued_at",
            ledger=("VP-002", "VP-003"),
        ),
        Transition(
            source="issued",
            target="active",
            who=("vip.use",),
            guard_note=gettext_lazy("a receipt of the holder; allowed uses and validity"),
            effect_note=gettext_lazy("the counter grows by one, linked to the receipt"),
            ledger=("VP-004",),
        ),
        Transition(source="active", target="used_up", ledger=("VP-005",)),
        Transition(
            source=("issued", "active"), target="expired", limit=gettext_lazy("validity date"), ledger=("VP-005",)
        ),
        Transition(
            source=("issued", "active"),
            target="lost",
            who=("vip.issue",),
            effect=_lost,
            stamp="ended_at",
            ledger=("VP-005",),
        ),
        Transition(
            source="lost",
            target="replaced",
            who=("vip.issue",),
            effect_note=gettext_lazy("the new card goes on with the count and the history of this one"),
            ledger=("VP-005",),
        ),
        Transition(
            source=("issued", "active", "lost"),
            target="revoked",
            who=("vip.revoke",),
            effect=_lost,
            stamp="ended_at",
            ledger=("VP-005",),
        ),
    ),
)


def _checked(voucher: Any, by: Actor, *, patient: Any, site: Any, identified_by: str) -> None:
    """keeps by what the cardholder was recognised"""
    voucher.patient, voucher.checked_at_site, voucher.identified_by = patient, site, identified_by
    voucher.checked_by_name = by.name


def _taken(voucher: Any, by: Actor, *, receipt: Any) -> None:
    """lies with one receipt of the cardholder"""
    voucher.receipt = receipt


VOUCHER = StateMachine(
    name="vip.voucher",
    initial="open",
    states={
        "open": pgettext_lazy("voucher", "To be shown"),
        "checked": pgettext_lazy("voucher", "Cardholder checked"),
        "used": pgettext_lazy("voucher", "Used"),
        "withdrawn": pgettext_lazy("voucher", "Withdrawn"),
    },
    transitions=(
        Transition(
            source=("open", "checked"),
            target="checked",
            who=("vip.use",),
            effect=_checked,
            stamp="checked_at",
            guard_note=gettext_lazy("the cardholder in person; identity as the partner named it"),
            ledger=("VP-007",),
        ),
        Transition(
            source="checked", target="used", who=("cashier.charge",), effect=_taken, stamp="used_at", ledger=("VP-007",)
        ),
        Transition(source=("open", "checked"), target="withdrawn", who=("vip.manage",), ledger=("VP-007",)),
    ),
)
