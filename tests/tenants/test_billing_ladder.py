"""What happens when nobody pays, and what goes on whatever happens (PL-004, SC-30)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from kernel import audit, clock
from kernel.actions import action
from kernel.context import ALL, Actor
from kernel.errors import Conflict
from kernel.messaging.models import Message
from kernel.tenancy import activate
from tenants.billing import actions, deadlines, guard, inbox, selectors, standing, ticking
from tenants.billing.models import BillingAccount, BillingDeadline, Subscription
from tenants.billing.scope import public_schema
from tenants.entitlements import selectors as entitlements
from tests.tenants.billing_desk import (  # noqa: F401  # fixtures
    OPERATOR,
    Post,
    StandIn,
    account,
    fresh,
    own_account,
    post,
    simple_order,
    stand_in,
    stripe,
    subscribe,
    tenant_of,
)
from tests.tenants.test_billing_webhooks import event, failed_invoice

# ruff: noqa: F811  # fixtures are imported by name

DESK = Actor(
    kind="user", name="白岚", username="bai.lan",
    grants=dict.fromkeys(("records.view", "records.write", "sites.manage", "billing.manage", "cashier.charge"), ALL),
)  # fmt: skip


@action(permission="records.view")
def read_chart(*, by: Actor) -> str:
    """A read that leaves a trace."""
    return "chart"


@action(permission="sites.manage")
def add_site(*, by: Actor) -> str:
    """Something new."""
    return "site"


@action(permission="cashier.charge")
def take_money(*, by: Actor) -> str:
    """A receipt, which a room keeps open."""
    return "receipt"


@pytest.fixture
def behind(at: Any, stripe: StandIn, post: Post, account: BillingAccount) -> BillingAccount:
    """smile missed a payment on 2026-12-06, literal profile."""
    stripe.live_at(at("2026-12-01 09:00"))
    subscribe(stripe, post, account, simple_order())
    miss_payment(account, at("2026-12-06 10:00"))
    return fresh(account)


def miss_payment(account: BillingAccount, moment: Any) -> None:
    """Let Stripe say that a charge failed."""
    with public_schema():
        sub = Subscription.objects.get(account=account)
        found = BillingAccount.objects.get(pk=account.pk)
    row = event("invoice.payment_failed", failed_invoice(found, sub), created=int(moment.timestamp()))
    inbox.store(row, json.dumps(row))
    inbox.work_on(row["id"])
    actions.advance_due()


def state() -> str:
    return tenant_of("smile").billing_state


@pytest.mark.ledger("PL-004")
def test_fourteen_days_then_read_only_then_suspended_and_payment_opens_all(
    at: Any, stripe: StandIn, post: Post, behind: BillingAccount
) -> None:
    assert state() == "past_due"
    at("2026-12-20 09:59:59")
    actions.advance_due()
    assert state() == "past_due"
    at("2026-12-20 10:00")
    actions.advance_due()
    assert state() == "read_only"
    at("2027-01-19 09:59")
    actions.advance_due()
    assert state() == "read_only"
    at("2027-01-19 10:01")
    actions.advance_due()
    assert state() == "suspended"
    # nothing was deleted, and one payment opens everything at once
    with public_schema():
        sub = Subscription.objects.get(account=behind)
    paid = failed_invoice(behind, sub, status="paid", amount_remaining=0, amount_paid=196000)
    post.put(event("invoice.paid", paid, created=int(clock.now().timestamp())))
    inbox.work_on_waiting()
    assert (state(), fresh(behind).past_due_since) == ("active", None)
    with public_schema():
        assert not BillingDeadline.objects.filter(account=behind, kind="stage").exists()


@pytest.mark.ledger("PL-004")
def test_the_default_profile_waits_sixty_days_and_for_a_person(
    at: Any, stripe: StandIn, post: Post, data: None
) -> None:
    stripe.live_at(at("2026-12-01 09:00"))
    actions.sync_catalogue()
    account = own_account("smile", profile="default")
    subscribe(stripe, post, account, simple_order())
    miss_payment(account, at("2026-12-06 10:00"))
    assert (state(), fresh(account).stage) == ("past_due", 1)
    # given day 30, growth is closed; care is not
    at("2027-01-05 10:01")
    actions.advance_due()
    assert (state(), fresh(account).stage) == ("past_due", 2)
    with activate(tenant_of("smile")):
        assert take_money(by=DESK) == "receipt"
    # given day 60, still nothing happens by itself
    with pytest.raises(Conflict, match="grace_not_over"):
        actions.agree_to_read_only(by=OPERATOR, account_code=account.code)
    at("2027-02-04 10:01")
    actions.advance_due()
    assert (state(), fresh(account).stage) == ("past_due", 3)
    at("2027-03-20 10:00")
    actions.advance_due()
    assert state() == "past_due"
    assert selectors.accounts_behind()[0].decidable
    # a person decides
    actions.agree_to_read_only(by=OPERATOR, account_code=account.code)
    assert state() == "read_only"
    assert fresh(account).read_only_agreed_by == "op.lu"


@pytest.mark.ledger("PL-004")
def test_new_courses_and_marketing_close_before_care_does(
    at: Any, stripe: StandIn, post: Post, data: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    stripe.live_at(at("2026-12-01 09:00"))
    actions.sync_catalogue()
    account = own_account("smile", profile="default")
    subscribe(stripe, post, account, simple_order())
    monkeypatch.setattr(guard, "growth_words", lambda _tenant: frozenset({"sites.manage"}))
    miss_payment(account, at("2026-12-06 10:00"))
    with activate(tenant_of("smile")):
        assert add_site(by=DESK) == "site"
    at("2027-01-05 10:01")
    actions.advance_due()
    with activate(tenant_of("smile")), pytest.raises(Conflict, match="growth_closed"):
        add_site(by=DESK)
    with activate(tenant_of("smile")):
        assert take_money(by=DESK) == "receipt"


@pytest.mark.ledger("PL-004")
@pytest.mark.parametrize("closed", ["read_only", "suspended"])
def test_read_only_refuses_what_is_new_and_lets_the_rest_pass(behind: BillingAccount, closed: str) -> None:
    with activate(tenant_of("smile")):
        assert add_site(by=DESK) == "site"  # past due: everything works
    with public_schema(), transaction.atomic():
        locked = BillingAccount.objects.select_for_update().get(pk=behind.pk)
        for target in ("read_only", "suspended")[: 1 + (closed == "suspended")]:
            standing.move(locked, target, cause="test")
    with activate(tenant_of("smile")):
        with pytest.raises(Conflict) as refusal:
            add_site(by=DESK)
        assert (refusal.value.status, refusal.value.code) == (409, "tenant_read_only")
        assert refusal.value.cures[0].url == "/billing/"
        refused = audit.models.AuditEntry.objects.filter(verb="refused").order_by("-id").first()
        assert refused is not None
        assert refused.data["code"] == "tenant_read_only"
        # reading, what the rooms keep open, paying, and the product itself
        assert read_chart(by=DESK) == "chart"
        assert take_money(by=DESK) == "receipt"
        assert add_site(by=Actor.system("timers")) == "site"
    # another tenant feels nothing
    derma = Actor(kind="user", name="x", grants={"sites.manage": ALL})
    with activate(tenant_of("derma")):
        assert add_site(by=derma) == "site"


@pytest.mark.ledger("PL-004")
def test_the_ladder_is_drawn_whole_with_its_dates(behind: BillingAccount) -> None:
    with activate(tenant_of("smile")):
        found = selectors.overview(tenant_of("smile"))
        row = entitlements.standing()
    days = {step.key: step.at and clock.local(step.at).date().isoformat() for step in found.ladder}
    assert days == {"past_due": "2026-12-06", "read_only": "2026-12-20", "suspended": "2027-01-19"}
    assert [step.key for step in found.ladder if step.now] == ["past_due"]
    assert (found.debt_fen, found.days_past_due) == (196000, 1)
    assert row is not None
    assert (row.state, row.read_only_at) == ("past_due", fresh(behind).past_due_since + timedelta(days=14))  # type: ignore[operator]


def test_the_payer_is_told_once_per_step(at: Any, behind: BillingAccount) -> None:
    for _again in range(3):
        ticking.do_now(behind, "copy")
        actions.advance_due()
    at("2026-12-20 10:01")
    actions.advance_due()
    actions.advance_due()
    with activate(tenant_of("smile")):
        told = list(Message.objects.filter(template="billing_state").order_by("id"))
        assert [mail.to for mail in told] == ["pay@example.test"] * 2
        assert len({mail.subject for mail in told}) == 2


def test_a_trial_without_a_choice_becomes_past_due_and_reminds_before(at: Any, stripe: StandIn, data: None) -> None:
    at("2026-12-01 09:00")
    account = own_account("smile", trial_days=30)
    actions.advance_due()
    assert (state(), fresh(account).state) == ("active", "trial")
    at("2026-12-26 09:01")
    actions.advance_due()
    with activate(tenant_of("smile")):
        assert Message.objects.filter(template="billing_trial").count() == 1
    at("2026-12-31 09:01")
    actions.advance_due()
    assert (state(), fresh(account).state) == ("past_due", "past_due")
    at("2027-01-14 09:02")
    actions.advance_due()
    assert state() == "read_only"


def test_a_cancelled_subscription_stays_readable_and_may_begin_again(
    at: Any, stripe: StandIn, post: Post, account: BillingAccount
) -> None:
    from tests.tenants.billing_desk import ADMIN

    stripe.live_at(at("2026-12-10 09:00"))
    subscribe(stripe, post, account, simple_order())
    with activate(tenant_of("smile")):
        actions.cancel_subscription(by=ADMIN)
        assert selectors.overview(tenant_of("smile")).subscription.cancel_at is not None  # type: ignore[union-attr]
        actions.resume_subscription(by=ADMIN)
        actions.cancel_subscription(by=ADMIN)
    assert state() == "active"
    stripe.live_at(at("2027-01-01 00:10"))
    post.deliver(fresh(account).stripe_customer)
    assert (fresh(account).state, state()) == ("cancelled", "read_only")
    with activate(tenant_of("smile")):
        assert read_chart(by=DESK) == "chart"
        with pytest.raises(Conflict, match="tenant_read_only"):
            add_site(by=DESK)
    subscribe(stripe, post, account, simple_order())
    assert (fresh(account).state, state()) == ("active", "active")


def test_what_is_due_survives_a_failure(at: Any, behind: BillingAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    at("2026-12-20 10:00")
    from tenants.billing import duties

    real = duties.standing.climb
    monkeypatch.setattr(duties.standing, "climb", lambda *_: (_ for _ in ()).throw(OSError("the disk is full")))
    actions.advance_due()
    assert state() == "past_due"
    monkeypatch.setattr(duties.standing, "climb", real)
    actions.advance_due()
    assert state() == "past_due"  # it waits a moment before it is tried again
    at("2026-12-20 10:02")
    assert deadlines.is_due()
    actions.advance_due()
    assert state() == "read_only"
