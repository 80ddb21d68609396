"""Who may do what: roles, their words, who holds them and who stands in."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kernel import access, audit, clock, registry, tenancy
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Forbidden, Malformed, RuleRefused
from kernel.identity.actions.guards import ADMINISTERS, must_leave_an_administrator, refuse_for_oneself
from kernel.identity.models import Deputy, Role, RoleAssignment, RolePermission, User

EDIT_ROLES = "identity.edit_roles"


def renew_access(*users: User) -> None:
    """Make every process forget what these people may do. Part of the transaction that changed it."""
    stamp = uuid.uuid4()
    User.objects.filter(pk__in=[user.pk for user in users]).update(access_stamp=stamp)
    for user in users:
        user.access_stamp = stamp


def renew_access_of_holders(role: Role) -> None:
    """The same for everybody who holds ``role`` or stands in for somebody who does."""
    holders = RoleAssignment.objects.filter(role=role).values("user")
    deputies = Deputy.objects.filter(role=role).values("deputy")
    User.objects.filter(Q(pk__in=holders) | Q(pk__in=deputies)).update(access_stamp=uuid.uuid4())


def check_may_assign(*, by: Actor, role: Role, site: UUID | None) -> None:
    """Raise Forbidden unless ``by`` may give ``role`` at ``site`` (None: everywhere).

    Whoever edits roles may give any. Everybody else gives at most what they hold there themselves: a site's head cannot
    make an administrator.
    """
    access.require(by, ADMINISTERS, site=site)
    if by.kind == "system":
        return
    if site is None and not access.holds_everywhere(by, ADMINISTERS):
        raise Forbidden("role_beyond_own", _("You may give roles at your own sites only."))
    if access.holds(by, EDIT_ROLES):
        return
    words = role.permissions.filter(granted=True).values_list("word", flat=True)
    beyond = [word for word in words if word in registry.permissions() and not _covers(by, word, site)]
    if beyond:
        raise Forbidden(
            "role_beyond_own", _("This role may do more than you may. Ask the administrator."), words=beyond[:5]
        )


@action(permission=ADMINISTERS)
def assign_role(
    *,
    by: Actor,
    user: User,
    role: Role,
    site: UUID | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> RoleAssignment:
    """Give ``user`` a role at ``site`` (None: everywhere), from now or ``starts_at``, until ``ends_at`` if named (UTC).

    The next request of the person has it. Raises RuleRefused (``own_roles``, ``user_inactive``), Conflict
    (``role_already_held``), Malformed, Forbidden (``role_beyond_own``).
    """
    refuse_for_oneself(by, user, "own_roles", _("Nobody gives a role to themselves. Ask another administrator."))
    check_may_assign(by=by, role=role, site=site)
    user = User.objects.select_for_update().get(pk=user.pk)
    if not user.is_active:
        raise RuleRefused("user_inactive", _("This account is closed."))
    begin = starts_at or clock.now()
    if ends_at is not None and ends_at <= begin:
        raise Malformed("period_reversed", _("The end lies before the beginning."))
    try:
        with transaction.atomic():
            assignment = RoleAssignment.objects.create(
                user=user, role=role, site_code=site, starts_at=begin, ends_at=ends_at
            )
    except IntegrityError as error:
        raise Conflict("role_already_held", _("The person already holds this role here.")) from error
    renew_access(user)
    audit.record(by=by, verb="identity.role_assigned", target=user, site=site, role=role.slug)
    return assignment


@action(permission=ADMINISTERS)
def withdraw_role(*, by: Actor, assignment: RoleAssignment) -> None:
    """End an assignment now. Raises RuleRefused (``own_roles``, ``last_administrator``), Forbidden."""
    refuse_for_oneself(
        by, assignment.user, "own_roles", _("Nobody changes their own roles. Ask another administrator.")
    )
    check_may_assign(by=by, role=assignment.role, site=assignment.site_code)
    user = User.objects.select_for_update().get(pk=assignment.user_id)
    assignment = RoleAssignment.objects.select_for_update(of=("self",)).select_related("role").get(pk=assignment.pk)
    if assignment.role.permissions.filter(word=ADMINISTERS, granted=True).exists():
        must_leave_an_administrator(without_assignment=assignment)
    now = clock.now()
    if assignment.starts_at >= now:
        assignment.delete()
    else:
        assignment.ends_at = now
        assignment.save(update_fields=["ends_at"])
    renew_access(user, *(row.deputy for row in user.deputies.select_related("deputy")))
    audit.record(
        by=by, verb="identity.role_withdrawn", target=user, site=assignment.site_code, role=assignment.role.slug
    )


@action(permission="identity.appoint_deputy")
def appoint_deputy(
    *, by: Actor, principal: User, deputy: User, role: Role, starts_at: datetime, ends_at: datetime, reason: str
) -> Deputy:
    """Let ``deputy`` act in ``role`` for ``principal`` between two moments (UTC), at the principal's own sites.

    Who does not administer roles appoints for themselves only. Nobody is made a deputy by themselves. Raises
    RuleRefused (``own_deputy``, ``role_not_held``, ``user_inactive``), Conflict (``deputy_overlaps``), Malformed,
    Forbidden.
    """
    refuse_for_oneself(by, deputy, "own_deputy", _("Nobody appoints themselves as a deputy."))
    if by.kind != "system" and by.user_id != principal.pk and not access.holds_everywhere(by, ADMINISTERS):
        raise Forbidden("permission_denied", _("You may appoint deputies for yourself only."))
    if principal.pk == deputy.pk:
        raise RuleRefused("own_deputy", _("Nobody stands in for themselves."))
    if ends_at <= starts_at or ends_at <= clock.now():
        raise Malformed("period_reversed", _("The end lies before the beginning or in the past."))
    people = {
        row.pk: row for row in User.objects.select_for_update().filter(pk__in=[principal.pk, deputy.pk]).order_by("pk")
    }
    principal, deputy = people[principal.pk], people[deputy.pk]
    if not (principal.is_active and deputy.is_active):
        raise RuleRefused("user_inactive", _("This account is closed."))
    held = principal.assignments.filter(role=role).filter(Q(ends_at__isnull=True) | Q(ends_at__gt=starts_at))
    if not held.exists():
        raise RuleRefused("role_not_held", _("The absent person does not hold this role."))
    overlapping = Deputy.objects.filter(
        principal=principal, deputy=deputy, role=role, starts_at__lt=ends_at, ends_at__gt=starts_at
    )
    if overlapping.exists():
        raise Conflict("deputy_overlaps", _("The deputy is already appointed for part of this time."))
    appointed = Deputy.objects.create(
        principal=principal,
        deputy=deputy,
        role=role,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason.strip(),
        appointed_by_id=by.user_id,
    )
    renew_access(deputy)
    audit.record(
        by=by,
        verb="identity.deputy_appointed",
        target=appointed,
        principal=principal.code,
        deputy=deputy.code,
        role=role.slug,
    )
    return appointed


@action(permission="identity.appoint_deputy")
def end_deputy(*, by: Actor, appointed: Deputy) -> None:
    """End a deputyship now, or drop one that has not begun. Raises Forbidden."""
    if by.kind != "system" and by.user_id != appointed.principal_id and not access.holds_everywhere(by, ADMINISTERS):
        raise Forbidden("permission_denied", _("You may end your own deputies only."))
    now = clock.now()
    appointed = Deputy.objects.select_for_update(of=("self",)).select_related("deputy").get(pk=appointed.pk)
    audit.record(by=by, verb="identity.deputy_ended", target=appointed, deputy=appointed.deputy.code)
    if appointed.starts_at >= now:
        appointed.delete()
    elif appointed.ends_at > now:
        appointed.ends_at = now
        appointed.save(update_fields=["ends_at"])
    renew_access(appointed.deputy)


@action(permission=EDIT_ROLES)
def create_role(*, by: Actor, slug: str, name: str, words: Iterable[str], requires_mfa: bool = False) -> Role:
    """Add a role of the tenant's own. Raises Conflict (``role_exists``), Malformed (``unknown_word``)."""
    wanted = _known(words)
    try:
        with transaction.atomic():
            role = Role.objects.create(slug=slug, name=name.strip(), requires_mfa=requires_mfa, edited=True)
    except IntegrityError as error:
        raise Conflict("role_exists", _("A role with this key exists.")) from error
    RolePermission.objects.bulk_create(RolePermission(role=role, word=word, edited=True) for word in sorted(wanted))
    audit.record(by=by, verb="identity.role_created", target=role, words=sorted(wanted))
    return role


