"""What the billing pages show. Everything but the next invoice comes from the mirror; nobody waits for Stripe."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kernel import clock, tenancy, usage
from kernel.errors import NotFound
from kernel.money import yuan
from kernel.tenancy import TenantContext
from kernel.web.charts import BarChart, Point
from tenants import directory
from tenants.billing import catalogue, explain, gateway, mirror, plan_changes, standing, usage_reports
from tenants.billing.explain import Difference, Line
from tenants.billing.ladder import LADDERS
from tenants.billing.machine import CANCELLED, PAST_DUE, READ_ONLY, SUBSCRIPTION, SUSPENDED, TRIAL
from tenants.billing.models import BillingAccount, InvoiceMirror, Subscription
from tenants.billing.plan_changes import Order
from tenants.billing.scope import access_account, account_for, is_headquarters, manages, public_schema, tenants_of
from tenants.entitlements import selectors as entitlements

Text = str | Promise


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One field of the ladder. ``at`` is a moment where one is known, else ``day`` counts from the missed payment."""

    key: str
    label: Text
    text: Text
    at: datetime | None = None
    day: int | None = None
    now: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterRow:
    """A bar of the usage table. ``limit`` None: it does not run out."""

    key: str
    label: Text
    tenant: str
    used: int
    limit: int | None
    unit_fen: int | None
    unit: Text
    vertical: str
    consumed: bool
    note: Text
    later: int | None = None
    later_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The head of the billing page."""

    account: BillingAccount
    subscription: Subscription | None
    plan: catalogue.Plan | None
    state_label: Text
    managed_here: bool
    tenants: list[tuple[str, str]]
    businesses: list[tuple[str, str]]
    debts: list[InvoiceMirror]
    debt_fen: int
    days_past_due: int
    ladder: list[Step]
    past_due: bool
    trial_days_left: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NextInvoice:
    """The next invoice, explained. ``fixed`` lines are certain, ``estimates`` depend on what is used until then."""

    issued_at: datetime | None
    fixed: list[Line]
    estimates: list[Line]
    fixed_fen: int
    estimated_fen: int
    differences: list[Difference]
    before_fen: int | None

    @property
    def total_fen(self) -> int:
        return self.fixed_fen + self.estimated_fen

    @property
    def difference_fen(self) -> int:
        return self.total_fen - (self.before_fen or 0)


def overview(tenant: TenantContext) -> Overview:
    """The account that pays for ``tenant``. Raises NotFound (``no_billing_account``)."""
    now = clock.now()
    with public_schema():
        account = access_account(tenant)
        sub = (
            Subscription.objects.filter(account=account)
            .exclude(status__in=("incomplete", "incomplete_expired"))
            .first()
        )
        debts, payers = standing.unpaid(account, now), tenants_of(account)
        since = account.past_due_since
        trial = account.trial_ends_at if account.state == TRIAL else None
        return Overview(
            account=account,
            subscription=sub,
            plan=catalogue.PLANS.get(sub.plan) if sub else None,
            state_label=SUBSCRIPTION.label(account.state),
            managed_here=manages(tenant, account),
            tenants=[(payer.slug, payer.name) for payer in payers],
            businesses=[(payer.slug, payer.name) for payer in payers if not is_headquarters(payer)],
            debts=debts,
            debt_fen=sum(row.remaining_fen for row in debts),
            days_past_due=(now - since).days + 1 if since else 0,
            ladder=ladder_of(account),
            past_due=account.state in standing.BEHIND,
            trial_days_left=max(0, (trial - now).days) if trial else None,
        )


def ladder_of(account: BillingAccount) -> list[Step]:
    """The whole ladder, with dates where a payment was missed, else counted in days. The last field is always open."""
    ladder = LADDERS[account.profile]
    since = account.past_due_since
    steps = []

    def at(days: int) -> dict[str, Any]:
        return {"at": since + timedelta(days=days)} if since else {"day": days}

    grown = ladder.growth_days
    first = (
        _("All functions work. Nothing new is bought: no further seats, sites or verticals.")
        if grown is not None
        else _("All functions work.")
    )
    in_growth_stage = account.state == PAST_DUE and account.stage >= 2
    steps.append(
        Step(
            key="past_due",
            label=_("Past due"),
            text=first,
            now=account.state == PAST_DUE and not in_growth_stage,
            **at(0),
        )
    )
    if grown is not None:
        steps.append(
            Step(
                key="growth",
                label=_("No new business"),
                text=_("No new courses are sold and no marketing goes out. All care goes on."),
                now=in_growth_stage,
                **at(grown),
            )
        )
    read_only = _("Nothing new can be entered or changed; reading, printing, export and complaints go on.")
    if ladder.needs_decision:
        read_only = _("Only when a person has decided it. Reading, printing, export and complaints go on.")
    moment = {"at": account.state_since} if account.state == READ_ONLY else at(ladder.read_only_days)
    steps.append(
        Step(
            key="read_only", label=_("Read-only"), text=read_only, now=account.state in (READ_ONLY, CANCELLED), **moment
        )
    )
    if account.state == READ_ONLY:
        moment = {"at": ladder.suspended_at(account.state_since)}
    elif account.state == SUSPENDED:
        moment = {"at": account.state_since}
    else:
        moment = at(ladder.read_only_days + ladder.suspend_days_later)
    suspended = _("Daily work stops. Paying restores everything at once; data is never deleted by itself.")
    steps.append(Step(key="suspended", label=_("Suspended"), text=suspended, now=account.state == SUSPENDED, **moment))
    return steps


def standing_use() -> dict[str, dict[str, int]]:
    """What the tenants of the current account use now, per tenant: sites and seats."""
    tenant = tenancy.current()
    with public_schema():
        account = access_account(tenant)
        payers = [(payer.slug, directory.build_context(payer)) for payer in tenants_of(account)]
    found = {}
    for slug, context in payers:
        with tenancy.activate(context):
            counted = {key: usage.count(key) for key, meter in usage.meters().items() if not meter.consumed}
        parts = {f"seat:{key}": counted[key] for key in catalogue.seat_meters() if counted.get(key)}
        if counted.get("sites"):
            parts["site"] = counted["sites"]
        found[slug] = parts
    return found


def starting_order(plan: str = "", interval: str = "month") -> Order:
    """A first order for an account without subscription: what is there already, nothing more; a site at least for
    each.
    """
    used, tenant = standing_use(), tenancy.current()
    with public_schema():
        account = access_account(tenant)
        payers = [payer for payer in tenants_of(account) if not is_headquarters(payer)]
        switched_on = {payer.slug: directory.build_context(payer).verticals for payer in payers}
    chosen = plan or ("chain" if len(switched_on) > 1 else "clinic")
    offered = catalogue.components(chosen, interval)
    quantities = {
        slug: {"site": 1} | used[slug] | {f"vertical:{key}": 1 for key in sorted(keys) if f"vertical:{key}" in offered}
        for slug, keys in switched_on.items()
    }
    return Order(plan=chosen, interval=interval, quantities=quantities)


def present_order(tenant: TenantContext) -> Order | None:
    """What the account has from the next period on; None without a subscription."""
    with public_schema():
        return plan_changes.present_order(access_account(tenant))


def meter_rows(tenant: TenantContext) -> list[MeterRow]:
    """Sites, seats and consumption of the account, tenant by tenant."""
    with public_schema():
        account = access_account(tenant)
        sub = Subscription.objects.filter(account=account).first()
        offered = catalogue.components(sub.plan, sub.interval) if sub and sub.plan else {}
        payers = [(payer.name, directory.build_context(payer)) for payer in tenants_of(account)]
        pending = {
            (row.tenant.slug, row.key): row
            for row in account.allotments.select_related("tenant").filter(later__isnull=False)
        }
        consumed = usage_reports.so_far(account, clock.now())
    rows = []
    for name, context in payers:
        with tenancy.activate(context):
            for seat in entitlements.seats():
                key = "site" if seat.key == "sites" else f"seat:{seat.key}"
                rows.append(_meter_row(seat, key, name, offered, pending.get((context.slug, key))))
    for component in offered.values():
        if component.metered:
            rows.append(
                MeterRow(
                    key=component.key, label=component.label, tenant="", used=consumed.get(component.meter, (0, 0))[0],
                    limit=component.included or None, unit_fen=component.unit_fen, vertical="", consumed=True,
                    unit=component.unit if usage.all_meters()[component.meter].kind == "level" else "",
                    note=_("Beyond the included amount it is charged; nothing stops."),
                )
            )  # fmt: skip
    return rows


def _meter_row(seat: entitlements.Seats, key: str, name: str, offered: dict[str, Any], pending: Any) -> MeterRow:
    component = offered.get(key)
    vertical = usage.vertical_of(seat.key)
    if seat.limit is None:
        note: Text = _("free, without limit") if component is None and offered else ""
    elif seat.grace_until:
        note = _("over the limit; tolerated for seven days")
    elif seat.full:
        note = _("full: the next one is tolerated for seven days") if seat.soft else _("full: the next one is refused")
    else:
        note = (
            _("the next beyond the limit is tolerated for seven days")
            if seat.soft
            else _("beyond the limit it is refused")
        )
    return MeterRow(
        key=key, label=seat.label, tenant=name, used=seat.used, limit=seat.limit,  # type: ignore[arg-type]  # a text
        unit_fen=component.unit_fen if component else None, unit=component.unit if component else "",
        vertical=vertical.key if vertical else "", consumed=False,
        note=note, later=pending.later if pending else None, later_at=pending.later_at if pending else None,
    )  # fmt: skip


def invoices(tenant: TenantContext) -> QuerySet[InvoiceMirror]:
    """The account's invoices, newest first. Evaluate inside ``public_schema``."""
    account = access_account(tenant)
    return account.invoices.exclude(status="draft").order_by("-issued_at", "-id")


