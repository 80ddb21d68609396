"""Plans: the price list at Stripe, both ways to begin, changes with their calculation, invoices in plain words (PL-003)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kernel import clock, usage
from kernel.context import ALL, Actor
from kernel.errors import Conflict, DomainError, Forbidden, NotFound, RuleRefused
from kernel.tenancy import activate
from tenants.billing import actions, catalogue, gateway, periods, plan_changes, quoting, selectors, usage_reports
from tenants.billing.models import BillingAccount, BillingDeadline, InvoiceMirror, PlanChange, Subscription, UsageDay
from tenants.billing.plan_changes import Order
from tenants.billing.scope import public_schema
from tests.tenants.billing_desk import (  # noqa: F401  # fixtures
    ADMIN,
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

# ruff: noqa: F811  # fixtures are imported by name

SHANGHAI = ZoneInfo("Asia/Shanghai")
HALF_DECEMBER = "2026-12-05 09:00"


@pytest.fixture
def running(at: Any, stripe: StandIn, post: Post, account: BillingAccount) -> BillingAccount:
    """smile began on 5 December, two sites of the clinic plan, by card."""
    stripe.live_at(at(HALF_DECEMBER))
    subscribe(stripe, post, account, simple_order(sites=2))
    return fresh(account)


@pytest.fixture(autouse=True)
def nothing_counts_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cast's own sites and seats are no matter of these tests; what billing itself meters is."""
    real = usage.meters
    monkeypatch.setattr(usage, "meters", lambda: {key: meter for key, meter in real().items() if meter.consumed})


def test_the_price_list_is_published_once(stripe: StandIn, account: BillingAccount) -> None:
    again = actions.sync_catalogue()
    assert (again["made"], again["prices"]) == (0, len(catalogue.every_component()))
    found = gateway.prices(["lz_clinic_site_month", "lz_chain_base_year"])
    price = stripe.api.prices.retrieve(found["lz_chain_base_year"])
    assert (price.unit_amount, price.currency, price.recurring.interval) == (28_000_00, "cny", "year")


