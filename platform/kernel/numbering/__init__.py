"""Gapless numbers, as receipts and registers need them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kernel.numbering.actions import next_number, reserve_numbers

__all__ = ["next_number", "reserve_numbers"]


def __getattr__(name: str) -> Any:
    # The models behind these names exist only once the apps are loaded.
    if name in __all__:
        from kernel.numbering import actions

        return getattr(actions, name)
    raise AttributeError(name)
