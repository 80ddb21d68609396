"""How an account stands, derived from the mirror and the ladder, and what follows from it (PL-003, PL-004).

The state is a function of mirrored rows and of time, never of the way there: whatever order events came in, the same
rows give the same state.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Max, Q

from kernel import clock
from kernel.errors import Conflict
from tenants import directory
from tenants.billing import deadlines
from tenants.billing.ladder import LADDERS, READ_ONLY_POSSIBLE
from tenants.billing.machine import (
    ACTIVE,
    CANCELLED,
    PAST_DUE,
    READ_ONLY,
    SUBSCRIPTION,
    SUSPENDED,
    TENANT_STATE,
    TRIAL,
)
from tenants.billing.models import BillingAccount, BillingDeadline, InvoiceMirror, StateChange, Subscription
from tenants.billing.scope import tenants_of
from tenants.models import Tenant

Kind = BillingDeadline.Kind
BEHIND = (PAST_DUE, READ_ONLY, SUSPENDED)
TRIAL_REMINDER_DAYS = 5
NOTICE_DAYS = 3


def unpaid(account: BillingAccount, now: datetime) -> list[InvoiceMirror]:
    """Invoices that were to be paid by now and were not, oldest first.

    A sent invoice counts from its due date until it is paid. A failed charge counts until a payment comes after it:
    as at Stripe, whoever pays the newest invoice is in good standing, and an older one is charged again by itself.
    """
    rows = InvoiceMirror.objects.filter(account=account)
    payments = rows.filter(Q(total_fen__gt=0) | Q(paid_fen__gt=0), status="paid")  # a free trial's invoice pays nothing
    paid = payments.aggregate(newest=Max("stamp"))["newest"]
    failed = Q(failed_at__isnull=False) if paid is None else Q(failed_at__isnull=False, stamp__gt=paid)
    found = rows.filter(status__in=("open", "uncollectible")).filter(failed | Q(due_at__lte=now))
    return list(found.order_by("issued_at", "id"))


def behind_since(account: BillingAccount, now: datetime) -> datetime:
    """When the account fell behind: the first failed charge or due date of what is unpaid, else the end of the trial.

    A debt that became known late (its events did not reach the platform) counts as younger, so that between the notice
    and read-only there are always ``NOTICE_DAYS``.
    """
    debts = unpaid(account, now)
    moments = [debt.failed_at for debt in debts if debt.failed_at]
    moments += [debt.due_at for debt in debts if debt.due_at and debt.due_at <= now]
    if not moments and account.trial_ends_at and not Subscription.objects.filter(account=account).exists():
        moments = [account.trial_ends_at]
    known_since = account.state_since if account.state == PAST_DUE else now
    youngest = timedelta(days=LADDERS[account.profile].read_only_days - NOTICE_DAYS)
    return max(min(moments, default=account.past_due_since or now), known_since - youngest)


def derive(account: BillingAccount, now: datetime) -> str:
    """Where the account belongs by what is mirrored: trial, active, past due or cancelled (the ladder goes on from
    there).
    """
    sub = Subscription.objects.filter(account=account).first()
    if sub is None or sub.status in ("incomplete", "incomplete_expired"):
        return _without_subscription(account, now)
    if sub.status == "canceled":
        return CANCELLED
    if unpaid(account, now):
        return PAST_DUE
    if sub.status == "trialing":
        return TRIAL
    if sub.status == "active" or _healed(account, sub):
        return ACTIVE
    return PAST_DUE


def _without_subscription(account: BillingAccount, now: datetime) -> str:
    if account.state == CANCELLED:
        return CANCELLED
    if account.trial_ends_at is None or account.trial_ends_at > now:
        return TRIAL if account.state == TRIAL else account.state
    return PAST_DUE


def _healed(account: BillingAccount, sub: Subscription) -> bool:
    """Stripe's last word was "past due", but a payment came after it and nothing is open: its next word is on the
    way.
    """
    return (
        sub.status in ("past_due", "unpaid")
        and InvoiceMirror.objects.filter(account=account, status="paid", stamp__gte=sub.stamp).exists()
    )


def settle(account: BillingAccount, *, cause: str) -> bool:
    """Move the account to where it belongs, with everything that follows. True when the state changed.

    The caller holds the account's lock. Entitlements are copied to the tenants afterwards, whatever happened.
    """
    now = clock.now()
    base = derive(account, now)
    if base == TRIAL and account.state not in (TRIAL, CANCELLED):
        base = ACTIVE  # Stripe may grant free days to a customer; here that is simply paid for
    changed = False
    if base == PAST_DUE:
        if account.state not in BEHIND:
            changed = move(account, PAST_DUE, cause=cause)
        elif account.state == PAST_DUE:
            account.past_due_since = behind_since(account, now)
            account.save(update_fields=["past_due_since"])
    elif base != account.state:
        changed = move(account, base, cause=cause)
    _plan_deadlines(account, now)
    deadlines.put(account, Kind.COPY, now)
    return changed


def move(account: BillingAccount, target: str, *, cause: str) -> bool:
    """One move of the machine, recorded; the account's tenants feel it at once. The caller holds the lock.

    Raises Conflict (``invalid_transition``) for a move that the table does not know.
    """
    if target not in SUBSCRIPTION.targets(account.state):
        raise Conflict("invalid_transition", str(SUBSCRIPTION.label(account.state)), state=account.state, target=target)
    now = clock.now()
    StateChange.objects.create(account=account, source=account.state, target=target, cause=cause[:120], at=now)
    if target == PAST_DUE:
        account.past_due_since = behind_since(account, now)
        account.stage = LADDERS[account.profile].stage_at(account.past_due_since, now)
    elif target in (TRIAL, ACTIVE, CANCELLED):
        account.past_due_since, account.stage, account.read_only_agreed_by = None, 0, ""
    account.state, account.state_since = target, now
    if target == ACTIVE:
        account.trial_ends_at = None
    account.version += 1
    account.save()
    spread(account)
    return True


def spread(account: BillingAccount) -> None:
    """Write the account's state to its tenants, where every request sees it."""
    codes = [tenant.pk for tenant in tenants_of(account)]
    changed = Tenant.objects.filter(pk__in=codes).exclude(billing_state=TENANT_STATE[account.state])
    if changed.update(billing_state=TENANT_STATE[account.state]):
        directory.invalidate()


