"""Shared desks, and the PIN and badge that only count there."""

from __future__ import annotations

from itertools import pairwise
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from kernel import access, audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Malformed, RuleRefused
from kernel.identity import links
from kernel.identity.models import Desk, Session, User

MANAGE = "identity.manage_users"
PIN_LENGTHS = range(4, 9)


@action(permission=MANAGE)
def register_desk(*, by: Actor, name: str, site_code: UUID | None = None) -> tuple[Desk, str]:
    """Register a shared computer; the row and the secret for its browser, which cannot be shown again.

    Raises Forbidden for another site, RuleRefused (``desk_site_missing``) without one for who works at single sites only.
    """
    access.require(by, MANAGE, site=site_code)
    if site_code is None and not access.holds_everywhere(by, MANAGE):
        sentence = _("Choose the site where this computer stands.")
        raise RuleRefused("desk_site_missing", sentence, fields={"site_code": [sentence]})
    secret = links.new_secret()
    desk = Desk.objects.create(
        name=name.strip(),
        site_code=site_code,
        token_hash=links.secret_hash("desk", secret),
        registered_by_id=by.user_id,
        created_at=clock.now(),
    )
    audit.record(by=by, verb="identity.desk_registered", target=desk, site=site_code)
    return desk, secret


@action(permission=MANAGE)
def revoke_desk(*, by: Actor, desk: Desk) -> None:
    """Let a computer be no desk any more; whoever works there is signed out with the next request."""
    Desk.objects.filter(pk=desk.pk, revoked_at__isnull=True).update(revoked_at=clock.now())
    desk.visits.all().delete()
    Session.objects.filter(desk=desk).delete()
    audit.record(by=by, verb="identity.desk_revoked", target=desk, site=desk.site_code)


@action(permission=None, reason="people choose their own PIN after proving who they are")
def set_pin(*, by: Actor, user: User, pin: str) -> None:
    """Choose the PIN for changing over at a desk; an empty one removes it.

    Raises Malformed (``weak_pin``) for one that is too short or easy to guess.
    """
    if by.user_id != user.pk:
        raise RuleRefused("not_own_pin", _("A PIN is chosen by its owner only."))
    if pin and (not (pin.isascii() and pin.isdigit()) or len(pin) not in PIN_LENGTHS or _is_easy(pin)):
        sentence = _("A PIN has 4 to 8 digits, not all alike and not in a row.")
        raise Malformed("weak_pin", sentence, fields={"pin": [sentence]})
    User.objects.filter(pk=user.pk).update(pin=make_password(pin) if pin else "")
    audit.record(by=by, verb="identity.pin_set" if pin else "identity.pin_removed", target=user)


@action(permission=MANAGE)
def set_badge(*, by: Actor, user: User, badge: str) -> None:
    """Give somebody the badge whose number a reader types; an empty one takes it away. Raises Conflict."""
    number = badge.strip()
    try:
        with transaction.atomic():
            User.objects.filter(pk=user.pk).update(badge_hash=links.secret_hash("badge", number) if number else "")
    except IntegrityError as error:
        raise Conflict("badge_taken", _("This badge belongs to somebody else.")) from error
    audit.record(by=by, verb="identity.badge_given" if number else "identity.badge_taken_back", target=user)


def _is_easy(pin: str) -> bool:
    steps = {ord(right) - ord(left) for left, right in pairwise(pin)}
    return len(steps) == 1 and steps <= {-1, 0, 1}
