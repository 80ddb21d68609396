"""The one way to write: permission, transaction, retry and the audit of refusals in one place.

Pages, API operations, timers, handlers and commands all call actions; none of them writes by itself.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

import structlog
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from kernel import context, registry
from kernel.context import Actor
from kernel.errors import Conflict, DomainError, Forbidden

P = ParamSpec("P")
R = TypeVar("R")

log = structlog.get_logger(__name__)

RETRYABLE = {"40P01", "40001"}
ATTEMPTS = 4
# The statuses of refusals by a right, a state, a version or a rule of the business.
RULES = frozenset({403, 409, 412, 422})

_words: set[str] = set()
_depth: ContextVar[int] = ContextVar("action_depth", default=0)


def action(
    *, permission: str | None, reason: str = "", sensitive: bool = False
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declare a write.

    ``permission`` is the word that the keyword ``by`` must hold, at the keyword ``site`` if the action has one;
    ``None`` needs a ``reason`` (somebody else decides, e.g. a token). One transaction spans the outermost action. Its
    ``DomainError`` rolls everything back and is written to the audit afterwards. Deadlocks and serialisation failures
    are retried at the outermost level only, where the whole transaction can be repeated.

    Raises Forbidden (``permission_denied``), Conflict (``tenant_read_only``) and whatever the action refuses.
    """
    if permission is None and not reason:
        raise ValueError("an action without a permission says why")

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        name = f"{function.__module__}.{function.__qualname__}".replace(".actions.", ".")

        @functools.wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            by = kwargs.get("by")
            if not isinstance(by, Actor):
                raise TypeError(f"{name} needs the keyword by=Actor")
            outermost = _depth.get() == 0
            token = _depth.set(_depth.get() + 1)
            try:
                with context.bound(actor=by), context.read_by(None):
                    if not outermost:
                        _check(by, permission, kwargs.get("site"), name)
                        return function(*args, **kwargs)
                    return _run_outermost(function, name, permission, by, args, kwargs)
            finally:
                _depth.reset(token)
                if outermost and (shown := context.reading()) is not None:
                    # What was done may change what its doer may see.
                    shown.known.clear()

        if permission is not None:
            _words.add(permission)
        run.permission = permission  # type: ignore[attr-defined]  # read by the architecture tests
        run.is_action = True  # type: ignore[attr-defined]
        run.sensitive = sensitive  # type: ignore[attr-defined]
        return run

    return decorate


def words_of_actions() -> frozenset[str]:
    """The permissions that some action of this build asks for. Complete once every room is loaded."""
    return frozenset(_words)


def _run_outermost(
    function: Callable[..., R], name: str, permission: str | None, by: Actor, args: Any, kwargs: Any
) -> R:
    attempt = 0
    while True:
        attempt += 1
        try:
            with transaction.atomic():
                _check(by, permission, kwargs.get("site"), name)
                return function(*args, **kwargs)
        except DomainError as refusal:
            record_refusal(by=by, action_name=name, refusal=refusal)
            raise
        except OperationalError as error:
            sqlstate = getattr(error.__cause__, "sqlstate", None)
            # Inside somebody's transaction a repeat would run on an aborted transaction.
            if sqlstate not in RETRYABLE or connection.in_atomic_block:
                raise
            if attempt >= ATTEMPTS:
                raise Conflict(
                    "busy", _("Somebody else is changing the same thing right now. Please try again.")
                ) from error
            log.info("action_retried", action=name, sqlstate=sqlstate, attempt=attempt)
            time.sleep(0.02 * 2**attempt)


def _check(by: Actor, permission: str | None, site: Any, name: str) -> None:
    if permission is not None:
        if permission not in registry.all_permissions():
            raise LookupError(f"{name} asks for the undeclared permission {permission!r}")
        code = site if isinstance(site, UUID) or site is None else site.code
        if by.kind != "system" and (permission not in _words_here() or not by.can(permission, site=code)):
            raise Forbidden(
                "permission_denied",
                _("You do not have the right to do this. Ask your supervisor or the administrator."),
                permission=permission,
            )
    guard = getattr(settings, "WRITE_GUARD", None)
    if guard:
        import_string(guard)(permission=permission, by=by)


def _words_here() -> dict[str, Any]:
    from kernel import tenancy

    return registry.permissions() if tenancy.current_or_none() else registry.all_permissions()


def record_refusal(*, by: Actor, action_name: str, refusal: DomainError) -> None:
    """Write a refusal to the audit of the current tenant, once: whoever hands it on may say so again.

    The public schema has no audit; there it is logged.
    """
    from kernel import audit, tenancy

    if refusal.recorded:
        return
    if tenancy.current_or_none() is None:
        log.warning("refused", action=action_name, code=refusal.code)
        return
    if connection.in_atomic_block and connection.needs_rollback:
        return
    audit.record(by=by, verb="refused", target=None, action=action_name, code=refusal.code, facts=_plain(refusal.facts))
    refusal.recorded = True


def record_answer(*, by: Actor | None, place: str, refusal: DomainError) -> None:
    """The same for a refusal that is the answer to somebody signed in and came about outside of any action: the page or
    operation is not theirs, the file is closed to them, a state does not allow it. ``place`` names the view.

    What is missing, misspelt or too frequent is no refusal of a rule.
    """
    if by is not None and by.kind in ("user", "token") and refusal.status in RULES:
        record_refusal(by=by, action_name=place, refusal=refusal)


def _plain(facts: dict[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in facts.items()}
