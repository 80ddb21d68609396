"""Taking files in."""

from __future__ import annotations

import hashlib
import io
import re
import secrets
from datetime import datetime

from django.core.files.base import ContentFile
from django.utils.translation import gettext_lazy as _
from PIL import Image, UnidentifiedImageError

from kernel import clock, tenancy
from kernel.context import Actor
from kernel.errors import RuleRefused
from kernel.files.models import StoredFile
from kernel.files.storage import media

MAXIMUM_BYTES = 10 * 1024 * 1024
MAXIMUM_PIXELS = 40_000_000
IMAGES = {"JPEG": ("image/jpeg", "jpg"), "PNG": ("image/png", "png"), "WEBP": ("image/webp", "webp")}
PDF = ("application/pdf", "pdf")
# What only the product itself may store: people could hide anything in them.
OWN_TEXTS = {"json": ("application/json", "json"), "html": ("text/html; charset=utf-8", "html")}


def store(
    *,
    content: bytes,
    name: str,
    by: Actor,
    purpose: str,
    permission: str,
    generated: bool = False,
    expires_at: datetime | None = None,
) -> StoredFile:
    """Store a file in the running transaction and return its row.

    What people upload is judged by its bytes, never by its name; pictures are decoded and written anew, which drops
    places and hidden payloads. ``generated`` marks what the product itself made (a PDF receipt, an export as JSON or
    HTML). From ``expires_at`` (aware) on nobody can open it.

    Raises RuleRefused (``file_too_large``, ``file_type_refused``).
    """
    if len(content) > MAXIMUM_BYTES:
        raise RuleRefused("file_too_large", _("The file is larger than 10 MB. Please choose a smaller one."))
    if content.startswith(b"%PDF-"):
        kind, ending = PDF
        if not generated and re.search(rb"/(JavaScript|JS|Launch|EmbeddedFile|OpenAction)\b", content):
            raise _refused()
    elif generated and name.rsplit(".", 1)[-1] in OWN_TEXTS:
        kind, ending = OWN_TEXTS[name.rsplit(".", 1)[-1]]
    else:
        content, (kind, ending) = _re_encode(content)
    location = f"{tenancy.current().code}/{secrets.token_hex(16)}.{ending}"
    media().save(location, ContentFile(content))
    return StoredFile.objects.create(
        purpose=purpose,
        permission=permission,
        name=_safe_name(name, ending),
        content_type=kind,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        location=location,
        stored_by=by.code,
        stored_at=clock.now(),
        expires_at=expires_at,
    )


def _re_encode(content: bytes) -> tuple[bytes, tuple[str, str]]:
    try:
        with Image.open(io.BytesIO(content), formats=tuple(IMAGES)) as probe:
            if probe.width * probe.height > MAXIMUM_PIXELS:
                raise RuleRefused("file_too_large", _("The picture has too many pixels. Please choose a smaller one."))
            kind = probe.format or ""
            probe.load()
            picture = probe.convert("RGB") if kind == "JPEG" else probe.copy()
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise _refused() from error
    clean = Image.new(picture.mode, picture.size)
    clean.paste(picture)
    out = io.BytesIO()
    clean.save(out, format=kind)
    return out.getvalue(), IMAGES[kind]


def _refused() -> RuleRefused:
    return RuleRefused("file_type_refused", _("Only pictures (JPEG, PNG, WebP) and plain PDF files can be stored."))


def _safe_name(name: str, ending: str) -> str:
    stem = (
        re.sub(r"[^\w\-. ]", "_", name.rsplit("/", 1)[-1].rsplit("\\", 1)[-1].rsplit(".", 1)[0]).strip(" .") or "file"
    )
    return f"{stem[:100]}.{ending}"
