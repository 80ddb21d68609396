"""Passwords, second factors, sessions and device tokens: given, renewed, taken away."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from kernel import audit, clock, messaging, outbox, tenancy
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import RuleRefused
from kernel.identity import links, selectors, sessions
from kernel.identity.actions.guards import refuse_for_oneself
from kernel.identity.models import DeviceToken, PasswordResetLink, Session, User
from kernel.identity.passwords import check_new_password
from kernel.identity.tokens import machine_now, new_token_parts, text_of

RESET_MINUTES = 30
ENDED_PROOFS_KEPT_DAYS = 90
MOST_TOKENS = 20


def call_in(user: User) -> None:
    """End every session and token of ``user``: those that stand in the tables, and any that a race may still write."""
    user.session_epoch += 1
    User.objects.filter(pk=user.pk).update(session_epoch=user.session_epoch)
    Session.objects.filter(user=user).delete()
    DeviceToken.objects.filter(user=user, revoked_at__isnull=True).update(revoked_at=machine_now())


@action(permission=None, reason="people change their own password after proving the present one")
def change_password(*, by: Actor, user: User, password: str) -> User:
    """Give ``user`` a new password; every other session and token ends. Raises Malformed (``weak_password``)."""
    if by.user_id != user.pk:
        raise RuleRefused("not_own_password", _("A password is changed by its owner only."))
    user = User.objects.select_for_update().get(pk=user.pk)
    check_new_password(password, user)
    user.set_password(password)
    user.must_change_password = False
    user.bump(fields=["password", "must_change_password"])
    call_in(user)
    audit.record(by=by, verb="identity.password_changed", target=user)
    return user


@action(permission=None, reason="anybody may ask; only the owner of the address receives the link")
def ask_for_password_reset(*, by: Actor, email: str) -> None:
    """Note that the way back in is wanted for ``email``.

    A known and an unknown address do the same work here, so neither answer nor time tells them apart; the worker finds
    out whether there is anybody to write to.
    """
    user = User.objects.filter(email__iexact=email.strip(), is_active=True).first()
    key = f"reset:{user.code}" if user else "reset:nobody"
    outbox.emit("identity.password_reset_asked", key=key, payload={"user": str(user.code) if user else ""})


@action(permission="identity.manage_users")
def issue_reset_link(*, by: Actor, user: User, mail: bool = True) -> str:
    """Make a link with which ``user`` chooses a new password within 30 minutes; older links are dead.

    It is mailed to the person's address if there is one and returned for the administrator to hand over. Raises
    RuleRefused (``user_inactive``).
    """
    if not user.is_active:
        raise RuleRefused("user_inactive", _("This account is closed."))
    now = clock.now()
    PasswordResetLink.objects.filter(user=user, used_at__isnull=True).update(used_at=now)
    secret = links.new_secret()
    reset = PasswordResetLink.objects.create(
        user=user,
        token_hash=links.secret_hash("password-reset", secret),
        created_at=now,
        expires_at=now + timedelta(minutes=RESET_MINUTES),
    )
    audit.record(by=by, verb="identity.reset_link_issued", target=user)
    link = links.absolute("account_reset_password_from_link", reset.code, secret)
    if mail and user.email:
        messaging.send(
            channel="mail",
            to=user.email,
            template="identity_password_reset",
            context={
                "name": user.display_name,
                "username": user.username,
                "tenant": tenancy.current().name,
                "link": link,
                "minutes": RESET_MINUTES,
            },
            key=f"identity.reset:{reset.code}",
            language=user.language or None,
        )
    return link


@action(permission=None, reason="whoever holds the link received it at the address of the account")
def reset_password(*, by: Actor, code: UUID, token: str, password: str) -> User:
    """Choose a new password by a link; every session and token ends, a second factor stays.

    Raises NotFound (``link_not_valid``), Malformed (``weak_password``).
    """
    PasswordResetLink.objects.select_for_update().filter(code=code).first()
    reset = selectors.open_reset_link(code, token)
    user = User.objects.select_for_update().get(pk=reset.user_id)
    check_new_password(password, user)
    user.set_password(password)
    user.must_change_password = False
    user.bump(fields=["password", "must_change_password"])
    reset.used_at = clock.now()
    reset.save(update_fields=["used_at"])
    call_in(user)
    audit.record(by=by, verb="identity.password_reset", target=user)
    return user


@action(permission="identity.manage_users")
def enrol_second_factor(*, by: Actor, user: User, secret: str) -> None:
    """Give ``user`` an authenticator with a known base32 ``secret`` (seeds; people set up their own on the page)."""
    Authenticator.objects.filter(user_id=user.pk).delete()
    TOTP.activate(user, secret)
    RecoveryCodes.activate(user)
    audit.record(by=by, verb="identity.second_factor_added", target=user)


@action(permission="identity.manage_users")
def remove_second_factor(*, by: Actor, user: User, reason: str) -> None:
    """Take away the authenticator of somebody who lost it, with its recovery codes; all sessions end.

    The person sets up a new one at the next sign-in if a role asks for it. Raises RuleRefused (``own_account``).
    """
    refuse_for_oneself(by, user, "own_account", _("Ask another administrator to remove your second factor."))
    user = User.objects.select_for_update().get(pk=user.pk)
    Authenticator.objects.filter(user_id=user.pk).delete()
    call_in(user)
    audit.record(by=by, verb="identity.second_factor_removed", target=user, reason=reason)


@action(permission="identity.manage_users")
def end_sessions(*, by: Actor, user: User) -> None:
    """End every session and token of ``user`` with the next request, e.g. after a lost phone."""
    user = User.objects.select_for_update().get(pk=user.pk)
    call_in(user)
    audit.record(by=by, verb="identity.sessions_ended", target=user)


@action(permission=None, reason="everybody may end their own sessions")
def end_own_session(*, by: Actor, session: Session) -> None:
    """End one session of the actor's own on another device."""
    if session.user_id != by.user_id:
        raise RuleRefused("not_own_session", _("This is not your session."))
    Session.objects.filter(pk=session.pk).delete()
    audit.record(by=by, verb="identity.session_ended", target=session)


