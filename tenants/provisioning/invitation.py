"""The first person of a new tenant: invited by mail, as its administrator."""

from __future__ import annotations

import re

from django.db.models import Q

from kernel import clock, tenancy
from kernel.context import Actor
from kernel.identity import actions as identity
from kernel.identity.models import Invitation, Role, User

# Who may do everything in a family of tenants; everywhere else it is the administrator.
FIRST_ROLES = {"platform": "operator"}
ADMINISTRATOR = "tenant_admin"


def invite_first_administrator(*, name: str, mail: str) -> None:
    """Invite ``mail`` as administrator of the current tenant.

    Somebody who was invited, or is there already, is left alone.
    """
    address = mail.strip().lower()
    waiting = Invitation.objects.filter(email=address, revoked_at__isnull=True).filter(
        Q(accepted_at__isnull=False) | Q(expires_at__gt=clock.now())
    )
    if waiting.exists() or User.objects.filter(email=address).exists():
        return
    role = Role.objects.get(slug=FIRST_ROLES.get(tenancy.current().family, ADMINISTRATOR))
    identity.invite_user(
        by=Actor.system("provisioning"), username=username_from(address), display_name=name, email=address, role=role
    )


def username_from(mail: str) -> str:
    """A user name out of a mail address: the part before the @, as far as a user name may look like it."""
    name = re.sub(r"[^a-z0-9._-]", ".", mail.partition("@")[0].casefold()).strip("._-")[:60]
    return name if len(name) >= 2 else "admin"
