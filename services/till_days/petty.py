"""Small expenses out of the till: asked for, approved by the supervisor, paid out (CA-016)."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock, money
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Cure, NotFound, RuleRefused
from services.books import actions as books
from services.books.models import Account, EntryKind, Tender
from services.books.selectors import expected_in_till
from services.sites.models import Site
from services.tasks.actions import open_task, settle_task
from services.till_days.machines import PETTY
from services.till_days.models import PettyCash
from services.till_days.opening import before_money

ASKED = "till_days.petty_asked"


@action(permission="till_days.ask")
def ask(*, by: Actor, site: Site, amount_fen: int, reason: str) -> PettyCash:
    """Ask for money from the till for an expense. Raises RuleRefused (``amount_missing``, ``reason_missing``)."""
    if amount_fen <= 0:
        raise RuleRefused("amount_missing", _("Say how much."))
    if len(reason.strip()) < 2:
        sentence = _("Say what for.")
        raise RuleRefused("reason_missing", sentence, fields={"reason": [sentence]})
    made = PettyCash.objects.create(
        site=site,
        amount_fen=amount_fen,
        reason=reason.strip()[:200],
        asked_at=clock.now(),
        asked_by=by.code,
        asked_by_name=by.name,
    )
    audit.record(by=by, verb="till_days.petty_asked", target=made, site=site.code, amount_fen=amount_fen)
    open_task(
        by=by,
        kind=ASKED,
        key=str(made.code),
        room="till_days",
        title=gettext_noop("%(amount)s yuan out of the till: %(reason)s"),
        args={"amount": money.yuan(amount_fen, grouped=True), "reason": made.reason},
        icon="cash",
        due_at=made.asked_at,
        roles=("supervisor",),
        site=site,
        url=("till_days:petty",),
        closed_in_inbox=False,
    )
    return made


@action(permission="till_days.approve")
def decide(*, by: Actor, site: Site, petty: PettyCash, approve: bool) -> PettyCash:
    """The supervisor consents, or not. Raises Forbidden (``own_request``), Conflict (``invalid_transition``)."""
    _at(petty, site)
    PETTY.move(petty, "approved" if approve else "refused", by=by)
    settle_task(by=by, kind=ASKED, key=str(petty.code), result=petty.state)
    return petty


@action(permission="till_days.work")
def pay_out(*, by: Actor, site: Site, petty: PettyCash) -> PettyCash:
    """The cashier pays it out of today's till; without consent nothing leaves.

    Raises RuleRefused (``consent_first``, ``till_short``, readiness), Conflict (``invalid_transition``).
    """
    _at(petty, site)
    # What one pays out is gone before the next one looks; held before anything asks about the day.
    books.hold_day(site)
    before_money(by=by, site=site)
    found = PettyCash.objects.select_for_update().get(pk=petty.pk)
    if found.state == "asked":
        raise RuleRefused(
            "consent_first",
            _("Nothing leaves the till without the supervisor's consent."),
            cures=[Cure(_("Ask the supervisor"), role="supervisor")],
        )
    if found.state == "approved" and found.amount_fen > expected_in_till(site, Tender.CASH):
        raise Conflict("till_short", _("There is not that much cash in the till."))
    PETTY.move(petty, "paid", by=by)
    move = books.Move(
        debit=Account.PETTY_CASH, credit=Account.MONEY, amount_fen=petty.amount_fen, tender=Tender.CASH
    )  # fmt: skip
    books.post(by=by, site=site, kind=EntryKind.PETTY_CASH, source=petty.code, moves=[move])
    return petty


def _at(petty: PettyCash, site: Site) -> None:
    if petty.site_id != site.pk:
        raise NotFound("petty_cash_not_found", _("There is no such request."))
