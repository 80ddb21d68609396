"""What a billing administrator does. Stripe is spoken to after the transaction, never inside it: what is to be done
there is kept first, and repeated with the same key when the answer got lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from kernel import audit, clock, tenancy
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Forbidden, NotFound, StaleVersion
from kernel.identity import links
from kernel.ids import uuid7
from kernel.tenancy import TenantContext
from tenants.billing import catalogue, deadlines, gateway, mirror, plan_changes, standing, ticking, usage_reports
from tenants.billing.models import (
    BillingAccount,
    BillingDeadline,
    InvoiceMirror,
    PlanChange,
    PublishedPrice,
    Subscription,
    TenantBillingOverride,
)
from tenants.billing.periods import anchor_config
from tenants.billing.plan_changes import Order
from tenants.billing.scope import access_account, manages, public_schema
from tenants.billing.selectors import standing_use
from tenants.billing.ticking import advance_due
from tenants.models import Chain, Tenant

__all__ = [
    "advance_due", "agree_to_read_only", "cancel_subscription", "change_plan", "confirm_transfer", "open_account",
    "open_portal", "resume_subscription", "retry_payment", "start_checkout", "start_invoice_subscription",
    "sync_catalogue", "update_payer",
]  # fmt: skip

Kind = BillingDeadline.Kind
# Stripe's checkout takes no trial that ends sooner than this.
SHORTEST_TRIAL_AT_CHECKOUT = timedelta(hours=49)


# --- accounts ---------------------------------------------------------------------------------------------------------


@action(permission="platform.create_tenant")
def open_account(
    *,
    by: Actor,
    chain: Chain,
    name: str,
    email: str = "",
    tenant: Tenant | None = None,
    trial_days: int = catalogue.TRIAL_DAYS,
    profile: str = "default",
    time_zone: str | None = None,
) -> BillingAccount:
    """Open the account of a chain, or with ``tenant`` an account of that tenant alone. It begins with a trial.

    Opening it again returns the one that is there. The account's ladder follows ``profile`` ("literal" or "default").
    """
    with public_schema(), transaction.atomic():
        Chain.objects.select_for_update().get(pk=chain.pk)
        known = (
            BillingAccount.objects.filter(overrides__tenant=tenant).first()
            if tenant is not None
            else BillingAccount.objects.filter(chain=chain, is_default=True).first()
        )
        if known is not None:
            return known
        now = clock.now()
        account = BillingAccount(
            chain=chain,
            is_default=tenant is None,
            name=name,
            email=email,
            profile=profile,
            state_since=now,
            trial_ends_at=now + timedelta(days=trial_days),
            created_at=now,
        )
        if time_zone or tenant is not None:
            account.time_zone = time_zone or tenant.time_zone  # type: ignore[union-attr]  # one of both is there
        account.save()
        if tenant is not None:
            TenantBillingOverride.objects.create(tenant=tenant, account=account)
        standing.settle(account, cause=by.username or by.name)
        deadlines.put(account, Kind.USAGE, usage_reports.next_report_at(account, now))
        return account


@action(permission="billing.manage")
def update_payer(*, by: Actor, name: str, tax_number: str, email: str, version: int) -> BillingAccount:
    """Change what stands on the invoices. Raises StaleVersion, Forbidden (``managed_at_headquarters``)."""
    tenant = tenancy.current()
    with public_schema():
        account = _managed(tenant, lock=True)
        if account.version != version:
            raise StaleVersion("stale_version", _("Somebody else has changed this meanwhile. Look at it again."))
        account.name, account.tax_number, account.email = name, tax_number, email
        account.bump(["name", "tax_number", "email"])
        customer = account.stripe_customer
        if customer:
            transaction.on_commit(lambda: gateway.update_customer(customer, name=name, email=email), robust=True)
    audit.record(by=by, verb="billing.payer_changed", target=None, account=account.code)
    return account


def _managed(tenant: TenantContext, *, lock: bool = False) -> BillingAccount:
    """The account, if it is this tenant's to manage. Called in the public schema."""
    account = access_account(tenant, lock=lock)
    if not manages(tenant, account):
        raise Forbidden("managed_at_headquarters", _("The subscription is managed at headquarters."))
    return account


def _customer_of(account: BillingAccount) -> str:
    """The account's customer at Stripe, made on first use."""
    if account.stripe_customer:
        return account.stripe_customer
    language = translation.get_language() or "zh-hans"
    made = gateway.create_customer(account=account.code, name=account.name, email=account.email, language=language)
    with public_schema():
        BillingAccount.objects.filter(pk=account.pk, stripe_customer__isnull=True).update(stripe_customer=made)
        account.refresh_from_db()
    return str(account.stripe_customer)


