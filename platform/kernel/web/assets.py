"""The built front end, found through the manifest that Vite writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django_vite.core.asset_loader import DjangoViteAssetLoader

log = structlog.get_logger(__name__)


def manifest_path() -> Path:
    """Where ``npm run build`` writes its manifest."""
    config: dict[str, Any] = settings.DJANGO_VITE["default"]
    return Path(config["manifest_path"])


def is_built() -> bool:
    """Has the front end been built on this machine?"""
    return manifest_path().is_file()


def address(entry: str) -> str:
    """Where the built script of an entry is served, for what is loaded by a script and not by a page."""
    return str(DjangoViteAssetLoader.instance().generate_vite_asset_url(entry))


def tags(*entries: str) -> SafeString:
    """Script and style elements of the given entries.

    Without a build (a test of a view, a migration job that renders a mail) nothing is written and the log says so; a
    deployment refuses to start that way (web.E001).
    """
    if not is_built():
        log.warning("front_end_not_built", manifest=str(manifest_path()))
        return mark_safe("")
    loader = DjangoViteAssetLoader.instance()
    return format_html_join("\n", "{}", ((mark_safe(loader.generate_vite_asset(entry)),) for entry in entries))  # noqa: S308