@action(permission=EDIT_ROLES)
def set_role_words(*, by: Actor, role: Role, words: Iterable[str], requires_mfa: bool | None = None) -> Role:
    """Decide what ``role`` may do. What the tenant changes here is kept when the product's declarations change.

    A declared second factor can be added but not dropped. Raises RuleRefused (``own_role``, ``second_factor_declared``,
    ``last_administrator``), Malformed (``unknown_word``).
    """
    if role.slug in by.roles:
        raise RuleRefused("own_role", _("Nobody changes a role that they hold themselves. Ask another administrator."))
    wanted = _known(words)
    role = Role.objects.select_for_update().get(pk=role.pk)
    spec = declared_roles().get(role.slug)
    if requires_mfa is not None and requires_mfa != role.requires_mfa:
        if spec is not None and spec.requires_mfa and not requires_mfa:
            raise RuleRefused("second_factor_declared", _("This role always needs a second factor."))
        role.requires_mfa = requires_mfa
    visible = set(registry.permissions())
    rows = {row.word: row for row in role.permissions.all()}
    granted = {word for word, row in rows.items() if row.granted and word in visible}
    if ADMINISTERS in granted - wanted:
        must_leave_an_administrator(without_role=role)
    for word in wanted - granted:
        RolePermission.objects.update_or_create(role=role, word=word, defaults={"granted": True, "edited": True})
    for word in granted - wanted:
        RolePermission.objects.filter(role=role, word=word).update(granted=False, edited=True)
    role.edited = True
    role.bump(fields=["requires_mfa", "edited"])
    renew_access_of_holders(role)
    audit.record(
        by=by,
        verb="identity.role_edited",
        target=role,
        added=sorted(wanted - granted),
        removed=sorted(granted - wanted),
        requires_mfa=role.requires_mfa,
    )
    return role