@action(permission=None, reason="the person has just proven password and second factor")
def issue_device_token(*, by: Actor, user: User, name: str, second_factor: bool) -> tuple[DeviceToken, str]:
    """A bearer token for an app of ``user``; the row and the full token, which cannot be shown again.

    It lives for ``DEVICE_TOKEN_HOURS``. Raises RuleRefused (``too_many_tokens``).
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    now = machine_now()
    living = DeviceToken.objects.filter(user=user, revoked_at__isnull=True, expires_at__gt=now)
    if living.count() >= MOST_TOKENS:
        raise RuleRefused("too_many_tokens", _("You have too many devices. Revoke one that you no longer use."))
    prefix, secret = new_token_parts()
    token = DeviceToken.objects.create(
        user=user,
        name=name.strip(),
        prefix=prefix,
        secret_hash=links.secret_hash("device-token", secret),
        session_epoch=user.session_epoch,
        second_factor=second_factor,
        created_at=now,
        expires_at=now + timedelta(hours=settings.DEVICE_TOKEN_HOURS),
        confirmed_at=now,
    )
    audit.record(by=by, verb="identity.token_issued", target=token, user=user.code)
    return token, text_of(prefix, secret)


@action(permission=None, reason="found by access_device_token: one's own, or anybody's for an administrator")
def revoke_device_token(*, by: Actor, token: DeviceToken) -> None:
    """End a token with its next request."""
    DeviceToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=machine_now())
    audit.record(by=by, verb="identity.token_revoked", target=token)


@action(permission=None, reason="the owner of the token has just proven who they are")
def confirm_device_token(*, by: Actor, token: DeviceToken) -> None:
    """Note that the owner has just confirmed who they are, for signatures given through the token."""
    DeviceToken.objects.filter(pk=token.pk).update(confirmed_at=machine_now())
    audit.record(by=by, verb="identity.token_confirmed", target=token)


@action(permission=None, reason="housekeeping by the clock")
def purge_ended_proofs(*, by: Actor) -> None:
    """Drop sessions that lapsed, and tokens and links that ended 90 days ago."""
    sessions.SessionStore.clear_expired()
    long_ago = machine_now() - timedelta(days=ENDED_PROOFS_KEPT_DAYS)
    DeviceToken.objects.filter(expires_at__lt=long_ago).delete()
    PasswordResetLink.objects.filter(created_at__lt=clock.now() - timedelta(days=ENDED_PROOFS_KEPT_DAYS)).delete()
