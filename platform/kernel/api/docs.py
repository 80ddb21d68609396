"""``/api/schema/`` and ``/api/docs/``: what this tenant's API offers, and nothing of a vertical that is off."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer2, OpenApiYamlRenderer2
from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.views import ApiView
from kernel.web.views import public_page

DESCRIBES_ONLY = "it describes operations and holds no data"


@lru_cache(maxsize=64)
def schema_of(urlconf: str, language: str) -> dict[str, Any]:
    """The OpenAPI document of one URL configuration. Kept per process: it changes with the build only."""
    with translation.override(language):
        return SchemaGenerator(urlconf=urlconf).get_schema(request=None, public=True)


class SchemaView(ApiView):
    """The description of the API. JSON, which also is YAML; ``?format=yaml`` gives the longhand."""

    public_reason = DESCRIBES_ONLY
    schema = None

    def get(self, request: Request) -> HttpResponse | Response:
        """The document, with an entity tag."""
        language = translation.get_language() or settings.LANGUAGE_CODE
        urlconf = str(getattr(request._request, "urlconf", settings.ROOT_URLCONF))
        document = schema_of(urlconf, language)
        yaml = request.query_params.get("format") == "yaml"
        renderer = OpenApiYamlRenderer2() if yaml else OpenApiJsonRenderer2()
        body = renderer.render(document, renderer_context={})
        tag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
        if request.headers.get("If-None-Match") == tag:
            return HttpResponse(status=304, headers={"ETag": tag})
        kind = "application/yaml" if yaml else "application/json"
        return HttpResponse(
            body, content_type=f"{kind}; charset=utf-8", headers={"ETag": tag, "Cache-Control": "no-cache"}
        )


@public_page(reason=DESCRIBES_ONLY)
def documentation(request: HttpRequest) -> HttpResponse:
    """The same as pages, with a form to try each operation out."""
    answer = render(request, "api/docs.html", {"csrf_cookie": settings.CSRF_COOKIE_NAME})
    # The viewer sets styles by script; nothing else of the policy is loosened, and only here.
    answer._csp_update = {"style-src": ["'unsafe-inline'"]}  # type: ignore[attr-defined]
    return answer
