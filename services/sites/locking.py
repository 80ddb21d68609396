"""Editing what somebody else may have changed meanwhile."""

from __future__ import annotations

from typing import TypeVar

from django.utils.translation import gettext_lazy as _

from kernel.errors import StaleVersion
from kernel.ids import VersionedModel

V = TypeVar("V", bound=VersionedModel)


def lock_version(row: V, version: int | None) -> V:
    """``row`` read again under its lock, if it still is the ``version`` that the editor saw (None: whatever it is now).

    Raises StaleVersion (``stale_version``).
    """
    # No key lock: rows elsewhere that only point here are written without waiting.
    locked = type(row)._base_manager.select_for_update(of=("self",), no_key=True).get(pk=row.pk)
    if version is not None and locked.version != version:
        raise StaleVersion(
            "stale_version",
            _("Somebody else changed this since you opened it. Load it again; what you typed stays in the form."),
            seen=version,
            now=locked.version,
        )
    return locked