def climb(account: BillingAccount, now: datetime) -> bool:
    """Take the step of the ladder that is due. True when something changed. The caller holds the lock."""
    ladder = LADDERS[account.profile]
    if account.state == PAST_DUE and account.past_due_since:
        stage = ladder.stage_at(account.past_due_since, now)
        if stage == READ_ONLY_POSSIBLE and (not ladder.needs_decision or account.read_only_agreed_by):
            return move(account, READ_ONLY, cause=account.read_only_agreed_by or "clock")
        if stage != account.stage:
            account.stage = stage
            account.save(update_fields=["stage"])
            return True
    elif account.state == READ_ONLY and now >= ladder.suspended_at(account.state_since):
        return move(account, SUSPENDED, cause="clock")
    return False


def _step_is_due(account: BillingAccount, now: datetime) -> bool:
    ladder = LADDERS[account.profile]
    stage = ladder.stage_at(account.past_due_since or now, now)
    return stage != account.stage or (stage == READ_ONLY_POSSIBLE and not ladder.needs_decision)


def _plan_deadlines(account: BillingAccount, now: datetime) -> None:
    ladder = LADDERS[account.profile]
    step = None
    if account.state == PAST_DUE and account.past_due_since:
        # An event may come after a step has fallen due and before the tick has taken it: the step stays due.
        step = now if _step_is_due(account, now) else ladder.next_stage_at(account.past_due_since, now)
    elif account.state == READ_ONLY:
        step = ladder.suspended_at(account.state_since)
    deadlines.put_or_drop(account, Kind.STAGE, step)
    running = account.trial_ends_at if account.state == TRIAL else None
    deadlines.put_or_drop(account, Kind.TRIAL_END, running)
    reminder = running - timedelta(days=TRIAL_REMINDER_DAYS) if running else None
    deadlines.put_or_drop(account, Kind.TRIAL_REMINDER, reminder if reminder and reminder > now else None)
    due = (
        InvoiceMirror.objects.filter(account=account, status="open", due_at__gt=now)
        .order_by("due_at")
        .values_list("due_at", flat=True)
        .first()
    )
    deadlines.put_or_drop(account, Kind.INVOICE_DUE, due)


def replan(account: BillingAccount) -> None:
    """Enter the deadlines of an account anew (after its trial or profile was changed). The caller holds the lock."""
    _plan_deadlines(account, clock.now())
