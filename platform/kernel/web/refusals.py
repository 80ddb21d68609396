"""One shape for every refusal: what is not possible, what is missing, and a button for each step that heals it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.contrib.messages.storage.base import Message
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from kernel import context, registry, tenancy
from kernel.actions import record_answer
from kernel.errors import Cure, DomainError, Forbidden, NotFound, ReauthenticationRequired, StaleVersion

Text = str | Promise


@dataclass(frozen=True, slots=True)
class CureView:
    """A cure as it is drawn: a link, or the person to ask when nothing can be pressed."""

    label: Text
    url: str | None
    who: Text
    key: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A ``DomainError`` as it is drawn."""

    code: str
    status: int
    message: Text
    missing: tuple[Text, ...]
    cures: tuple[CureView, ...]
    note: Text
    request_id: str


def role_label(slug: str) -> Text:
    """What a role is called, in the words of whichever room declared it."""
    for room in registry.rooms():
        for role in room.roles:
            if role.slug == slug:
                return role.label
    return slug.replace("_", " ")


def describe(error: DomainError, request: HttpRequest | None = None) -> Refusal:
    """Turn the error into what is drawn. Re-authentication and stale rows bring their cure along."""
    cures = list(error.cures)
    if request is not None and not cures:
        cures += _own_cures(error, request)
    return Refusal(
        code=error.code,
        status=error.status,
        message=error.message,
        missing=tuple(message for messages in error.fields.values() for message in messages),
        cures=tuple(
            CureView(
                label=cure.label,
                url=cure.url,
                who=role_label(cure.role) if cure.role else "",
                key=f"Alt {number}" if number <= 9 else "",
            )
            for number, cure in enumerate(cures, start=1)
        ),
        note=_("Nothing was stored. The attempt is in the log.") if error.status in (403, 409, 412, 422) else "",
        request_id=context.request_id(),
    )


def _own_cures(error: DomainError, request: HttpRequest) -> list[Cure]:
    here = request.headers.get("HX-Current-URL") or request.headers.get("Referer") or request.path
    path = "/" + here.split("://", 1)[-1].split("/", 1)[-1] if "://" in here else here
    if isinstance(error, ReauthenticationRequired):
        try:
            return [Cure(_("Confirm that it is you"), f"{reverse('account_reauthenticate')}?next={quote(path)}")]
        except NoReverseMatch:
            return []
    if isinstance(error, StaleVersion):
        return [Cure(_("Load the new version"), path)]
    return []


def respond(request: HttpRequest, error: DomainError) -> HttpResponse:
    """The answer to a refused request: a box for the nearest slot (htmx) or a whole page, with the error's status."""
    _record(request, error)
    refusal = describe(error, request)
    if getattr(request, "htmx", None):
        return mark_refusal(render(request, "web/_refusal.html", {"refusal": refusal}, status=refusal.status), refusal)
    template = "web/refusal_page.html"
    if isinstance(error, NotFound):
        template = "404.html"
    elif isinstance(error, Forbidden) and not isinstance(error, ReauthenticationRequired):
        template = "403.html"
    return mark_refusal(
        render(request, template, {"refusal": refusal, "base": base_template(request)}, status=refusal.status), refusal
    )


def _record(request: HttpRequest, error: DomainError) -> None:
    match = request.resolver_match
    place = (match.view_name if match is not None else "") or request.path
    record_answer(by=getattr(request, "actor", None), place=place, refusal=error)


def mark_refusal(response: HttpResponse, refusal: Refusal) -> HttpResponse:
    """Mark the answer so that the browser side puts it into the nearest refusal slot and keeps what was typed."""
    response.headers["X-Refusal"] = refusal.code
    response.headers["HX-Reswap"] = "innerHTML"
    response.headers["Cache-Control"] = "no-store"
    return response


def base_template(request: HttpRequest) -> str:
    """The frame for pages that everybody may meet: the shell for people signed in at a tenant, else the bare page.

    A view that lives in another frame says so: ``request.frame = "base_phone.html"``.
    """
    chosen = getattr(request, "frame", "")
    if chosen:
        return str(chosen)
    user = getattr(request, "user", None)
    signed_in = user is not None and user.is_authenticated
    return "base.html" if signed_in and tenancy.current_or_none() is not None else "base_public.html"


def toast(message: Message) -> dict[str, Any]:
    """A message of ``flash`` as the browser side takes it."""
    extra: dict[str, Any] = {}
    if message.extra_tags.startswith("{"):
        extra = json.loads(message.extra_tags)
    return {"text": str(message.message), "tone": extra.get("tone", _tone(message)), "undo": extra.get("undo", "")}


def _tone(message: Message) -> str:
    return {"success": "done", "warning": "warn", "error": "error"}.get(message.level_tag, "info")
