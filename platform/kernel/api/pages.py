"""Lists in pages of at most a hundred rows."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from kernel.api.filters import Number
from kernel.api.serializers import OutSerializer

DEFAULT_SIZE = 50
LARGEST_SIZE = 100
PAGE = Number("page", None, minimum=1, maximum=100_000)
PAGE_SIZE = Number("page_size", None, minimum=1, maximum=1_000_000)


def page_of(
    queryset: QuerySet[Any], request: Request, serializer: type[serializers.BaseSerializer[Any]], **context: Any
) -> dict[str, Any]:
    """One page of ``queryset``: its rows and how many there are in all.

    ``page_size`` beyond the cap gives the largest page; a page after the last one is empty. Raises Malformed for what
    is no number.
    """
    number = PAGE.read(request.query_params) or 1
    size = min(PAGE_SIZE.read(request.query_params) or DEFAULT_SIZE, LARGEST_SIZE)
    count = queryset.count()
    rows = list(queryset[(number - 1) * size : number * size])
    return {
        "count": count,
        "page": number,
        "page_size": size,
        "pages": max(1, -(-count // size)),
        "results": serializer(rows, many=True, context={"request": request, **context}).data,
    }


@cache
def paged(serializer: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    """The serializer of a page of ``serializer``, for the description of the API."""
    name = serializer.__name__.removesuffix("Serializer").removesuffix("Out")
    fields = {
        "count": serializers.IntegerField(min_value=0, help_text="Rows in all"),
        "page": serializers.IntegerField(min_value=1),
        "page_size": serializers.IntegerField(min_value=1, max_value=LARGEST_SIZE),
        "pages": serializers.IntegerField(min_value=1),
        "results": serializer(many=True),
    }
    return type(f"{name}Page", (OutSerializer,), {"is_page": True, "__module__": serializer.__module__, **fields})
