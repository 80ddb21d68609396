"""OpenAPI 3.1 from what the views declare: inputs, outputs, filters, and the problems of every operation."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import build_basic_type
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers

from kernel.api.idempotency import LONGEST_KEY, UNSAFE
from kernel.api.permissions import SignedIn, declared_for
from kernel.api.serializers import OutSerializer
from kernel.problems import CONTENT_TYPE

PROBLEMS = {
    400: "The request cannot be understood: not JSON, a field that is not valid or not known.",
    401: "Nobody is signed in, or the token is not valid.",
    403: "The caller lacks the permission, or must confirm who they are (`reauthentication_required`).",
    404: "Missing, of another tenant, or of a vertical that is switched off: all three look alike.",
    409: "The present state stands against it, e.g. `tenant_read_only`, `idempotency_key_in_flight`.",
    412: "Somebody else changed it in the meantime (`stale_version`).",
    413: "The request is too large.",
    415: "The body is of a kind that is not read here.",
    422: "A rule refuses it; the code says which.",
    429: "Too many requests; Retry-After says when to ask again.",
    503: "The database does not answer; nothing was done. Retry-After says when to ask again.",
}
RETRIED = frozenset({429, 503})
BODY_PROBLEMS = frozenset({413, 415})


class CureOut(OutSerializer):
    """A step that heals a refusal."""

    label = serializers.CharField()  # type: ignore[assignment]
    url = serializers.CharField(allow_null=True)
    role = serializers.CharField(allow_null=True, help_text="Whoever holds this role can help")


class ProblemOut(OutSerializer):
    """A problem document (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="A sentence for people, in their language")
    code = serializers.CharField(help_text="Stable, snake_case")
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()), help_text="Messages per field"
    )
    cures = CureOut(many=True)
    facts = serializers.DictField(help_text="Figures and codes of the refusal")
    request_id = serializers.CharField()


class DeviceTokenScheme(OpenApiAuthenticationExtension):
    """Bearer tokens from ``POST /api/v1/auth/token/``."""

    target_class = "kernel.api.authentication.DeviceTokenAuthentication"
    name = "deviceToken"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "A token from `POST /api/v1/auth/token/`."}


class SessionScheme(OpenApiAuthenticationExtension):
    """The session of the pages."""

    target_class = "kernel.api.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        from django.conf import settings

        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "The session of the pages; unsafe calls carry `X-CSRFToken`.",
        }


