"""What the frame around every page shows: navigation, site, language, clock, strips. Lazy, once per request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import translation
from django.utils.functional import Promise, cached_property
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from kernel import clock, registry, tenancy
from kernel.context import ANONYMOUS, Actor
from kernel.registry import NavItem, Vertical
from kernel.tenancy import TenantContext
from kernel.web import formatting
from kernel.web.slots import slot_items
from kernel.web.views import site_code
from kernel.web.words import browser_words

Text = str | Promise
HORIZONTAL_FAMILIES = frozenset({"headquarters", "platform"})
RAIL_PLACES = 12
"""As many entries as a rail shows on a low screen (13 fit at 768 px); with more, the last place opens all rooms."""
BADGE_LIMIT = 99
LANGUAGE_NAMES = {"zh-hans": "简体中文", "zh-hant": "繁體中文", "en": "English"}
LANGUAGE_TAGS = {"zh-hans": "zh-Hans", "zh-hant": "zh-Hant", "en": "en"}


@cache
def _callable(path: str) -> Callable[..., Any]:
    return import_string(path)


@dataclass(frozen=True, slots=True)
class NavEntry:
    """An entry as it is drawn. ``badge`` counts what is overdue or due today, never what is new. ``part`` is 0 for the
    daily work of this person's roles, 1 for further work, 2 for what is set or read now and then."""

    key: str
    label: Text
    url: str
    icon: str
    current: bool
    badge: int
    part: int = 0

    @property
    def badge_text(self) -> str:
        """The number as it fits beside an icon."""
        return f"{BADGE_LIMIT}+" if self.badge > BADGE_LIMIT else str(self.badge)


@dataclass(frozen=True, slots=True)
class NavPart:
    """Entries under one heading."""

    label: Text
    entries: list[NavEntry]


@dataclass(frozen=True, slots=True)
class LanguageChoice:
    """A language of the switch, named in itself."""

    code: str
    tag: str
    name: str
    current: bool


