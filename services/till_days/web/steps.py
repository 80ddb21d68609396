"""The steps of the guided close, in their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from services.till_days.blockers import Blocker
from services.till_days.machines import RUNNING
from services.till_days.models import TillCount, TillDay


def steps_of(
    day: TillDay, against: Sequence[Blocker], first: TillCount | None, second: TillCount | None
) -> list[dict[str, Any]]:
    """Each step: its title, who and when, and whether it is done, due now, or waits."""
    left = ngettext("%(n)s is left", "%(n)s are left", len(against)) % {"n": len(against)} if against else ""
    slip = day.deposits.all()[0] if day.deposits.all() else None
    rows: list[tuple[str, bool, str, Any, str]] = [
        (_("Clear what blocks"), not against, "", None, left),
        (_("Count the cash"), first is not None, first.by_name if first else "", first.at if first else None, ""),
        (_("Second person"), second is not None, second.by_name if second else "", second.at if second else None, ""),
        (_("Daily report"), day.report_id is not None, "", day.reported_at, ""),
        (_("Bank slip"), slip is not None, slip.by_name if slip else "", slip.deposited_at if slip else None, ""),
        (_("Hand over, locked"), day.state not in RUNNING, "", day.locked_at, day.get_state_display()),
    ]
    now = next((number for number, row in enumerate(rows) if not row[1]), -1)
    return [
        {
            "title": title, "who": who, "at": at, "hash": "", "note": note,
            "state": "done" if done else "now" if number == now else "locked",
        }
        for number, (title, done, who, at, note) in enumerate(rows)
    ]  # fmt: skip