def invoice_list(tenant: TenantContext, limit: int = 60) -> list[InvoiceMirror]:
    """The newest invoices of the account."""
    with public_schema():
        return list(invoices(tenant)[:limit])


CHARTED = 7


def invoice_chart(rows: list[InvoiceMirror], zone: ZoneInfo) -> BarChart | None:
    """The newest invoices side by side, oldest first; None for fewer than three."""
    shown = [row for row in rows if row.status != "void" and row.total_fen][:CHARTED][::-1]
    if len(shown) < 3:
        return None
    low, high = min(row.total_fen for row in shown), max(row.total_fen for row in shown)
    reading = _("The invoices lie between %(low)s and %(high)s.") % {
        "low": yuan(low, grouped=True),
        "high": yuan(high, grouped=True),
    }
    return BarChart(
        title=_("The newest invoices"),
        unit=_("CNY"),
        n=len(shown),
        reading=reading,
        points=[
            Point(label=clock.local(row.issued_at, zone).strftime("%Y-%m"), value=row.total_fen / 100) for row in shown
        ],
    )


def invoice_explained(tenant: TenantContext, code: UUID) -> tuple[InvoiceMirror, list[Line]]:
    """One invoice and its lines in plain words. Raises NotFound."""
    with public_schema():
        account = access_account(tenant)
        found = account.invoices.filter(code=code).first()
        if found is None:
            raise NotFound("no_such_invoice", _("There is no such invoice."))
        return found, explain.explain(found.lines, ZoneInfo(account.time_zone))