# --- beginning --------------------------------------------------------------------------------------------------------


@action(permission="billing.manage")
def _place_order(*, by: Actor, order: Order, used: plan_changes.Quantities) -> BillingAccount:
    """Check an order of an account without subscription and share it among the tenants."""
    tenant = tenancy.current()
    with public_schema():
        account = _managed(tenant, lock=True)
        plan_changes.check(account, order, used=used)
        if plan_changes.present_order(account) is not None:
            raise Conflict("already_subscribed", _("There is a subscription already. Change it instead."))
        plan_changes.allot(account, order.quantities, None)
    audit.record(
        by=by, verb="billing.ordered", target=None, plan=order.plan, interval=order.interval, items=order.totals()
    )
    return account


def start_checkout(*, by: Actor, order: Order, return_url: str = "", keep_trial: bool = True) -> str:
    """Begin a subscription by card: returns the address of Stripe's checkout, where the person pays (PL-003).

    It comes back to ``return_url`` (default: the billing page). With ``keep_trial`` nothing is charged before a
    running trial ends. The subscription begins here when Stripe says so.

    Raises RuleRefused for an impossible order, Conflict (``already_subscribed``, ``stripe_unreachable``), Forbidden.
    """
    account = _place_order(by=by, order=order, used=standing_use())
    customer = _customer_of(account)
    _refuse_second(customer)
    items = _items(order)
    now, back = clock.now(), return_url or links.absolute("billing:home")
    trial = account.trial_ends_at if keep_trial and account.trial_ends_at else None
    session = gateway.start_checkout(
        customer=customer,
        account=account.code,
        items=items,
        anchor=anchor_config(ZoneInfo(account.time_zone), now),
        urls=(f"{back}?checkout=done", f"{back}?checkout=left"),
        language=translation.get_language() or "zh-hans",
        key=f"{account.code}:checkout:{uuid7()}",
        trial_end=int(trial.timestamp()) if trial and trial - now > SHORTEST_TRIAL_AT_CHECKOUT else None,
    )
    return str(session["url"])


def start_invoice_subscription(*, by: Actor, order: Order, keep_trial: bool = True) -> BillingAccount:
    """Begin a subscription that is paid by invoice and bank transfer: it runs at once, the invoice is due in 14 days.

    Raises as ``start_checkout`` does.
    """
    account = _place_order(by=by, order=order, used=standing_use())
    customer = _customer_of(account)
    _refuse_second(customer)
    now = clock.now()
    trial = account.trial_ends_at if keep_trial and account.trial_ends_at and account.trial_ends_at > now else None
    sub = gateway.start_by_invoice(
        customer=customer,
        account=account.code,
        items=_items(order),
        anchor=anchor_config(ZoneInfo(account.time_zone), now),
        days=catalogue.INVOICE_DAYS,
        key=f"{account.code}:invoice:{account.sync_serial}",
        trial_end=int(trial.timestamp()) if trial else None,
    )
    read_again(account, subscription=sub["id"], invoice=str(sub["latest_invoice"]), cause=by.username or by.name)
    return account


def _refuse_second(customer: str) -> None:
    """The mirror may lag behind a checkout that was finished in another window."""
    if gateway.live_subscription(customer) is not None:
        raise Conflict("already_subscribed", _("There is a subscription already. Change it instead."))


def _items(order: Order) -> list[dict[str, object]]:
    offered = catalogue.components(order.plan, order.interval)
    totals = order.totals()
    prices = gateway.prices([offered[key].lookup_key for key in totals])
    return [
        {"price": prices[offered[key].lookup_key]} | ({} if offered[key].metered else {"quantity": number})
        for key, number in totals.items()
    ]


# --- changing ---------------------------------------------------------------------------------------------------------


@action(permission="billing.manage")
def _confirm_change(*, by: Actor, order: Order, steps: plan_changes.Steps, used: plan_changes.Quantities) -> PlanChange:
    """Keep a change that was previewed and confirmed."""
    tenant = tenancy.current()
    with public_schema():
        account = _managed(tenant, lock=True)
        plan_changes.may_buy(account)
        plan_changes.check(account, order, used=used)
        change = plan_changes.request(account, order, steps, by.username or by.name)
    audit.record(
        by=by, verb="billing.plan_changed", target=None, change=change.code, plan=order.plan, items=order.totals()
    )
    return change


