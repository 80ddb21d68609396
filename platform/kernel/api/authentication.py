"""Who calls: an app with a bearer token, else a person with the session of the pages."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, CSRFCheck, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from kernel.identity.models import DeviceToken, User
from kernel.identity.tokens import note_use, token_from_text


class DeviceTokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer lz_…``. Stands first, so that an anonymous call is answered with 401."""

    def authenticate(self, request: Request) -> tuple[User, DeviceToken] | None:
        """The owner and the token; None without a bearer header. AuthenticationFailed for every bad token."""
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != b"bearer":
            return None
        try:
            token = token_from_text(parts[1].decode("ascii")) if len(parts) == 2 else None
        except UnicodeDecodeError:
            token = None
        if token is None:
            raise AuthenticationFailed(_("The token is not valid."), code="invalid_token")
        note_use(token)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class SessionAuthentication(BaseAuthentication):
    """The session of the pages, with the same protection against forged requests."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        """The person signed in on the pages, or None. Raises PermissionDenied without a valid CSRF token."""
        user = getattr(request._request, "user", None)
        if not isinstance(user, User) or not user.is_active:
            return None
        self._check_csrf(request)
        return user, None

    @staticmethod
    def _check_csrf(request: Request) -> None:
        def unused(_request: HttpRequest) -> HttpResponse:
            raise AssertionError("never called")

        check = CSRFCheck(unused)
        check.process_request(request)
        if check.process_view(request, unused, (), {}):
            raise PermissionDenied(_("The request does not carry the CSRF token of the page."), code="csrf_failed")
