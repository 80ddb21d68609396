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


def definition(key: str) -> Kpi | None:
    """One figure; None for a key that this build no longer has."""
    return definitions().get(key)
