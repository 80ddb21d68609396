"""Versions over HTTP: ``ETag`` on what is read, ``If-Match`` on what is changed."""

from __future__ import annotations

import re
from typing import TypeVar

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from kernel.errors import Malformed, StaleVersion
from kernel.ids import VersionedModel

R = TypeVar("R", bound=HttpResponse)
_TAG = re.compile(r'"([0-9a-f]{32})-(\d{1,9})"', re.ASCII)


def expected_version(request: Request, row: VersionedModel) -> int:
    """The version of ``row`` that the caller has seen, from ``If-Match``.

    The action compares it under the row's lock; here only what cannot be this row at all is refused. Raises Malformed
    (``if_match_required``) without the header, StaleVersion for any other tag.
    """
    header = request.headers.get("If-Match", "")
    if not header:
        raise Malformed(
            "if_match_required", _("Say in If-Match which version you have seen (the ETag of your last read).")
        )
    match = _TAG.fullmatch(header.strip())
    if match is None or match[1] != row.code.hex:
        raise stale()
    return int(match[2])


def stale() -> StaleVersion:
    """The refusal of a change to something that has changed since."""
    return StaleVersion(
        "stale_version", _("Somebody else changed this in the meantime. Read it again and repeat your change.")
    )


def with_etag(response: R, row: VersionedModel) -> R:
    """``response`` with the row's entity tag."""
    response.headers["ETag"] = row.etag
    return response


def unchanged(request: Request, tag: str) -> Response | None:
    """304 when the caller already has ``tag``, else None."""
    seen = {part.strip().removeprefix("W/") for part in request.headers.get("If-None-Match", "").split(",")}
    return Response(status=304, headers={"ETag": tag}) if tag in seen else None
