"""Signing in: what every way in has in common, whether page, invitation, demo or app.

The password and the second factor are checked here once, under the same limits for pages and API. Refusals never tell
whether the name exists, the password was wrong or the account is switched off.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth import login as django_login
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from kernel import limits
from kernel.errors import Cure, ReauthenticationRequired
from kernel.identity import audit_notes, desks, sessions
from kernel.identity.models import DeskVisit, DeviceToken, User
from kernel.identity.usernames import normalise_username
from kernel.limits import Limit

# One person's name closes after ten wrong passwords; an address is a whole clinic and gets room for all its people.
WRONG_PASSWORDS = Limit("wrong-password", 10, 15 * 60)
SIGN_INS_PER_ADDRESS = Limit("sign-in-address", 300, 5 * 60)
WRONG_CODES = Limit("wrong-code", 5, 15 * 60)
BACKEND = "kernel.identity.backends.SignInBackend"
# A time-based code is good for its own half minute and, against drifting phones, the one on either side.
CODE_LIVES_SECONDS = 90


def client_address(request: HttpRequest) -> str:
    """The address that limits count by: the peer, or what the trusted proxies in front of it saw.

    Only the last ``TRUSTED_PROXIES`` entries of X-Forwarded-For were written by ourselves; everything before them is
    the client's own story.
    """
    trusted = getattr(settings, "TRUSTED_PROXIES", 0)
    chain = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    if trusted and len(chain) >= trusted:
        return chain[-trusted]
    return str(request.META.get("REMOTE_ADDR", ""))


def check_password(request: HttpRequest, username: str, password: str) -> User | None:
    """The active person with this name and password, or None.

    A try counts before it is evaluated and is given back when it was right, so parallel guesses cannot slip through.
    Raises LimitReached while the name is closed, for the right password too.
    """
    name = normalise_username(username)
    limits.consume((SIGN_INS_PER_ADDRESS, client_address(request)))
    ticket = limits.consume((WRONG_PASSWORDS, name))
    user = authenticate(request, username=name, password=password)
    if not isinstance(user, User):
        return None
    ticket.give_back()
    return user


def has_second_factor(user: User) -> bool:
    """Has ``user`` set up an authenticator app?"""
    return Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).exists()


def check_second_factor(user: User, code: str) -> Authenticator | None:
    """The authenticator that ``code`` belongs to, or None. Each code is accepted once.

    Raises LimitReached after too many wrong codes.
    """
    ticket = limits.consume((WRONG_CODES, str(user.code)))
    for authenticator in Authenticator.objects.filter(user_id=user.pk).order_by("-type"):
        if authenticator.type == Authenticator.Type.WEBAUTHN or not authenticator.wrap().validate_code(code):
            continue
        if not limits.first_use("code", f"{user.code}:{code.strip()}", seconds=CODE_LIVES_SECONDS):
            return None
        ticket.give_back()
        authenticator.user = user
        return authenticator
    return None


def sign_in(request: HttpRequest, user: User, *, second_factor: bool) -> None:
    """Open a session for ``user``, who has proven who they are by other means (invitation, demo).

    ``second_factor`` says whether a second factor was proven as well.
    """
    django_login(request, user, backend=BACKEND)
    if second_factor:
        confirm(request, second_factor=True)


def change_over(request: HttpRequest, visit: DeskVisit) -> None:
    """Let the person of ``visit`` go on at a shared desk: unlock their own session, or end the one that is open.

    PIN and badge count as proof for slips and registers only; what needs a second factor asks for it again.
    """
    user, desk = visit.user, visit.desk
    if request.user.is_authenticated and request.user.pk == user.pk:
        request.session[sessions.SEEN] = sessions.machine_seconds()
    else:
        request.session.flush()
        request.change_over = True  # type: ignore[attr-defined]  # no full sign-in: the working day does not begin anew
        django_login(request, user, backend=BACKEND)
        desks.stamp(request, desk)
        request.session[sessions.CONFIRMED] = 0
        if visit.second_factor:
            # The registered desk and the sign-in in full on the same day stand for it.
            request.session[sessions.SECOND_FACTOR] = str(user.code)
    request.session[sessions.CONFIRMED_BY_PIN] = sessions.machine_seconds()
    audit_notes.changed_over(user, desk)


def confirm(request: HttpRequest, *, second_factor: bool) -> None:
    """Note in the session that the person has just proven who they are."""
    now = sessions.machine_seconds()
    request.session[sessions.CONFIRMED] = now
    if second_factor:
        request.session[sessions.SECOND_FACTOR] = str(request.user.code) if request.user.is_authenticated else ""
        request.session[sessions.CONFIRMED_BY_SECOND] = now
        desks.note_second_factor(request)


def recently_confirmed(
    request: HttpRequest, minutes: int | None = None, *, second_factor: bool = False, by_pin: bool = True
) -> bool:
    """Did the person prove within the last ``minutes`` (default: the setting, 5) who they are?"""
    span = 60 * (settings.REAUTHENTICATION_MINUTES if minutes is None else minutes)
    token = getattr(request, "auth", None)
    if isinstance(token, DeviceToken):
        at = int(token.confirmed_at.timestamp()) if token.confirmed_at else 0
    else:
        key = sessions.CONFIRMED_BY_SECOND if second_factor and _has_proven_second(request) else sessions.CONFIRMED
        at = request.session.get(key, 0)
        if by_pin and not second_factor:
            at = max(at, request.session.get(sessions.CONFIRMED_BY_PIN, 0))
    return 0 <= sessions.machine_seconds() - at < span


def require_recent_authentication(
    request: HttpRequest, minutes: int | None = None, *, second_factor: bool = False, by_pin: bool = True
) -> None:
    """Let pass only who proved within the last ``minutes`` (default: the setting, 5) who they are.

    ``second_factor`` asks for the authenticator's code where the person has one: refunds, exports, policy and roles. At
    a shared desk the PIN counts for everything else, unless ``by_pin`` is False.
    Raises ReauthenticationRequired with the page that heals it.
    """
    if recently_confirmed(request, minutes, second_factor=second_factor, by_pin=by_pin):
        return
    cure = _confirmation_page(request, second_factor=second_factor)
    raise ReauthenticationRequired(
        _("Please confirm who you are before you sign this."),
        cures=[cure] if cure else [],
        minutes=settings.REAUTHENTICATION_MINUTES if minutes is None else minutes,
    )


def _confirmation_page(request: HttpRequest, *, second_factor: bool) -> Cure | None:
    """The button that leads to the confirmation page and back to where the person was."""
    here = urlsplit(request.headers.get("HX-Current-URL") or request.headers.get("Referer") or request.get_full_path())
    back = here.path + (f"?{here.query}" if here.query else "")
    name = "mfa_reauthenticate" if second_factor and _has_proven_second(request) else "account_reauthenticate"
    try:
        return Cure(_("Confirm that it is you"), url=f"{reverse(name)}?{urlencode({'next': back})}")
    except NoReverseMatch:
        return None


def _has_proven_second(request: HttpRequest) -> bool:
    return bool(request.session.get(sessions.SECOND_FACTOR))
