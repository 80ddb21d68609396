"""AES-256-GCM over keys that belong to one tenant.

A root key (``FIELD_KEYS``, several for rotation) and the tenant's salt give the tenant's key by HKDF. Without the salt
the key cannot be made again: deleting it shreds everything the tenant ever encrypted, in its backups too, which do not
hold the salt. The associated data ties each ciphertext to tenant, model, field and row, so a value copied to another
place does not open there.

Stored form: ``e1:<key id>:<base64url(nonce || ciphertext || tag)>``.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from kernel import tenancy

SCHEME = "e1"
KEY_BYTES = 32
NONCE_BYTES = 12
_KEY_ID = re.compile(r"[a-z0-9_-]{1,16}", re.ASCII)


class DecryptionFailed(ValueError):
    """The stored value does not open: another row's, another tenant's, or changed."""


class KeyUnavailable(RuntimeError):
    """The key id of a value is not configured, or the tenant's salt was deleted."""


def current_key_id() -> str:
    """The id of the key that encrypts; all others only decrypt."""
    return next(iter(_ring(_configured())))


def key_ids() -> tuple[str, ...]:
    """Every configured key id, the current one first."""
    return tuple(_ring(_configured()))


def tenant_key(purpose: str, key_id: str | None = None) -> bytes:
    """The current tenant's key for ``purpose`` ("field", "index"). Raises KeyUnavailable, NoTenant."""
    ring = _ring(_configured())
    wanted = key_id or current_key_id()
    if wanted not in ring:
        raise KeyUnavailable(f"no field key with the id {wanted!r} is configured")
    salt = tenancy.current().key_salt
    if not salt:
        raise KeyUnavailable("the tenant has no key salt; what it encrypted cannot be read any more")
    return _derive(ring[wanted], salt, purpose)


def seal_text(text: str, *context: str) -> str:
    """Encrypt ``text`` for the current tenant, bound to ``context`` (model, field, row code)."""
    key_id = current_key_id()
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(tenant_key("field", key_id)).encrypt(nonce, text.encode(), _associated(context))
    return f"{SCHEME}:{key_id}:{base64.urlsafe_b64encode(nonce + sealed).decode()}"


def open_text(token: str, *context: str) -> str:
    """Decrypt what ``seal_text`` made for the same tenant and context, under any configured key.

    Raises DecryptionFailed and KeyUnavailable; neither carries the value.
    """
    scheme, key_id, body = split_token(token)
    if scheme != SCHEME:
        raise DecryptionFailed("not a sealed value")
    try:
        raw = base64.urlsafe_b64decode(body)
        opened = AESGCM(tenant_key("field", key_id)).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], _associated(context))
    except (InvalidTag, binascii.Error, ValueError) as error:
        raise DecryptionFailed("the sealed value does not open here") from error
    return opened.decode()


def split_token(token: str) -> tuple[str, str, str]:
    """Scheme, key id and body of a stored value. Raises DecryptionFailed."""
    parts = token.split(":", 2)
    if len(parts) != 3:
        raise DecryptionFailed("not a sealed value")
    return parts[0], parts[1], parts[2]


def current_prefix() -> str:
    """What every value begins with that is sealed under the current key."""
    return f"{SCHEME}:{current_key_id()}:"


def _associated(context: tuple[str, ...]) -> bytes:
    # Lengths in front: ("ab", "c") and ("a", "bc") must not mean the same place.
    parts = (tenancy.current().code.hex, *context)
    return b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)


def _configured() -> str:
    return settings.FIELD_KEYS


@lru_cache(maxsize=8)
def _ring(configured: str) -> dict[str, bytes]:
    """Read ``FIELD_KEYS``: "id:base64,id:base64", the first one encrypts. Raises ImproperlyConfigured."""
    ring: dict[str, bytes] = {}
    for entry in filter(None, (part.strip() for part in configured.split(","))):
        key_id, _, encoded = entry.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise ImproperlyConfigured("FIELD_KEYS: a key is not base64") from error
        if not _KEY_ID.fullmatch(key_id) or key_id in ring or len(key) < KEY_BYTES:
            raise ImproperlyConfigured(
                "FIELD_KEYS: each entry is id:base64 with a short unique id and a key of at least 32 bytes"
            )
        ring[key_id] = key
    if not ring:
        raise ImproperlyConfigured("FIELD_KEYS is empty")
    return ring


@lru_cache(maxsize=512)
def _derive(root: bytes, salt: bytes, purpose: str) -> bytes:
    info = f"lianzhen/{purpose}/1".encode()
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=salt, info=info).derive(root)
