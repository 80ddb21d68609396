"""What every page needs around the view: language, server time, toasts for htmx answers, refusals raised elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

from kernel import clock, tenancy
from kernel.errors import DomainError
from kernel.web import refusals

GetResponse = Callable[[HttpRequest], HttpResponse]


def preferred_language(request: HttpRequest) -> str:
    """The person's language, else the cookie of this browser, else the tenant's, else what the browser asks for."""
    known = dict(settings.LANGUAGES)
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated and getattr(user, "language", "") in known:
        return str(user.language)
    cookie = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    if cookie in known:
        return cookie
    tenant = tenancy.current_or_none()
    if tenant is not None and tenant.language.lower() in known:
        return tenant.language.lower()
    return translation.get_language_from_request(request)


class LanguageMiddleware:
    """Activates the language of the request.

    It stands outside of authentication, so that refusals of the middleware below speak the right language too; the
    person's own choice is known, and wins, once the view is about to run.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = preferred_language(request)
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or language)
        patch_vary_headers(response, ["Cookie", "Accept-Language"])
        return response

    def process_view(self, request: HttpRequest, *view: Any) -> None:
        """Switch to the signed-in person's language."""
        language = preferred_language(request)
        if language != request.LANGUAGE_CODE:
            translation.activate(language)
            request.LANGUAGE_CODE = language


class RefusalMiddleware:
    """Server time on every answer, toasts inside htmx answers, one shape for refusals of views without ``@page``."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers["X-Server-Time"] = clock.now().isoformat(timespec="milliseconds")
        if getattr(request, "htmx", None):
            patch_vary_headers(response, ["HX-Request"])
            if not response.has_header("HX-Redirect") and response.status_code not in (204, 304):
                self._toasts(request, response)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A ``DomainError`` of a third-party view; pages of our own map theirs in the decorator."""
        return refusals.respond(request, exception) if isinstance(exception, DomainError) else None

    @staticmethod
    def _toasts(request: HttpRequest, response: HttpResponse) -> None:
        """Hand pending messages over as an htmx event, so that a partial need not carry them."""
        if 300 <= response.status_code < 400:
            return
        pending = [refusals.toast(message) for message in messages.get_messages(request)]
        if not pending:
            return
        triggers = json.loads(response.headers.get("HX-Trigger", "{}") or "{}")
        triggers["toasts"] = {"items": pending}
        response.headers["HX-Trigger"] = json.dumps(triggers)  # ASCII only: header values are latin-1
