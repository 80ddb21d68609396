"""What this tenant may use and how it stands, read in the tenant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from kernel import usage
from tenants.entitlements.actions import GRACE_DAYS
from tenants.entitlements.models import BillingStanding, Entitlement


@dataclass(frozen=True, slots=True, kw_only=True)
class Seats:
    """A meter with its use. ``grace_until`` is set while a soft limit is passed."""

    key: str
    label: object
    used: int
    limit: int | None
    soft: bool
    grace_until: datetime | None

    @property
    def full(self) -> bool:
        return self.limit is not None and self.used >= self.limit


def seats() -> list[Seats]:
    """Every standing meter of this tenant with its limit, in the order in which the rooms declare them."""
    limits = {row.key: row for row in Entitlement.objects.filter(kind=Entitlement.Kind.METER)}
    found = []
    for key, meter in usage.meters().items():
        if meter.consumed:
            continue
        row, used = limits.get(key), usage.count(key)
        over = row is not None and row.limit is not None and used > row.limit and row.over_since is not None
        found.append(
            Seats(
                key=key,
                label=meter.label,
                used=used,
                limit=row.limit if row else None,
                soft=bool(row and row.soft),
                grace_until=row.over_since + timedelta(days=GRACE_DAYS) if over and row and row.over_since else None,
            )
        )
    return found


def standing() -> BillingStanding | None:
    """How the paying account stands; None when nothing was ever copied here."""
    return BillingStanding.objects.first()


def vertical_allowed(key: str) -> bool:
    """May this tenant switch the vertical on? Not bounded during a trial."""
    row = standing()
    if row is None or not row.verticals_bounded:
        return True
    return Entitlement.objects.filter(kind=Entitlement.Kind.VERTICAL, key=key).exists()
