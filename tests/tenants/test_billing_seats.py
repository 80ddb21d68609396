"""Limits: the seat after the last one is refused, also to two people at once; a soft limit is passed for a week (PL-005)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from kernel import clock, usage
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict
from kernel.messaging.models import Message
from kernel.tenancy import activate
from kernel.usage import Meter
from services.sites.actions import create_site, update_site
from services.sites.models import Site
from tenants.billing import actions, catalogue, entitling, selectors
from tenants.billing.models import Allotment, BillingAccount, Subscription
from tenants.billing.plan_changes import Order
from tenants.billing.scope import public_schema
from tenants.entitlements import selectors as entitlements
from tenants.entitlements.actions import take_seat
from tenants.entitlements.models import Entitlement
from tests.tenants.billing_desk import (  # noqa: F401  # fixtures
    ADMIN,
    Post,
    StandIn,
    fresh,
    own_account,
    post,
    stand_in,
    stripe,
    subscribe,
    tenant_of,
)

# ruff: noqa: F811  # fixtures are imported by name

MANAGER = Actor.system("escort manager")
DIRECTOR = Actor.system("clinic director")
SEATS = Meter(key="companions", label="陪诊师", kind="seat", count=f"{__name__}.count_seats", unit="人", unit_fen=60_00)
SITES = Meter(key="sites", label="站点", kind="site", count=f"{__name__}.count_sites")


def count_seats() -> int:
    """A stand-in for the rows that take seats."""
    return Message.objects.filter(template="seat").count()


def count_sites() -> int:
    return 1


@action(permission=None, reason="a test")
def activate_companion(*, by: Actor, name: str) -> None:
    """What a room does: take the seat, then use it, in one transaction."""
    take_seat(by=by, meter="companions")
    Message.objects.create(key=f"seat:{name}", channel="sms", template="seat", to="1", body="", queued_at=clock.now())


@pytest.fixture
def meters(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two rooms that count."""
    known = {"companions": SEATS, "sites": SITES}
    monkeypatch.setattr(usage, "meters", lambda: known)
    monkeypatch.setattr(usage, "all_meters", lambda: known)
    catalogue.clear_caches()
    yield
    catalogue.clear_caches()


def with_seats(stripe: StandIn, post: Post, number: int, *, profile: str = "literal") -> BillingAccount:
    """peiban buys seats for itself."""
    actions.sync_catalogue()
    account = own_account("peiban", profile=profile)
    order = Order(plan="clinic", interval="month", quantities={"peiban": {"site": 1, "seat:companions": number}})
    subscribe(stripe, post, account, order, slug="peiban")
    return fresh(account)


@pytest.mark.slow
@pytest.mark.ledger("PL-005")
def test_the_sixth_seat_taken_by_two_at_once_is_refused_to_exactly_one(
    meters: None, own_database: str, stripe: StandIn, post: Post
) -> None:
    """SC-30, last step: five seats, four taken; two administrators activate a fifth and a sixth person at the same time."""
    with_seats(stripe, post, 5)
    for turn in range(5):
        with activate(tenant_of("peiban")):
            Message.objects.filter(template="seat").delete()
            for number in range(4):
                activate_companion(by=MANAGER, name=str(number))
        start = threading.Barrier(2)
        results: list[str] = []

        def press(name: str, start: threading.Barrier = start, results: list[str] = results) -> None:
            try:
                with activate(tenant_of("peiban")):
                    start.wait(timeout=10)
                    activate_companion(by=MANAGER, name=name)
                results.append("taken")
            except Conflict as refusal:
                results.append(refusal.code)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=press, args=(f"{turn}{letter}",)) for letter in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(results) == ["seat_limit_reached", "taken"]
        with activate(tenant_of("peiban")):
            assert count_seats() == 5


@pytest.mark.ledger("PL-005")
def test_a_hard_limit_says_who_can_help(meters: None, data: None, stripe: StandIn, post: Post) -> None:
    with_seats(stripe, post, 2)
    with activate(tenant_of("peiban")):
        activate_companion(by=MANAGER, name="1")
        activate_companion(by=MANAGER, name="2")
        with pytest.raises(Conflict) as refusal:
            activate_companion(by=MANAGER, name="3")
        assert (refusal.value.status, refusal.value.facts["limit"], refusal.value.facts["used"]) == (409, 2, 2)
        assert refusal.value.cures[0].role == "billing_admin"
        assert count_seats() == 2
        row = next(seat for seat in entitlements.seats() if seat.key == "companions")
        assert (row.used, row.limit, row.full) == (2, 2, True)


@pytest.mark.ledger("PL-005")
def test_a_plan_holds_so_many_sites_and_a_closed_one_makes_room(data: None, stripe: StandIn, post: Post) -> None:
    # Given a clinic with two sites, whose first order is what it has
    actions.sync_catalogue()
    account = own_account("smile")
    with activate(tenant_of("smile")):
        proposed = selectors.starting_order()
        assert proposed.quantities["smile"]["site"] == 2
    subscribe(stripe, post, account, proposed)

    with activate(tenant_of("smile")):
        entity = Site.objects.select_related("entity").get(slug="center").entity
        third = {"slug": "park", "name": "公园门诊", "short_name": "公园", "city": "上海", "entity": entity}
        # When a third is opened, then the plan is in the way; closing one makes room, and it cannot come back
        with pytest.raises(Conflict) as refusal:
            create_site(by=DIRECTOR, **third)
        assert (refusal.value.code, refusal.value.facts["limit"]) == ("site_limit_reached", 2)
        harbor = Site.objects.get(slug="harbor")
        update_site(by=DIRECTOR, site=harbor, is_active=False)
        create_site(by=DIRECTOR, **third)
        with pytest.raises(Conflict, match="site_limit_reached"):
            update_site(by=DIRECTOR, site=harbor, is_active=True)


