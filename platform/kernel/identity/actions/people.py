"""People come by invitation and leave with every session and token they had."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from kernel import audit, clock, messaging, outbox, tenancy
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Malformed, StaleVersion
from kernel.identity import links, selectors
from kernel.identity.actions.guards import must_leave_an_administrator, refuse_for_oneself
from kernel.identity.actions.proofs import call_in
from kernel.identity.actions.roles import check_may_assign, renew_access
from kernel.identity.models import Deputy, Invitation, Role, RoleAssignment, User
from kernel.identity.passwords import check_new_password
from kernel.identity.usernames import normalise_username, valid_username

INVITATION_DAYS = 7


@action(permission="identity.manage_users")
def create_user(
    *,
    by: Actor,
    username: str,
    display_name: str,
    password: str | None = None,
    email: str = "",
    phone: str = "",
    language: str = "",
    must_change_password: bool = False,
) -> User:
    """Add a person without a role. Without a ``password`` nobody can sign in until a link was sent.

    Raises Malformed for an impossible user name, Conflict (``username_taken``, ``email_taken``).
    """
    name = _free_username(username)
    _refuse_taken_email(email)
    user = User(
        username=name,
        display_name=display_name.strip(),
        email=email.strip().lower(),
        phone=phone.strip(),
        language=language,
        must_change_password=must_change_password,
        created_at=clock.now(),
    )
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        raise _taken() from error
    audit.record(by=by, verb="identity.user_created", target=user)
    return user


@action(permission="identity.manage_users")
def invite_user(
    *,
    by: Actor,
    username: str,
    display_name: str,
    email: str = "",
    role: Role | None = None,
    site_code: UUID | None = None,
) -> tuple[Invitation, str]:
    """Offer an account; the invitation and its link, which is not stored and cannot be shown again.

    The link is mailed when there is an address. Inviting for a role needs the right to give that role. The offer lapses
    after 7 days. Raises Malformed, Conflict (``username_taken``, ``email_taken``, ``already_invited``), Forbidden.
    """
    name = _free_username(username)
    _refuse_taken_email(email)
    if role is not None:
        check_may_assign(by=by, role=role, site=site_code)
    now = clock.now()
    secret = links.new_secret()
    invitation = Invitation(
        username=name,
        display_name=display_name.strip(),
        email=email.strip().lower(),
        role=role,
        site_code=site_code,
        token_hash=links.secret_hash("invitation", secret),
        created_at=now,
        expires_at=now + timedelta(days=INVITATION_DAYS),
        invited_by_id=by.user_id,
    )
    try:
        with transaction.atomic():
            invitation.save()
    except IntegrityError as error:
        raise Conflict(
            "already_invited", _("This user name was already invited. Send that invitation again.")
        ) from error
    audit.record(by=by, verb="identity.user_invited", target=invitation, site=site_code, role=role.slug if role else "")
    return invitation, _send_invitation(invitation, secret)


@action(permission="identity.manage_users")
def renew_invitation(*, by: Actor, invitation: Invitation) -> str:
    """Send an invitation again with a new link and 7 more days; every older link is dead. Raises Conflict."""
    invitation = _open(invitation)
    secret = links.new_secret()
    invitation.token_hash = links.secret_hash("invitation", secret)
    invitation.expires_at = clock.now() + timedelta(days=INVITATION_DAYS)
    invitation.save(update_fields=["token_hash", "expires_at"])
    audit.record(by=by, verb="identity.invitation_renewed", target=invitation)
    return _send_invitation(invitation, secret)


@action(permission="identity.manage_users")
def withdraw_invitation(*, by: Actor, invitation: Invitation) -> None:
    """Take an invitation back. Raises Conflict when it was answered already."""
    invitation = _open(invitation)
    invitation.revoked_at = clock.now()
    invitation.save(update_fields=["revoked_at"])
    audit.record(by=by, verb="identity.invitation_withdrawn", target=invitation)


@action(permission=None, reason="whoever holds the link was invited")
def accept_invitation(*, by: Actor, code: UUID, token: str, password: str, language: str = "") -> User:
    """Turn the invitation behind a link into an account with its role.

    Raises NotFound (``link_not_valid``) for every link that does not open, Malformed (``weak_password``), Conflict.
    """
    Invitation.objects.select_for_update().filter(code=code).first()
    invitation = selectors.open_invitation(code, token)
    user = User(
        username=invitation.username,
        display_name=invitation.display_name,
        email=invitation.email,
        language=language,
        created_at=clock.now(),
    )
    check_new_password(password, user)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        raise _taken() from error
    invitation.accepted_at = clock.now()
    invitation.user = user
    invitation.save(update_fields=["accepted_at", "user"])
    if invitation.role is not None:
        # Whoever invited had the right to give this role; it was checked then.
        RoleAssignment.objects.create(
            user=user, role=invitation.role, site_code=invitation.site_code, starts_at=clock.now()
        )
        renew_access(user)
    audit.record(by=by, verb="identity.invitation_accepted", target=user, invitation=invitation.code)
    outbox.emit("identity.user_joined", key=f"user:{user.code}", payload={"user": str(user.code)})
    return user


@action(permission="identity.manage_users")
def correct_user(
    *,
    by: Actor,
    user: User,
    version: int,
    display_name: str,
    email: str = "",
    phone: str = "",
    language: str | None = None,
) -> User:
    """Correct what is known about a person. Raises StaleVersion, Conflict (``email_taken``)."""
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.version != version:
        raise StaleVersion("stale_version", _("Somebody else changed this person in the meantime."))
    _refuse_taken_email(email, own=user)
    before = {"display_name": user.display_name, "email": user.email, "phone": user.phone, "language": user.language}
    user.display_name, user.email, user.phone = display_name.strip(), email.strip().lower(), phone.strip()
    user.language = user.language if language is None else language
    changed = [name for name, value in before.items() if getattr(user, name) != value]
    if changed:
        user.bump(fields=changed)
        audit.record(by=by, verb="identity.user_corrected", target=user, fields=changed)
    return user


@action(permission=None, reason="everybody chooses the language they read")
def change_language(*, by: Actor, language: str) -> None:
    """Remember the language of the person who acts. Raises Malformed for a language we do not speak."""
    if language not in dict(settings.LANGUAGES):
        raise Malformed("unknown_language", _("This language is not available."))
    if by.user_id is not None:
        User.objects.filter(pk=by.user_id).update(language=language)


@action(permission="identity.manage_users")
def deactivate_user(*, by: Actor, user: User, reason: str) -> User:
    """Close an account: every session and token ends with the next request, roles end now, deputyships too.

    ``identity.user_deactivated`` tells the rooms to hand over what is open. Raises RuleRefused (``own_account``,
    ``last_administrator``). Ledger 17 "Leavers".
    """
    refuse_for_oneself(by, user, "own_account", _("You cannot close your own account. Ask another administrator."))
    user = User.objects.select_for_update().get(pk=user.pk)
    if not user.is_active:
        return user
    must_leave_an_administrator(without_user=user)
    now = clock.now()
    user.is_active = False
    user.deactivated_at = now
    user.bump(fields=["is_active", "deactivated_at"])
    call_in(user)
    user.assignments.filter(ends_at__isnull=True, starts_at__lte=now).update(ends_at=now)
    user.assignments.filter(starts_at__gt=now).delete()
    for deputy in (*user.stands_in_for.filter(ends_at__gt=now), *user.deputies.filter(ends_at__gt=now)):
        _cut_short(deputy, now)
        renew_access(deputy.deputy)
    renew_access(user)
    audit.record(by=by, verb="identity.user_deactivated", target=user, reason=reason)
    outbox.emit("identity.user_deactivated", key=f"user:{user.code}", payload={"user": str(user.code)})
    return user


@action(permission="identity.manage_users")
def reactivate_user(*, by: Actor, user: User) -> User:
    """Open a closed account again. Roles are given anew and the old password no longer works."""
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.is_active:
        return user
    user.is_active = True
    user.deactivated_at = None
    user.set_unusable_password()
    user.bump(fields=["is_active", "deactivated_at", "password"])
    renew_access(user)
    audit.record(by=by, verb="identity.user_reactivated", target=user)
    return user


def _cut_short(deputy: Deputy, now: datetime) -> None:
    if deputy.starts_at >= now:
        deputy.delete()
    else:
        deputy.ends_at = now
        deputy.save(update_fields=["ends_at"])


def _free_username(username: str) -> str:
    name = normalise_username(username)
    try:
        valid_username(name)
    except ValidationError as error:
        raise Malformed("invalid_username", error.messages[0], fields={"username": error.messages}) from error
    if User.objects.filter(username=name).exists():
        raise _taken()
    return name


def _taken() -> Conflict:
    message = _("This user name is already in use.")
    return Conflict("username_taken", message, fields={"username": [message]})


def _refuse_taken_email(email: str, *, own: User | None = None) -> None:
    if not email.strip():
        return
    others = User.objects.filter(email__iexact=email.strip())
    if own is not None:
        others = others.exclude(pk=own.pk)
    if others.exists():
        message = _("Another person uses this e-mail address.")
        raise Conflict("email_taken", message, fields={"email": [message]})


def _open(invitation: Invitation) -> Invitation:
    invitation = Invitation.objects.select_for_update(of=("self",)).get(pk=invitation.pk)
    if invitation.accepted_at or invitation.revoked_at:
        raise Conflict("invitation_answered", _("This invitation was already accepted or withdrawn."))
    return invitation


def _send_invitation(invitation: Invitation, secret: str) -> str:
    link = links.absolute("account_invitation", invitation.code, secret)
    if invitation.email:
        messaging.send(
            channel="mail",
            to=invitation.email,
            template="identity_invitation",
            context={
                "name": invitation.display_name,
                "username": invitation.username,
                "tenant": tenancy.current().name,
                "link": link,
                "days": INVITATION_DAYS,
            },
            key=f"identity.invitation:{invitation.code}:{invitation.token_hash[:12]}",
        )
    return link
