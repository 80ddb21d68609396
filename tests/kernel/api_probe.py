"""A small API on top of the roles, to try the base of every API with."""

from __future__ import annotations

import sys
import time
from functools import cache
from types import ModuleType
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kernel.actions import action
from kernel.api import (
    ApiView,
    Choice,
    Code,
    Filters,
    Flag,
    Number,
    OutSerializer,
    SignedIn,
    StrictSerializer,
    Text,
    expected_version,
    paged,
)
from kernel.api.conditional import stale
from kernel.api.serializers import FenField, LineField, MomentField
from kernel.context import Actor
from kernel.errors import NotFound, RuleRefused
from kernel.identity import actions, selectors
from kernel.identity.models import Role
from kernel.limits import Limit

PAUSE = {"seconds": 0.0}


@action(permission="identity.edit_roles")
def rename(*, by: Actor, role: Role, version: int, name: str) -> Role:
    """Give a role another name."""
    role = Role.objects.select_for_update().get(pk=role.pk)
    if role.version != version:
        raise stale()
    role.name = name
    role.bump(fields=["name"])
    return role


@action(permission="identity.edit_roles")
def add(*, by: Actor, slug: str, name: str) -> Role:
    """Add a role, slowly if asked to."""
    if slug.startswith("forbidden"):
        actions.create_role(by=by, slug=slug, name=name, words=[])
        raise RuleRefused("slug_forbidden", "Roles are not called that.", slug=slug)
    role = actions.create_role(by=by, slug=slug, name=name, words=[])
    time.sleep(PAUSE["seconds"])
    return role


class RoleIn(StrictSerializer):
    slug = LineField(max_length=40)
    name = LineField(max_length=40)
    amount = FenField(required=False)
    since = MomentField(required=False)


class NameIn(StrictSerializer):
    name = LineField(max_length=40)


class RoleOut(OutSerializer):
    code = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    version = serializers.IntegerField()


class Roles(ApiView):
    """Roles."""

    permissions = {"GET": "identity.view_users", "POST": "identity.edit_roles"}
    inputs = {"POST": RoleIn}
    outputs = {"GET": paged(RoleOut), "POST": RoleOut}
    filters = Filters(
        Text("q", "slug__icontains"),
        Flag("strict", "requires_mfa"),
        Code("code", "code"),
        Choice(
            "kind",
            lambda rows, kind: rows.filter(room="") if kind == "own" else rows.exclude(room=""),
            ("own", "declared"),
        ),
        Number("least", "version__gte", minimum=1, maximum=9),
        ordering={"slug": "slug", "newest": "pk"},
        default="slug",
    )

    def get(self, request: Request) -> Response:
        """List roles."""
        return self.page(Role.objects.all(), RoleOut)

    def post(self, request: Request) -> Response:
        """Add a role."""
        asked = self.read(request)
        return self.one(add(by=self.actor, slug=asked["slug"], name=asked["name"]), RoleOut, status=201)


class OneRole(ApiView):
    """A role."""

    permissions = {"GET": "identity.view_users", "PATCH": "identity.edit_roles"}
    inputs = {"PATCH": NameIn}
    outputs = {"GET": RoleOut, "PATCH": RoleOut}
    versioned = ("PATCH",)

    def _role(self, code: UUID) -> Role:
        role = selectors.roles().filter(code=code).first()
        if role is None:
            raise NotFound("role_not_found", "There is no such role.")
        return role

    def get(self, request: Request, code: UUID) -> Response:
        """Read a role."""
        return self.one(self._role(code), RoleOut)

    def patch(self, request: Request, code: UUID) -> Response:
        """Rename a role."""
        role = self._role(code)
        changed = rename(by=self.actor, role=role, version=expected_version(request, role), **self.read(request))
        return self.one(changed, RoleOut)


class Broken(ApiView):
    """Fails."""

    permissions = {"GET": SignedIn("a probe"), "POST": SignedIn("a probe")}
    outputs = {"GET": RoleOut, "POST": RoleOut}
    limits = {"POST": (Limit("probe", 2, 60),)}

    def get(self, request: Request) -> Response:
        """Fail with a person in the message."""
        raise ValueError("patient 王小明 13812345678 not found")

    def post(self, request: Request) -> Response:
        """Be allowed twice a minute."""
        return Response({"ok": True}, status=201)


class Open(ApiView):
    """Open to everybody."""

    public_reason = "a probe"
    outputs = {"GET": RoleOut}

    def get(self, request: Request) -> Response:
        """Say who asks."""
        return Response({"kind": self.actor.kind})


class Forgotten(ApiView):
    """Declares nothing for POST."""

    permissions = {"GET": "identity.view_users"}

    def get(self, request: Request) -> Response:
        """Declared."""
        return Response({})

    def post(self, request: Request) -> Response:
        """Not declared."""
        return Response({"should": "never happen"})


class Misspelt(ApiView):
    """Names a word that no room declares."""

    permissions = {"GET": "identity.veiw_users"}

    def get(self, request: Request) -> Response:
        """Never reached."""
        return Response({})


class Plain(APIView):
    """Derives from the framework instead of our base."""

    def get(self, request: Request) -> Response:
        """Never reached."""
        return Response({"should": "never happen"})


def bare_page(request: HttpRequest) -> HttpResponse:
    """A page without ``@page``."""
    return HttpResponse("open")


GOOD = [
    path("things/", Roles.as_view(), name="roles"),
    path("things/<uuid:code>/", OneRole.as_view(), name="role"),
    path("broken/", Broken.as_view(), name="broken"),
    path("open/", Open.as_view(), name="open"),
]
BAD = [
    path("forgotten/", Forgotten.as_view()),
    path("misspelt/", Misspelt.as_view()),
    path("plain/", Plain.as_view()),
    path("bare/", bare_page),
]


@cache
def tenant_urlconf(family: str, verticals: frozenset[str]) -> str:
    """The tenant's URLs with the probe beside them."""
    name = "tests.kernel.api_probe_urls"
    module = ModuleType(name)
    module.urlpatterns = [  # type: ignore[attr-defined]
        path("", include("kernel.web.urls")),
        path("accounts/", include("kernel.identity.accounts_urls")),
        path("people/", include(("kernel.identity.web.urls", "identity"))),
        path("api/", include("kernel.api.urls")),
        path("api/v1/auth/", include(("kernel.api.auth.urls", "api-auth"))),
        path("api/v1/probe/", include(([*GOOD, *BAD], "api-probe"))),
    ]
    sys.modules[name] = module
    return name
