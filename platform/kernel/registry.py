"""What each room and vertical contributes, and what the current tenant has switched on.

A room declares itself once, as a frozen value in ``room.py`` (a vertical in ``vertical.py``). Nothing registers itself at
import: the installed apps are the registry, so tests can swap them and no order matters. Engines loop over
``active_rooms()`` at call time; a vertical that is off therefore contributes nothing anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar, Final, Literal

from django.apps import AppConfig, apps
from django.utils.functional import Promise, cached_property
from django.utils.module_loading import import_string

from kernel import tenancy
from kernel.tenancy import TenantContext

Text = str | Promise


class _Unset:
    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final[Any] = _Unset()


STEERING_ORDER = 800


@dataclass(frozen=True, slots=True, kw_only=True)
class NavItem:
    """An entry of the rail. ``badge`` is a dotted callable ``(request) -> int`` counting what is due or overdue.

    ``home_for`` names the roles whose day begins here; everybody else begins at their first entry. ``daily_for`` names
    the roles that work here all day: for them the entry stands on top. From ``STEERING_ORDER`` on, entries are read or
    set now and then (prices, rules, people) and stand last.
    """

    key: str
    label: Text
    url_name: str
    permission: str
    icon: str
    order: int
    badge: str | None = None
    families: frozenset[str] | None = None
    home_for: tuple[str, ...] = ()
    daily_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """A typed parameter of the ledger (13). ``literal`` is the manual's wording, ``default`` what a new tenant gets.

    ``tightens`` says in which direction a lock of a higher scope may be moved by a lower one.
    """

    key: str
    kind: Literal["int", "decimal", "bool", "text", "minutes", "days", "time", "choice", "list", "table"]
    default: Any
    label: Text
    literal: Any = UNSET
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    tightens: Literal["lower", "higher"] | None = None
    ledger: tuple[str, ...] = ()

    def base(self, profile: str) -> Any:
        """The value a tenant of this profile has before anybody set one."""
        return self.literal if profile == "literal" and self.literal is not UNSET else self.default


@dataclass(frozen=True, slots=True)
class Fact:
    """What was measured for one site and day. ``denominator`` is None for plain counts and sums."""

    numerator: int
    denominator: int | None = None
    n: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi:
    """A versioned definition. ``compute`` is a dotted callable ``(site, day) -> Fact | None`` (None: nothing measured)."""

    key: str
    label: Text
    unit: Literal["count", "percent", "minutes", "fen"]
    version: int
    compute: str
    definition: Text
    order: int
    direction: Literal["up", "down"] | None = None
    aggregate: Literal["sum", "ratio", "mean", "last"] = "sum"
    clause: str = ""
    sensitive: bool = False
    group: Text = ""
    limit: str | None = None
    # The kinds of tenant that have such a thing at all; empty: every one.
    kinds: tuple[str, ...] = ()
    # The figure that counts what this one leaves out, told beside it.
    excluded_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Daily:
    """Work that is due once a day at a site-local time of the tenant, ``at`` as "HH:MM"."""

    at: str
    handler: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A gate and its class (ledger 17 G). ``overridable_by`` holds role slugs; empty means it is cured, not overridden."""

    key: str
    label: Text
    gate_class: Literal["law", "money", "process", "nudge"]
    overridable_by: tuple[str, ...] = ()
    ledger: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpRule:
    """Trigger plus offsets: each offset is days or months after the trigger ("D7", "M6", "D0" = the same day).

    ``items``: only after these catalogue keys. ``steps`` must be ticked and ``questions`` answered before a reached patient's
    result is stored; ``education`` is what is told when all is well. A ``promotional`` call rests while the patient has opted
    out or complains; one that ``supersedes`` withdraws what is undone of its earlier plans for the same patient. One that
    ``asks_satisfaction`` has no result without it; ``problems_to`` are the roles that get what went wrong.
    """

    key: str
    label: Text
    trigger: str
    offsets: tuple[str, ...]
    assignee_roles: tuple[str, ...]
    script: str = ""
    working_days: bool = True
    ledger: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    steps: tuple[tuple[str, Text], ...] = ()
    questions: tuple[tuple[str, Text], ...] = ()
    education: str = ""
    promotional: bool = False
    supersedes: bool = False
    asks_satisfaction: bool = False
    problems_to: tuple[str, ...] = ("doctor",)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSpec:
    """A role as data: it is written into each tenant and may be edited there."""

    slug: str
    label: Text
    requires_mfa: bool = False
    words: tuple[str, ...] = ()
    families: frozenset[str] = frozenset({"business"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantKind:
    """A kind of tenant. ``family`` decides which rooms it has; ``home`` is the URL name of its first screen."""

    key: str
    family: str
    label: Text
    home: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Everything a room contributes to the product.

    ``role_grants`` maps role slugs to words; the slug "*" stands for every role of the family.
    """

    key: str
    label: Text
    families: frozenset[str] = frozenset({"business"})
    urls: str | None = None
    api_urls: str | None = None
    mount: str | None = None
    nav: tuple[NavItem, ...] = ()
    permissions: Mapping[str, Text] = field(default_factory=dict)
    role_grants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    roles: tuple[RoleSpec, ...] = ()
    kinds: tuple[TenantKind, ...] = ()
    parameters: tuple[Param, ...] = ()
    kpis: tuple[Kpi, ...] = ()
    handlers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    timers: Mapping[str, str] = field(default_factory=dict)
    daily: Mapping[str, Daily] = field(default_factory=dict)
    machines: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    slots: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    gates: tuple[Gate, ...] = ()
    followups: tuple[FollowUpRule, ...] = ()
    seeds: tuple[str, ...] = ()
    always_open: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """Where its pages are mounted, without slashes ("" for the root)."""
        return self.key if self.mount is None else self.mount


@dataclass(frozen=True, slots=True, kw_only=True)
class Vertical(Room):
    """A line of business: a room that a tenant switches on. ``visit_word`` is its own word for a visit."""

    colour: str
    visit_word: Text
    short: Text = ""
    seat_word: Text = ""
    meters: tuple[str, ...] = ()


class RoomConfig(AppConfig):
    """AppConfig of a room: its declaration lives in ``<app>.room.ROOM``."""

    declaration: ClassVar[str] = "room.ROOM"
    default = False  # Django would silently prefer a plain AppConfig if it saw two candidates in apps.py
    default_auto_field = "django.db.models.BigAutoField"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.default = not cls.__dict__.get("abstract", False)

    @cached_property
    def room(self) -> Room:
        return import_string(f"{self.name}.{self.declaration}")


class VerticalConfig(RoomConfig):
    """AppConfig of a vertical: its declaration lives in ``<app>.vertical.VERTICAL``."""

    declaration: ClassVar[str] = "vertical.VERTICAL"
    abstract = True


class PlainConfig(AppConfig):
    """AppConfig of a kernel app that contributes nothing by itself."""

    default = False
    default_auto_field = "django.db.models.BigAutoField"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.default = True


def rooms() -> tuple[Room, ...]:
    """Every room of this build, verticals included, in the order of the installed apps."""
    return tuple(config.room for config in apps.get_app_configs() if isinstance(config, RoomConfig))


def verticals() -> dict[str, Vertical]:
    """The verticals that this build contains."""
    return {room.key: room for room in rooms() if isinstance(room, Vertical)}


@cache
def rooms_for(family: str, vertical_keys: frozenset[str]) -> tuple[Room, ...]:
    """The rooms that a tenant of ``family`` with these verticals has."""
    return tuple(
        room
        for room in rooms()
        if family in room.families and (not isinstance(room, Vertical) or room.key in vertical_keys)
    )


def active_rooms(tenant: TenantContext | None = None) -> tuple[Room, ...]:
    """The rooms of ``tenant`` (the current one by default). Raises NoTenant outside of any."""
    tenant = tenant or tenancy.current()
    return rooms_for(tenant.family, tenant.verticals)


def active_verticals(tenant: TenantContext | None = None) -> tuple[Vertical, ...]:
    """The verticals that ``tenant`` has switched on."""
    return tuple(room for room in active_rooms(tenant) if isinstance(room, Vertical))


def kinds() -> dict[str, TenantKind]:
    """All kinds of tenant; a vertical may declare one of its own."""
    return {kind.key: kind for room in rooms() for kind in room.kinds}


def kind(key: str) -> TenantKind:
    """One kind. Raises KeyError for an unknown key."""
    return kinds()[key]


def permissions(tenant: TenantContext | None = None) -> dict[str, Text]:
    """The permission words that exist for ``tenant`` and what they mean."""
    return {word: label for room in active_rooms(tenant) for word, label in room.permissions.items()}


@cache
def all_permissions() -> dict[str, Text]:
    """Every permission word of this build."""
    return {word: label for room in rooms() for word, label in room.permissions.items()}


@cache
def parameters() -> dict[str, Param]:
    """Every parameter of this build by key."""
    return {param.key: param for room in rooms() for param in room.parameters}


def parameter(key: str) -> Param:
    """One parameter's definition. Raises KeyError for an unknown key."""
    return parameters()[key]


@cache
def _owner_of(attribute: str) -> dict[str, Room]:
    return {name: room for room in rooms() for name in getattr(room, attribute)}


def owner(attribute: Literal["timers", "handlers", "daily"], name: str) -> Room | None:
    """The room that declared a timer kind, an event type or a daily job."""
    return _owner_of(attribute).get(name)


def seed_callables(room: Room) -> tuple[Any, ...]:
    """The starter-content loaders of a room."""
    return tuple(import_string(path) for path in room.seeds)


def clear_caches() -> None:
    """Forget what was read from the installed apps (tests that swap them)."""
    for cached in (rooms_for, all_permissions, parameters, _owner_of):
        cached.cache_clear()
