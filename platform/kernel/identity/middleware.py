"""From cookie to actor: the session of this tenant, whether it still counts, and who acts with it.

The steady state costs two queries, one for the session and one for the person; everything else that decides stands in
one of the two (see ``standing``).
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.signed_cookies import SessionStore as CookieStore
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from kernel import context, tenancy
from kernel.context import ANONYMOUS
from kernel.errors import Forbidden
from kernel.identity import desks, sessions
from kernel.identity.models import DeviceToken, User
from kernel.identity.sessions import SessionStore
from kernel.identity.standing import actor_for_user, standing_of

GetResponse = Callable[[HttpRequest], HttpResponse]

# What a person may still open before the second factor is set up or the password changed.
SECOND_FACTOR_PAGES = frozenset(
    {
        "mfa_activate_totp",
        "mfa_view_recovery_codes",
        "mfa_download_recovery_codes",
        "account_reauthenticate",
        "account_logout",
        "account_change_password",
        "account_desk",
        "account_desk_lock",
        "web:language",
    }
)
# What still answers at a shared desk that locked itself.
LOCKED_PAGES = frozenset({"account_desk", "account_desk_lock", "account_logout", "web:language"})
PASSWORD_PAGES = LOCKED_PAGES | {"account_change_password", "account_reauthenticate"}


class TenantSessionMiddleware(SessionMiddleware):
    """Sessions of a tenant live in its schema; the platform's public site keeps its little in a signed cookie."""

    def process_request(self, request: HttpRequest) -> None:
        store = SessionStore if tenancy.current_or_none() else CookieStore
        request.session = store(request.COOKIES.get(settings.SESSION_COOKIE_NAME))


class SessionGuardMiddleware:
    """Ends a session that belongs to another tenant, was called in, lay idle or grew too old."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if tenancy.current_or_none() is not None and SESSION_KEY in request.session:
            why = self._ended(request)
            if why:
                structlog.get_logger(__name__).info("session_ended", why=why)
                request.session.flush()
                request.user = AnonymousUser()
                if why == "idle":
                    request.session_ended = why  # type: ignore[attr-defined]  # the sign-in page says it
            else:
                request.desk_is_locked = desks.is_locked(request)  # type: ignore[attr-defined]
                if not request.desk_is_locked:  # type: ignore[attr-defined]
                    self._touch(request)
        return self.get_response(request)

    @staticmethod
    def _ended(request: HttpRequest) -> str:
        """Why the session no longer counts; "" while it does."""
        stamp, user = request.session, request.user
        if stamp.get(sessions.TENANT) != str(tenancy.current().code):
            return "foreign"
        if not isinstance(user, User) or stamp.get(sessions.EPOCH) != user.session_epoch:
            return "called_in"
        now = sessions.machine_seconds()
        if now - stamp.get(sessions.SIGNED_IN, 0) > settings.SESSION_ABSOLUTE_HOURS * 3600:
            return "too_old"
        if now - stamp.get(sessions.SEEN, 0) > settings.SESSION_IDLE_MINUTES * 60:
            return "idle"
        return ""

    @staticmethod
    def _touch(request: HttpRequest) -> None:
        # A board that asks for news every few seconds is not a person at work.
        if "X-Poll" in request.headers:
            return
        now = sessions.machine_seconds()
        every = sessions.SEEN_AT_DESK_EVERY_SECONDS if sessions.DESK in request.session else sessions.SEEN_EVERY_SECONDS
        if now - request.session[sessions.SEEN] >= every:
            request.session[sessions.SEEN] = now


class ActorMiddleware:
    """Binds the actor of the request and holds back who has yet to set up a second factor or a password."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = ANONYMOUS  # type: ignore[attr-defined]
        user = request.user if tenancy.current_or_none() is not None and SESSION_KEY in request.session else None
        if isinstance(user, User):
            request.actor = actor_for_user(user)  # type: ignore[attr-defined]
        with context.bound(actor=request.actor):  # type: ignore[attr-defined]
            return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> HttpResponse | None:
        """Send people with an unfinished sign-in to the page that finishes it."""
        user = request.user if request.actor.kind == "user" else None  # type: ignore[attr-defined]
        if not isinstance(user, User) or request.resolver_match is None:
            return None
        name = request.resolver_match.view_name
        if getattr(request, "desk_is_locked", False) and name not in LOCKED_PAGES:
            return self._hold(request, "account_desk", desk_locked())
        if user.must_change_password and name not in PASSWORD_PAGES:
            return self._hold(request, "account_change_password", password_to_change())
        if needs_second_factor(request, user) and name not in SECOND_FACTOR_PAGES:
            return self._hold(request, "mfa_activate_totp", second_factor_missing())
        return None

    @staticmethod
    def _hold(request: HttpRequest, page: str, refusal: Forbidden) -> HttpResponse | None:
        if request.path.startswith("/api/"):
            # The operation itself refuses, after it decided which of token and session counts.
            request.held_back = refusal  # type: ignore[attr-defined]
            return None
        target = reverse(page)
        inside = bool(request.headers.get("HX-Request") or "X-Poll" in request.headers)
        if refusal.code == "desk_locked":
            here = urlsplit(request.headers.get("HX-Current-URL", "")).path if inside else request.get_full_path()
            target = _with_next(target, here if inside or request.method == "GET" else "")
        else:
            messages.info(request, str(refusal.message))
        if inside:
            return HttpResponse(status=204, headers={"HX-Redirect": target})
        return HttpResponseRedirect(target)


def _with_next(target: str, here: str) -> str:
    return f"{target}?{urlencode({'next': here})}" if here else target


def needs_second_factor(request: HttpRequest, user: User) -> bool:
    """Does a role of ``user`` demand a second factor that this session has not seen?"""
    return standing_of(user).needs_second_factor and request.session.get(sessions.SECOND_FACTOR) != str(user.code)


def needs_second_factor_by_token(token: DeviceToken) -> bool:
    """Does a role of the token's owner demand a second factor that was not given when the token was made?"""
    return not token.second_factor and standing_of(token.user).needs_second_factor


def second_factor_missing() -> Forbidden:
    """The refusal for a role that demands a second factor."""
    return Forbidden(
        "second_factor_required", _("Your role needs a second factor. Please set up an authenticator app first.")
    )


def desk_locked() -> Forbidden:
    """The refusal at a shared desk that was left alone."""
    return Forbidden("desk_locked", _("The desk is locked. Please go on with your PIN."))


def password_to_change() -> Forbidden:
    """The refusal for a password that somebody else chose."""
    return Forbidden("password_change_required", _("Please choose a password of your own first."))