@action(permission=None, reason="the rooms of the product declare their roles; no person decides here")
def sync_roles(*, by: Actor) -> int:
    """Write the declared roles of the tenant's family, and their words, into the tenant; the number of changes.

    Idempotent. Words that the tenant added or took away stay as the tenant wants them. Words of a vertical that is off
    are written too and sleep. Called when a tenant is made, a vertical is switched on, and after an upgrade.
    """
    changes = 0
    for slug, spec in declared_roles().items():
        role, made = Role.objects.get_or_create(
            slug=slug, defaults={"requires_mfa": spec.requires_mfa, "room": _declaring_room(slug)}
        )
        wrong = {"room": _declaring_room(slug), "requires_mfa": spec.requires_mfa or role.requires_mfa}
        stale = [name for name, value in wrong.items() if getattr(role, name) != value]
        for name in stale:
            setattr(role, name, wrong[name])
        if stale:
            role.save(update_fields=stale)
        changed = int(made) + len(stale) + _sync_words(role, declared_words(slug))
        if changed:
            renew_access_of_holders(role)
        changes += changed
    return changes


def declared_roles() -> dict[str, registry.RoleSpec]:
    """The roles that the rooms declare for the current tenant's family, verticals that are off included."""
    family = tenancy.current().family
    return {spec.slug: spec for room in registry.rooms() for spec in room.roles if family in spec.families}


def declared_words(slug: str) -> set[str]:
    """Every word that any room of the tenant's family grants to the role ``slug``."""
    family = tenancy.current().family
    words = {word for room in registry.rooms() for spec in room.roles if spec.slug == slug for word in spec.words}
    for room in registry.rooms():
        if family in room.families:
            words.update(room.role_grants.get(slug, ()), room.role_grants.get("*", ()))
    return words


def _declaring_room(slug: str) -> str:
    return next((room.key for room in registry.rooms() for spec in room.roles if spec.slug == slug), "")


def _sync_words(role: Role, declared: set[str]) -> int:
    rows = {row.word: row for row in role.permissions.all()}
    missing = declared - rows.keys()
    RolePermission.objects.bulk_create(RolePermission(role=role, word=word) for word in sorted(missing))
    dropped = [row.pk for word, row in rows.items() if word not in declared and not row.edited]
    RolePermission.objects.filter(pk__in=dropped).delete()
    return len(missing) + len(dropped)


def _known(words: Iterable[str]) -> set[str]:
    wanted = set(words)
    unknown = wanted - set(registry.permissions())
    if unknown:
        raise Malformed("unknown_word", _("One of these rights does not exist here."), words=sorted(unknown))
    return wanted


def _covers(by: Actor, word: str, site: UUID | None) -> bool:
    return access.holds_everywhere(by, word) if site is None else access.holds(by, word, site=site)
