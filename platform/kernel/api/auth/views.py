"""Sign-in of apps: a token for user name, password and code; the list of one's tokens; revoking; confirming."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response

from kernel import tenancy
from kernel.api.auth.serializers import ConfirmIn, MeOut, NewTokenOut, TokenIn, TokenListOut
from kernel.api.permissions import SignedIn
from kernel.api.views import ApiView
from kernel.context import ALL
from kernel.errors import LimitReached
from kernel.identity import actions, audit_notes, selectors, sign_in
from kernel.identity.middleware import password_to_change, second_factor_missing
from kernel.identity.models import DeviceToken, User
from kernel.identity.standing import actor_for_user, standing_of
from kernel.identity.tokens import MARK

OWN = SignedIn("everybody looks after their own devices")


class TokenView(ApiView):
    """Obtain a token."""

    public_reason = "whoever asks for a token has none yet"
    inputs = {"POST": TokenIn}
    outputs = {"POST": NewTokenOut}
    idempotent = False

    def post(self, request: Request) -> Response:
        """Obtain a token for an app.

        The full token is shown this once. 401 `invalid_credentials` for a wrong name, password or code alike, 401
        `otp_required` when the account has a second factor and no code was given, 403 `second_factor_required` when a
        role demands one that is not set up yet.
        """
        asked = self.read(request)
        user = self._proven(request, asked)
        has_second = sign_in.has_second_factor(user)
        if has_second:
            self._check_code(user, asked.get("otp", ""))
        elif standing_of(user).needs_second_factor:
            raise second_factor_missing()
        if user.must_change_password:
            raise password_to_change()
        token, text = actions.issue_device_token(
            by=actor_for_user(user), user=user, name=asked["name"], second_factor=has_second
        )
        audit_notes.signed_in(user, second_factor=has_second, kind="token")
        return Response(NewTokenOut({**_described(token), "token": text}).data, status=201)

    @staticmethod
    def _proven(request: Request, asked: dict[str, Any]) -> User:
        try:
            user = sign_in.check_password(request._request, asked["username"], asked["password"])
        except LimitReached as refusal:
            audit_notes.sign_in_refused(selectors.user_by_username(asked["username"]), why=refusal.code)
            raise
        if user is None:
            audit_notes.sign_in_refused(selectors.user_by_username(asked["username"]), why="wrong_credentials")
            raise AuthenticationFailed(_("User name, password or code are not right."), code="invalid_credentials")
        return user

    @staticmethod
    def _check_code(user: User, code: str) -> None:
        if not code:
            raise AuthenticationFailed(_("Please give the code of your authenticator app."), code="otp_required")
        if sign_in.check_second_factor(user, code) is None:
            audit_notes.sign_in_refused(user, why="wrong_code")
            raise AuthenticationFailed(_("User name, password or code are not right."), code="invalid_credentials")


class TokenListView(ApiView):
    """One's own tokens."""

    permissions = {"GET": OWN}
    outputs = {"GET": TokenListOut}

    def get(self, request: Request) -> Response:
        """The tokens of the signed-in person that can still be used."""
        tokens = [_described(token) for token in selectors.device_tokens(_person(request))]
        return Response(TokenListOut({"results": tokens}).data)


class TokenDetailView(ApiView):
    """One token."""

    permissions = {"DELETE": OWN}

    def delete(self, request: Request, code: UUID) -> Response:
        """Revoke a token; it ends with its next request."""
        actions.revoke_device_token(by=self.actor, token=selectors.access_device_token(self.actor, code))
        return Response(status=204)


class ConfirmView(ApiView):
    """Confirming who one is."""

    permissions = {"POST": SignedIn("people confirm their own identity")}
    inputs = {"POST": ConfirmIn}
    outputs = {"POST": (204, None)}
    idempotent = False

    def post(self, request: Request) -> Response:
        """Prove again who you are, for signatures within the next minutes.

        Heals 403 `reauthentication_required`. 401 `invalid_credentials` when the proof is wrong.
        """
        asked = self.read(request)
        user = _person(request)
        if "otp" in asked:
            right = sign_in.check_second_factor(user, asked["otp"]) is not None
        else:
            right = sign_in.check_password(request._request, user.username, asked["password"]) is not None
        if not right:
            audit_notes.sign_in_refused(user, why="wrong_code" if "otp" in asked else "wrong_credentials")
            raise AuthenticationFailed(_("User name, password or code are not right."), code="invalid_credentials")
        if isinstance(request.auth, DeviceToken):
            actions.confirm_device_token(by=self.actor, token=request.auth)
        else:
            sign_in.confirm(request._request, second_factor="otp" in asked)
        return Response(status=204)


class MeView(ApiView):
    """Oneself."""

    permissions = {"GET": SignedIn("people may know who they are")}
    outputs = {"GET": MeOut}

    def get(self, request: Request) -> Response:
        """Who is signed in, where, and what they may do."""
        tenant, actor = tenancy.current(), self.actor
        me = {
            "code": actor.code,
            "username": actor.username,
            "name": actor.name,
            "language": _person(request).language,
            "roles": sorted(actor.roles),
            "grants": [
                {"word": word, "sites": None if sites is ALL else sorted(sites)}
                for word, sites in sorted(actor.grants.items())
            ],
            "tenant": {
                "slug": tenant.slug,
                "name": tenant.name,
                "kind": tenant.kind,
                "verticals": sorted(tenant.verticals),
                "timezone": tenant.timezone.key,
            },
        }
        return Response(MeOut(me).data)


def _person(request: Request) -> User:
    assert isinstance(request.user, User)
    return request.user


def _described(token: DeviceToken) -> dict[str, Any]:
    return {
        "code": token.code,
        "name": token.name,
        "prefix": f"{MARK}{token.prefix}",
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
    }
