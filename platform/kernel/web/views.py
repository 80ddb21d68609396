"""What every page is made with: who may open it, how it answers.

A view declares its permission here; the start-up check reads ``view.permission``, ``view.signed_in_reason`` or
``view.public_reason`` and refuses a view that has none of them.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render, resolve_url
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.cache import patch_cache_control
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from kernel import context
from kernel.context import Actor
from kernel.errors import DomainError, Forbidden
from kernel.web import refusals
from kernel.web.closing import close_what_is_refused
from kernel.web.polling import version_for

View = Callable[..., HttpResponseBase]
Answer = TypeVar("Answer", bound=HttpResponseBase)
SITE_SESSION_KEY = "site_code"
SAFE = ("GET", "HEAD")
# What the browser counts on by itself, and what is new in every answer without meaning anything new: a part in which only
# this differs has not changed.
PASSING = re.compile(
    r'(?<=name="csrfmiddlewaretoken" value=")[^"]*|(?<=data-wait-time>)[^<]*|(?<=data-wait-fill y="2" width=")[^"]*'
)


def page(
    *, permission: str | Mapping[str, str] | None, methods: tuple[str, ...] = ("GET",), reason: str = ""
) -> Callable[[View], View]:
    """A page for people who are signed in.

    ``permission`` is one word, a word per method, or ``None`` with a ``reason`` (every signed-in person may). Anonymous
    people are sent to the sign-in and come back. A ``DomainError`` becomes a refusal with its status. Answers are never
    stored by a cache.
    """
    if permission is None and not reason:
        raise ValueError("a page without a permission says why")
    allowed = _allowed(methods)
    words: dict[str, str | None] = {}
    words.update(permission if isinstance(permission, Mapping) else dict.fromkeys(allowed, permission))
    words.setdefault("HEAD", words.get("GET"))
    if permission is not None and not all(words.get(method) for method in allowed):
        raise ValueError("every method of a page needs its permission")

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def run(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method not in allowed:
                return HttpResponseNotAllowed(allowed)
            if not request.user.is_authenticated:
                return _to_login(request)
            actor = bind_actor(request)
            word = words[request.method]
            if word is not None and not actor.can(word):
                return _private(refusals.respond(request, permission_refused(word)))
            with context.read_by(actor):
                answer = _answer(view, request, args, kwargs)
            return close_what_is_refused(answer, request)

        run.permission = permission  # type: ignore[attr-defined]
        run.permissions = {method: words[method] for method in allowed}  # type: ignore[attr-defined]
        run.signed_in_reason = reason  # type: ignore[attr-defined]
        run.public_reason = ""  # type: ignore[attr-defined]
        run.methods = allowed  # type: ignore[attr-defined]
        return run

    return decorate


def public_page(*, reason: str, methods: tuple[str, ...] = ("GET",)) -> Callable[[View], View]:
    """A page that needs no sign-in; ``reason`` says why that is right."""
    if not reason:
        raise ValueError("a public page says why")
    allowed = _allowed(methods)

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def run(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method not in allowed:
                return HttpResponseNotAllowed(allowed)
            bind_actor(request)
            return _answer(view, request, args, kwargs)

        run.permission = None  # type: ignore[attr-defined]
        run.permissions = {}  # type: ignore[attr-defined]
        run.signed_in_reason = ""  # type: ignore[attr-defined]
        run.public_reason = reason  # type: ignore[attr-defined]
        run.methods = allowed  # type: ignore[attr-defined]
        return run

    return decorate


def bind_actor(request: HttpRequest) -> Actor:
    """``request.actor``: set by the identity middleware, else the actor bound to this request."""
    actor = getattr(request, "actor", None)
    if not isinstance(actor, Actor):
        actor = context.actor()
        request.actor = actor  # type: ignore[attr-defined]
    return actor


def permission_refused(word: str) -> Forbidden:
    """The refusal that the missing permission ``word`` becomes."""
    return Forbidden("permission_denied", _("Your role does not include this page."), permission=word)


def _allowed(methods: tuple[str, ...]) -> tuple[str, ...]:
    wanted = tuple(method.upper() for method in methods)
    return (*wanted, "HEAD") if "GET" in wanted and "HEAD" not in wanted else wanted


def _answer(view: View, request: HttpRequest, args: tuple[Any, ...], kwargs: dict[str, Any]) -> HttpResponseBase:
    try:
        response = view(request, *args, **kwargs)
    except DomainError as error:
        response = refusals.respond(request, error)
    return _private(response)


def _private(response: Answer) -> Answer:
    if not response.has_header("Cache-Control"):
        patch_cache_control(response, no_store=True, private=True)
    return response


def _to_login(request: HttpRequest) -> HttpResponse:
    try:
        target = reverse("account_login")
    except NoReverseMatch:
        # The public site has no people of its own: a page for them is not there.
        raise Http404 from None
    if getattr(request, "htmx", None):
        # A swapped-in sign-in form would sit in the middle of a board: send the whole window there and back.
        here = request.htmx.current_url_abs_path or "/"  # type: ignore[attr-defined]
        response = HttpResponse(status=401)
        response.headers["HX-Redirect"] = f"{target}?{REDIRECT_FIELD_NAME}={here}"
        return _private(response)
    return _private(redirect_to_login(request.get_full_path() if request.method in SAFE else "/", target))


def _status(status: int, invalid: BaseForm | None) -> int:
    return 422 if invalid is not None and invalid.is_bound and invalid.errors else status


def render_page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
    invalid: BaseForm | None = None,
) -> HttpResponse:
    """A whole page. ``invalid`` turns the status into 422 when that form is bound and has errors."""
    return render(request, template, dict(context or {}), status=_status(status, invalid))


def htmx_partial(
    request: HttpRequest,
    page_template: str,
    partial_template: str,
    context: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
    invalid: BaseForm | None = None,
) -> HttpResponse:
    """The partial for an htmx request, the whole page for everybody else (a reload, a link, no script)."""
    htmx = getattr(request, "htmx", None)
    template = partial_template if htmx and not htmx.history_restore_request else page_template
    return render(request, template, dict(context or {}), status=_status(status, invalid))


def polled(
    request: HttpRequest,
    page_template: str,
    partial_template: str,
    context: Mapping[str, Any] | Callable[[], Mapping[str, Any]] | None = None,
    *,
    version: str | None = None,
    drawn_from: Callable[[], Sequence[QuerySet[Any]]] | None = None,
) -> HttpResponse:
    """A part that is asked for every few seconds, with an ETag.

    ``version`` is a cheap string that changes with the content (e.g. the newest change); with it an unchanged part
    costs neither its queries (give ``context`` as a callable) nor its rendering. ``drawn_from`` gives instead the rows
    that a board is drawn from: one statement finds out whether any of them changed (``polling.version_for``). Without
    either the texts are compared, but for the seconds of a running wait, which the browser counts on.
    """
    partial = bool(getattr(request, "htmx", None)) or "X-Poll" in request.headers
    asked = request.headers.get("If-None-Match", "")
    language = getattr(request, "LANGUAGE_CODE", "")
    if version is None and drawn_from is not None and partial:
        version = version_for(request, drawn_from())
    etag = _etag(partial_template, language, version) if version is not None else ""
    if partial and etag and asked == etag:
        return _unchanged(etag)
    values = dict(context() if callable(context) else context or {})
    if not partial:
        return render(request, page_template, values)
    text = render_to_string(partial_template, values, request)
    etag = etag or _etag(partial_template, language, PASSING.sub("", text))
    if asked == etag:
        return _unchanged(etag)
    response = HttpResponse(text)
    response.headers["ETag"] = etag
    return response


def _etag(*parts: str | None) -> str:
    digest = hashlib.blake2b("\x1f".join(part or "" for part in parts).encode(), digest_size=12)
    return f'"{digest.hexdigest()}"'


def _unchanged(etag: str) -> HttpResponse:
    response = HttpResponse(status=304)
    response.headers["ETag"] = etag
    return response


def redirect_after_post(request: HttpRequest, to: Any, *args: Any, **kwargs: Any) -> HttpResponse:
    """303 after a successful write, so that a reload repeats nothing; the same for the whole window under htmx."""
    url = resolve_url(to, *args, **kwargs)
    if getattr(request, "htmx", None):
        response = HttpResponse(status=204)
        response.headers["HX-Redirect"] = url
        return response
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response


def flash(request: HttpRequest, text: str | Promise, *, tone: str = "done", undo: str = "") -> None:
    """A toast: after the redirect, or at once with an htmx answer. ``undo`` is a path that takes a POST for 8 seconds.

    Refusals are never toasts; they stay beside the act with their cures.
    """
    level = {"done": messages.SUCCESS, "warn": messages.WARNING, "error": messages.ERROR}.get(tone, messages.INFO)
    messages.add_message(request, level, str(text), extra_tags=json.dumps({"tone": tone, "undo": undo}))


def next_path(request: HttpRequest, default: str = "/") -> str:
    """Where to go back to: ``next`` of the request when it stays on this host, else ``default``."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if wanted and safe else default


def site_code(request: HttpRequest) -> UUID | None:
    """The site chosen in the top bar, or None. It is a preference: access is decided by the actor's grants."""
    try:
        return UUID(str(request.session.get(SITE_SESSION_KEY, "")))
    except ValueError:
        return None


def code_or_404(text: str) -> UUID:
    """A code from a URL. Raises Http404 for anything that is no UUID, as for a row that does not exist."""
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None
