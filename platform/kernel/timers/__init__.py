"""Timers: what shall happen at a moment, found by the clock and not by a browser. Each fires once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kernel.timers.actions import cancel, reschedule, schedule
    from kernel.timers.daily import ensure_daily
    from kernel.timers.firing import fire_due, wake_sleeping

__all__ = ["cancel", "ensure_daily", "fire_due", "reschedule", "schedule", "wake_sleeping"]

_HOMES = {"ensure_daily": "daily", "fire_due": "firing", "wake_sleeping": "firing"}


def __getattr__(name: str) -> Any:
    # The models behind these names exist only once the apps are loaded.
    if name in __all__:
        from importlib import import_module

        return getattr(import_module(f"kernel.timers.{_HOMES.get(name, 'actions')}"), name)
    raise AttributeError(name)