def change_plan(*, by: Actor, order: Order) -> PlanChange:
    """Change plan, sites, verticals or seats: more today and by the day, less at the end of the period (PL-005).

    Raises RuleRefused (``below_use``, ``too_many_sites`` …), Conflict (``invoice_unpaid``, ``change_in_progress``,
    ``stripe_unreachable``: it is repeated by itself), NotFound (``no_subscription``).
    """
    tenant = tenancy.current()
    with public_schema():
        account = _managed(tenant)
        if plan_changes.present_order(account) is None:
            raise NotFound("no_subscription", _("There is no subscription yet."))
        plan_changes.may_buy(account)
    steps = plan_changes.steps_for(account, order, clock.now())
    change = _confirm_change(by=by, order=order, steps=steps, used=standing_use())
    change = plan_changes.carry_out(change.code)
    ticking.do_now(account, Kind.COPY)
    return change


@action(permission="billing.manage")
def _note_cancellation(*, by: Actor, ends: bool) -> tuple[BillingAccount, str]:
    tenant = tenancy.current()
    with public_schema():
        account = _managed(tenant, lock=True)
        sub = Subscription.objects.filter(account=account).exclude(status="canceled").first()
        if sub is None:
            raise NotFound("no_subscription", _("There is no subscription yet."))
    audit.record(by=by, verb="billing.cancelled" if ends else "billing.resumed", target=None, account=account.code)
    return account, sub.stripe_id


def cancel_subscription(*, by: Actor) -> BillingAccount:
    """End the subscription with the period that is paid. The data stays, readable and exportable (PL-004)."""
    return _set_cancellation(by=by, ends=True)


def resume_subscription(*, by: Actor) -> BillingAccount:
    """Take a cancellation back before the period has ended."""
    return _set_cancellation(by=by, ends=False)


def _set_cancellation(*, by: Actor, ends: bool) -> BillingAccount:
    account, stripe_id = _note_cancellation(by=by, ends=ends)
    gateway.set_cancellation(stripe_id, at_period_end=ends, key=f"{account.code}:{'end' if ends else 'keep'}:{uuid7()}")
    return read_again(account, subscription=stripe_id, cause=by.username or by.name)


# --- paying -----------------------------------------------------------------------------------------------------------


@action(permission="billing.manage")
def _note_payment(*, by: Actor, invoice_code: UUID | str) -> tuple[BillingAccount, InvoiceMirror]:
    tenant = tenancy.current()
    with public_schema():
        account = _managed(tenant)
        invoice = access_invoice(account, invoice_code)
        if invoice.status not in ("open", "uncollectible"):
            raise Conflict("invoice_not_open", _("This invoice is not open any more."))
    audit.record(by=by, verb="billing.payment_tried", target=None, invoice=invoice.code)
    return account, invoice


def retry_payment(*, by: Actor, invoice_code: UUID | str) -> BillingAccount:
    """Charge an open invoice now, with the payment method that is on file.

    Raises Conflict (``card_declined``, ``invoice_not_open``, ``stripe_unreachable``), NotFound.
    """
    account, invoice = _note_payment(by=by, invoice_code=invoice_code)
    try:
        gateway.pay_invoice(
            invoice.stripe_id, key=f"{invoice.code}:pay:{invoice.attempts}:{account.payment_method}"[:250]
        )
    finally:
        # Declined or not: the attempt counts, and its reason is worth showing.
        subscription = invoice.subscription_id_at_stripe
        read_again(account, subscription=subscription, invoice=invoice.stripe_id, cause=by.username or by.name)
    return account


def access_invoice(account: BillingAccount, code: UUID | str) -> InvoiceMirror:
    """An invoice of this account. Raises NotFound; a foreign one looks alike."""
    found = InvoiceMirror.objects.filter(account=account, code=code).first()
    if found is None:
        raise NotFound("no_such_invoice", _("There is no such invoice."))
    return found


@action(permission="billing.manage")
def _note_portal(*, by: Actor) -> BillingAccount:
    tenant = tenancy.current()
    with public_schema():
        account = _managed(tenant)
    audit.record(by=by, verb="billing.portal_opened", target=None, account=account.code)
    return account


def open_portal(*, by: Actor, return_url: str = "") -> str:
    """The address of Stripe's portal, where payment methods are kept; it comes back to ``return_url`` (the billing
    page).
    """
    account = _note_portal(by=by)
    customer = _customer_of(account)
    language = translation.get_language() or "zh-hans"
    return gateway.portal(customer, return_url=return_url or links.absolute("billing:home"), language=language)


# --- the platform -----------------------------------------------------------------------------------------------------


