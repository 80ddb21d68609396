"""The outbox: what a transaction wants others to learn is a row of that transaction; a relay delivers it afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kernel.outbox.event import Event

if TYPE_CHECKING:
    from kernel.outbox.actions import emit, emit_many
    from kernel.outbox.relay import receive, relay_pending

__all__ = ["Event", "emit", "emit_many", "receive", "relay_pending"]

_HOMES = {"emit": "actions", "emit_many": "actions", "receive": "relay", "relay_pending": "relay"}


def __getattr__(name: str) -> Any:
    # The models behind these names exist only once the apps are loaded.
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"kernel.outbox.{_HOMES[name]}"), name)
    raise AttributeError(name)
