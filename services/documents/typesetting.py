"""From data to PDF with typst: no network, no system fonts, the same bytes for the same data."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings

FONT = "NotoSansSC*"


class TemplateMissing(LookupError):
    """No installed room holds this template."""


class FontsMissing(RuntimeError):
    """The folder of the setting ``FONTS_DIR`` has no Chinese font: every name on the paper would be an empty box."""


@cache
def template_path(name: str) -> Path:
    """Where ``room/file.typ`` lies: in the folder ``typst`` of the room. Raises TemplateMissing."""
    label, _separator, file = name.partition("/")
    path = Path(apps.get_app_config(label).path) / "typst" / file
    if not path.is_file():
        raise TemplateMissing(name)
    return path


def typeset(template: str, data: dict[str, Any], *, at: datetime) -> bytes:
    """Set ``data`` with ``template``. The template reads it by ``json(bytes(sys.inputs.data))``.

    ``at`` is the moment that the file itself names; the clock of the machine never shows. Raises TemplateMissing,
    FontsMissing.
    """
    # Only whoever prints loads it: most processes never do.
    import typst

    path = template_path(template)
    fonts = Path(settings.FONTS_DIR)
    if not any(fonts.glob(FONT)):
        raise FontsMissing(f"no {FONT} in {fonts}")
    return typst.compile(
        str(path),
        root=str(path.parent),
        font_paths=[str(fonts)],
        ignore_system_fonts=True,
        timestamp=int(at.timestamp()),
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
    )
