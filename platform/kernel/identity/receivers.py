"""What has to be noted whenever somebody signs in or proves a second factor, whichever way they came."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import authentication_step_completed
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from kernel import clock, tenancy
from kernel.identity import audit_notes, desks, drafts, sessions
from kernel.identity.models import User


@receiver(user_logged_in, dispatch_uid="identity.session-stamp")
def stamp_session(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Tie the new session to tenant and person. A session without this stamp is refused by the guard."""
    now = sessions.machine_seconds()
    request.session.update(
        {
            sessions.TENANT: str(tenancy.current().code),
            sessions.EPOCH: user.session_epoch,
            sessions.SIGNED_IN: now,
            sessions.SEEN: now,
            sessions.CONFIRMED: now,
            sessions.DEVICE: sessions.device_label(request.META.get("HTTP_USER_AGENT", "")),
        }
    )
    User.objects.filter(pk=user.pk).update(signed_in_at=clock.now())
    second_factor = request.session.get(sessions.SECOND_FACTOR) == str(user.code)
    if getattr(request, "change_over", False):
        return
    desks.note_full_sign_in(request, user, second_factor=second_factor)
    audit_notes.signed_in(user, second_factor=second_factor)


@receiver(authentication_step_completed, dispatch_uid="identity.step")
def stamp_step(sender: Any, request: HttpRequest, user: User, method: str, **kwargs: Any) -> None:
    """Remember when password or second factor was last proven; signatures ask for it."""
    now = sessions.machine_seconds()
    request.session[sessions.CONFIRMED] = now
    if method == "mfa":
        # Bound to the person: somebody else who signs in on the same page starts without it.
        request.session[sessions.SECOND_FACTOR] = str(user.code)
        request.session[sessions.CONFIRMED_BY_SECOND] = now


@receiver(authenticator_added, dispatch_uid="identity.factor-added")
def second_factor_added(sender: Any, request: HttpRequest, user: User, authenticator: Any, **kwargs: Any) -> None:
    """Note a new authenticator app or the first recovery codes."""
    audit_notes.factor_changed(user, "second_factor_added", authenticator.type)


@receiver(authenticator_removed, dispatch_uid="identity.factor-removed")
def second_factor_removed(sender: Any, request: HttpRequest, user: User, authenticator: Any, **kwargs: Any) -> None:
    """Without the app the session has no second factor any more."""
    if authenticator.type == authenticator.Type.TOTP:
        request.session.pop(sessions.SECOND_FACTOR, None)
        request.session.pop(sessions.CONFIRMED_BY_SECOND, None)
    audit_notes.factor_changed(user, "second_factor_removed", authenticator.type)


@receiver(authenticator_reset, dispatch_uid="identity.factor-reset")
def recovery_codes_renewed(sender: Any, user: User, authenticator: Any, **kwargs: Any) -> None:
    """New recovery codes end the old ones."""
    audit_notes.factor_changed(user, "recovery_codes_renewed", authenticator.type)


@receiver(user_logged_out, dispatch_uid="identity.signed-out")
def signed_out(sender: Any, request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    """Note the end of a session that a person closed; what was typed and not sent ends with the person's day."""
    if user is not None:
        audit_notes.signed_out(user)
        drafts.forget_all(user)