def next_invoice(tenant: TenantContext) -> NextInvoice | None:
    """The next invoice as Stripe would make it, explained; None where nothing follows.

    Asks Stripe. Raises Conflict (``stripe_unreachable``).
    """
    with public_schema():
        account = access_account(tenant)
        sub = (
            Subscription.objects.filter(account=account).exclude(status__in=("canceled", "incomplete_expired")).first()
        )
    if sub is None or sub.cancel_at is not None:
        return None
    row = gateway.preview(sub.stripe_id)
    with public_schema():
        return _explained(account, sub, row)


def _explained(account: BillingAccount, sub: Subscription, row: dict[str, Any]) -> NextInvoice:
    zone = ZoneInfo(account.time_zone)
    components = catalogue.components(sub.plan or "clinic", sub.interval)
    lines = explain.explain([mirror.line_of(line) for line in row["lines"]["data"]], zone)
    fixed = [line for line in lines if not line.group.startswith("usage:")]
    estimated = explain.estimates(usage_reports.so_far(account, clock.now()), components)
    last = (
        account.invoices.filter(status__in=("paid", "open"), reason__startswith="subscription")
        .order_by("-issued_at")
        .first()
    )
    before = explain.explain(last.lines, zone) if last else []
    return NextInvoice(
        issued_at=sub.trial_end if sub.status == "trialing" else sub.period_end,
        fixed=fixed,
        estimates=estimated,
        fixed_fen=sum(line.amount_fen for line in fixed),
        estimated_fen=sum(line.amount_fen for line in estimated),
        differences=explain.difference([*fixed, *estimated], before) if last else [],
        before_fen=last.total_fen if last else None,
    )


