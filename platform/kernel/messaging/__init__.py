"""Messages to people outside the product: mail and text messages, each sent once, behind ports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kernel.messaging.actions import send

__all__ = ["send"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from kernel.messaging import actions

        return getattr(actions, name)
    raise AttributeError(name)
