"""What differs between lines of business: categories, remedies, who receives, whether a team investigates (X1, CP-007).

A line of business answers in its slot ``complaints.ways`` with one ``Ways`` of its own; what all share stands here.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel import parameters, registry
from services.sites.models import Site

SLOT = "complaints.ways"
# The four main categories of every statistic.
MAIN: dict[str, str | Promise] = {
    "quality": pgettext_lazy("complaint", "medical quality"),
    "price": pgettext_lazy("complaint", "price"),
    "attitude": pgettext_lazy("complaint", "service attitude"),
    "other": pgettext_lazy("complaint", "other"),
}


@dataclass(frozen=True, slots=True)
class Category:
    """A reason to complain, under one of the main categories."""

    key: str
    label: str | Promise
    main: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """The manner of one line of business. ``reply_hours`` counts where the tenant has set no hours of its own; ``roles``
    receive what the matrix routes, beside whom the matrix names."""

    vertical: str = ""
    categories: tuple[Category, ...] = ()
    remedies: tuple[tuple[str, str | Promise], ...] = ()
    requires_team: bool = False
    reply_hours: int | None = None
    roles: tuple[str, ...] = ()


GENERAL = Ways(
    categories=(
        Category("treatment", pgettext_lazy("complaint", "treatment or its result"), "quality"),
        Category("original_declined", pgettext_lazy("complaint", "declines the original doctor"), "quality"),
        Category("doctor_change", pgettext_lazy("complaint", "wants another doctor"), "attitude"),
        Category("attitude", pgettext_lazy("complaint", "attitude of the staff"), "attitude"),
        Category("price", pgettext_lazy("complaint", "price or charges"), "price"),
        Category("wait", pgettext_lazy("complaint", "waiting time"), "other"),
        Category("environment", pgettext_lazy("complaint", "environment"), "other"),
        Category("privacy", pgettext_lazy("complaint", "privacy"), "other"),
        Category("other", pgettext_lazy("complaint", "something else"), "other"),
    ),
    remedies=(
        ("explanation", pgettext_lazy("remedy", "explanation")),
        ("apology", pgettext_lazy("remedy", "apology")),
        ("free_examination", pgettext_lazy("remedy", "free examination")),
        ("adjusted_plan", pgettext_lazy("remedy", "adjusted treatment plan")),
        ("redo", pgettext_lazy("remedy", "free redo")),
        ("improved_service", pgettext_lazy("remedy", "improved service")),
        ("compensation", pgettext_lazy("remedy", "compensation")),
        ("other", pgettext_lazy("remedy", "something else")),
    ),
)


def ways() -> dict[str, Ways]:
    """The ways of the active lines of business by their key."""
    return {
        found.vertical: found
        for room in registry.active_rooms()
        for path in room.slots.get(SLOT, ())
        for found in (import_string(path),)
    }


def categories() -> dict[str, Category]:
    """Every category of the active rooms by key: the shared ones and those of each line of business."""
    shared = {one.key: one for one in GENERAL.categories}
    return shared | {one.key: one for found in ways().values() for one in found.categories}


def category_label(key: str) -> str | Promise:
    """What people call a category; its key where no active room knows it."""
    found = categories().get(key)
    return found.label if found is not None else key


def remedies() -> dict[str, str | Promise]:
    """Every kind of remedy of the active rooms with its label."""
    return dict(GENERAL.remedies) | {key: label for found in ways().values() for key, label in found.remedies}


def way_of(vertical: str) -> Ways:
    """The ways of a line of business; the shared ones where it has none."""
    return ways().get(vertical, GENERAL)


def reply_hours(site: Site, vertical: str) -> int:
    """Within how many hours a complaint is answered (CP-003): the parameter as it is set, else what the line of business
    says, else the default."""
    found = parameters.resolve("complaint_reply_hours", site=site, vertical=vertical or None)
    own = way_of(vertical).reply_hours
    return int(own if found.source is None and own is not None else found.value)


def own_remedies(site: Site) -> frozenset[str]:
    """The remedies that a handler may offer without asking (CP-009)."""
    return frozenset(parameters.value("complaint_own_remedies", site=site))


UNKNOWN_CATEGORY = _("Choose what the complaint is about.")
