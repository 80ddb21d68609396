"""What each tenant may use, computed from what its account bought, and copied into the tenant (PL-005).

The account orders a number, its tenants share it by ``Allotment``. What Stripe confirms is the bound: if it holds
more than was allotted (somebody changed it in Stripe's portal), the first tenant gets the rest; if it holds less, the
last ones lose.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from kernel import audit, clock, registry, tenancy
from kernel.context import Actor
from tenants import directory
from tenants.billing import catalogue, notices
from tenants.billing.ladder import LADDERS
from tenants.billing.machine import TRIAL
from tenants.billing.models import Allotment, BillingAccount, Subscription
from tenants.billing.scope import manages, public_schema, tenants_of
from tenants.entitlements.models import BillingStanding, Entitlement
from tenants.models import Tenant

SITES_METER = "sites"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One tenant's part. ``limits``: meter to the highest number (None: no limit); ``verticals`` None: not bounded."""

    limits: dict[str, int | None]
    verticals: frozenset[str] | None


def promote_allotments(account: BillingAccount, now: datetime) -> None:
    """Let reductions count whose period is over. The caller holds the account's lock."""
    for row in Allotment.objects.filter(account=account, later__isnull=False, later_at__lte=now):
        row.quantity, row.later, row.later_at = int(row.later or 0), None, None
        row.save()
    Allotment.objects.filter(account=account, quantity=0, later__isnull=True).delete()


def shares(account: BillingAccount, now: datetime) -> dict[int, Share]:
    """The part of each tenant of an account, by the tenant's key."""
    payers = tenants_of(account)
    sub = Subscription.objects.filter(account=account).first()
    if sub is None or sub.status in ("incomplete", "incomplete_expired") or not sub.plan:
        # A trial is unbounded; without a plan nobody is locked out of what exists (the ladder does that, if anything
        # does).
        return {tenant.pk: Share(limits={}, verticals=None) for tenant in payers}
    ordered = {
        part.key: item["quantity"] for item in sub.items if (part := catalogue.by_lookup_key(item["lookup_key"]))
    }
    rows = list(Allotment.objects.filter(account=account, tenant__in=payers))
    seats = [f"seat:{key}" for key in catalogue.seat_meters()]
    parts = {key: _apportion(payers, rows, key, ordered.get(key) or 0, now) for key in ["site", *seats]}
    result = {}
    for tenant in payers:
        limits: dict[str, int | None] = {SITES_METER: parts["site"][tenant.pk]}
        limits |= {key.removeprefix("seat:"): parts[key][tenant.pk] for key in seats}
        result[tenant.pk] = Share(limits=limits, verticals=_verticals(tenant, rows, ordered, limits))
    return result


def _apportion(
    payers: list[Tenant], rows: Iterable[Allotment], key: str, ordered: int, now: datetime
) -> dict[int, int]:
    own = {row.tenant_id: row for row in rows if row.key == key}
    kept = {tenant.pk: own[tenant.pk].quantity if tenant.pk in own else 0 for tenant in payers}
    # Stripe counts what is paid from now on; what was paid for this period already stays with whom it was for.
    promised = {
        pk: int(own[pk].later or 0) if pk in own and own[pk].later is not None else number
        for pk, number in kept.items()
    }
    difference = ordered - sum(promised.values())
    if difference > 0 and payers:
        kept[payers[0].pk] += difference
    for tenant in reversed(payers):
        if difference >= 0:
            break
        cut = min(kept[tenant.pk], -difference)
        kept[tenant.pk] -= cut
        difference += cut
    return kept


def _verticals(
    tenant: Tenant, rows: Iterable[Allotment], ordered: dict[str, int | None], limits: dict[str, int | None]
) -> frozenset[str]:
    """A vertical is allowed where its add-on was allotted, or a seat of it is."""
    own = {row.key for row in rows if row.tenant_id == tenant.pk and row.quantity}
    allowed = set()
    for key, vertical in registry.verticals().items():
        by_site = f"vertical:{key}" in own and f"vertical:{key}" in ordered
        if by_site or any(limits.get(meter) for meter in vertical.meters):
            allowed.add(key)
    return frozenset(allowed)


def copy_to_tenants(account: BillingAccount) -> int:
    """Write limits and standing into every tenant of the account; returns how many were written. Repeating is
    harmless.
    """
    with public_schema():
        now = clock.now()
        with transaction.atomic():
            account = BillingAccount.objects.select_for_update().get(pk=account.pk)
            promote_allotments(account, now)
            parts = shares(account, now)
        work = [(directory.build_context(tenant), parts[tenant.pk]) for tenant in tenants_of(account)]
        managing = {context.slug: manages(context, account) for context, _part in work}
    for context, part in work:
        with tenancy.activate(context), transaction.atomic():
            _write(account, part, managed_here=managing[context.slug])
            if managing[context.slug]:
                notices.tell_of_state(account)
    return len(work)


def _write(account: BillingAccount, part: Share, *, managed_here: bool) -> None:
    soft = account.profile == "default"
    for key, limit in part.limits.items():
        # Locked like the taking of a seat is: a limit never changes between somebody's count and his seat.
        row = Entitlement.objects.select_for_update().filter(kind=Entitlement.Kind.METER, key=key).first()
        if row is None:
            row = Entitlement(kind=Entitlement.Kind.METER, key=key)
        if row.pk is None or (row.limit, row.soft) != (limit, soft):
            if row.limit is not None and (limit is None or limit > row.limit):
                row.over_since = None
            row.limit, row.soft = limit, soft
            row.save()
    Entitlement.objects.filter(kind=Entitlement.Kind.METER).exclude(key__in=part.limits).delete()
    allowed = part.verticals or frozenset()
    Entitlement.objects.filter(kind=Entitlement.Kind.VERTICAL).exclude(key__in=allowed).delete()
    Entitlement.objects.bulk_create(
        [Entitlement(kind=Entitlement.Kind.VERTICAL, key=key) for key in sorted(allowed)], ignore_conflicts=True
    )
    _write_standing(account, managed_here=managed_here, bounded=part.verticals is not None)


def _write_standing(account: BillingAccount, *, managed_here: bool, bounded: bool) -> None:
    ladder = LADDERS[account.profile]
    read_only_at = ladder.read_only_at(account.past_due_since) if account.past_due_since else None
    suspended_at = None
    if account.state == "read_only":
        read_only_at, suspended_at = account.state_since, ladder.suspended_at(account.state_since)
    elif read_only_at is not None:
        suspended_at = ladder.suspended_at(read_only_at)
    known = BillingStanding.objects.select_for_update().first()
    before = known.state if known else TRIAL
    BillingStanding.objects.update_or_create(
        only=True,
        defaults={
            "account": account.code, "state": account.state, "stage": account.stage, "since": account.state_since,
            "read_only_at": read_only_at, "suspended_at": suspended_at, "managed_here": managed_here,
            "verticals_bounded": bounded, "contact": account.email, "copied_at": clock.now(),
        },
    )  # fmt: skip
    if known and before != account.state:
        audit.record(
            by=Actor.system("billing"), verb="billing.standing_changed", target=None, state=account.state, source=before
        )
