"""What a booking must satisfy before it is written: whole units, opening hours, duty, and nobody twice at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext as _

from kernel import clock, parameters
from kernel.busy.selectors import elsewhere
from kernel.errors import Conflict, NotFound, RuleRefused
from kernel.web import formatting
from services.appointments.machine import ACTIVE
from services.appointments.models import Appointment, Block, way_from
from services.appointments.slots import Availability, Window, next_free, unit
from services.catalogue.models import Item
from services.sites.models import Chair, Site
from services.staff.models import StaffMember


@dataclass(frozen=True, slots=True)
class Resources:
    """What a booking holds."""

    doctor: StaffMember
    chair: Chair
    assistant: StaffMember | None = None

    @property
    def people(self) -> list[StaffMember]:
        return [self.doctor] if self.assistant is None else [self.doctor, self.assistant]


def units_for(
    *, site: Site, item: Item | None, units: int | None, minutes: int | None, vertical: str | None = None
) -> int:
    """How many units a booking takes: as asked for, else the usual length of the item, else a routine examination.

    ``minutes`` must be whole units (AP-003). Raises RuleRefused (``duration_not_whole_units``).
    """
    if minutes is not None:
        step = parameters.value("unit_minutes", site=site, vertical=vertical)
        whole, rest = divmod(minutes, step)
        if rest or whole < 1:
            raise RuleRefused(
                "duration_not_whole_units",
                _("A booking takes whole units of %(minutes)s minutes.") % {"minutes": step},
                fields={"minutes": [_("Choose a multiple of %(minutes)s.") % {"minutes": step}]},
                unit_minutes=step,
            )
        return whole
    if units is not None:
        if units < 1:
            raise RuleRefused("duration_not_whole_units", _("A booking takes at least one unit."))
        return units
    if item is not None:
        return item.units
    return parameters.value("exam_units", site=site, vertical=vertical)


def window_for(*, site: Site, starts_at: datetime, units: int, vertical: str | None = None) -> Window:
    """The time of a booking. Raises RuleRefused (``start_not_on_unit``, ``slot_in_the_past``)."""
    step = unit(site, vertical=vertical)
    local = clock.local(starts_at, site.timezone)
    since_midnight = timedelta(
        hours=local.hour, minutes=local.minute, seconds=local.second, microseconds=local.microsecond
    )
    if since_midnight % step:
        raise RuleRefused(
            "start_not_on_unit",
            _("Bookings begin on a full unit of %(minutes)s minutes.") % {"minutes": step // timedelta(minutes=1)},
            fields={"starts_at": [_("Choose a full unit.")]},
        )
    if starts_at + step <= clock.now():
        raise RuleRefused(
            "slot_in_the_past", _("This time has passed."), fields={"starts_at": [_("Choose a later time.")]}
        )
    return Window(starts_at, starts_at + units * step)


def placed(
    *, site: Site, doctor: StaffMember, chair: Chair | None, assistant: StaffMember | None, window: Window
) -> Resources:
    """The resources of a booking, its chair by the roster unless one is named; everybody on duty, the site open.

    Raises RuleRefused (``doctor_not_on_duty``, ``assistant_not_on_duty``, ``outside_opening_hours``, ``chair_missing``,
    ``not_a_doctor``), NotFound (``chair_not_found``) for a chair of another site.
    """
    if not doctor.is_doctor:
        raise RuleRefused("not_a_doctor", _("%(name)s does not treat patients.") % {"name": doctor.name})
    if chair is not None and chair.site_id != site.pk:
        raise NotFound("chair_not_found", _("There is no such chair here."))
    day = clock.local(window.start, site.timezone).date()
    people = [doctor] if assistant is None else [doctor, assistant]
    known = Availability.read(site, day, day, people=people)
    if not known.is_open(window):
        raise RuleRefused(
            "outside_opening_hours",
            _("The site is not open during the whole of this time."),
            fields={"starts_at": [_("Outside the opening hours.")]},
        )
    for person, code in ((doctor, "doctor_not_on_duty"), (assistant, "assistant_not_on_duty")):
        if person is not None and not known.on_duty(person, window):
            raise RuleRefused(
                code,
                _("%(name)s is not on duty here at that time.") % {"name": person.name},
                staff=str(person.code),
            )
    place = chair or known.chair_of(doctor, window)
    if place is None:
        raise RuleRefused(
            "chair_missing",
            _("The roster gives this doctor no chair. Choose one."),
            fields={"chair": [_("Choose a chair.")]},
        )
    return Resources(doctor, place, assistant)


def refuse_taken(*, site: Site, resources: Resources, window: Window, ignore: Appointment | None = None) -> None:
    """Refuse a time at which doctor, chair or assistant is taken, naming which one, until when, and the next gap (AP-006).

    Call it with the resources locked: then nobody can take them between this answer and the write.

    Raises Conflict (``booking_conflict``; ``busy_elsewhere`` where another house of the chain holds the person).
    """
    clash = _clash(resources, window, ignore)
    if clash is not None:
        raise conflict(site=site, resources=resources, window=window, clash=clash, ignore=ignore)
    people = {person.code: person for person in resources.people}
    way = way_from(site)
    for code, start, end in elsewhere(people, window.start, window.end + way):
        raise busy_elsewhere(
            site=site, resources=resources, window=window, ignore=ignore, person=people[code], held=Window(start, end)
        )


def busy_elsewhere(
    *,
    site: Site,
    resources: Resources,
    window: Window,
    person: StaffMember,
    held: Window | None,
    ignore: Appointment | None = None,
) -> Conflict:
    """The refusal of a time that another house holds: when, and the next gap; never what for, or where."""
    clash = Clash(("doctor" if person.pk == resources.doctor.pk else "assistant",), held or window, person.name)
    told = conflict(site=site, resources=resources, window=window, clash=clash, ignore=ignore)
    words = {"reason": told.message, "name": person.name}
    message = _("%(name)s works in another house of the chain at that time. %(reason)s") % words
    return Conflict("busy_elsewhere", message, **told.facts)


@dataclass(frozen=True, slots=True)
class Clash:
    """What stands in the way: the kinds of resource that are taken, and the time that they are taken for."""

    taken: tuple[str, ...]
    window: Window
    name: str


def conflict(
    *,
    site: Site,
    resources: Resources,
    window: Window,
    clash: Clash | None = None,
    ignore: Appointment | None = None,
) -> Conflict:
    """The refusal of an overlap. Without ``clash`` (the database refused) it is looked up."""
    clash = clash or _clash(resources, window, ignore) or Clash(("doctor",), window, resources.doctor.name)
    zone = site.timezone
    following = next_free(
        site=site,
        doctor=resources.doctor,
        chair=resources.chair,
        assistant=resources.assistant,
        length=window.length,
        after=window.start,
        ignore=ignore,
    )
    words = {
        "name": clash.name,
        "start": formatting.hhmm(clash.window.start, zone),
        "end": formatting.hhmm(clash.window.end, zone),
    }
    if following:
        words["next"] = moment(following[0].starts_at, zone)
        message = _("%(name)s is taken from %(start)s to %(end)s. The next gap is %(next)s.") % words
    else:
        message = _("%(name)s is taken from %(start)s to %(end)s, and no gap is left in the next weeks.") % words
    return Conflict(
        "booking_conflict",
        message,
        resource=clash.taken[0],
        resources=list(clash.taken),
        occupied_from=clash.window.start.isoformat(),
        occupied_until=clash.window.end.isoformat(),
        next_starts_at=following[0].starts_at.isoformat() if following else None,
        next_ends_at=following[0].ends_at.isoformat() if following else None,
        next_chair=str(following[0].chair.code) if following else None,
    )


def moment(at: datetime, zone: object) -> str:
    """A moment for people: the time alone today, else with its day."""
    local = formatting.localised(at, zone)
    assert local is not None
    today = clock.today(formatting.zone_of(zone))
    if local.date() == today:
        return f"{local:%H:%M}"
    return f"{formatting.day_words(local.date(), today=today)} {local:%H:%M}"


def _clash(resources: Resources, window: Window, ignore: Appointment | None) -> Clash | None:
    people = {person.pk: person for person in resources.people}
    overlapping = Q(starts_at__lt=window.end, ends_at__gt=window.start)
    booked = Appointment.objects.filter(
        overlapping,
        Q(doctor_id__in=people) | Q(assistant_id__in=people) | Q(chair=resources.chair),
        state__in=ACTIVE,
    ).order_by("starts_at", "id")
    if ignore is not None:
        booked = booked.exclude(pk=ignore.pk)
    for doctor, assistant, chair, start, end in booked.values_list(
        "doctor_id", "assistant_id", "chair_id", "starts_at", "ends_at"
    ):
        return _named(resources, {doctor, assistant}, chair, Window(start, end))
    blocked = Block.objects.filter(
        overlapping, Q(staff_id__in=people) | Q(chair=resources.chair), removed_at__isnull=True
    ).order_by("starts_at", "id")
    for person, chair, start, end in blocked.values_list("staff_id", "chair_id", "starts_at", "ends_at"):
        return _named(resources, {person}, chair, Window(start, end))
    return None


def _named(resources: Resources, people: Iterable[int | None], chair: int | None, window: Window) -> Clash:
    held = set(people)
    taken, name = [], ""
    if resources.doctor.pk in held:
        taken.append("doctor")
        name = resources.doctor.name
    if chair == resources.chair.pk:
        taken.append("chair")
        name = name or resources.chair.name
    if resources.assistant is not None and resources.assistant.pk in held:
        taken.append("assistant")
        name = name or resources.assistant.name
    return Clash(tuple(taken), window, name)
