"""Shared desks: one computer, several people, each under their own name (ledger 17 "Users at one PC").

An administrator registers the browser of a desk once. Whoever signs in there in full (password, second factor) is
remembered at this desk for one working day; until then a PIN or a badge changes over in a moment. A desk locks by
itself after a minute without work. The PIN opens slips and registers; what needs a second factor asks for it all the
same.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse

from kernel import limits, parameters
from kernel.identity import links, sessions
from kernel.identity.models import Desk, DeskVisit, User
from kernel.identity.tokens import machine_now
from kernel.identity.usernames import normalise_username
from kernel.limits import Limit

WRONG_PINS = Limit("wrong-pin", 5, 15 * 60)
COOKIE_SECONDS = 400 * 24 * 3600


def cookie_name() -> str:
    """The desk's cookie: host-only and https-only wherever sessions are."""
    return "__Host-desk" if settings.SESSION_COOKIE_SECURE else "desk"


def remember_desk(response: HttpResponse, desk: Desk, secret: str) -> None:
    """Make the browser that receives ``response`` the one of ``desk``."""
    response.set_cookie(
        cookie_name(),
        f"{desk.code}.{secret}",
        max_age=COOKIE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def desk_of(request: HttpRequest) -> Desk | None:
    """The desk whose browser asks, None for every other browser. Costs a query only where the cookie exists."""
    code, _dot, secret = request.COOKIES.get(cookie_name(), "").partition(".")
    try:
        desk = Desk.objects.filter(code=UUID(code), revoked_at__isnull=True).first()
    except ValueError:
        return None
    return desk if desk is not None and links.matches("desk", secret, desk.token_hash) else None


def note_full_sign_in(request: HttpRequest, user: User, *, second_factor: bool) -> None:
    """Tie the session to the desk, if it is one, and remember the person there."""
    desk = desk_of(request)
    if desk is None:
        return
    DeskVisit.objects.update_or_create(
        desk=desk,
        user=user,
        defaults={
            "session_epoch": user.session_epoch,
            "second_factor": second_factor,
            "signed_in_at": machine_now(),
        },
    )
    stamp(request, desk)


def note_second_factor(request: HttpRequest) -> None:
    """Remember at the desk that the person has proven a second factor there."""
    desk = request.session.get(sessions.DESK)
    if desk and request.user.is_authenticated:
        DeskVisit.objects.filter(desk_id=desk, user_id=request.user.pk).update(second_factor=True)


def stamp(request: HttpRequest, desk: Desk) -> None:
    """Let the session lock by itself as the desk's site wants it."""
    request.session[sessions.DESK] = desk.pk
    request.session[sessions.DESK_LOCK] = int(parameters.value("desk_lock_seconds", site=desk.site_code))


def is_locked(request: HttpRequest) -> bool:
    """Has the desk of this session been left alone for too long?"""
    after = request.session.get(sessions.DESK_LOCK)
    return bool(after) and sessions.machine_seconds() - request.session.get(sessions.SEEN, 0) > after


def people_at(desk: Desk) -> QuerySet[User]:
    """Who may change over at ``desk`` now, the last signed in first."""
    return User.objects.filter(pk__in=_present(desk).values("user")).order_by("-desk_visits__signed_in_at").distinct()


def check_change_over(desk: Desk, *, who: str, pin: str) -> DeskVisit | None:
    """The visit of whoever names themselves by user name and PIN, or shows a badge; None for everything else alike.

    Raises LimitReached after five wrong PINs of one person at this desk.
    """
    user = User.objects.filter(badge_hash=links.secret_hash("badge", who.strip())).first() if who.strip() else None
    by_badge = user is not None
    user = user or User.objects.filter(username=normalise_username(who)).first()
    whom = str(user.code) if user else normalise_username(who)
    ticket = limits.consume((WRONG_PINS, f"{desk.code}:{whom}"))
    visit = _present(desk).filter(user=user).select_related("user").first() if user else None
    # The comparison is made in any case: it must not tell by its time who is known here.
    right = check_password(pin, user.pin if user and user.pin else make_password(None))
    if visit is None or not (by_badge or right):
        return None
    ticket.give_back()
    return visit


def _present(desk: Desk) -> QuerySet[DeskVisit]:
    since = machine_now() - timedelta(hours=settings.DESK_VISIT_HOURS)
    return DeskVisit.objects.filter(
        desk=desk, user__is_active=True, signed_in_at__gt=since, session_epoch=F("user__session_epoch")
    )
