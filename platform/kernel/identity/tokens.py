"""Bearer tokens of apps: ``lz_`` + 12 characters that name it + 43 that prove it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from kernel.identity import links, sessions
from kernel.identity.models import DeviceToken

# Makes a token recognisable to whoever finds one where it should not be.
MARK = "lz_"
PREFIX_LENGTH = 12
NOTED_EVERY = timedelta(minutes=5)
_SHAPE = re.compile(rf"{MARK}([\w-]{{{PREFIX_LENGTH}}})([\w-]{{43}})", re.ASCII)


def new_token_parts() -> tuple[str, str]:
    """Prefix and secret of a new token."""
    return links.new_secret()[:PREFIX_LENGTH], links.new_secret()


def text_of(prefix: str, secret: str) -> str:
    """The token as its owner receives it, once."""
    return f"{MARK}{prefix}{secret}"


def token_from_text(text: str) -> DeviceToken | None:
    """The living token behind ``text``, with its owner; None for everything else."""
    match = _SHAPE.fullmatch(text)
    if match is None:
        return None
    prefix, secret = match.groups()
    token = DeviceToken.objects.select_related("user").filter(prefix=prefix).first()
    if token is None or not links.matches("device-token", secret, token.secret_hash):
        return None
    alive = (
        token.revoked_at is None
        and token.expires_at > machine_now()
        and token.user.is_active
        and token.session_epoch == token.user.session_epoch
    )
    return token if alive else None


def note_use(token: DeviceToken) -> None:
    """Remember, at most every five minutes, that a token was used."""
    now = machine_now()
    if token.last_used_at is None or now - token.last_used_at > NOTED_EVERY:
        DeviceToken.objects.filter(pk=token.pk).update(last_used_at=now)


def machine_now() -> datetime:
    """The machine's clock: proofs live by it, so that moving a demo's clock signs nobody out (see ``sessions``)."""
    return datetime.fromtimestamp(sessions.machine_seconds(), UTC)
