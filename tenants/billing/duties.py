"""What is done when a deadline comes. Each duty is harmless when it is repeated."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from kernel import tenancy
from tenants import directory
from tenants.billing import deadlines, entitling, notices, plan_changes, standing, usage_reports
from tenants.billing.models import BillingAccount, BillingDeadline
from tenants.billing.scope import manages, public_schema, tenants_of

Kind = BillingDeadline.Kind


def settle_again(account: BillingAccount, ref: str, now: datetime) -> None:
    """A trial ended, an invoice fell due or a reduction counts: derive the standing anew."""
    with public_schema(), transaction.atomic():
        locked = BillingAccount.objects.select_for_update().get(pk=account.pk)
        standing.settle(locked, cause="clock")


def climb_ladder(account: BillingAccount, ref: str, now: datetime) -> None:
    """The next step of the ladder is due."""
    with public_schema(), transaction.atomic():
        locked = BillingAccount.objects.select_for_update().get(pk=account.pk)
        standing.climb(locked, now)
        standing.settle(locked, cause="clock")


def remind_of_trial(account: BillingAccount, ref: str, now: datetime) -> None:
    """The trial ends soon."""
    with public_schema():
        work = [directory.build_context(tenant) for tenant in tenants_of(account)]
        chosen = next((context for context in work if manages(context, account)), None)
    if chosen is not None:
        with tenancy.activate(chosen), transaction.atomic():
            notices.tell_of_trial(account)


def copy_entitlements(account: BillingAccount, ref: str, now: datetime) -> None:
    """Limits and standing go to the tenants."""
    entitling.copy_to_tenants(account)


def carry_out_change(account: BillingAccount, ref: str, now: datetime) -> None:
    """A confirmed change was interrupted."""
    plan_changes.carry_out(ref)


def report_usage(account: BillingAccount, ref: str, now: datetime) -> None:
    """Yesterday's consumption goes to Stripe; the next report is due a day later."""
    usage_reports.report(account, now)
    with public_schema(), transaction.atomic():
        deadlines.put(account, Kind.USAGE, usage_reports.next_report_at(account, now + timedelta(minutes=1)))
