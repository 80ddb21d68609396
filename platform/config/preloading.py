"""Importing what is otherwise imported when it is first needed: before a process forks, its children then share it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from importlib import import_module

from kernel import registry


def preload(*, pages: bool = False) -> None:
    """Import what events, timers, the clock and figures call, and with ``pages`` every page and operation; then leave it
    to the children as it is.

    A collection in a child would write to every page of memory that it looks through, and so copy it.
    """
    for path in _paths(pages=pages):
        import_module(path)
    gc.collect()
    gc.freeze()


def _paths(*, pages: bool) -> Iterator[str]:
    for room in registry.rooms():
        for handlers in room.handlers.values():
            yield from map(_module, handlers)
        yield from map(_module, room.timers.values())
        yield from (_module(daily.handler) for daily in room.daily.values())
        yield from (_module(kpi.compute) for kpi in room.kpis)
        yield from (_module(load) for load in room.seeds)
        if pages:
            yield from (path for path in (room.urls, room.api_urls) if path)


def _module(dotted: str) -> str:
    return dotted.rpartition(".")[0]
