"""Messages as branches send them to headquarters, made by hand for the tests of the matrix."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from kernel.ids import uuid7
from kernel.outbox import Event
from services.headquarters.definitions import definition
from services.headquarters.handlers import take_in_day
from services.headquarters.models import BranchSite
from tests.services.flow import SHANGHAI

DAY = date(2026, 12, 7)
DENTAL = ("visits", "first_visit_share", "no_show", "median_wait", "unexplained_waits", "takings", "arrears")


class Branch:
    """A branch with one site that tells headquarters what it measured."""

    def __init__(
        self, name: str, *, vertical: str = "dental", applicable: tuple[str, ...] = DENTAL, order: int = 0
    ) -> None:
        self.name, self.vertical, self.applicable, self.order = name, vertical, applicable, order
        self.tenant_code, self.site_code = uuid7(), uuid7()
        self.clock = datetime(2026, 12, 7, 18, tzinfo=SHANGHAI)

    def message(self, day: date = DAY, at: datetime | None = None, **facts: tuple[int, int | None, int]) -> Event:
        """What it measured on ``day``: figure=(numerator, denominator, n); each message is a second newer."""
        self.clock += timedelta(seconds=1)
        payload: dict[str, Any] = {
            "tenant": {
                "code": str(self.tenant_code), "slug": self.name, "name": f"{self.name}口腔",
                "verticals": [self.vertical], "profile": "literal",
            },
            "site": {
                "code": str(self.site_code), "name": f"{self.name}店", "short_name": self.name, "city": "上海",
                "order": self.order,
            },
            "day": day.isoformat(),
            "measured_at": (at or self.clock).isoformat(),
            "applicable": list(self.applicable),
            "facts": {key: [version_of(key), *parts] for key, parts in facts.items()},
        }  # fmt: skip
        return Event(
            code=uuid7(), type="kpis.day_measured", key=f"day:{self.site_code}:{day}", payload=payload,
            occurred_at=at or self.clock, request_id="", source=UUID(int=1),
        )  # fmt: skip

    def tells(self, day: date = DAY, at: datetime | None = None, **facts: tuple[int, int | None, int]) -> Event:
        """Let headquarters take in a message."""
        event = self.message(day, at, **facts)
        take_in_day(event)
        return event

    @property
    def site(self) -> BranchSite:
        """Its site, as headquarters knows it."""
        return BranchSite.objects.get(code=self.site_code)


def version_of(key: str) -> int:
    """The version of today's definition."""
    kpi = definition(key)
    assert kpi is not None, key
    return kpi.version
