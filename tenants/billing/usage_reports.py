"""Consumption per day: counted in the tenants, kept here, told to Stripe once."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Sum

from kernel import clock, tenancy, usage
from tenants import directory
from tenants.billing import catalogue, gateway
from tenants.billing.models import BillingAccount, Subscription, UsageDay
from tenants.billing.scope import public_schema, tenants_of

DAYS_LOOKED_BACK = 35
REPORT_AT = time(0, 20)  # local; the day before is complete then


def next_report_at(account: BillingAccount, after: datetime) -> datetime:
    """The next report after a moment."""
    zone = ZoneInfo(account.time_zone)
    day = clock.local(after, zone).date()
    today = clock.at_local(day, REPORT_AT, zone)
    return today if today > after else clock.at_local(day + timedelta(days=1), REPORT_AT, zone)


def report(account: BillingAccount, now: datetime) -> int:
    """Count every complete day that is missing, then tell Stripe what it does not know; returns how many days it was
    told.

    A day counts from local midnight to local midnight. The sum of all tenants is one event per meter and day, whose
    identifier makes a repetition harmless.
    """
    zone = ZoneInfo(account.time_zone)
    count_days(account, now)
    told = 0
    with public_schema():
        account.refresh_from_db()
        sub = Subscription.objects.filter(account=account, status__in=("active", "past_due", "trialing")).first()
        waiting = UsageDay.objects.filter(account=account, reported_at__isnull=True)
        sums = list(waiting.values("meter", "day").annotate(total=Sum("quantity")).order_by("day", "meter"))
    if sub is None or not account.stripe_customer:
        return 0
    for row in sums:
        end = clock.at_local(row["day"] + timedelta(days=1), time.min, zone)
        last_second = int(end.timestamp()) - 1
        gateway.report_usage(
            event_name=row["meter"],
            customer=account.stripe_customer,
            value=row["total"],
            moment=last_second,
            identifier=f"{account.code}:{row['meter']}:{row['day']}",
        )
        with public_schema(), transaction.atomic():
            waiting.filter(meter=row["meter"], day=row["day"]).update(reported_at=clock.now())
        told += 1
    return told


def count_days(account: BillingAccount, now: datetime) -> None:
    """Count the complete days since the period began that have no row yet."""
    zone = ZoneInfo(account.time_zone)
    today = clock.local(now, zone).date()
    with public_schema():
        sub = Subscription.objects.filter(account=account).first()
        start = clock.local(sub.period_start, zone).date() if sub and sub.period_start else today
        first = max(start, today - timedelta(days=DAYS_LOOKED_BACK))
        days = [first + timedelta(days=number) for number in range((today - first).days)]
        known = set(UsageDay.objects.filter(account=account, day__gte=first).values_list("tenant_id", "meter", "day"))
        payers = [(tenant.pk, directory.build_context(tenant)) for tenant in tenants_of(account)]
    for tenant_pk, context in payers:
        with tenancy.activate(context):
            meters = [meter for meter in usage.meters().values() if meter.consumed and meter.unit_fen is not None]
            rows = [
                UsageDay(
                    account=account,
                    tenant_id=tenant_pk,
                    meter=meter.key,
                    day=day,
                    quantity=_of_day(meter.key, day, zone),
                )
                for meter in meters
                for day in days
                if (tenant_pk, meter.key, day) not in known
            ]
        with public_schema():
            UsageDay.objects.bulk_create(rows, ignore_conflicts=True)


def _of_day(meter: str, day: object, zone: ZoneInfo) -> int:
    start, end = clock.day_bounds(day, zone)  # type: ignore[arg-type]  # a date
    return usage.consumed(meter, start=start, end=end)


def so_far(account: BillingAccount, now: datetime) -> dict[str, tuple[int, int]]:
    """Per meter of the running period: what the complete days used, and what it comes to by its end at the same pace.

    Called inside ``public_schema``.
    """
    zone = ZoneInfo(account.time_zone)
    sub = Subscription.objects.filter(account=account).first()
    if sub is None or not sub.period_start or not sub.period_end:
        return {}
    first, last = clock.local(sub.period_start, zone).date(), clock.local(sub.period_end, zone).date()
    rows = UsageDay.objects.filter(account=account, day__gte=first, day__lt=last)
    found = {}
    for component in catalogue.components(sub.plan or "clinic", sub.interval).values():
        if not component.metered:
            continue
        of_meter = rows.filter(meter=component.meter)
        days = of_meter.values("day").distinct().count()
        if usage.all_meters()[component.meter].kind == "level":
            newest = of_meter.order_by("-day").values_list("day", flat=True).first()
            total = of_meter.filter(day=newest).aggregate(total=Sum("quantity"))["total"] or 0 if newest else 0
            found[component.meter] = (total, total)
        else:
            total = of_meter.aggregate(total=Sum("quantity"))["total"] or 0
            whole = max((last - first).days, 1)
            found[component.meter] = (total, round(total * whole / days) if days else 0)
    return found
