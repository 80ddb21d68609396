"""Teeth by the FDI notation: permanent 11–48, primary 51–85; surfaces of a tooth and where they lie in a drawing."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q
from django.utils.translation import gettext as _

from kernel.errors import RuleRefused

UPPER_PERMANENT = (*range(18, 10, -1), *range(21, 29))
LOWER_PERMANENT = (*range(48, 40, -1), *range(31, 39))
UPPER_PRIMARY = (*range(55, 50, -1), *range(61, 66))
LOWER_PRIMARY = (*range(85, 80, -1), *range(71, 76))
PRIMARY = frozenset((*UPPER_PRIMARY, *LOWER_PRIMARY))
TEETH = frozenset((*UPPER_PERMANENT, *LOWER_PERMANENT)) | PRIMARY

# Mesial, distal, occlusal or incisal, buccal or labial, lingual or palatal.
SURFACES = ("M", "D", "O", "B", "L")
# What the database accepts in a column of surfaces: each once, in this order.
SURFACES_IN_ORDER = r"^M?D?O?B?L?$"


def tooth_is_known(field: str = "tooth") -> Q:
    """The condition of a check constraint: ``field`` holds a tooth of the notation."""
    return Q(**{f"{field}__in": sorted(TEETH)})


def surfaces_in_order(field: str = "surfaces") -> Q:
    """The condition of a check constraint: ``field`` holds surfaces, each once, in their order."""
    return Q(**{f"{field}__regex": SURFACES_IN_ORDER})


def check_tooth(tooth: int) -> int:
    """``tooth`` if the notation has it. Raises RuleRefused (``unknown_tooth``)."""
    if tooth not in TEETH:
        raise RuleRefused(
            "unknown_tooth",
            _("There is no tooth %(tooth)s in the FDI notation.") % {"tooth": tooth},
            fields={"tooth": [_("11 to 48 or 51 to 85.")]},
        )
    return tooth


def check_teeth(teeth: Iterable[int]) -> list[int]:
    """``teeth`` in order, each once. Raises RuleRefused (``unknown_tooth``)."""
    return sorted({check_tooth(tooth) for tooth in teeth})


def join_surfaces(surfaces: Iterable[str]) -> str:
    """The surfaces in their fixed order, each once: "MOD". Raises RuleRefused (``unknown_surface``)."""
    chosen = {surface.upper() for surface in surfaces}
    if chosen - set(SURFACES):
        raise RuleRefused(
            "unknown_surface", _("Surfaces are M, D, O, B and L."), fields={"surfaces": [_("M, D, O, B, L.")]}
        )
    return "".join(surface for surface in SURFACES if surface in chosen)


def sides(tooth: int) -> dict[str, str]:
    """Where each surface of ``tooth`` lies in the chart: surface to "up", "down", "left", "right" or "middle".

    The chart is seen from the front: mesial is the side towards the middle line, buccal the outer edge of the chart.
    """
    quadrant = tooth // 10
    on_the_left = quadrant in (1, 4, 5, 8)
    upper = quadrant in (1, 2, 5, 6)
    return {
        "M": "right" if on_the_left else "left",
        "D": "left" if on_the_left else "right",
        "O": "middle",
        "B": "up" if upper else "down",
        "L": "down" if upper else "up",
    }
