"""One spelling per user name: what looks the same is the same."""

from __future__ import annotations

import re
import unicodedata

from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

USERNAME_LENGTH = 60

valid_username = RegexValidator(
    regex=re.compile(r"^[\w][\w.\-]{1,59}\Z"),
    message=_(
        "A user name has 2 to 60 letters, digits, dots, dashes or underscores and starts with a letter or digit."
    ),
    code="invalid_username",
)


def normalise_username(value: str) -> str:
    """Fold width, case and invisible characters away.

    Full-width digits, capital letters and zero-width characters must neither make a second account that looks like the
    first nor a fresh set of sign-in attempts.
    """
    visible = "".join(letter for letter in value if unicodedata.category(letter) not in {"Cf", "Cc", "Zs"})
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).casefold())
