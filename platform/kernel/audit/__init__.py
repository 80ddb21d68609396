"""The audit: who did, read or was refused what. Append-only, sealed by a hash chain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kernel.audit.trail import record, record_many, record_read

__all__ = ["record", "record_many", "record_read"]


def __getattr__(name: str) -> Any:
    # The models behind these names exist only once the apps are loaded.
    if name in __all__:
        from kernel.audit import trail

        return getattr(trail, name)
    raise AttributeError(name)
