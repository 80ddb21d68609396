"""The base class of every API operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any, ClassVar, TypeVar

from django.conf import settings
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import classonlymethod
from rest_framework import serializers
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kernel import context, limits, tenancy
from kernel.actions import record_answer
from kernel.api import idempotency
from kernel.api.authentication import DeviceTokenAuthentication, SessionAuthentication
from kernel.api.conditional import unchanged, with_etag
from kernel.api.filters import Filters
from kernel.api.pages import page_of
from kernel.api.parsers import OnlyJson, SoundJSONParser
from kernel.api.permissions import Declaration, DeclaredPermission
from kernel.context import Actor
from kernel.errors import DomainError, Forbidden
from kernel.identity.middleware import needs_second_factor_by_token, second_factor_missing
from kernel.identity.models import DeviceToken, User
from kernel.identity.sign_in import client_address
from kernel.identity.standing import actor_for_user
from kernel.ids import VersionedModel
from kernel.limits import Limit

M = TypeVar("M", bound=Model)
Out = type[serializers.BaseSerializer[Any]]

# One noisy script must not slow a clinic down, nor one clinic all others. Per minute; all may be used up at once.
CALLS_PER_CALLER = Limit("api-caller", 600, 60, flow=True)
CALLS_PER_ADDRESS = Limit("api-address", 300, 60, flow=True)
CALLS_PER_TENANT = Limit("api-tenant", 6000, 60, flow=True)


class ApiView(APIView):
    """An operation per method. Declare who may call, what goes in and what comes out:

    ``permissions``  method → permission word, or ``SignedIn("why")``; a method without an entry is open to nobody.
    ``public_reason``  instead: why the view needs no sign-in.
    ``inputs``       method → ``StrictSerializer`` class, read with ``self.read(request)``.
    ``outputs``      method → ``OutSerializer`` class (200, POST 201), ``(status, class or None)``, or ``paged(class)``.
    ``filters``      the ``Filters`` of the list, applied with ``self.filtered(queryset)``.
    ``limits``       method → further ``Limit``s of this operation, kept per caller.
    ``versioned``    methods that demand ``If-Match``.
    ``idempotent``   False where an answer must never be kept (tokens).
    """

    permissions: ClassVar[Mapping[str, Declaration]] = {}
    public_reason: ClassVar[str] = ""
    inputs: ClassVar[Mapping[str, type[serializers.BaseSerializer[Any]]]] = {}
    outputs: ClassVar[Mapping[str, Any]] = {}
    filters: ClassVar[Filters | None] = None
    limits: ClassVar[Mapping[str, tuple[Limit, ...]]] = {}
    versioned: ClassVar[tuple[str, ...]] = ()
    idempotent: ClassVar[bool] = True

    authentication_classes = (DeviceTokenAuthentication, SessionAuthentication)
    permission_classes = (DeclaredPermission,)
    parser_classes = (SoundJSONParser,)
    content_negotiation_class = OnlyJson
    metadata_class = None
    request: Request

    @classonlymethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:  # type: ignore[override]
        view: Any = super().as_view(**initkwargs)
        # Read by the check at start-up, as on pages.
        view.public_reason = cls.public_reason
        view.permissions = cls.permissions
        return view

    @property
    def actor(self) -> Actor:
        """Who calls."""
        return self.request.actor

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Decide who calls and whether they may; then run the operation, once per idempotency key."""
        self.args, self.kwargs = args, kwargs
        self.request = self.initialize_request(request, *args, **kwargs)
        self.headers = self.default_response_headers
        with ExitStack() as stack:
            try:
                self.initial(self.request, *args, **kwargs)
                stack.enter_context(context.bound(actor=self.actor))
                stack.enter_context(context.read_by(self.actor))
                response = self._operate(*args, **kwargs)
            except Exception as error:  # every failure becomes a document
                self._record(error)
                response = self.handle_exception(error)
        self.response = self.finalize_response(self.request, response, *args, **kwargs)
        self.response.headers.setdefault("Cache-Control", "no-store, private")
        return self.response

    def _operate(self, *args: Any, **kwargs: Any) -> Response:
        handler = getattr(self, str(self.request.method).lower())
        key = idempotency.key_of(self.request) if self.idempotent else None
        if key is None:
            return handler(self.request, *args, **kwargs)

        def operate() -> Response:
            try:
                return handler(self.request, *args, **kwargs)
            except Exception as error:
                self._record(error)
                response = self.handle_exception(error)
                if response.status_code >= 500:
                    raise
                return response

        return idempotency.answer_once(self.request, key, operate)

    def _record(self, error: Exception) -> None:
        """A refusal that came about outside of any action belongs into the audit too."""
        if isinstance(error, DomainError):
            match = self.request._request.resolver_match
            place = (match.view_name if match is not None else "") or self.request.path
            record_answer(by=getattr(self.request._request, "actor", None), place=place, refusal=error)

    def perform_authentication(self, request: Request) -> None:
        """Find the caller; the actor of a token replaces the one of the session."""
        user = request.user
        if isinstance(request.auth, DeviceToken) and isinstance(user, User):
            request._request.actor = actor_for_user(user, kind="token")
        elif user is None:
            request._request.actor = Actor.public("api")

    def check_permissions(self, request: Request) -> None:
        """Hold back whoever has yet to finish signing in, then ask the declaration. 405 for what does not exist."""
        if not hasattr(self, str(request.method).lower()) or request.method == "OPTIONS":
            raise MethodNotAllowed(str(request.method))
        if not self.public_reason:
            if isinstance(request.auth, DeviceToken):
                if needs_second_factor_by_token(request.auth):
                    raise second_factor_missing()
            elif isinstance(held := getattr(request._request, "held_back", None), Forbidden):
                raise held
        super().check_permissions(request)

    def check_throttles(self, request: Request) -> None:
        """Count the call. Raises LimitReached (429 with Retry-After)."""
        caller = str(self.actor.code) if self.actor.code else client_address(request._request)
        tries = [
            (CALLS_PER_CALLER if self.actor.code else CALLS_PER_ADDRESS, caller),
            *((limit, caller) for limit in self.limits.get(str(request.method), ())),
        ]
        tenant = tenancy.current_or_none()
        if tenant is not None:
            tries.append((CALLS_PER_TENANT, str(tenant.code)))
        if getattr(settings, "API_LIMITS", True):
            limits.consume(*tries)

    def read(self, request: Request, **context: Any) -> dict[str, Any]:
        """The validated input of this method. Raises ValidationError (400)."""
        serializer = self.inputs[str(request.method)](data=request.data, context={"request": request, **context})
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def filtered(self, queryset: QuerySet[M]) -> QuerySet[M]:
        """``queryset`` as the address asks for it. Raises Malformed (400)."""
        return self.filters.apply(queryset, self.request) if self.filters else queryset

    def page(self, queryset: QuerySet[M], serializer: Out, **context: Any) -> Response:
        """One page of the filtered ``queryset``."""
        return Response(page_of(self.filtered(queryset), self.request, serializer, **context))

    def one(self, row: Any, serializer: Out, *, status: int = 200, **context: Any) -> Response:
        """One row; with its entity tag if it has a version, and 304 if the caller has that version already."""
        if self.request.method == "GET" and isinstance(row, VersionedModel):
            same = unchanged(self.request, row.etag)
            if same is not None:
                return same
        response = Response(serializer(row, context={"request": self.request, **context}).data, status=status)
        return with_etag(response, row) if isinstance(row, VersionedModel) else response
