"""What a good password is."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from kernel.errors import Malformed
from kernel.identity.models import User


def check_new_password(password: str, user: User) -> None:
    """Raise Malformed (``weak_password``) with each rule that ``password`` breaks."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Malformed(
            "weak_password", _("Please choose a stronger password."), fields={"password": error.messages}
        ) from error
