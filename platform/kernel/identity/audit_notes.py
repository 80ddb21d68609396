"""What sign-in leaves in the audit. Codes only: a name typed into the wrong field may be a password."""

from __future__ import annotations

from kernel import audit
from kernel.context import Actor
from kernel.identity.models import Desk, User
from kernel.observability import metrics


def _actor(user: User) -> Actor:
    return Actor(kind="user", name=user.display_name, user_id=user.pk, code=user.code, username=user.username)


def signed_in(user: User, *, second_factor: bool, kind: str = "page") -> None:
    """A session or token was opened."""
    metrics.sign_ins.labels("signed_in").inc()
    audit.record(by=_actor(user), verb="identity.signed_in", target=user, second_factor=second_factor, kind=kind)


def changed_over(user: User, desk: Desk) -> None:
    """A person went on at a shared desk by PIN or badge."""
    metrics.sign_ins.labels("changed_over").inc()
    audit.record(by=_actor(user), verb="identity.changed_over", target=user, site=desk.site_code, desk=desk.code)


def signed_out(user: User) -> None:
    """A person closed the session."""
    audit.record(by=_actor(user), verb="identity.signed_out", target=user)


def sign_in_refused(user: User | None, *, why: str) -> None:
    """A sign-in did not succeed. ``why`` is wrong_credentials, wrong_code or limit_reached."""
    metrics.sign_ins.labels(why).inc()
    audit.record(by=Actor.public("sign-in"), verb="identity.sign_in_refused", target=user, why=why)


def factor_changed(user: User, verb: str, kind: str) -> None:
    """A second factor came or went."""
    audit.record(by=_actor(user), verb=f"identity.{verb}", target=user, kind=kind)
