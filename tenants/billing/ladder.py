"""What happens when nobody pays, step by step and always announced (PL-004, ledger 17 "Subscription").

Literal profile: all works for 14 days, then read-only, 30 days later suspended. Default profile: at once nothing new
is bought, from day 30 no new courses are sold and no marketing goes out, and read-only comes after 60 days and only
when a person has decided it. Whatever the profile: reading, export, complaints, charting of booked visits, receipts,
refunds, red flags and SOS stay open on every step, and nothing is ever deleted because of money.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

NOTHING_NEW, NO_GROWTH, READ_ONLY_POSSIBLE = 1, 2, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """Days after the first missed payment. ``growth_days`` None: that step does not exist."""

    growth_days: int | None
    read_only_days: int
    suspend_days_later: int
    needs_decision: bool

    def stage_at(self, since: datetime, now: datetime) -> int:
        """How far "past due" has come: 1 nothing new, 2 no new courses or marketing, 3 read-only is due."""
        if now >= self.read_only_at(since):
            return READ_ONLY_POSSIBLE
        if self.growth_days is not None and now >= since + timedelta(days=self.growth_days):
            return NO_GROWTH
        return NOTHING_NEW

    def next_stage_at(self, since: datetime, now: datetime) -> datetime | None:
        """When the next step comes, None after the last one."""
        moments = [self.read_only_at(since)]
        if self.growth_days is not None:
            moments.append(since + timedelta(days=self.growth_days))
        return min((moment for moment in moments if moment > now), default=None)

    def read_only_at(self, since: datetime) -> datetime:
        """When read-only comes (or, with ``needs_decision``, when it may be decided)."""
        return since + timedelta(days=self.read_only_days)

    def suspended_at(self, read_only_since: datetime) -> datetime:
        """When suspension follows read-only."""
        return read_only_since + timedelta(days=self.suspend_days_later)


LADDERS = {
    "literal": Ladder(growth_days=None, read_only_days=14, suspend_days_later=30, needs_decision=False),
    "default": Ladder(growth_days=30, read_only_days=60, suspend_days_later=30, needs_decision=True),
}
