"""May this actor do that? The words are declared by the rooms; who holds them is decided in ``kernel.identity``."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from django.utils.translation import gettext_lazy as _

from kernel import registry
from kernel.context import ALL, Actor
from kernel.errors import Forbidden

M = TypeVar("M", bound=Model)


def require(actor: Actor, word: str, *, site: UUID | None = None) -> None:
    """Let ``actor`` pass if it holds ``word`` (at ``site``, if one is named).

    Raises LookupError for a word that no room of this build declares (a slip of the programmer), Forbidden
    (``permission_denied``) when the actor does not hold it or the word's room is switched off for this tenant.
    """
    if word not in registry.all_permissions():
        raise LookupError(f"no room declares the permission {word!r}")
    if not holds(actor, word, site=site):
        raise Forbidden(
            "permission_denied",
            _("You do not have the right to do this. Ask your supervisor or the administrator."),
            permission=word,
        )


def holds(actor: Actor, word: str, *, site: UUID | None = None) -> bool:
    """Does ``actor`` hold ``word`` in the current tenant, at ``site`` if one is named? Never raises."""
    if actor.kind == "system":
        return word in registry.all_permissions()
    return word in registry.permissions() and actor.can(word, site=site)


def holds_everywhere(actor: Actor, word: str) -> bool:
    """Does ``actor`` hold ``word`` at every site of the tenant?"""
    return holds(actor, word) and actor.sites(word) is ALL


def accessible(queryset: QuerySet[M], actor: Actor, word: str, field: str = "site") -> QuerySet[M]:
    """The rows of ``queryset`` at the sites where ``actor`` holds ``word``.

    ``field`` leads to the site: a relation ("site", "visit__site") or a column of site codes ending in "_code".
    An actor without the word gets no rows; whoever must be told raises by ``require`` first.
    """
    if not holds(actor, word):
        return queryset.none()
    sites = actor.sites(word)
    if sites is ALL:
        return queryset
    lookup = f"{field}__in" if field.endswith("_code") else f"{field}__code__in"
    return queryset.filter(**{lookup: sites})