def test_a_new_price_takes_over_the_key_and_the_old_one_stays_with_whoever_has_it(
    stripe: StandIn, running: BillingAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = gateway.prices(["lz_clinic_site_month"])["lz_clinic_site_month"]
    component = catalogue.by_lookup_key("lz_clinic_site_month")
    assert component is not None
    try:
        assert gateway.sync_component(_dearer(component), None)
        after = gateway.prices(["lz_clinic_site_month"])["lz_clinic_site_month"]
        assert after != before
        with activate(tenant_of("smile")):
            found = selectors.next_invoice(tenant_of("smile"))
        assert found is not None
        assert [line.amount_fen for line in found.fixed if line.group == "site"] == [2 * 980_00]
    finally:
        gateway.sync_component(component, None)


def _dearer(component: catalogue.Component) -> catalogue.Component:
    from dataclasses import replace

    return replace(component, unit_fen=component.unit_fen + 100)


@pytest.mark.ledger("PL-003")
def test_by_invoice_and_transfer_is_a_first_class_way(
    at: Any, stripe: StandIn, post: Post, account: BillingAccount
) -> None:
    stripe.live_at(at(HALF_DECEMBER))
    with activate(tenant_of("smile")):
        actions.start_invoice_subscription(by=ADMIN, order=simple_order(sites=2))
        found = selectors.overview(tenant_of("smile"))
    assert (found.account.state, found.account.collection) == ("active", "send_invoice")
    with public_schema():
        invoice = InvoiceMirror.objects.get(account=account)
    assert (invoice.status, invoice.due_at) == ("open", at("2026-12-19 09:00"))
    assert stripe.press(invoice.hosted_url)[0] == 200
    # nobody pays: past due on the day, by our own clock, without any event
    at("2026-12-19 09:00:01")
    actions.advance_due()
    assert fresh(account).state == "past_due"
    # an operator sees the transfer on the statement: open at once
    with pytest.raises(NotFound):
        actions.confirm_transfer(by=OPERATOR, account_code=account.code, invoice_code=account.code, reference="x")
    actions.confirm_transfer(
        by=OPERATOR, account_code=account.code, invoice_code=invoice.code, reference="ICBC 20261219"
    )
    assert fresh(account).state == "active"
    # the events about all this arrive later and change nothing more
    post.deliver(fresh(account).stripe_customer)
    assert fresh(account).state == "active"


def test_a_trial_is_kept_through_checkout(at: Any, stripe: StandIn, post: Post, data: None) -> None:
    stripe.live_at(at("2026-12-05 09:00"))
    actions.sync_catalogue()
    account = own_account("smile", trial_days=20)
    subscribe(stripe, post, account, simple_order())
    assert fresh(account).state == "trial"
    with public_schema():
        assert Subscription.objects.get(account=account).status == "trialing"
    stripe.live_at(at("2026-12-25 10:30"))
    post.deliver(fresh(account).stripe_customer)
    assert fresh(account).state == "active"


def test_the_first_of_the_month_begins_at_local_midnight(running: BillingAccount) -> None:
    with public_schema():
        sub = Subscription.objects.get(account=running)
    assert sub.period_end == datetime(2026, 12, 31, 16, tzinfo=UTC)
    assert periods.anchor_config(SHANGHAI, clock.now()) == {"day_of_month": 31, "hour": 16, "minute": 0, "second": 0}
    assert periods.anchor_config(ZoneInfo("America/New_York"), clock.now())["day_of_month"] == 1
    assert (
        periods.days_between(datetime(2026, 12, 31, 16, tzinfo=UTC), datetime(2027, 1, 31, 16, tzinfo=UTC), SHANGHAI)
        == 31
    )


@pytest.mark.ledger("PL-003")
def test_more_is_charged_by_the_day_and_the_calculation_is_what_happens(
    at: Any, stripe: StandIn, post: Post, running: BillingAccount
) -> None:
    at("2026-12-06 15:00")
    stripe.live_at(clock.now())
    three = simple_order(sites=3)
    with activate(tenant_of("smile")):
        before = selectors.next_invoice(tenant_of("smile"))
        quote = quoting.quote(tenant_of("smile"), three)
        assert selectors.next_invoice(tenant_of("smile")) == before  # a calculation changes nothing
        # 26 of 31 days are left on the morning of the 6th
        assert quote.now_fen == round(980_00 * 26 / 31)
        assert "26/31" in quote.now_lines[-1].how
        assert (quote.recurring_before_fen, quote.recurring_after_fen) == (2 * 980_00, 3 * 980_00)
        assert quote.next_after_fen == 3 * 980_00 + quote.now_fen
        change = actions.change_plan(by=ADMIN, order=three)
        after = selectors.next_invoice(tenant_of("smile"))
    assert before is not None
    assert after is not None
    assert change.state == "done"
    assert (before.fixed_fen, after.fixed_fen) == (quote.next_before_fen, quote.next_after_fen)
    assert sum(line.amount_fen for line in after.fixed) == after.fixed_fen
    assert sum(part.amount_fen for part in after.differences) == after.difference_fen
    # and that is what Stripe issues
    stripe.live_at(at("2027-01-01 02:00"))
    post.deliver(running.stripe_customer)
    with public_schema():
        issued = InvoiceMirror.objects.filter(account=running).order_by("-issued_at").first()
    assert issued is not None
    assert (issued.status, issued.total_fen) == ("paid", quote.next_after_fen)
    with activate(tenant_of("smile")):
        _row, lines = selectors.invoice_explained(tenant_of("smile"), issued.code)
    assert sum(line.amount_fen for line in lines) == issued.total_fen


def test_less_counts_at_the_end_and_coming_back_before_costs_nothing(
    at: Any, stripe: StandIn, running: BillingAccount
) -> None:
    with activate(tenant_of("smile")):
        quote = quoting.quote(tenant_of("smile"), simple_order(sites=1))
        assert (quote.now_fen, quote.next_after_fen) == (0, 980_00)
        assert [(later.quantity, later.monthly_fen) for later in quote.later] == [(1, -980_00)]
        actions.change_plan(by=ADMIN, order=simple_order(sites=1))
        at("2026-12-20 09:00")
        stripe.live_at(clock.now())
        back = quoting.quote(tenant_of("smile"), simple_order(sites=2))
        assert back.now_fen == 0
        three = quoting.quote(tenant_of("smile"), simple_order(sites=3))
        assert three.now_fen == round(980_00 * 12 / 31)  # only the third one is new
        actions.change_plan(by=ADMIN, order=simple_order(sites=3))
        found = selectors.next_invoice(tenant_of("smile"))
    assert found is not None
    assert found.fixed_fen == three.next_after_fen


def test_a_bigger_plan_counts_at_once_a_longer_rhythm_too_and_a_shorter_one_waits(
    at: Any, stripe: StandIn, running: BillingAccount
) -> None:
    at("2026-12-10 09:00")
    stripe.live_at(clock.now())
    with activate(tenant_of("smile")):
        actions.change_plan(by=ADMIN, order=simple_order(sites=2, plan="chain"))
        with public_schema():
            sub = Subscription.objects.get(account=running)
        assert sub.plan == "chain"
        found = selectors.next_invoice(tenant_of("smile"))
        assert found is not None
        assert {line.group for line in found.fixed} >= {"base", "site"}
        yearly = Order(plan="chain", interval="year", quantities={"smile": {"site": 2}})
        actions.change_plan(by=ADMIN, order=yearly)
        with public_schema():
            sub = Subscription.objects.get(account=running)
        assert (sub.interval, sub.period_end and sub.period_end.year) == ("year", 2027)
        with pytest.raises(RuleRefused, match="interval_at_renewal"):
            actions.change_plan(by=ADMIN, order=simple_order(sites=2, plan="chain"))


def test_impossible_orders_are_refused_and_change_nothing(
    running: BillingAccount, stripe: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quoting, "standing_use", lambda: {"smile": {"site": 2}})
    orders = {
        "below_use": simple_order(sites=1),
        "too_many_sites": simple_order(sites=4),
        "no_site": Order(plan="clinic", interval="month", quantities={"smile": {}}),
        "unknown_tenant": Order(plan="clinic", interval="month", quantities={"willow": {"site": 2}}),
        "unknown_component": Order(
            plan="clinic", interval="month", quantities={"smile": {"site": 2, "seat:unknown": 1}}
        ),
        "unknown_plan": Order(plan="free", interval="month", quantities={"smile": {"site": 2}}),
    }
    for code, order in orders.items():
        with activate(tenant_of("smile")), pytest.raises(DomainError) as refusal:
            quoting.quote(tenant_of("smile"), order)
        assert refusal.value.code == code
    with public_schema():
        assert not PlanChange.objects.filter(account=running).exists()


def test_who_owes_buys_nothing_new_but_may_calculate(at: Any, stripe: StandIn, running: BillingAccount) -> None:
    from tests.tenants.test_billing_ladder import miss_payment

    miss_payment(running, at("2026-12-08 10:00"))
    stripe.live_at(clock.now())
    with activate(tenant_of("smile")):
        quote = quoting.quote(tenant_of("smile"), simple_order(sites=3))
        assert quote.refusal is not None
        assert quote.now_fen > 0
        with pytest.raises(Conflict, match="invoice_unpaid"):
            actions.change_plan(by=ADMIN, order=simple_order(sites=3))


def test_only_whoever_manages_billing_may_and_only_where_it_is_managed(
    stripe: StandIn, running: BillingAccount
) -> None:
    clerk = Actor(kind="user", name="x", grants={"billing.view": ALL})
    with activate(tenant_of("smile")), pytest.raises(Forbidden, match="permission_denied"):
        actions.change_plan(by=clerk, order=simple_order(sites=3))
    with activate(tenant_of("smile")), pytest.raises(Forbidden):
        actions.agree_to_read_only(by=ADMIN, account_code=running.code)


@pytest.mark.ledger("PL-003")
def test_a_change_whose_answer_was_lost_is_done_once(
    at: Any, stripe: StandIn, post: Post, running: BillingAccount
) -> None:
    """Stripe did it, the answer got lost, the process is gone: the tick repeats it with the same key."""
    at("2026-12-06 15:00")
    stripe.live_at(clock.now())
    stripe.control("/failures", path="/v1/subscriptions", method="POST", times=3, status=500, after=True)
    with activate(tenant_of("smile")), pytest.raises(Conflict, match="stripe_unreachable"):
        actions.change_plan(by=ADMIN, order=simple_order(sites=3))
    with public_schema():
        assert PlanChange.objects.get(account=running).state == "waiting"
        assert BillingDeadline.objects.filter(account=running, kind="change").exists()
    with activate(tenant_of("smile")), pytest.raises(Conflict, match="change_in_progress"):
        actions.change_plan(by=ADMIN, order=simple_order(sites=1))
    stripe.control("/failures", clear=True)
    at("2026-12-06 15:02")
    actions.advance_due()
    with public_schema():
        assert PlanChange.objects.get(account=running).state == "done"
    with activate(tenant_of("smile")):
        found = selectors.next_invoice(tenant_of("smile"))
    assert found is not None
    assert found.fixed_fen == 3 * 980_00 + round(980_00 * 26 / 31)


def test_a_declined_retry_says_why_and_a_new_card_pays(
    at: Any, stripe: StandIn, post: Post, running: BillingAccount
) -> None:
    customer = running.stripe_customer
    assert customer is not None
    with activate(tenant_of("smile")):
        portal = actions.open_portal(by=ADMIN, return_url="http://smile.localhost/billing/")
    assert stripe.press(portal, act="add", card="pm_card_insufficientFundsLater")[0] == 303
    stripe.live_at(at("2027-01-01 02:00"))
    post.deliver(customer)
    found = fresh(running)
    assert (found.state, found.payment_method["last4"]) == ("past_due", "9995")
    with public_schema():
        debt = InvoiceMirror.objects.get(account=running, status="open")
    assert (debt.failure, debt.attempts) == ("insufficient_funds", 1)
    with activate(tenant_of("smile")), pytest.raises(Conflict, match="card_declined"):
        actions.retry_payment(by=ADMIN, invoice_code=debt.code)
    with public_schema():
        assert InvoiceMirror.objects.get(pk=debt.pk).attempts == 2
    assert stripe.press(portal, act="add", card="pm_card_unionpay")[0] == 303
    with activate(tenant_of("smile")):
        actions.retry_payment(by=ADMIN, invoice_code=debt.code)
        assert fresh(running).state == "active"
        with pytest.raises(Conflict, match="invoice_not_open"):
            actions.retry_payment(by=ADMIN, invoice_code=debt.code)
        with pytest.raises(NotFound):
            actions.retry_payment(by=ADMIN, invoice_code=running.code)


def test_consumption_is_counted_per_day_told_once_and_estimated(
    at: Any, stripe: StandIn, post: Post, running: BillingAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "consumed", lambda key, *, start, end: 1_000 if key == "sms" else 3)
    stripe.live_at(at("2026-12-15 00:30"))
    actions.advance_due()
    with public_schema():
        rows = UsageDay.objects.filter(account=running, meter="sms")
        assert (rows.count(), rows.filter(reported_at__isnull=True).count()) == (10, 0)
        sub = Subscription.objects.get(account=running)
    usage_reports.report(running, clock.now())  # again: nothing more
    meter = next(row for row in stripe.api.billing.meters.list({"limit": 100}).data if row.event_name == "sms")
    start, end = int(sub.period_start.timestamp()), int(sub.period_end.timestamp())  # type: ignore[union-attr]
    summary = stripe.api.billing.meters.event_summaries.list(
        meter.id, {"customer": running.stripe_customer, "start_time": start, "end_time": end}
    )
    assert summary.data[0].aggregated_value == 10_000
    with activate(tenant_of("smile")):
        found = selectors.next_invoice(tenant_of("smile"))
    assert found is not None
    sms = next(line for line in found.estimates if line.group == "usage:sms")
    assert sms.amount_fen == (27_000 - 5_000) * 5  # 27 days at a thousand a day, five thousand of them included
    assert found.total_fen == found.fixed_fen + found.estimated_fen
    stripe.live_at(at("2027-01-01 02:00"))
    post.deliver(running.stripe_customer)
    with public_schema():
        issued = InvoiceMirror.objects.filter(account=running).order_by("-issued_at").first()
    assert issued is not None
    assert issued.total_fen == 2 * 980_00 + 5_000 * 5


def test_order_totals_follow_the_tenants() -> None:
    order = Order(
        plan="chain",
        interval="month",
        quantities={"a": {"site": 3, "vertical:dental": 1}, "b": {"site": 2, "vertical:dental": 1}, "c": {"site": 4}},
    )
    totals = order.totals()
    assert (totals["base"], totals["site"], totals["vertical:dental"]) == (1, 9, 5)
    assert plan_changes.MOST_OF_ONE >= 1_000  # a thousand sites in one tenant are possible


def test_what_one_gives_up_and_another_takes_over_moves_at_once() -> None:
    kept = {("lumen", "site"): 3, ("smile", "site"): 2, ("derma", "vertical:dental"): 1}
    wanted = {("lumen", "site"): 1, ("smile", "site"): 3}
    divided = plan_changes.divide(kept, wanted)
    assert divided[("smile", "site")] == (3, None)
    assert divided[("lumen", "site")] == (2, 1)  # one moved today, the other one stays until the period ends
    assert divided[("derma", "vertical:dental")] == (1, 0)
    assert plan_changes.divide(kept, dict(kept)) == {place: (number, None) for place, number in kept.items()}