@action(permission="billing.operate")
def _note_transfer(*, by: Actor, account_code: UUID | str, invoice_code: UUID | str) -> BillingAccount:
    with public_schema():
        account = BillingAccount.objects.filter(code=account_code).first()
        if account is None:
            raise NotFound("no_billing_account", _("There is no billing account yet."))
    if tenancy.current_or_none() is not None:
        audit.record(by=by, verb="billing.transfer_confirmed", target=None, account=account.code, invoice=invoice_code)
    return account


def confirm_transfer(
    *, by: Actor, account_code: UUID | str, invoice_code: UUID | str, reference: str
) -> BillingAccount:
    """An operator saw the transfer on the bank statement: the invoice is paid. ``reference`` is the bank's."""
    account = _note_transfer(by=by, account_code=account_code, invoice_code=invoice_code)
    with public_schema():
        invoice = access_invoice(account, invoice_code)
    gateway.confirm_transfer(invoice.stripe_id, key=f"{invoice.code}:transfer")
    subscription = invoice.subscription_id_at_stripe
    return read_again(account, subscription=subscription, invoice=invoice.stripe_id, cause=f"transfer {reference}")


@action(permission="billing.operate")
def agree_to_read_only(*, by: Actor, account_code: UUID | str) -> BillingAccount:
    """A person decides that an account goes read-only once its grace has passed (default profile, PL-004).

    Raises Conflict (``grace_not_over``) before that, NotFound.
    """
    with public_schema():
        account = BillingAccount.objects.select_for_update().filter(code=account_code).first()
        if account is None:
            raise NotFound("no_billing_account", _("There is no billing account yet."))
        now = clock.now()
        ladder = standing.LADDERS[account.profile]
        if account.past_due_since is None or now < ladder.read_only_at(account.past_due_since):
            raise Conflict("grace_not_over", _("The grace of this account is not over yet."))
        account.read_only_agreed_by = (by.username or by.name)[:80]
        account.save(update_fields=["read_only_agreed_by"])
        standing.climb(account, now)
        standing.settle(account, cause=account.read_only_agreed_by)
    if tenancy.current_or_none() is not None:
        audit.record(by=by, verb="billing.read_only_decided", target=None, account=account.code)
    return account


def sync_catalogue() -> Mapping[str, int]:
    """Publish the price list at Stripe; repeating it changes nothing. Returns how many prices there are and were
    made.
    """
    from kernel import usage

    meters: dict[str, str] = {}
    made = 0
    for component in catalogue.every_component():
        if component.metered and component.meter not in meters:
            meter = usage.all_meters()[component.meter]
            formula = "sum" if meter.kind == "flow" else "last"
            meters[component.meter] = gateway.sync_meter(component.meter, str(component.label), formula)
        made += gateway.sync_component(component, meters.get(component.meter))
    keys = [component.lookup_key for component in catalogue.every_component()]
    found = gateway.prices(keys)
    with public_schema():
        PublishedPrice.objects.bulk_create(
            [PublishedPrice(stripe_id=price, lookup_key=key) for key, price in found.items()], ignore_conflicts=True
        )
    return {"prices": len(keys), "made": made, "meters": len(meters)}


def read_again(account: BillingAccount, *, subscription: str = "", invoice: str = "", cause: str) -> BillingAccount:
    """Read objects at Stripe and let the account follow at once, without waiting for their events.

    The mirror's moments are not moved forward: an event about the same change may still come and finds nothing new.
    """
    fresh_subscription = gateway.subscription(subscription) if subscription else None
    fresh_invoice = gateway.invoice(invoice) if invoice else None
    with public_schema(), transaction.atomic():
        locked = BillingAccount.objects.select_for_update().get(pk=account.pk)
        epoch = datetime.fromtimestamp(0, clock.now().tzinfo)
        if fresh_subscription:
            known = Subscription.objects.filter(account=locked, stripe_id=subscription).first()
            mirror.keep_subscription(locked, fresh_subscription, known.stamp if known else epoch)
        if fresh_invoice:
            known_invoice = InvoiceMirror.objects.filter(stripe_id=invoice).first()
            failed = bool(fresh_invoice.get("attempt_count")) and fresh_invoice["status"] == "open"
            mirror.keep_invoice(
                locked,
                fresh_invoice,
                known_invoice.stamp if known_invoice else epoch,
                failed_at=clock.now() if failed else None,
                failure=mirror.failure_of(fresh_invoice),
            )
        locked.sync_serial += 1
        locked.save(update_fields=["sync_serial"])
        standing.settle(locked, cause=cause)
    ticking.do_now(locked, Kind.COPY)
    return locked
