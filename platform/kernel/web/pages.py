"""The frame's own pages: language and site switch."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import translation
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from kernel import registry
from kernel.errors import Malformed, NotFound
from kernel.web.slots import slot_items
from kernel.web.views import SITE_SESSION_KEY, next_path, page, public_page, redirect_after_post

YEAR = 365 * 24 * 60 * 60


@public_page(reason="people choose their language before they sign in", methods=("POST",))
def language(request: HttpRequest) -> HttpResponse:
    """Keep the chosen language for this browser and, when signed in, for the person."""
    wanted = request.POST.get("language", "")
    if wanted not in dict(settings.LANGUAGES):
        raise Malformed("unknown_language", _("This language is not offered."))
    if request.user.is_authenticated:
        # Whoever keeps the people remembers it; the frame does not know who that is.
        import_string(settings.REMEMBER_LANGUAGE)(by=request.actor, language=wanted)  # type: ignore[attr-defined]
    translation.activate(wanted)
    response = redirect_after_post(request, next_path(request))
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        wanted,
        max_age=YEAR,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )
    return response


@page(permission=None, reason="everybody has a first screen; which one depends on what they may do")
def home(request: HttpRequest) -> HttpResponse:
    """Lead to the first screen of the person's own work: the first entry of their navigation."""
    actor = request.actor  # type: ignore[attr-defined]
    items = sorted((item for room in registry.active_rooms() for item in room.nav), key=lambda item: item.order)
    open_to = [item for item in items if actor.can(item.permission)]
    for item in [item for item in open_to if actor.roles & set(item.home_for)] + open_to:
        return redirect(item.url_name)
    return redirect("mfa_index")


@page(permission=None, reason="choosing the site of one's own work", methods=("POST",))
def site(request: HttpRequest) -> HttpResponse:
    """Work at another of one's own sites from now on. Raises NotFound for a site that is not in the person's list."""
    wanted = request.POST.get("site", "")
    if wanted not in {str(entry["code"]) for entry in slot_items("shell.sites", request)}:
        raise NotFound("site_not_found", _("There is no such site."))
    request.session[SITE_SESSION_KEY] = str(UUID(wanted))
    return redirect_after_post(request, next_path(request))
