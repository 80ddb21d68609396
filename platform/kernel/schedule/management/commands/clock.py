"""``manage.py clock``: shows or moves the time of a demo or test deployment, for web, worker and beat alike."""

from __future__ import annotations

import json
import re
from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime, parse_duration

from kernel import clock

UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
SHORT = re.compile(r"(?P<sign>[-+]?)(?P<parts>(?:\d+[wdhms]\s*)+)", re.IGNORECASE)


class Command(BaseCommand):
    help = "Show or move the time of this deployment. Refused in production."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--set", metavar="ISO", dest="at", help="the time to show, e.g. 2026-12-14T09:20:01+08:00")
        what.add_argument("--advance", metavar="DURATION", help="e.g. 20m, 1d12h, 00:20:01, PT20M; -10m goes back")
        what.add_argument("--real", action="store_true", help="show real time again")
        parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            move = self._move(options)
        except clock.ClockFixed as error:
            raise CommandError(str(error)) from error
        answers = clock.moved.send(move) if move else []
        present = clock.now()
        offset = clock.offset()
        if options["json"]:
            facts: dict[str, Any] = {
                "now": present.isoformat(),
                "local": clock.local(present).isoformat(),
                "offset_seconds": offset.total_seconds(),
                "moved": move is not None,
            }
            if move:
                facts["before"] = move.before.isoformat()
                facts["listeners"] = len(answers)
            self.stdout.write(json.dumps(facts))
            return
        self.stdout.write(f"{clock.local(present).isoformat(timespec='seconds')} ({_said(offset)})")

    def _move(self, options: dict[str, Any]) -> clock.Move | None:
        if options["at"]:
            return clock.set_to(_moment(options["at"]))
        if options["advance"]:
            return clock.advance(_duration(options["advance"]))
        if options["real"]:
            return clock.real()
        return None


def _moment(text: str) -> datetime:
    """A point in time; without an offset it is meant in the platform's zone. Raises CommandError."""
    try:
        found = parse_datetime(text) or datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"not an ISO time: {text}") from error
    return found.replace(tzinfo=timezone.get_default_timezone()).astimezone(UTC) if found.tzinfo is None else found


def _duration(text: str) -> timedelta:
    """``20m``, ``1d12h``, ``00:20:01`` or ISO 8601. Raises CommandError."""
    match = SHORT.fullmatch(text.strip())
    if match:
        parts = re.findall(r"(\d+)([wdhms])", match["parts"].lower())
        total = sum((timedelta(**{UNITS[unit]: int(count)}) for count, unit in parts), timedelta(0))
        return -total if match["sign"] == "-" else total
    # A bare number would silently mean seconds to the parser.
    found = None if text.strip().lstrip("+-").isdigit() else parse_duration(text)
    if found is None:
        raise CommandError(f"not a duration: {text} (try 20m, 1d12h, 00:20:01 or PT20M)")
    return found


def _said(offset: timedelta) -> str:
    if not offset:
        return "real time"
    return f"{abs(offset)} {'ahead of' if offset > timedelta(0) else 'behind'} real time"
