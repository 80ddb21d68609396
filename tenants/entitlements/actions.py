"""Taking a seat: the limit is locked, then the seats are counted, then it is decided (PL-005)."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from kernel import clock, messaging, tenancy, usage
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Cure
from tenants.entitlements.models import BillingStanding, Entitlement

GRACE_DAYS = 7
BILLING_URL = "/billing/change/"


@action(permission=None, reason="the action that needs the seat has checked its own permission")
def take_seat(*, by: Actor, meter: str, number: int = 1) -> None:
    """Make sure that ``number`` more units of ``meter`` are within the limit; the caller then uses them in the same
    transaction.

    Two people who take the last seat at once stand in line at the limit's row: the second one counts what the first
    one committed. A soft limit may be passed for 7 days, the payer is told on the first of them; a hard one may not.
    A meter without a row has no limit (trial).

    Raises Conflict (``seat_limit_reached``; ``site_limit_reached`` for a meter of sites).
    """
    row = Entitlement.objects.select_for_update().filter(kind=Entitlement.Kind.METER, key=meter).first()
    if row is None or row.limit is None:
        return
    used = usage.count(meter)
    if used + number <= row.limit:
        if row.over_since is not None:
            row.over_since = None
            row.save(update_fields=["over_since"])
        return
    now = clock.now()
    # Who has fallen back to the limit begins a new grace with the next seat beyond it.
    since = row.over_since if row.over_since is not None and used > row.limit else now
    if row.soft and now < since + timedelta(days=GRACE_DAYS):
        if since != row.over_since:
            row.over_since = since
            row.save(update_fields=["over_since"])
            _tell_payer(row, used + number)
        return
    raise _limit_reached(meter, row, used)


def _limit_reached(meter: str, row: Entitlement, used: int) -> Conflict:
    known = usage.all_meters().get(meter)
    label = str(known.label) if known else meter
    if known and known.kind == "site":
        return Conflict(
            "site_limit_reached",
            _("The plan holds %(limit)s sites. Close one, or let the billing administrator add a site.")
            % {"limit": row.limit},
            cures=[Cure(_("Add a site"), url=BILLING_URL, role="billing_admin")],
            meter=meter,
            used=used,
            limit=row.limit,
        )
    return Conflict(
        "seat_limit_reached",
        _("All %(limit)s seats are taken (%(meter)s). Free one, or let the billing administrator add seats.")
        % {"limit": row.limit, "meter": label},
        cures=[Cure(_("Add seats"), url=BILLING_URL, role="billing_admin")],
        meter=meter,
        used=used,
        limit=row.limit,
    )


def _tell_payer(row: Entitlement, used: int) -> None:
    standing = BillingStanding.objects.first()
    if standing is None or not standing.contact or row.over_since is None:
        return
    known = usage.all_meters().get(row.key)
    messaging.send(
        channel="mail",
        to=standing.contact,
        template="billing_limit",
        context={
            "meter": str(known.label) if known else row.key,
            "used": used,
            "limit": row.limit,
            "until": row.over_since + timedelta(days=GRACE_DAYS),
            "tenant": tenancy.current().name,
            "host": tenancy.current().host,
        },
        key=f"billing:limit:{row.key}:{row.over_since:%Y%m%d%H%M}",
    )
