"""Deny by default: an operation is open only to whom its view declares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from kernel import access
from kernel.errors import Forbidden


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Stands for a permission word where every signed-in person may call; ``reason`` says why that is right."""

    reason: str


Declaration = str | SignedIn


def declared_for(view: Any, method: str) -> Declaration | None:
    """What ``view`` declares for ``method``; HEAD and OPTIONS follow GET or any other declaration."""
    declared = dict(getattr(view, "permissions", {}))
    if method == "HEAD":
        return declared.get("HEAD", declared.get("GET"))
    if method == "OPTIONS":
        return declared.get("OPTIONS") or next(iter(declared.values()), None)
    return declared.get(method)


class DeclaredPermission(BasePermission):
    """Lets pass who holds the word that the view declares for the method; without a declaration, nobody."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Raises Forbidden for a signed-in caller without the right; False (401) for an anonymous one."""
        if getattr(view, "public_reason", ""):
            return True
        if request.user is None:
            return False
        wanted = declared_for(view, str(request.method))
        if isinstance(wanted, SignedIn):
            return True
        if wanted is None:
            raise Forbidden("permission_denied", _("This operation is open to nobody."))
        access.require(request.actor, wanted)
        return True