def strips(request: Any) -> list[dict[str, Any]]:
    """The banner above the work, for whoever manages billing, while something is unpaid (slot ``shell.strips``).

    Clinic staff see none of it before read-only is near; patients never do.
    """
    tenant = tenancy.current_or_none()
    if tenant is None or tenant.billing_state == "active" or not request.actor.can("billing.manage"):
        return []
    row = entitlements.standing()
    if row is None or row.state not in standing.BEHIND:
        return []
    day = clock.local(row.read_only_at).date() if row.read_only_at else None
    text: Text = _("An invoice is unpaid. Care goes on; paying settles it at once.")
    if row.state == PAST_DUE and day:
        text = _("An invoice is unpaid. Care goes on; pay before %(day)s and nothing changes.") % {"day": day}
    from django.urls import reverse

    return [{"tone": "warn", "text": text, "url": reverse("billing:home"), "label": _("See and pay")}]


def verticals_allowed(tenant: TenantContext) -> frozenset[str] | None:
    """The verticals that the account has bought for a tenant; None where nothing bounds them (trial)."""
    from tenants.billing.entitling import shares

    with public_schema():
        account = account_for(tenant)
        if account is None:
            return None
        parts = shares(account, clock.now())
        own = next((payer.pk for payer in tenants_of(account) if payer.code == tenant.code), None)
        return parts[own].verticals if own in parts else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Debtor:
    """An account that is behind, for the operators."""

    account: BillingAccount
    state_label: Text
    debts: list[InvoiceMirror]
    days: int
    decidable: bool


def accounts_behind() -> list[Debtor]:
    """The accounts that owe something, the longest first. ``decidable``: read-only waits for a person's decision."""
    now = clock.now()
    with public_schema():
        found = []
        for account in BillingAccount.objects.filter(state__in=standing.BEHIND).order_by("past_due_since"):
            ladder, since = LADDERS[account.profile], account.past_due_since
            found.append(
                Debtor(
                    account=account,
                    state_label=SUBSCRIPTION.label(account.state),
                    debts=standing.unpaid(account, now),
                    days=(now - since).days + 1 if since else 0,
                    decidable=bool(
                        account.state == PAST_DUE
                        and ladder.needs_decision
                        and since
                        and now >= ladder.read_only_at(since)
                    ),
                )
            )
        return found
