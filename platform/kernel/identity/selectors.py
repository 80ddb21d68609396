"""Reads about people, roles and what they hold."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Prefetch, Q, QuerySet
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from kernel import access, clock, registry, tenancy
from kernel.context import Actor
from kernel.errors import NotFound
from kernel.identity import links
from kernel.identity.models import (
    Deputy,
    Desk,
    DeviceToken,
    Invitation,
    PasswordResetLink,
    Role,
    RoleAssignment,
    Session,
    User,
)

MANAGE = "identity.manage_users"


def user_by_username(username: str) -> User | None:
    """The person with this user name, in any spelling."""
    return User.objects.filter(username=User.normalize_username(username)).first()


def access_user(actor: Actor, code: UUID) -> User:
    """The person ``code`` for somebody who administers people. Raises Forbidden, NotFound."""
    access.require(actor, "identity.view_users")
    user = User.objects.filter(code=code).first()
    if user is None:
        raise NotFound("user_not_found", _("There is no such person."))
    return user


def access_own_session(actor: Actor, code: UUID) -> Session:
    """One of the actor's own sessions. Raises NotFound."""
    session = Session.objects.filter(user_id=actor.user_id, code=code).first() if actor.user_id else None
    if session is None:
        raise NotFound("session_not_found", _("There is no such session."))
    return session


def access_device_token(actor: Actor, code: UUID) -> DeviceToken:
    """A token of the actor's own, or anybody's for an administrator. Raises NotFound."""
    mine = Q(user_id=actor.user_id)
    visible = Q() if access.holds(actor, MANAGE) else mine
    token = DeviceToken.objects.select_related("user").filter(visible, code=code).first() if actor.user_id else None
    if token is None:
        raise NotFound("token_not_found", _("There is no such token."))
    return token


def access_invitation(actor: Actor, code: UUID) -> Invitation:
    """An invitation for somebody who administers people. Raises Forbidden, NotFound."""
    access.require(actor, MANAGE)
    invitation = Invitation.objects.select_related("role").filter(code=code).first()
    if invitation is None:
        raise NotFound("invitation_not_found", _("There is no such invitation."))
    return invitation


def open_invitation(code: UUID, token: str) -> Invitation:
    """The invitation behind a link. Used, withdrawn, expired, foreign and invented links look alike: NotFound."""
    invitation = Invitation.objects.select_related("role").filter(code=code).first()
    good = (
        invitation is not None
        and invitation.accepted_at is None
        and invitation.revoked_at is None
        and invitation.expires_at > clock.now()
        and links.matches("invitation", token, invitation.token_hash)
    )
    if not good or invitation is None:
        raise NotFound("link_not_valid", _("This link is not valid any more. Please ask for a new one."))
    return invitation


def open_reset_link(code: UUID, token: str) -> PasswordResetLink:
    """The way back in behind a link. Raises NotFound for every link that does not open."""
    link = PasswordResetLink.objects.select_related("user").filter(code=code).first()
    good = (
        link is not None
        and link.used_at is None
        and link.expires_at > clock.now()
        and link.user.is_active
        and links.matches("password-reset", token, link.token_hash)
    )
    if not good or link is None:
        raise NotFound("link_not_valid", _("This link is not valid any more. Please ask for a new one."))
    return link


def people(*, search: str = "", active: bool | None = True, role: str = "") -> QuerySet[User]:
    """People by name, with the roles they hold now."""
    found = User.objects.prefetch_related(
        Prefetch("assignments", queryset=current_assignments(), to_attr="present_assignments")
    ).order_by("display_name", "id")
    if active is not None:
        found = found.filter(is_active=active)
    if search:
        found = found.filter(Q(display_name__icontains=search) | Q(username__icontains=User.normalize_username(search)))
    if role:
        found = found.filter(assignments__in=current_assignments().filter(role__slug=role)).distinct()
    return found


def people_choices() -> list[tuple[str, str]]:
    """Active people for a select field."""
    rows = User.objects.filter(is_active=True).order_by("display_name").values_list("code", "display_name", "username")
    return [(str(code), f"{name} · {username}") for code, name, username in rows]


def current_assignments() -> QuerySet[RoleAssignment]:
    """Assignments that hold now or will begin."""
    return (
        RoleAssignment.objects.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=clock.now()))
        .select_related("role")
        .order_by("role__slug", "id")
    )


def holders_of(role: str, *, site: UUID | None = None) -> QuerySet[User]:
    """Active people who hold ``role`` now, at ``site`` or everywhere; deputies included."""
    moment = clock.now()
    held = RoleAssignment.objects.filter(role__slug=role, starts_at__lte=moment).filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=moment)
    )
    if site is not None:
        held = held.filter(Q(site_code=site) | Q(site_code__isnull=True))
    stand_ins = Deputy.objects.filter(
        role__slug=role, starts_at__lte=moment, ends_at__gt=moment, principal__in=held.values("user")
    )
    return User.objects.filter(is_active=True).filter(
        Q(pk__in=held.values("user")) | Q(pk__in=stand_ins.values("deputy"))
    )


