"""From data to PDF with typst: no network, no system fonts, the same bytes for the same data."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import typst
from django.apps import apps
from django.conf import settings

FONTS = "fonts"


class TemplateMissing(LookupError):
    """No installed room holds this template."""


@cache
def template_path(name: str) -> Path:
    """Where ``room/file.typ`` lies: in the folder ``typst`` of the room. Raises TemplateMissing."""
    label, _separator, file = name.partition("/")
    path = Path(apps.get_app_config(label).path) / "typst" / file
    if not path.is_file():
        raise TemplateMissing(name)
    return path


def typeset(template: str, data: dict[str, Any]) -> bytes:
    """Set ``data`` with ``template``. The template reads it by ``json(bytes(sys.inputs.data))``."""
    path = template_path(template)
    return typst.compile(
        str(path),
        root=str(path.parent),
        font_paths=[str(settings.VAR / FONTS)],
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
    )
