"""The lists of the day as data: written once as starter content, changed by the tenant, version by version."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from kernel import audit, clock, parameters, registry
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from services.shift.models import Checklist, ChecklistVersion
from services.sites.models import Site

# Parameters that an item may name in braces; the day's list says their value.
VARIABLES = ("opening_prep_minutes", "blank_records_min")
_WALL = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)


@action(permission="shift.manage")
def ensure_checklist(
    *,
    by: Actor,
    key: str,
    purpose: str,
    title_zh: str,
    title_en: str,
    items: Iterable[Mapping[str, Any]],
    vertical: str = "",
    order: int = 0,
) -> Checklist:
    """The list ``key`` of a line of business, with its first version if it is missing (starter content). One that exists
    stays as the tenant left it. Raises RuleRefused as ``write_checklist`` does."""
    found = Checklist.objects.filter(key=key, vertical=vertical).first()
    if found is not None:
        return found
    created = Checklist.objects.create(
        key=key, purpose=purpose, vertical=vertical, title_zh=title_zh, title_en=title_en, order=order
    )
    _add_version(by, created, items)
    return created


@action(permission="shift.manage")
def write_checklist(
    *,
    by: Actor,
    checklist: Checklist,
    items: Iterable[Mapping[str, Any]],
    is_active: bool = True,
    version: int | None = None,
) -> Checklist:
    """Give a list new items; they count from the next day that is planned, and days before keep theirs (GV-006).

    Raises RuleRefused (``items_missing``, ``time_unknown``), Conflict (``checklist_changed``) when somebody else wrote
    it since ``version`` was read.
    """
    checklist = Checklist.objects.select_for_update().get(pk=checklist.pk)
    if version is not None and version != checklist.version:
        raise Conflict("checklist_changed", _("Somebody else has changed this list. Read it again first."))
    _add_version(by, checklist, items)
    checklist.is_active = is_active
    checklist.bump({"is_active"})
    return checklist


def newest_versions() -> list[ChecklistVersion]:
    """The newest version of each list in use for the lines of business of the tenant, in the order of the lists."""
    lines = ["", *(one.key for one in registry.active_verticals())]
    rows = ChecklistVersion.objects.filter(checklist__is_active=True, checklist__vertical__in=lines)
    newest = rows.select_related("checklist").order_by("checklist_id", "-number").distinct("checklist_id")
    return sorted(newest, key=lambda row: (row.checklist.order, row.checklist.key))


def filled(text: str, site: Site) -> str:
    """An item with the values of the parameters that it names."""
    for name in VARIABLES:
        if f"{{{name}}}" in text:
            text = text.replace(f"{{{name}}}", str(parameters.value(name, site=site)))
    return text


def _add_version(by: Actor, checklist: Checklist, items: Iterable[Mapping[str, Any]]) -> None:
    kept = _read(items)
    if not kept:
        raise RuleRefused("items_missing", _("A list has at least one item."))
    last = checklist.versions.aggregate(last=Max("number"))["last"] or 0
    written = ChecklistVersion.objects.create(
        checklist=checklist, number=last + 1, items=kept, written_at=clock.now(), written_by_name=by.name
    )
    audit.record(by=by, verb="shift.checklist_written", target=written, key=checklist.key, number=written.number)


def _read(items: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    taken = {str(item.get("key") or "") for item in items}
    for item in items:
        text = str(item.get("zh") or "").strip()[:200]
        if not text:
            continue
        due = str(item.get("due") or "").strip()
        if due and not _WALL.fullmatch(due):
            sentence = _("A time of day is needed, such as 16:30.")
            raise RuleRefused("time_unknown", sentence, fields={"due": [sentence]})
        key = str(item.get("key") or "") or _free_key(taken)
        taken.add(key)
        kept.append(
            {
                "key": key,
                "zh": text,
                "en": str(item.get("en") or "").strip()[:200],
                "mandatory": bool(item.get("mandatory", True)),
                "due": due,
                "roles": list(item.get("roles") or ()),
            }
        )
    return kept


def _free_key(taken: set[str]) -> str:
    """A key for an item that the tenant wrote itself."""
    number = 1
    while f"own-{number}" in taken:
        number += 1
    return f"own-{number}"
