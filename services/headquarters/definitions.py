"""The definitions of all figures of this build, whatever this tenant itself measures."""

from __future__ import annotations

from functools import cache

from kernel import registry
from kernel.registry import Kpi


@cache
def definitions() -> dict[str, Kpi]:
    """Every figure by key, in the order of the matrix."""
    found = {kpi.key: kpi for room in registry.rooms() for kpi in room.kpis}
    return dict(sorted(found.items(), key=lambda item: item[1].order))


def value_of(kpi: Kpi, numerator: int, denominator: int | None) -> float | None:
    """A figure's value from its parts: counts and sums as they are, ratio and mean divided (percent: 0 to 100)."""
    if kpi.aggregate not in ("ratio", "mean"):
        return float(numerator)
    if not denominator:
        return None
    return numerator / denominator * (100 if kpi.unit == "percent" else 1)


def definition(key: str) -> Kpi | None:
    """One figure; None for a key that this build no longer has."""
    return definitions().get(key)
