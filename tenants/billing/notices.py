"""Mails to whoever pays. Each is sent once per occasion; clinic staff and patients never get one."""

from __future__ import annotations

from kernel import messaging, tenancy
from tenants.billing.ladder import LADDERS
from tenants.billing.machine import CANCELLED, PAST_DUE, READ_ONLY, SUSPENDED
from tenants.billing.models import BillingAccount

TOLD = (PAST_DUE, READ_ONLY, SUSPENDED, CANCELLED)


def tell_of_state(account: BillingAccount) -> None:
    """Tell the account's address that something was missed, and what stays open. Runs in the managing tenant."""
    if account.state not in TOLD or not account.email:
        return
    ladder = LADDERS[account.profile]
    read_only_at = ladder.read_only_at(account.past_due_since) if account.past_due_since else None
    messaging.send(
        channel="mail",
        to=account.email,
        template="billing_state",
        context=_words(account)
        | {
            "state": account.state,
            "read_only_at": read_only_at,
            "needs_decision": ladder.needs_decision,
            "suspended_at": ladder.suspended_at(account.state_since) if account.state == READ_ONLY else None,
        },
        key=f"billing:{account.code}:{account.state}:{account.state_since:%Y%m%d%H%M}",
    )


def tell_of_trial(account: BillingAccount) -> None:
    """Remind of the end of the trial. Runs in the managing tenant."""
    if account.email and account.trial_ends_at:
        messaging.send(
            channel="mail",
            to=account.email,
            template="billing_trial",
            context=_words(account) | {"trial_ends_at": account.trial_ends_at},
            key=f"billing:{account.code}:trial:{account.trial_ends_at:%Y%m%d}",
        )


def _words(account: BillingAccount) -> dict[str, object]:
    return {"name": account.name, "tenant": tenancy.current().name, "host": tenancy.current().host}
