"""An invoice, line by line: what, how it comes about, how much."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from kernel.money import yuan
from tenants.billing import catalogue
from tenants.billing.catalogue import Component
from tenants.billing.models import PublishedPrice
from tenants.billing.periods import day_of, days_between, one_interval_before

Text = str | Promise
PRORATION = "proration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One explained line. ``group`` joins lines of two invoices that are about the same thing; an estimate is not
    fixed yet.
    """

    what: Text
    how: str
    amount_fen: int
    group: str
    vertical: str = ""
    estimate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One part of what an invoice differs by from the one before; the parts add up to the fen."""

    what: Text
    amount_fen: int


def explain(rows: Iterable[Mapping[str, Any]], zone: ZoneInfo) -> list[Line]:
    """Explain mirrored lines (``mirror.line_of``). Asks which positions their prices stand for: one query."""
    rows = netted(rows)
    keys = dict(
        PublishedPrice.objects.filter(stripe_id__in={row["price"] for row in rows}).values_list(
            "stripe_id", "lookup_key"
        )
    )
    return [_line(row, catalogue.by_lookup_key(keys.get(row["price"], "")), zone) for row in rows]


def netted(rows: Iterable[Mapping[str, Any]], without: Iterable[Mapping[str, Any]] = ()) -> list[dict[str, Any]]:
    """Join the credit and the charge of a change by the day: "5 seats back, 8 seats" becomes "3 seats".

    What ``without`` says about the same price and days is taken off.
    """
    found: dict[object, dict[str, Any]] = {}
    for sign, source in ((1, rows), (-1, without)):
        for position, row in enumerate(source):
            joins = row["proration"] and not _begins_subscription(row)
            place = (row["price"], row["start"], row["end"]) if joins else (sign, position)
            one = found.setdefault(place, dict(row) | {"quantity": 0 if joins else row["quantity"], "amount_fen": 0})
            one["amount_fen"] += sign * row["amount_fen"]
            if joins:
                one["quantity"] += sign * (row["quantity"] or 0) * (-1 if row["amount_fen"] < 0 else 1)
    return [row for row in found.values() if row["amount_fen"] or row["quantity"] or not row["proration"]]


def _line(row: Mapping[str, Any], component: Component | None, zone: ZoneInfo) -> Line:
    label: Text = component.label if component else row["text"]
    start, end = datetime.fromtimestamp(row["start"], UTC), datetime.fromtimestamp(row["end"], UTC)
    adjustment = row["proration"] and not _begins_subscription(row)
    what = _("%(what)s, by the day") % {"what": label} if adjustment else label
    return Line(
        what=what,
        how=_how(row, component, start, end, zone),
        amount_fen=row["amount_fen"],
        group=PRORATION if adjustment else (component.key if component else str(row["text"])),
        vertical=_vertical_of(component),
    )


def _begins_subscription(row: Mapping[str, Any]) -> bool:
    """A first, shorter period is prorated as well, but it belongs to the item itself and is no adjustment."""
    return bool(row.get("item")) and row["amount_fen"] >= 0 and "Remaining" not in row["text"]


def _how(row: Mapping[str, Any], component: Component | None, start: datetime, end: datetime, zone: ZoneInfo) -> str:
    if row["amount_fen"] == 0 and row["unit_fen"] in ("0", "0.0", None) and not (component and component.metered):
        return _("free until %(day)s") % {"day": day_of(end, zone).isoformat()}
    unit = Decimal(str(row["unit_fen"])) if row["unit_fen"] is not None else None
    parts = []
    if row["quantity"] is not None:
        parts.append(f"{abs(row['quantity']):,}")
    if unit is not None:
        parts.append(yuan(int(unit), grouped=True))
    if component and component.metered:
        if unit == 0:
            return _("%(number)s included") % {"number": parts[0] if parts else "0"}
        return " × ".join(parts)
    if component and (unit is None or row["amount_fen"] != unit * (row["quantity"] or 0)):
        # A share of the period: the whole price needs no explanation, even where a month is shorter than the one before.
        whole_start = one_interval_before(end, component.interval, zone)
        whole = days_between(whole_start, end, zone)
        part = days_between(start, end, zone)
        if part < whole:
            parts.append(_("%(part)s/%(whole)s days") % {"part": f"{part:f}", "whole": f"{whole:f}"})
    text = " × ".join(parts)
    return f"− {text}" if row["amount_fen"] < 0 else text


def _vertical_of(component: Component | None) -> str:
    if component is None:
        return ""
    if component.key.startswith("vertical:"):
        return component.key.removeprefix("vertical:")
    from kernel import usage

    found = usage.vertical_of(component.meter) if component.meter else None
    return found.key if found else ""


def estimates(usage: Mapping[str, tuple[int, int]], components: Mapping[str, Component]) -> list[Line]:
    """What consumption will cost by the end of the period at the present pace. ``usage``: meter to (so far,
    expected).
    """
    found = []
    for component in components.values():
        if not component.metered or component.meter not in usage:
            continue
        _so_far, expected = usage[component.meter]
        beyond = max(0, expected - component.included)
        price = yuan(component.unit_fen)
        if beyond:
            how = _("about %(expected)s expected, %(beyond)s beyond %(included)s × %(price)s") % {
                "expected": f"{expected:,}", "beyond": f"{beyond:,}", "included": f"{component.included:,}",
                "price": price,
            }  # fmt: skip
        else:
            how = _("about %(expected)s of %(included)s included") % {
                "expected": f"{expected:,}", "included": f"{component.included:,}",
            }  # fmt: skip
        found.append(
            Line(
                what=component.label, how=how, amount_fen=beyond * component.unit_fen, group=component.key,
                vertical=_vertical_of(component), estimate=True,
            )
        )  # fmt: skip
    return found


def difference(now: Iterable[Line], before: Iterable[Line]) -> list[Difference]:
    """By what the one differs from the other, split by subject; the parts add up to the difference of the totals."""
    sums: dict[str, int] = {}
    names: dict[str, Text] = {}
    for sign, lines in ((1, list(now)), (-1, list(before))):
        for line in lines:
            sums[line.group] = sums.get(line.group, 0) + sign * line.amount_fen
            names.setdefault(line.group, _("Adjustments by the day") if line.group == PRORATION else line.what)
    return [Difference(what=names[group], amount_fen=fen) for group, fen in sums.items() if fen]
