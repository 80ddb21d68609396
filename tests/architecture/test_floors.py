"""What no import graph sees: keys that point up, names of verticals below them, tables in two places."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models

from kernel import registry

ROOT = Path(settings.ROOT)
FLOORS = ["kernel", "tenants", "services", "vertical"]
BELOW_VERTICALS = ("platform/kernel", "tenants", "services")
# English words that are also keys of verticals would make this check cry wolf; each key here is distinctive enough.
SPELLED = re.compile(r"\b(dental|dermatology|aesthetics|escort)\b")
# What both schemas hold: bookkeeping of migrations only.
IN_BOTH_SCHEMAS = {"django_migrations"}


def floor_of(app_name: str) -> int | None:
    """The floor of an app; None for Django's and other libraries' own."""
    head = app_name.split(".")[0]
    if head in settings.ALL_VERTICALS:
        return FLOORS.index("vertical")
    return FLOORS.index(head) if head in FLOORS else None


def our_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if floor_of(model._meta.app_config.name) is not None]


def test_foreign_keys_point_down() -> None:
    """A key from a lower floor to a higher one would make the lower one impossible without it."""
    upward = []
    for model in our_models():
        mine = floor_of(model._meta.app_config.name)
        for field in model._meta.get_fields():
            if field.is_relation and field.concrete and field.related_model is not None:
                theirs = floor_of(field.related_model._meta.app_config.name)
                if theirs is not None and theirs > mine:
                    upward.append(f"{model._meta.label}.{field.name}")
    assert upward == []


def test_verticals_are_strangers_to_each_other() -> None:
    """No key leads from one vertical to another."""
    crossing = []
    for model in our_models():
        mine = model._meta.app_config.name.split(".")[0]
        if mine not in settings.ALL_VERTICALS:
            continue
        for field in model._meta.get_fields():
            if field.is_relation and field.concrete and field.related_model is not None:
                theirs = field.related_model._meta.app_config.name.split(".")[0]
                if theirs in settings.ALL_VERTICALS and theirs != mine:
                    crossing.append(f"{model._meta.label}.{field.name}")
    assert crossing == []


def test_a_vertical_leaves_no_mark_on_shared_models() -> None:
    """A reverse accessor on a shared model (``patient.dental_…``) would know the vertical."""
    marks = []
    for model in our_models():
        if model._meta.app_config.name.split(".")[0] not in settings.ALL_VERTICALS:
            continue
        for field in model._meta.get_fields():
            if not (field.is_relation and field.concrete) or field.related_model is None:
                continue
            down = field.related_model._meta.app_config.name.split(".")[0] not in settings.ALL_VERTICALS
            if down and not (field.remote_field.related_name or "").endswith("+"):
                marks.append(f"{model._meta.label}.{field.name}")
    assert marks == []


@pytest.mark.parametrize("folder", BELOW_VERTICALS)
def test_no_lower_floor_spells_a_vertical(folder: str) -> None:
    """Kernel, tenants and services work with whatever verticals there are."""
    found = []
    for path in (ROOT / folder).rglob("*"):
        if path.suffix not in {".py", ".html", ".json", ".txt", ".typ"} or "__pycache__" in path.parts:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if SPELLED.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert found == []


def test_no_table_stands_in_public_and_in_tenant_schemas() -> None:
    """A table missing from a tenant schema must never be answered by one of the same name in public."""
    shared = {m._meta.db_table for m in apps.get_models() if m._meta.app_config.name in settings.SHARED_APPS}
    own = {m._meta.db_table for m in apps.get_models() if m._meta.app_config.name in settings.TENANT_APPS}
    assert (shared & own) - IN_BOTH_SCHEMAS == set()


def test_installed_verticals_are_those_of_the_settings() -> None:
    """An AppConfig that Django silently replaced by a plain one would be a vertical that contributes nothing."""
    assert sorted(registry.verticals()) == sorted(settings.VERTICALS)


def test_every_grant_names_a_declared_word() -> None:
    """A misspelled word in ``role_grants`` would be a right that nobody has."""
    declared = registry.all_permissions()
    unknown = {
        f"{room.key}: {word}"
        for room in registry.rooms()
        for words in [*room.role_grants.values(), *(role.words for role in room.roles)]
        for word in words
        if word not in declared
    }
    assert unknown == set()


def test_every_dotted_path_of_a_room_leads_somewhere() -> None:
    """What a room declares by name is imported when it is needed, which may be at night."""
    from django.utils.module_loading import import_string

    broken = []
    for room in registry.rooms():
        paths = [kpi.compute for kpi in room.kpis]
        paths += [path for handlers in room.handlers.values() for path in handlers]
        paths += list(room.timers.values()) + [daily.handler for daily in room.daily.values()]
        paths += list(room.machines) + list(room.search) + list(room.seeds)
        paths += [path for slot in room.slots.values() for path in slot]
        paths += [item.badge for item in room.nav if item.badge]
        for path in paths:
            try:
                import_string(path)
            except ImportError as error:
                broken.append(f"{room.key}: {path}: {error}")
    assert broken == []
