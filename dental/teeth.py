"""Teeth by the FDI notation: permanent 11–48, primary 51–85; surfaces of a tooth."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from kernel.errors import RuleRefused

UPPER_PERMANENT = (*range(18, 10, -1), *range(21, 29))
LOWER_PERMANENT = (*range(48, 40, -1), *range(31, 39))
UPPER_PRIMARY = (*range(55, 50, -1), *range(61, 66))
LOWER_PRIMARY = (*range(85, 80, -1), *range(71, 76))
TEETH = frozenset((*UPPER_PERMANENT, *LOWER_PERMANENT, *UPPER_PRIMARY, *LOWER_PRIMARY))

# Mesial, distal, occlusal or incisal, buccal or labial, lingual or palatal.
SURFACES = ("M", "D", "O", "B", "L")


def check_tooth(tooth: int) -> int:
    """``tooth`` if the notation has it. Raises RuleRefused (``unknown_tooth``)."""
    if tooth not in TEETH:
        raise RuleRefused(
            "unknown_tooth",
            _("There is no tooth %(tooth)s in the FDI notation.") % {"tooth": tooth},
            fields={"tooth": [_("11 to 48 or 51 to 85.")]},
        )
    return tooth


def join_surfaces(surfaces: Iterable[str]) -> str:
    """The surfaces in their fixed order, each once: "MOD". Raises RuleRefused (``unknown_surface``)."""
    chosen = {surface.upper() for surface in surfaces}
    if chosen - set(SURFACES):
        raise RuleRefused(
            "unknown_surface", _("Surfaces are M, D, O, B and L."), fields={"surfaces": [_("M, D, O, B, L.")]}
        )
    return "".join(surface for surface in SURFACES if surface in chosen)
