"""What can be bought, in code: plans, add-ons of verticals, seats, usage. Stripe gets it by ``sync``, under lookup
keys.

The price list is short on purpose: a chain pays per site, an add-on per site and vertical, and per seat where a
vertical sells seats; staff accounts are free. A price that changes here becomes a new price at Stripe under the same
lookup key; who has the old one keeps it until the plan is changed. Amounts are fen per month; a year costs ten
months.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kernel import registry, usage

Text = str | Promise

CURRENCY = "cny"
TRIAL_DAYS = 30
INVOICE_DAYS = 14  # by bank transfer: days until an invoice is due
INTERVALS = ("month", "year")
MONTHS_PAID_PER_YEAR = 10
VERTICAL_SITE_FEN = 300_00  # a vertical's add-on per site, unless it declares a price of its own
SEAT_FEN = 60_00  # a seat, unless its meter declares a price of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan. ``rank`` orders plans: going up counts at once, going down at the end of the period."""

    key: str
    label: Text
    summary: Text
    rank: int
    base_fen: int
    site_fen: int
    most_sites: int | None = None
    most_tenants: int | None = None


PLANS: Mapping[str, Plan] = {
    plan.key: plan
    for plan in (
        Plan(
            key="clinic",
            label=_("Clinic"),
            summary=_("One business with up to three sites. Staff accounts are free."),
            rank=1,
            base_fen=0,
            site_fen=980_00,
            most_sites=3,
            most_tenants=1,
        ),
        Plan(
            key="chain",
            label=_("Chain"),
            summary=_("Any number of businesses and sites, with headquarters. Staff accounts are free."),
            rank=2,
            base_fen=2_800_00,
            site_fen=680_00,
        ),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One position of a subscription.

    ``key`` is ``base``, ``site``, ``vertical:KEY``, ``seat:METER`` or ``usage:METER``. ``unit_fen`` is per unit and
    interval; with ``metered`` it is per unit beyond ``included``.
    """

    key: str
    label: Text
    unit: Text
    lookup_key: str
    interval: str
    unit_fen: int
    plan: str | None = None
    metered: bool = False
    included: int = 0
    meter: str = ""

    @property
    def product(self) -> str:
        """The id of its product at Stripe: one per position, whatever the interval."""
        return self.lookup_key.rsplit("_", 1)[0]


def components(plan: str, interval: str) -> dict[str, Component]:
    """Everything that a subscription of ``plan`` may hold, by key. Raises KeyError for an unknown plan."""
    return {one.key: one for one in _all() if one.interval == interval and one.plan in (None, PLANS[plan].key)}


def by_lookup_key(lookup_key: str) -> Component | None:
    """The position that a price stands for; None for one that is sold no longer."""
    return {one.lookup_key: one for one in _all()}.get(lookup_key)


def every_component() -> tuple[Component, ...]:
    """The whole price list."""
    return _all()


def seat_meters() -> dict[str, tuple[Text, Text, int]]:
    """Seats that are sold: meter key to label, unit and fen per month."""
    found: dict[str, tuple[Text, Text, int]] = {}
    known = usage.all_meters()
    for vertical in registry.verticals().values():
        for key in vertical.meters:
            meter = known.get(key)
            if meter is None:
                found[key] = (vertical.seat_word or vertical.label, vertical.seat_word, SEAT_FEN)
            elif meter.kind == "seat":
                found[key] = (meter.label, meter.unit, SEAT_FEN if meter.unit_fen is None else meter.unit_fen)
    for key, meter in known.items():
        if meter.kind == "seat" and meter.unit_fen is not None:
            found.setdefault(key, (meter.label, meter.unit, meter.unit_fen))
    return found


def vertical_site_fen(key: str) -> int | None:
    """What a vertical costs per site and month; None for one that sells seats instead."""
    vertical = registry.verticals()[key]
    known = usage.all_meters()
    own = [known[name] for name in vertical.meters if name in known]
    for meter in own:
        if meter.kind == "site" and meter.unit_fen is not None:
            return meter.unit_fen
    return None if vertical.meters and not any(meter.kind == "site" for meter in own) else VERTICAL_SITE_FEN


def clear_caches() -> None:
    """Forget what was read from the rooms (tests that swap them)."""
    _all.cache_clear()


def _each_interval(fen: int) -> dict[str, int]:
    return {"month": fen, "year": fen * MONTHS_PAID_PER_YEAR}


@cache
def _all() -> tuple[Component, ...]:
    rows: list[Component] = []
    for interval in INTERVALS:
        for plan in PLANS.values():
            rows += _of_plan(plan, interval)
        for key, vertical in registry.verticals().items():
            fen = vertical_site_fen(key)
            if fen is not None:
                rows.append(
                    Component(
                        key=f"vertical:{key}", label=vertical.label, unit=_("site"), interval=interval,
                        lookup_key=f"lz_vertical_{key}_{interval}", unit_fen=_each_interval(fen)[interval],
                    )
                )  # fmt: skip
        for key, (label, unit, fen) in seat_meters().items():
            rows.append(
                Component(
                    key=f"seat:{key}", label=label, unit=unit, interval=interval, meter=key,
                    lookup_key=f"lz_seat_{key}_{interval}", unit_fen=_each_interval(fen)[interval],
                )
            )  # fmt: skip
        for key, meter in usage.all_meters().items():
            if meter.consumed and meter.unit_fen is not None:
                included = meter.included * (12 if interval == "year" and meter.kind == "flow" else 1)
                rows.append(
                    Component(
                        key=f"usage:{key}", label=meter.label, unit=meter.unit, interval=interval, meter=key,
                        lookup_key=f"lz_usage_{key}_{interval}", unit_fen=meter.unit_fen, metered=True,
                        included=included,
                    )
                )  # fmt: skip
    return tuple(rows)


def _of_plan(plan: Plan, interval: str) -> list[Component]:
    rows = []
    if plan.base_fen:
        rows.append(
            Component(
                key="base", label=plan.label, unit=_("account"), interval=interval, plan=plan.key,
                lookup_key=f"lz_{plan.key}_base_{interval}", unit_fen=_each_interval(plan.base_fen)[interval],
            )
        )  # fmt: skip
    rows.append(
        Component(
            key="site", label=_("Site"), unit=_("site"), interval=interval, plan=plan.key,
            lookup_key=f"lz_{plan.key}_site_{interval}", unit_fen=_each_interval(plan.site_fen)[interval],
        )
    )  # fmt: skip
    return rows