class ProblemSchema(AutoSchema):
    """Describes an ``ApiView``; ``@extend_schema`` still wins where a view uses it."""

    def get_auth(self) -> list[dict[str, Any]]:
        return [] if getattr(self.view, "public_reason", "") else super().get_auth()

    def get_tags(self) -> list[str]:
        """The room: the first part of the path behind the version."""
        parts = [part for part in self.path.split("/") if part]
        return [parts[2] if parts[:2] == ["api", "v1"] and len(parts) > 2 else "api"]

    def get_summary(self) -> str | None:
        """The first line of the docstring of the method, else of the view."""
        return self._said().partition("\n")[0].strip() or None

    def get_description(self) -> str:  # type: ignore[override]
        """The rest of that docstring, and which permission the operation asks for."""
        rest = self._said().partition("\n")[2].strip()
        wanted = declared_for(self.view, self.method)
        if isinstance(wanted, SignedIn):
            rule = "Open to everybody who is signed in."
        elif wanted:
            rule = f"Permission: `{wanted}`."
        else:
            rule = "No sign-in needed."
        return "\n\n".join(part for part in (rest, rule) if part)

    def _said(self) -> str:
        handler = getattr(self.view, self.method.lower(), None)
        text = (getattr(handler, "__doc__", "") or type(self.view).__doc__ or "").strip()
        return "\n".join(line.strip() for line in text.splitlines())

    def get_request_serializer(self) -> Any:
        return getattr(self.view, "inputs", {}).get(self.method)

    def get_response_serializers(self) -> Any:
        declared = getattr(self.view, "outputs", {}).get(self.method)
        if declared is None:
            return {204: None}
        status, body = declared if isinstance(declared, tuple) else (201 if self.method == "POST" else 200, declared)
        return {status: body}

    def get_operation_id(self) -> str:
        """``things_list`` for a page of rows, ``things_retrieve`` for one."""
        name = super().get_operation_id()
        return f"{name.removesuffix('_retrieve')}_list" if self._is_page() else name

    def _is_page(self) -> bool:
        declared = self.get_response_serializers()
        return isinstance(declared, dict) and any(getattr(body, "is_page", False) for body in declared.values())

    def get_serializer_name(self, serializer: Any, direction: Any) -> str:
        """The class's name with its room before it: many rooms have a ``LineOut``."""
        name = str(super().get_serializer_name(serializer, direction))
        parts = type(serializer).__module__.split(".")
        place = parts.index("api") if "api" in parts[1:] else 0
        room = parts[place - 1] if place else ""
        if room == "kernel":
            room = parts[place + 1] if len(parts) > place + 2 else ""
        prefix = "".join(part.capitalize() for part in room.split("_"))
        return name if not prefix or name.startswith(prefix) else f"{prefix}{name}"

    def _is_unsafe(self) -> bool:
        return self.method in UNSAFE and getattr(self.view, "idempotent", False)

    def get_override_parameters(self) -> list[Any]:
        return []

    def _get_parameters(self) -> list[dict[str, Any]]:
        found = super()._get_parameters()
        if self.method == "GET":
            found += self._filter_parameters()
        if self._is_unsafe():
            found.append(
                {
                    "in": "header",
                    "name": "Idempotency-Key",
                    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[ -~]+$"},
                    "description": "The same key with the same request gives the first answer again.",
                }
            )
        if self.method in getattr(self.view, "versioned", ()):
            found.append(
                {
                    "in": "header",
                    "name": "If-Match",
                    "required": True,
                    "schema": {"type": "string"},
                    "description": "The ETag of the version that you have seen.",
                }
            )
        return found

    def _filter_parameters(self) -> list[dict[str, Any]]:
        filters = getattr(self.view, "filters", None)
        found: list[dict[str, Any]] = []
        if filters is not None:
            for parameter in filters.parameters:
                entry = {"in": "query", "name": parameter.name, "schema": dict(parameter.schema)}
                found.append({**entry, "description": str(parameter.help)} if parameter.help else entry)
            if filters.ordering:
                found.append(
                    {"in": "query", "name": "ordering", "schema": {"type": "string", "enum": filters.order_choices}}
                )
        if self._is_page():
            found.append({"in": "query", "name": "page", "schema": {"type": "integer", "minimum": 1, "default": 1}})
            found.append(
                {
                    "in": "query",
                    "name": "page_size",
                    "schema": {"type": "integer", "minimum": 1, "default": 50},
                    "description": "At most 100 rows are given.",
                }
            )
        return found

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        responses: dict[str, Any] = super()._get_response_bodies(direction)
        has_body = self.method in UNSAFE and self.get_request_serializer() is not None
        for status, said in PROBLEMS.items():
            if str(status) in responses or (status in BODY_PROBLEMS and not has_body):
                continue
            entry = self._get_response_for_code(ProblemOut, str(status), [CONTENT_TYPE], direction)
            responses[str(status)] = {**entry, "description": said}
            if status in RETRIED:
                responses[str(status)]["headers"] = {"Retry-After": {"schema": {"type": "integer", "minimum": 1}}}
        if "200" in responses and self.method == "GET":
            responses.setdefault("304", {"description": "You already have this version (If-None-Match)."})
        for entry in responses.values():
            entry.setdefault("headers", {})["X-Request-ID"] = {"schema": build_basic_type(OpenApiTypes.STR)}
        return responses

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        schema = super()._map_basic_serializer(serializer, direction)
        if direction == "request" and getattr(serializer, "is_strict", False) and schema is not None:
            schema["additionalProperties"] = False
        return schema
