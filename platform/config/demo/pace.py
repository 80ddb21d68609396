"""How busy the demo is: how many visits a day has at a site, and how far ahead they are booked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

# A stretch of at most so long is played with everything that belongs to a day: what ``loading.advance`` plays on.
WHOLE = timedelta(days=6)


@dataclass(frozen=True, slots=True)
class Pace:
    """Visits of an ordinary day per site ("slug/site"), long ago (``thin``) and around today (``dense``).

    ``dense_days`` before the last day count as around today. Each is (booked, walk-ins). Long ago somebody came every
    ``thin_every`` days only. On the last ``kept_days`` everything beside the visits is played too: lists, registers,
    telephone, papers.
    """

    dense: dict[str, tuple[int, int]]
    thin: dict[str, tuple[int, int]]
    history_days: int = 63
    dense_days: int = 6
    kept_days: int = 2
    ahead_days: int = 14
    thin_every: int = 6

    def of(self, key: str, day: date, *, dense_from: date) -> tuple[int, int]:
        """(booked, walk-ins) of the site ``key`` on ``day``."""
        if day < dense_from and day.toordinal() % self.thin_every:
            return 0, 0
        booked, walk_ins = (self.dense if day >= dense_from else self.thin).get(key, (0, 0))
        # Mondays and Saturdays are fuller, the middle of the week is quieter; the same day is always alike.
        swing = (2, 0, -1, 0, 1, 2, 0)[day.weekday()] if booked > 4 else (day.toordinal() % 3) - 1
        return max(0, booked + swing) if booked else 0, walk_ins

    def booked_by(self, wanted: int, ahead: int) -> int:
        """How many of ``wanted`` bookings stand already ``ahead`` days before the day."""
        if ahead > self.ahead_days:
            return 0
        return round(wanted * max(0.1, 1 - ahead * 0.09))

    def dense_from(self, last_day: date) -> date:
        """The first day that counts as around today."""
        return last_day - timedelta(days=self.dense_days - 1)

    def kept_from(self, first_day: date, last_day: date) -> date:
        """The first day of a stretch that is played with everything: a short stretch is played whole."""
        if last_day - first_day <= WHOLE:
            return first_day
        return last_day - timedelta(days=self.kept_days - 1)


PACE = Pace(
    dense={
        "smile/center": (13, 3), "smile/harbor": (5, 1), "derma/main": (6, 2), "derma/west": (3, 1), "lumen/lake": (4, 1),
        "willow/river": (4, 1),
    },
    thin={
        "smile/center": (4, 1), "smile/harbor": (2, 1), "derma/main": (3, 1), "derma/west": (2, 0), "lumen/lake": (2, 1),
        "willow/river": (2, 1),
    },
)  # fmt: skip
