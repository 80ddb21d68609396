"""Confirming by link: what goes back the way it came is confirmed by the patient on their own phone (ledger 17 L, P)."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from kernel import audit, clock, messaging, money, parameters
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Cure, NotFound, RuleRefused
from kernel.identity.links import absolute, matches, new_secret, secret_hash
from kernel.messaging.models import Message
from services.refunds import actions, paper
from services.refunds.models import Payee, Refund, RefundLink
from services.sites.models import Site

PURPOSE = "refund-confirmation"
VALID = timedelta(days=7)


@action(permission="refunds.pay")
def send_link(*, by: Actor, site: Site, refund: Refund) -> RefundLink:
    """Text the patient the address under which they confirm. The one before ends.

    Raises RuleRefused (``link_not_allowed``, ``cash_is_signed_for``, ``phone_missing``), Conflict (``not_paid_yet``,
    ``invalid_transition``).
    """
    payout = actions.standing_payout(refund, lock=True)
    refund.refresh_from_db()
    if refund.state != "paid":
        raise Conflict("invalid_transition", _("This refund waits for no signature."), state=refund.state)
    if not parameters.value("refund_confirm_by_link", site=site):
        raise RuleRefused("link_not_allowed", _("Here the payee signs in person."))
    if paper.is_cash(payout) or payout.payee != Payee.PATIENT:
        raise RuleRefused(
            "cash_is_signed_for",
            _("Whoever takes cash, or takes it for somebody else, signs at the till."),
            cures=[Cure(_("Let the payee sign"))],
        )
    if not refund.patient.phone:
        raise RuleRefused("phone_missing", _("No phone number is known."))
    now = clock.now()
    secret = new_secret()
    RefundLink.objects.filter(payout=payout, used_at__isnull=True, expires_at__gt=now).update(expires_at=now)
    link = RefundLink.objects.create(
        payout=payout, secret_hash=secret_hash(PURPOSE, secret), made_at=now, expires_at=now + VALID
    )
    messaging.send(
        channel=Message.Channel.SMS,
        to=refund.patient.phone,
        template="refund_link",
        context={
            "site": site.name,
            "amount": money.yuan(refund.amount_fen, grouped=True),
            "link": absolute("refunds:confirm", link.code, secret),
        },
        key=f"refund-link:{link.code}",
        language=refund.patient.language or None,
    )
    audit.record(by=by, verb="refunds.link_sent", target=refund, site=site.code)
    return link


def open_link(code: UUID, secret: str) -> RefundLink:
    """The link behind an address, used or not. Raises NotFound (``link_not_found``): unknown, expired, or of a payment that
    was taken back; all of them look alike."""
    rows = RefundLink.objects.select_related(
        "payout__refund__site", "payout__refund__patient", "payout__refund__doctor"
    )
    found = rows.filter(code=code).first()
    if (
        found is None
        or not matches(PURPOSE, secret, found.secret_hash)
        or found.payout.taken_back_at is not None
        or (found.used_at is None and clock.now() >= found.expires_at)
    ):
        raise NotFound("link_not_found", _("This address leads nowhere any more. Please call the clinic."))
    return found


@action(permission=None, reason="the secret of the address is the proof")
def confirm(*, by: Actor, code: UUID, secret: str, signer_name: str) -> RefundLink:
    """The patient confirms under the address, with their name; once.

    Raises NotFound (``link_not_found``), Conflict (``link_used``), RuleRefused (``payee_not_patient``).
    """
    refund = Refund.objects.select_for_update().get(pk=open_link(code, secret).payout.refund_id)
    link = open_link(code, secret)
    if link.used_at is not None or refund.state != "paid":
        raise Conflict("link_used", _("This has been confirmed already."))
    holder = Actor.public(by.name, "refunds.pay")
    actions.sign_as_payee(by=holder, site=refund.site, refund=refund, signer_name=signer_name, by_link=True)
    link.used_at = clock.now()
    link.save(update_fields=["used_at"])
    return link
