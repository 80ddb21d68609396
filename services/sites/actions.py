"""Writing sites: legal entities, branches, their hours, rooms and chairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _

from kernel import audit, clock
from kernel.actions import action
from kernel.calendars import Span, WeeklyHours
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from services.sites.locking import lock_version
from services.sites.models import Chair, LegalEntity, OpeningException, OpeningHours, Room, Site, SiteEntity
from tenants.entitlements.actions import take_seat

ENTITY_FIELDS = (
    "name", "tax_number", "licence_number", "address", "phone",
    "bank_name", "bank_account", "seal_text", "message_signature",
)  # fmt: skip
SITE_FIELDS = ("name", "short_name", "city", "address", "phone", "time_zone", "order", "is_active")


@action(permission="sites.manage")
def create_entity(*, by: Actor, name: str, **fields: Any) -> LegalEntity:
    """Add a legal entity. ``fields`` are those of ``ENTITY_FIELDS``.

    Raises Conflict (``entity_exists``), TypeError for unknown fields.
    """
    _only(fields, ENTITY_FIELDS)
    if LegalEntity.objects.filter(name=name).exists():
        raise _taken("entity_exists", _("There is a legal entity of this name."))
    entity = LegalEntity(name=name, **fields)
    entity.full_clean(validate_unique=False)
    entity.save()
    audit.record(by=by, verb="sites.entity_created", target=entity)
    return entity


@action(permission="sites.manage")
def update_entity(*, by: Actor, entity: LegalEntity, version: int | None = None, **changes: Any) -> LegalEntity:
    """Change a legal entity; what was printed keeps what it said.

    Raises StaleVersion, Conflict (``entity_exists``).
    """
    _only(changes, ENTITY_FIELDS)
    entity = lock_version(entity, version)
    name = changes.get("name", entity.name)
    if LegalEntity.objects.filter(name=name).exclude(pk=entity.pk).exists():
        raise _taken("entity_exists", _("There is a legal entity of this name."))
    changed = _apply(entity, changes)
    audit.record(by=by, verb="sites.entity_changed", target=entity, fields=changed)
    return entity


@action(permission="sites.manage")
def create_site(
    *,
    by: Actor,
    slug: str,
    name: str,
    short_name: str,
    city: str,
    entity: LegalEntity,
    hours: WeeklyHours | None = None,
    **fields: Any,
) -> Site:
    """Open a branch under ``entity`` from today on.

    Raises Conflict: ``site_exists`` when name or short address is taken, ``site_limit_reached`` when the plan holds no
    further site (PL-005).
    """
    _only(fields, SITE_FIELDS)
    for field, value in (("slug", slug), ("name", name)):
        if Site.objects.filter(**{field: value}).exists():
            raise _taken("site_exists", _("There is already such a site."), field)
    if fields.get("is_active", True):
        take_seat(by=by, meter="sites")
    site = Site(slug=slug, name=name, short_name=short_name, city=city, entity=entity, **fields)
    site.full_clean(validate_unique=False)
    site.save()
    SiteEntity.objects.create(site=site, entity=entity, starts_on=clock.today(site.timezone))
    if hours is not None:
        _write_hours(site, hours)
    audit.record(by=by, verb="sites.created", target=site, site=site.code)
    return site


@action(permission="sites.manage")
def update_site(
    *, by: Actor, site: Site, version: int | None = None, entity: LegalEntity | None = None, **changes: Any
) -> Site:
    """Change a branch. Another ``entity`` stands behind it from today on; documents of earlier days keep theirs.

    Raises StaleVersion, Conflict (``site_exists``, ``site_limit_reached`` for opening a closed one beyond the plan),
    RuleRefused (``last_site``) for closing the only one.
    """
    _only(changes, SITE_FIELDS)
    site = lock_version(site, version)
    if Site.objects.filter(name=changes.get("name", site.name)).exclude(pk=site.pk).exists():
        raise _taken("site_exists", _("There is already such a site."))
    closes = changes.get("is_active") is False and site.is_active
    if closes and not Site.objects.filter(is_active=True).exclude(pk=site.pk).exists():
        raise RuleRefused("last_site", _("The only site stays in operation. Open another one first."))
    if changes.get("is_active") and not site.is_active:
        take_seat(by=by, meter="sites")
    if entity is not None and entity.pk != site.entity_id:
        _move_to_entity(site, entity)
        changes["entity"] = entity
    changed = _apply(site, changes)
    audit.record(by=by, verb="sites.changed", target=site, site=site.code, fields=changed)
    return site


@action(permission="sites.manage")
def set_opening_hours(*, by: Actor, site: Site, hours: WeeklyHours, version: int | None = None) -> Site:
    """Replace the week of ``site`` by that of ``hours`` (its exceptions are rows of their own and stay).

    Raises StaleVersion.
    """
    site = lock_version(site, version)
    site.hours.all().delete()
    _write_hours(site, hours)
    site.bump(fields=())
    audit.record(by=by, verb="sites.hours_set", target=site, site=site.code, week=hours.to_json())
    return site


@action(permission="sites.manage")
def set_exception(
    *, by: Actor, site: Site, day: date, spans: Sequence[Span], reason: str, until: date | None = None
) -> list[OpeningException]:
    """Close ``site`` on ``day`` (no ``spans``) or open it at other hours, for each day up to ``until``.

    Raises RuleRefused (``day_in_the_past``, ``too_many_days``, ``spans_overlap``).
    """
    last = until or day
    if day < clock.today(site.timezone):
        over = _("A day that is over cannot be changed.")
        raise RuleRefused("day_in_the_past", over, fields={"day": [over]})
    if not 0 <= (last - day).days < 62:
        span = _("Choose a last day within two months after the first.")
        raise RuleRefused("too_many_days", span, fields={"until": [span]})
    try:
        checked = WeeklyHours(exceptions={day: tuple(spans)}).on(day)
    except ValueError as error:
        raise RuleRefused("spans_overlap", _("The open times of one day must not overlap.")) from error
    plain = [str(span).split("-") for span in checked]
    rows = []
    for offset in range((last - day).days + 1):
        row, _created = OpeningException.objects.update_or_create(
            site=site, day=day + timedelta(days=offset), defaults={"spans": plain, "reason": reason}
        )
        rows.append(row)
    audit.record(by=by, verb="sites.exception_set", target=site, site=site.code, day=day, until=last, spans=plain)
    return rows


@action(permission="sites.manage")
def remove_exception(*, by: Actor, site: Site, day: date) -> None:
    """Let ``day`` be as its weekday again. Nothing happens when it already is."""
    removed, _by_model = OpeningException.objects.filter(site=site, day=day).delete()
    if removed:
        audit.record(by=by, verb="sites.exception_removed", target=site, site=site.code, day=day)


@action(permission="sites.manage")
def create_room(*, by: Actor, site: Site, number: str, name: str, order: int | None = None) -> Room:
    """Add a room with one chair of the same name, because a room is one chair unless it declares more.

    Raises Conflict (``room_exists``).
    """
    if Room.objects.filter(site=site, number=number).exists():
        raise _taken("room_exists", _("This site has a room of that number."), "number")
    room = Room(site=site, number=number, name=name, order=_order_of(number) if order is None else order)
    room.full_clean(validate_unique=False)
    room.save()
    Chair.objects.create(site=site, room=room, name=name)
    audit.record(by=by, verb="sites.room_created", target=room, site=site.code)
    return room


@action(permission="sites.manage")
def update_room(*, by: Actor, room: Room, version: int | None = None, **changes: Any) -> Room:
    """Change ``name``, ``order`` or ``is_active`` of a room. Its only chair follows the name while both are the same.

    Raises StaleVersion.
    """
    _only(changes, ("name", "order", "is_active"))
    room = lock_version(room, version)
    chairs = list(room.chairs.select_for_update())
    if len(chairs) == 1 and chairs[0].name == room.name and changes.get("name"):
        _apply(chairs[0], {"name": changes["name"]})
    changed = _apply(room, changes)
    audit.record(by=by, verb="sites.room_changed", target=room, site=room.site.code, fields=changed)
    return room


@action(permission="sites.manage")
def add_chair(*, by: Actor, room: Room, name: str) -> Chair:
    """Declare one more chair in ``room``, after those it has. Raises Conflict (``chair_exists``)."""
    _free_chair_name(room, name)
    chair = Chair(site=room.site, room=room, name=name, order=room.chairs.count())
    chair.full_clean(validate_unique=False)
    chair.save()
    audit.record(by=by, verb="sites.chair_added", target=chair, site=room.site.code)
    return chair


@action(permission="sites.manage")
def update_chair(*, by: Actor, chair: Chair, version: int | None = None, **changes: Any) -> Chair:
    """Change ``name``, ``order`` or ``is_active`` of a chair. A closed chair takes no new booking.

    Raises StaleVersion, Conflict (``chair_exists``), RuleRefused (``last_chair``) while its room is in use.
    """
    _only(changes, ("name", "order", "is_active"))
    chair = lock_version(chair, version)
    if "name" in changes:
        _free_chair_name(chair.room, changes["name"], besides=chair)
    closes = changes.get("is_active") is False and chair.is_active and chair.room.is_active
    if closes and not chair.room.chairs.filter(is_active=True).exclude(pk=chair.pk).exists():
        raise RuleRefused("last_chair", _("A room in use has at least one chair. Close the room instead."))
    changed = _apply(chair, changes)
    audit.record(by=by, verb="sites.chair_changed", target=chair, site=chair.site.code, fields=changed)
    return chair


def _free_chair_name(room: Room, name: str, besides: Chair | None = None) -> None:
    others = room.chairs.filter(name=name)
    if besides is not None:
        others = others.exclude(pk=besides.pk)
    if others.exists():
        raise _taken("chair_exists", _("This room has a chair of that name."))


def _taken(code: str, message: str, field: str = "name") -> Conflict:
    return Conflict(code, message, fields={field: [message]})


def _only(given: Mapping[str, Any], allowed: Sequence[str]) -> None:
    unknown = set(given) - set(allowed)
    if unknown:
        raise TypeError(f"no such field: {', '.join(sorted(unknown))}")


def _apply(row: Model, changes: Mapping[str, Any]) -> list[str]:
    """Write what differs as the next version; the names of the fields that changed."""
    changed = [field for field, value in changes.items() if getattr(row, field) != value]
    for field in changed:
        setattr(row, field, changes[field])
    if changed:
        row.clean_fields(exclude=[item.name for item in row._meta.fields if item.name not in changed])
        row.bump(changed)  # type: ignore[attr-defined]
    return changed


def _write_hours(site: Site, hours: WeeklyHours) -> None:
    OpeningHours.objects.bulk_create(
        OpeningHours(site=site, weekday=weekday, opens=span.start, closes=span.end)
        for weekday, spans in enumerate(hours.week)
        for span in spans
    )


def _move_to_entity(site: Site, entity: LegalEntity) -> None:
    """From today on ``entity`` stands behind the site; one that began today is replaced, not ended before it began."""
    today = clock.today(site.timezone)
    site.entities.filter(starts_on__gte=today).delete()
    site.entities.filter(ends_on__isnull=True).update(ends_on=today - timedelta(days=1))
    SiteEntity.objects.create(site=site, entity=entity, starts_on=today)


def _order_of(number: str) -> int:
    """Rooms stand in the order of their numbers: 2 before 10; what is no number comes after them."""
    digits = "".join(character for character in number if character.isdigit())
    return min(int(digits), 30_000) if digits else 30_000
