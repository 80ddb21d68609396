"""Which kind of tenant somebody becomes who says what they do."""

from __future__ import annotations

from kernel import registry
from kernel.registry import Vertical

BUSINESS = "business"


def kind_for(verticals: tuple[str, ...]) -> str:
    """The kind that the only vertical declares for itself, else the ordinary kind of business."""
    known = registry.verticals()
    if len(verticals) == 1 and known[verticals[0]].kinds:
        return known[verticals[0]].kinds[0].key
    ordinary = (
        kind
        for room in registry.rooms()
        if not isinstance(room, Vertical)
        for kind in room.kinds
        if kind.family == BUSINESS
    )
    return next(ordinary).key