class Shell:
    """Everything ``base.html`` asks for. Templates read attributes; nothing is computed for a partial."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def tenant(self) -> TenantContext | None:
        return tenancy.current_or_none()

    @cached_property
    def actor(self) -> Actor:
        actor = getattr(self._request, "actor", None)
        return actor if isinstance(actor, Actor) else ANONYMOUS

    @cached_property
    def signed_in(self) -> bool:
        return self.actor.kind == "user"

    @cached_property
    def horizontal(self) -> bool:
        """Headquarters and platform have few rooms and wide tables: their navigation runs along the top."""
        return self.tenant is not None and self.tenant.family in HORIZONTAL_FAMILIES

    @cached_property
    def nav(self) -> list[NavEntry]:
        """What this person may open here, the daily work first. One badge call per entry, no query of its own."""
        if self.tenant is None or not self.signed_in:
            return []
        entries = []
        for item in _nav_items(self.tenant):
            if not self.actor.can(item.permission):
                continue
            try:
                url = reverse(item.url_name)
            except NoReverseMatch:
                continue
            badge = int(_callable(item.badge)(self._request) or 0) if item.badge else 0
            current, part = item.key == self._current_key, _part_of(item, self.actor.roles)
            entries.append(NavEntry(item.key, item.label, url, item.icon, current, badge, part))
        return sorted(entries, key=lambda entry: entry.part)

    @cached_property
    def rail(self) -> list[NavPart]:
        """The parts that the rail draws, between lines: everything, or the first places and the page's own entry."""
        shown = self.nav
        if len(shown) > RAIL_PLACES:
            first = shown[: RAIL_PLACES - 1]
            here = [entry for entry in shown[RAIL_PLACES - 1 :] if entry.current]
            shown = first[:-1] + here if here else first
        return _in_parts(shown)

    @cached_property
    def rooms(self) -> list[NavPart]:
        """Every entry, by part: what "More" opens."""
        return _in_parts(self.nav)

    @cached_property
    def has_more(self) -> bool:
        """Does the rail show only a part of the rooms?"""
        return len(self.nav) > RAIL_PLACES

    @cached_property
    def _current_key(self) -> str:
        """The entry of this page: the same url name, else the same namespace."""
        match = self._request.resolver_match
        if match is None or self.tenant is None:
            return ""
        wanted = getattr(self._request, "nav_key", "")
        if wanted:
            return str(wanted)
        items = _nav_items(self.tenant)
        for item in items:
            if item.url_name == match.view_name:
                return item.key
        for item in items:
            if match.namespace and item.url_name.rpartition(":")[0] == match.namespace:
                return item.key
        return ""

    @cached_property
    def tabs(self) -> list[NavEntry]:
        """The first entries for the bottom of the phone; the rest is behind "More"."""
        return self.nav[:4]

    @cached_property
    def verticals(self) -> tuple[Vertical, ...]:
        if self.tenant is None or self.horizontal or not self.signed_in:
            return ()
        return registry.active_verticals(self.tenant)

    @cached_property
    def sites(self) -> list[dict[str, Any]]:
        """Sites this person works at: dicts with code, name, and a vertical's key for the thin edge."""
        return slot_items("shell.sites", self._request) if self.signed_in else []

    @cached_property
    def site(self) -> dict[str, Any] | None:
        chosen = str(site_code(self._request) or "")
        return next((site for site in self.sites if str(site["code"]) == chosen), self.sites[0] if self.sites else None)

    @cached_property
    def edge(self) -> str:
        """Colour class of the thin edge before the site's name: its vertical, if there is just one."""
        key = (self.site or {}).get("vertical") or (self.verticals[0].key if len(self.verticals) == 1 else "")
        vertical = registry.verticals().get(key)
        return vertical.colour if vertical else ""

    @cached_property
    def mark(self) -> str:
        """The two characters of the square at the top of the rail."""
        name = self.tenant.name if self.tenant else ""
        return name[:2] if name and ord(name[0]) > 0x2E80 else "".join(word[0] for word in name.split()[:2]).upper()

    @cached_property
    def person_mark(self) -> str:
        """One character for the person's round mark: the family name, or an initial."""
        return self.actor.name[:1].upper()

    @cached_property
    def role(self) -> Text:
        """The post shown beside the name: the first role in the order in which the rooms declare them."""
        for room in registry.rooms():
            for role in room.roles:
                if role.slug in self.actor.roles:
                    return role.label
        return ""

    @cached_property
    def strips(self) -> list[dict[str, Any]]:
        """Lines above the work: demo clock, billing state, and what rooms add."""
        found: list[dict[str, Any]] = []
        state = self.tenant.billing_state if self.tenant else "active"
        if state == "read_only":
            found.append(
                {
                    "tone": "warn",
                    "icon": "lock",
                    "text": _(
                        "Read-only: records can be read, printed and exported."
                        " New entries are closed until the account is settled."
                    ),
                }
            )
        elif state == "suspended":
            found.append(
                {
                    "tone": "late",
                    "icon": "lock",
                    "text": _(
                        "Suspended: daily work is closed."
                        " Reading and exporting records, complaints and warnings stay open."
                    ),
                }
            )
        if getattr(settings, "DEMO", False) and clock.offset():
            found.append(
                {"tone": "info", "icon": "clock", "text": _("Demonstration: the clock stands apart from real time.")}
            )
        if self.signed_in:
            found += slot_items("shell.strips", self._request)
        return found

    @cached_property
    def languages(self) -> list[LanguageChoice]:
        current = translation.get_language()
        return [
            LanguageChoice(code, LANGUAGE_TAGS.get(code, code), LANGUAGE_NAMES.get(code, str(name)), code == current)
            for code, name in settings.LANGUAGES
        ]

    @property
    def language_tag(self) -> str:
        """The ``lang`` of the page."""
        return LANGUAGE_TAGS.get(translation.get_language() or "", translation.get_language() or "en")

    @cached_property
    def now(self) -> Any:
        return clock.now()

    @cached_property
    def zone(self) -> str:
        return formatting.zone_of((self.site or {}).get("timezone")).key

    @cached_property
    def home(self) -> str:
        """First screen of this kind of tenant."""
        if self.tenant is not None:
            try:
                return reverse(registry.kind(self.tenant.kind).home)
            except (KeyError, NoReverseMatch):
                return "/"
        return "/"

    @cached_property
    def search_url(self) -> str:
        """Where the palette asks; empty where no room offers search."""
        for name in ("search:results", "search:index", "search:search"):
            try:
                return reverse(name)
            except NoReverseMatch:
                continue
        return ""

    @cached_property
    def words(self) -> dict[str, str]:
        return browser_words()

    @cached_property
    def demo(self) -> bool:
        return bool(getattr(settings, "DEMO", False))


def _part_of(item: NavItem, roles: frozenset[str]) -> int:
    if roles & set(item.daily_for):
        return 0
    return 1 if item.order < registry.STEERING_ORDER else 2


def _in_parts(entries: list[NavEntry]) -> list[NavPart]:
    labels = (_("Daily work"), _("Further rooms"), _("Set and look up"))
    parts = [NavPart(label, [one for one in entries if one.part == part]) for part, label in enumerate(labels)]
    return [part for part in parts if part.entries]


def _nav_items(tenant: TenantContext) -> tuple[NavItem, ...]:
    found = [
        item
        for room in registry.active_rooms(tenant)
        for item in room.nav
        if item.families is None or tenant.family in item.families
    ]
    return tuple(sorted(found, key=lambda item: item.order))
