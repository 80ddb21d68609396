"""Has anything changed that a board shows? Asked every few seconds by every screen, so it is one cheap statement."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from django.db.models import BigIntegerField, Count, F, Max, QuerySet, Sum, Value
from django.db.models.functions import Cast, Coalesce
from django.http import HttpRequest

from kernel import clock
from kernel.context import Actor

NONE = Cast(Value(0), BigIntegerField())


def version_for(request: HttpRequest, rows: Sequence[QuerySet[Any]]) -> str:
    """A word that changes with ``rows``, with who asks and what they may do, with the address, and with the minute.

    The minute moves waits and what is overdue on; what a board shows beside its rows (a renamed chair, a name that may not
    be read any more) is a minute old at most. ``rows`` are plain querysets, the same ones for a whole day.
    """
    actor = getattr(request, "actor", None)
    who: tuple[Any, ...] = ()
    if isinstance(actor, Actor):
        who = (str(actor.code), sorted(actor.roles), sorted(str(code) for code in actor.deputy_for))
    site = request.session.get("site_code", "") if hasattr(request, "session") else ""
    return repr((who, site, request.get_full_path(), f"{clock.now():%H:%M}", marks_of(rows)))


def marks_of(rows: Sequence[QuerySet[Any]]) -> list[tuple[Any, ...]]:
    """Per queryset: how many rows, the sum of their versions, the newest. One statement for all of them."""
    parts = [_mark(number, one) for number, one in enumerate(rows)]
    if not parts:
        return []
    together = reduce(lambda one, other: one.union(other, all=True), parts)
    return sorted(tuple(part) for part in together)


def _mark(number: int, rows: QuerySet[Any]) -> QuerySet[Any, Any]:
    versioned = any(field.name == "version" for field in rows.model._meta.concrete_fields)
    # In a subquery, so that joins to many do not count a row twice.
    plain = rows.model._base_manager.filter(pk__in=rows.order_by().values("pk")).order_by()
    return (
        plain.annotate(part=Value(number))
        .values("part")
        .annotate(
            many=Count("pk"),
            versions=Coalesce(Sum(Cast(F("version"), BigIntegerField())), NONE) if versioned else Max(NONE),
            newest=Cast(Max("pk"), BigIntegerField()),
        )
        .values_list("part", "many", "versions", "newest")
    )
