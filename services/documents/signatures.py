"""Signatures drawn on a screen."""

from __future__ import annotations

import json

from django.utils.translation import gettext as _

from kernel.errors import RuleRefused

# A drawn signature: so many lines, so many points, in a field of this size.
# Four characters of 30 strokes each, and room.
MOST_STROKES, MOST_POINTS, WIDTH, HEIGHT = 200, 3000, 1000, 300


def read_strokes(text: str) -> str:
    """A drawn signature in its one spelling; "" for none. Raises RuleRefused (``strokes_malformed``)."""
    if not text.strip():
        return ""
    refused = RuleRefused("strokes_malformed", _("This is no signature. Draw it again, or type the name."))
    try:
        lines = json.loads(text)
        kept = [[(int(x), int(y)) for x, y in line] for line in lines]
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise refused from None
    points = [point for line in kept for point in line]
    inside = all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
    if not points or len(kept) > MOST_STROKES or len(points) > MOST_POINTS or not inside:
        raise refused
    return json.dumps(kept)