@pytest.mark.ledger("PL-005")
def test_a_soft_limit_is_passed_for_seven_days_and_the_payer_is_told(
    at: Any, meters: None, data: None, stripe: StandIn, post: Post
) -> None:
    stripe.live_at(at("2026-12-05 09:00"))
    with_seats(stripe, post, 1, profile="default")
    at("2026-12-07 09:00")
    with activate(tenant_of("peiban")):
        activate_companion(by=MANAGER, name="1")
        activate_companion(by=MANAGER, name="2")
        told = Message.objects.get(template="billing_limit")
        assert told.to == "pay@example.test"
        assert entitlements.seats()[0].grace_until == clock.now() + timedelta(days=7)
        at("2026-12-14 08:59")
        activate_companion(by=MANAGER, name="3")
        at("2026-12-14 09:00")
        with pytest.raises(Conflict, match="seat_limit_reached"):
            activate_companion(by=MANAGER, name="4")
        # whoever falls back to the limit has a week again
        Message.objects.filter(template="seat", key__in=["seat:2", "seat:3"]).delete()
        activate_companion(by=MANAGER, name="5")
        assert Message.objects.filter(template="billing_limit").count() == 2


@pytest.mark.ledger("PL-005")
def test_seats_that_are_bought_count_at_once_and_given_back_at_the_end(
    at: Any, meters: None, data: None, stripe: StandIn, post: Post
) -> None:
    stripe.live_at(at("2026-12-05 09:00"))
    account = with_seats(stripe, post, 2)
    with activate(tenant_of("peiban")):
        activate_companion(by=MANAGER, name="1")
        activate_companion(by=MANAGER, name="2")
        more = Order(plan="clinic", interval="month", quantities={"peiban": {"site": 1, "seat:companions": 4}})
        actions.change_plan(by=ADMIN, order=more)
        activate_companion(by=MANAGER, name="3")
        fewer = Order(plan="clinic", interval="month", quantities={"peiban": {"site": 1, "seat:companions": 3}})
        actions.change_plan(by=ADMIN, order=fewer)
        activate_companion(by=MANAGER, name="4")  # the fourth one is paid until the end of December
    with public_schema():
        items = {item["lookup_key"]: item["quantity"] for item in Subscription.objects.get(account=account).items}
    assert items["lz_seat_companions_month"] == 3
    with activate(tenant_of("peiban")):
        Message.objects.filter(key="seat:4").delete()
    stripe.live_at(at("2027-01-01 00:10"))
    post.deliver(account.stripe_customer)
    with activate(tenant_of("peiban")):
        assert Entitlement.objects.get(key="companions").limit == 3
        with pytest.raises(Conflict, match="seat_limit_reached"):
            activate_companion(by=MANAGER, name="5")


def test_fewer_at_stripe_than_allotted_cuts_the_last_and_more_goes_to_the_first(
    meters: None, data: None, stripe: StandIn, post: Post
) -> None:
    actions.sync_catalogue()
    with public_schema():
        derma = tenant_of("derma")
        account = BillingAccount.objects.filter(chain__code=derma.chain_code, is_default=True).first()
        if account is None:
            from tenants.models import Chain

            chain = Chain.objects.get(code=derma.chain_code)
            account = actions.open_account(by=MANAGER, chain=chain, name="兰花集团", trial_days=0)
        payers = {tenant.slug: tenant for tenant in entitling.tenants_of(account)}
        Subscription.objects.update_or_create(
            account=account,
            defaults={
                "stripe_id": "sub_shared", "status": "active", "plan": "chain", "interval": "month", "stamp": clock.now(),
                "items": [{"id": "si", "lookup_key": "lz_chain_site_month", "price": "p", "quantity": 9}],
            },
        )  # fmt: skip
        Allotment.objects.filter(account=account).delete()
        for slug, number in (("derma", 4), ("smile", 3), ("lumen", 2)):
            Allotment.objects.create(account=account, tenant=payers[slug], key="site", quantity=number)

        def limits(ordered: int) -> dict[str, int]:
            sub = Subscription.objects.get(account=account)
            sub.items[0]["quantity"] = ordered
            sub.save()
            found = entitling.shares(account, clock.now())
            return {slug: found[payers[slug].pk].limits["sites"] for slug in ("orchid", "derma", "lumen", "smile")}

        assert limits(9) == {"orchid": 0, "derma": 4, "lumen": 2, "smile": 3}
        assert limits(11) == {"orchid": 2, "derma": 4, "lumen": 2, "smile": 3}
        assert limits(5) == {"orchid": 0, "derma": 4, "lumen": 1, "smile": 0}


def test_a_trial_has_no_limit(meters: None, data: None, stripe: StandIn) -> None:
    own_account("peiban", trial_days=30)
    actions.advance_due()
    with activate(tenant_of("peiban")):
        for number in range(8):
            activate_companion(by=MANAGER, name=str(number))
        assert entitlements.vertical_allowed("escort")
    assert selectors.verticals_allowed(tenant_of("peiban")) is None


@pytest.mark.ledger("PL-005")
def test_the_plan_bounds_the_verticals(meters: None, data: None, stripe: StandIn, post: Post) -> None:
    with_seats(stripe, post, 3)
    with activate(tenant_of("peiban")):
        assert entitlements.vertical_allowed("escort")
        assert not entitlements.vertical_allowed("dental")
    assert selectors.verticals_allowed(tenant_of("peiban")) == frozenset({"escort"})
