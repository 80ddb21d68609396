"""Where contents lie, chosen by ``MEDIA_STORAGE_URL``."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.core.files.storage import FileSystemStorage, Storage


@cache
def media() -> Storage:
    """The media storage. Raises ValueError for an address that no storage serves."""
    url: str = settings.MEDIA_STORAGE_URL
    if url.startswith("file://"):
        return FileSystemStorage(
            location=url.removeprefix("file://"), file_permissions_mode=0o600, directory_permissions_mode=0o700
        )
    raise ValueError(f"MEDIA_STORAGE_URL {url.split('://')[0]}:// is not served by any storage")
