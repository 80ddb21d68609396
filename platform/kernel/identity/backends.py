"""Name and password against the tenant's own people."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from kernel.identity.models import User
from kernel.identity.usernames import normalise_username


class SignInBackend(BaseBackend):
    """Takes the same time for a name that exists, one that does not, and one that was switched off."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **ignored: Any
    ) -> User | None:
        """The active person with this name and password, or None."""
        if username is None or password is None:
            return None
        user = User.objects.filter(username=normalise_username(username)).first()
        if user is None or not user.has_usable_password():
            User().set_password(password)  # costs what a comparison costs
            return None
        return user if user.check_password(password) and user.is_active else None

    def get_user(self, user_id: int) -> User | None:
        """The active person of a session."""
        return User.objects.filter(pk=user_id, is_active=True).first()
