"""People for the tests of sign-in and access: made by the product's own actions."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client

from kernel.context import Actor
from kernel.identity import actions
from kernel.identity.models import Role, RoleAssignment, User
from kernel.identity.standing import actor_for_user
from kernel.tenancy import TenantContext, activate
from tests.harness.tenants import Browser, host_of

BY = Actor.system("tests")
PASSWORD = "quiet-lantern-47-harbour"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def person(username: str, *roles: str, site: UUID | None = None, second_factor: bool = False, **fields: Any) -> User:
    """Somebody of the current tenant with these roles."""
    user = actions.create_user(by=BY, username=username, display_name=username.title(), password=PASSWORD, **fields)
    for slug in roles:
        actions.assign_role(by=BY, user=user, role=role(slug), site=site)
    if second_factor:
        actions.enrol_second_factor(by=BY, user=user, secret=SECRET)
    return User.objects.get(pk=user.pk)


def role(slug: str) -> Role:
    """A role of the current tenant."""
    return Role.objects.get(slug=slug)


def plain_role(slug: str, *words: str, requires_mfa: bool = False) -> Role:
    """A role of the tenant's own with these words."""
    return actions.create_role(by=BY, slug=slug, name=slug, words=words, requires_mfa=requires_mfa)


def without_other_administrators() -> None:
    """Take the roles of the cast's administrators away, so that a test decides who is the last one."""
    rows = RoleAssignment.objects.filter(
        role__permissions__word="identity.assign_roles", role__permissions__granted=True
    )
    RoleAssignment.objects.filter(pk__in=rows.values("pk")).delete()


def actor(user: User) -> Actor:
    """The actor of somebody as the database has them now."""
    return actor_for_user(User.objects.get(pk=user.pk))


def code(secret: str = SECRET, *, steps: int = 0) -> str:
    """What the authenticator app shows now, or some half minutes later."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def browser(tenant: TenantContext | str, **options: Any) -> Client:
    """A browser at the door of a tenant."""
    slug = tenant if isinstance(tenant, str) else tenant.slug
    client = Browser(**options)
    client.defaults["HTTP_HOST"] = host_of(slug)
    return client


def sign_in(client: Client, username: str, password: str = PASSWORD, **extra: Any) -> Any:
    """Fill in the sign-in page."""
    return client.post("/accounts/login/", {"login": username, "password": password}, **extra)


def signed_in(user: User, tenant: TenantContext, *, second_factor: bool = False) -> Client:
    """A browser in which ``user`` has signed in, by the forms."""
    client = browser(tenant)
    answer = sign_in(client, user.username)
    assert answer.status_code == 302, answer.content
    if second_factor:
        answer = client.post("/accounts/second-factor/", {"code": code()})
        assert answer.status_code == 302, answer.content
    return client


def is_signed_in(client: Client) -> bool:
    """Does the next request know the person?"""
    return client.get("/accounts/security/").status_code == 200


class elsewhere:
    """Work for another tenant inside the block."""

    def __init__(self, slug: str) -> None:
        from tenants.selectors import context_for

        self._inner = activate(context_for(slug=slug))

    def __enter__(self) -> TenantContext:
        return self._inner.__enter__()

    def __exit__(self, *exc: object) -> None:
        self._inner.__exit__(*exc)
