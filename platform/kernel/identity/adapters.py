"""How allauth signs people in here: by user name, under our limits, without sign-up, with sealed secrets."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as allauth_context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel import tenancy
from kernel.crypto import open_text, seal_text
from kernel.errors import LimitReached
from kernel.identity import audit_notes, sign_in
from kernel.identity.models import User
from kernel.identity.standing import standing_of
from kernel.identity.usernames import normalise_username

SEALED_AS = ("identity", "authenticator")


class AccountAdapter(DefaultAccountAdapter):
    """Password sign-in of people who were invited."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_ajax(self, request: HttpRequest) -> bool:
        """Pages only; apps have their own way in."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return sign_in.client_address(request) or "unknown"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Nothing: ``check_password`` keeps the limits."""

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """The active person, or None. A closed name raises the same kind of error as a wrong password."""
        username, password = credentials.get("username"), credentials.get("password")
        if not username or not password:
            return None
        try:
            user = sign_in.check_password(request, username, password)
        except LimitReached as refusal:
            audit_notes.sign_in_refused(self._named(username), why=refusal.code)
            raise ValidationError(_wait_sentence(refusal), code="too_many_login_attempts") from None
        if user is None:
            audit_notes.sign_in_refused(self._named(username), why="wrong_credentials")
        return user

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        """An account that was switched off between two steps looks like a wrong password."""
        return HttpResponseRedirect(reverse("account_login"))

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Setting up a factor asks again, unless the person proved it within the last minutes anyway."""
        return not sign_in.recently_confirmed(allauth_context.request)

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: changes of a factor stand in the audit."""

    @staticmethod
    def _named(username: str) -> User | None:
        return User.objects.filter(username=normalise_username(username)).first()


class SecondFactorAdapter(DefaultMFAAdapter):
    """TOTP secrets and recovery seeds are sealed with the tenant's key."""

    def encrypt(self, text: str) -> str:
        return seal_text(text, *SEALED_AS)

    def decrypt(self, encrypted_text: str) -> str:
        return open_text(encrypted_text, *SEALED_AS)

    def get_totp_label(self, user: Any) -> str:
        return str(user.username)

    def get_totp_issuer(self) -> str:
        return tenancy.current().name

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Whoever holds a role that demands a second factor replaces it with the administrator's help only."""
        return not standing_of(authenticator.user).needs_second_factor


def _wait_sentence(refusal: LimitReached) -> str:
    minutes = -(-int(refusal.facts.get("retry_after", 60)) // 60)
    return _("Too many tries. Please wait %(minutes)s minutes or ask the administrator to help.") % {"minutes": minutes}