def users_by_code(codes: Iterable[UUID]) -> dict[UUID, User]:
    """People by their codes; codes without a person are left out."""
    return {user.code: user for user in User.objects.filter(code__in=set(codes))}


def current_deputies() -> QuerySet[Deputy]:
    """Deputyships that hold now or will begin."""
    return (
        Deputy.objects.filter(ends_at__gt=clock.now())
        .select_related("principal", "deputy", "role")
        .order_by("starts_at")
    )


def open_invitations() -> QuerySet[Invitation]:
    """Invitations nobody answered yet, expired ones included so that they can be sent again."""
    return (
        Invitation.objects.filter(accepted_at__isnull=True, revoked_at__isnull=True)
        .select_related("role")
        .order_by("-id")
    )


def roles() -> QuerySet[Role]:
    """The roles that exist for this tenant: its own and those of rooms that it has, with the number of holders."""
    rooms = {room.key for room in registry.active_rooms()} | {""}
    holders = Count(
        "assignments__user",
        filter=Q(assignments__ends_at__isnull=True) | Q(assignments__ends_at__gt=clock.now()),
        distinct=True,
    )
    return Role.objects.filter(room__in=rooms).annotate(holder_count=holders).order_by("slug")


def assignable_roles() -> QuerySet[Role]:
    """Roles that may be given to people here."""
    return roles()


def role_by_slug(slug: str) -> Role:
    """A role of this tenant. Raises NotFound."""
    role = roles().filter(slug=slug).first()
    if role is None:
        raise NotFound("role_not_found", _("There is no such role."))
    return role


def own_sessions(user: User) -> QuerySet[Session]:
    """Where a person is signed in, the last used first."""
    return Session.objects.filter(user=user).order_by("-seen_at")


def device_tokens(user: User) -> QuerySet[DeviceToken]:
    """The tokens of a person that can still be used."""
    return DeviceToken.objects.filter(user=user, revoked_at__isnull=True).order_by("-id")


def desks() -> QuerySet[Desk]:
    """The shared computers of this tenant."""
    return Desk.objects.filter(revoked_at__isnull=True).order_by("name")


def desks_for(actor: Actor, word: str) -> QuerySet[Desk]:
    """The shared computers at the sites where ``actor`` holds ``word``; one without a site belongs to who holds it
    everywhere."""
    return access.accessible(desks(), actor, word, field="site_code")


def access_desk(actor: Actor, code: UUID) -> Desk:
    """A shared computer for somebody who administers people where it stands. Raises Forbidden, NotFound."""
    access.require(actor, MANAGE)
    desk = desks_for(actor, MANAGE).filter(code=code).first()
    if desk is None:
        raise NotFound("desk_not_found", _("There is no such desk."))
    return desk


def site_choices() -> list[tuple[UUID, str]]:
    """Code and name of the tenant's sites, from whichever room keeps them."""
    source = getattr(settings, "SITE_CHOICES", None)
    return list(import_string(source)()) if source else []


def code_or_none(value: str) -> UUID | None:
    """A code from a select field."""
    return UUID(value) if value else None


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody of the demo's cast, to be signed in with one click."""

    username: str
    name: str
    role: str
    role_label: str


def demo_cast() -> list[DemoPerson]:
    """The demo's cast in the current tenant, by role. Empty outside of a demo."""
    if not settings.DEMO:
        return []
    tenant = tenancy.current()
    path = Path(getattr(settings, "DEMO_FILE", settings.VAR / "demo.json"))
    if not path.exists():
        return []
    data = _demo_file(str(path), path.stat().st_mtime_ns)
    entries = [entry for entry in data.get("users", []) if entry.get("tenant") == tenant.slug]
    if tenant.family == "platform":
        entries += data.get("operators", {}).get("users", [])
    names = dict(
        User.objects.filter(username__in=[entry["username"] for entry in entries], is_active=True).values_list(
            "username", "display_name"
        )
    )
    labels = {role.slug: role.label for role in Role.objects.all()}
    cast = [
        DemoPerson(entry["username"], names[entry["username"]], entry["role"], labels.get(entry["role"], entry["role"]))
        for entry in entries
        if entry["username"] in names
    ]
    return sorted(cast, key=lambda person: (person.role, person.name))


@lru_cache(maxsize=2)
def _demo_file(path: str, _changed_at: int) -> dict[str, Any]:
    return json.loads(Path(path).read_text(encoding="utf-8"))
