"""Building the cast with the product's own actions: tenants, sites, people, companions, roster."""

from __future__ import annotations

import base64
import hashlib
from datetime import date, time, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from config.demo.cast import GROUPS, OPERATIONS, PASSWORD, Group, House, Person, Place
from kernel import clock, registry, tenancy
from kernel.calendars import Span, WeeklyHours
from kernel.context import Actor
from kernel.identity.actions import assign_role, create_user, enrol_second_factor
from kernel.identity.models import Role, User
from kernel.parameters import Scope, set_parameter
from services.sites.actions import create_entity, create_room, create_site
from services.sites.models import Chair, Site
from services.staff.actions import copy_week, hire_staff, plan_shift
from services.staff.models import DutyShift, StaffMember
from services.till_days.readiness import admit
from tenants.directory import public_schema
from tenants.models import ProvisioningJob
from tenants.provisioning.actions import request_tenant, run_job
from tenants.selectors import context_for

BY = Actor.system("demo")
HALVES = (("08:30", "12:00"), ("13:30", "17:30"))
OPEN = tuple(Span.parse(*half) for half in HALVES)
HOURS = WeeklyHours((OPEN,) * 6 + ((),))
REST_WEEKDAY = {"011": 5, "014": 3, "020": 5, "005": 2}


def build_cast(*, roster_weeks: int = 9) -> None:
    """Create both chains and the operators' tenant, everybody hired today; the roster covers ``roster_weeks`` weeks."""
    for group in GROUPS:
        for house in group.houses:
            build_house(house, group=group, roster_weeks=roster_weeks)
    build_house(OPERATIONS, group=Group("Lianzhen", "default"), roster_weeks=0)


def build_house(house: House, *, group: Group, roster_weeks: int) -> None:
    """Create one tenant with its people; one whose building was interrupted is finished."""
    verticals = tuple(key for key in house.verticals if key in registry.verticals())
    _open(house, group, verticals)
    # One commit per house: hundreds of small ones would take most of the time.
    with tenancy.activate(_opened(house)), transaction.atomic():
        sites = {place.slug: _build_site(house, place, order) for order, place in enumerate(house.places)}
        roles = {role.slug: role for role in Role.objects.all()}
        for person in house.people:
            user = _build_user(house, person, roles, sites)
            if sites and "tenant_admin" not in person.roles:
                staff = _build_staff(person, user, list(sites.values()), sites)
                if "cashier" in person.roles:
                    _admit_to_till(staff)
        if "escort" in verticals:
            _build_companions(house)
        for site in sites.values():
            _build_roster(house, site, roster_weeks)


def is_built(house: House) -> bool:
    """Is the tenant there, with its people?"""
    tenant = context_for(slug=house.slug)
    if tenant is None:
        return False
    with tenancy.activate(tenant):
        return User.objects.filter(username=house.people[0].username).exists()


def _open(house: House, group: Group, verticals: tuple[str, ...]) -> None:
    with public_schema():
        job = ProvisioningJob.objects.filter(tenant__slug=house.slug).order_by("-id").first()
    if job is None:
        job = request_tenant(
            by=BY,
            slug=house.slug,
            name=house.name,
            kind=house.kind,
            chain_name=group.name,
            verticals=verticals,
            profile=group.profile,
        )
    run_job(job.code)


def _opened(house: House) -> tenancy.TenantContext:
    tenant = context_for(slug=house.slug)
    if tenant is None:
        raise LookupError(f"{house.slug} was not opened")
    return tenant


def _build_site(house: House, place: Place, order: int) -> Site:
    entity = create_entity(
        by=BY,
        name=f"{place.city}{place.name}有限公司",
        tax_number=f"91{hash_number(place.name) % 10**16:016d}",
        seal_text=place.name,
        message_signature=house.name,
        phone=place.phone,
    )
    site = create_site(
        by=BY, slug=place.slug, name=place.name, short_name=place.short_name, city=place.city, address=place.address,
        phone=place.phone, entity=entity, hours=HOURS, order=order,
    )  # fmt: skip
    for position, (number, name) in enumerate(place.rooms):
        create_room(by=BY, site=site, number=number, name=name, order=position)
    if place.small:
        set_parameter(by=BY, key="small_site", scope=Scope.site(site.code), value=True)
    return site


def hash_number(text: str) -> int:
    """A number that is the same in every run."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:12], 16)


def totp_secret(slug: str, username: str) -> str:
    """The demo's second factor of a person: always the same, so that a sign-in page can offer it."""
    return base64.b32encode(hashlib.sha256(f"demo-totp:{slug}:{username}".encode()).digest()[:20]).decode()


def needs_second_factor(person: Person) -> bool:
    """Does any role of ``person`` demand a second factor?"""
    strict = {spec.slug for room in registry.rooms() for spec in room.roles if spec.requires_mfa}
    return bool(strict & set(person.roles))


def _build_user(house: House, person: Person, roles: dict[str, Role], sites: dict[str, Site]) -> User:
    user = create_user(
        by=BY,
        username=person.username,
        display_name=person.name,
        password=PASSWORD,
        email=f"{person.username}@{house.slug}.example",
    )
    for slug in person.roles:
        if slug not in roles:
            continue  # declared by a vertical that this build does not contain
        where: list[UUID | None] = [sites[name].code for name in person.sites]
        for site in where or [None]:
            assign_role(by=BY, user=user, role=roles[slug], site=site)
    if needs_second_factor(person):
        enrol_second_factor(by=BY, user=user, secret=totp_secret(house.slug, person.username))
    return user


def _build_staff(person: Person, user: User, everywhere: list[Site], sites: dict[str, Site]) -> StaffMember:
    places = [sites[name] for name in person.sites] or everywhere
    return hire_staff(
        by=BY,
        site=places[0],
        also_at=places[1:],
        number=person.number,
        name=person.name,
        post=person.post,
        gender="male" if person.gender == "m" else "female",
        title=person.title,
        is_doctor=person.doctor,
        is_assistant=person.assistant,
        specialties=list(person.specialties),
        user=user,
    )


def _admit_to_till(staff: StaffMember) -> None:
    """Whoever charges has been trained and guaranteed long ago (CA-035)."""
    day = clock.today(staff.home_site.timezone) - timedelta(days=400)
    admit(
        by=BY, site=staff.home_site, staff=staff, guarantor="张担保", document="担保书", guaranteed_on=day, trained_on=day,
        first_day=day,
    )  # fmt: skip


def _build_roster(house: House, site: Site, weeks: int) -> None:
    """A first week by hand, the others copied: doctors in their rooms, assistants beside them, Sunday closed."""
    if not weeks:
        return
    today = clock.today(site.timezone)
    monday = today - timedelta(days=today.weekday())
    chairs: dict[str, Chair] = {chair.room.number: chair for chair in site.chairs.select_related("room")}
    rooms = {person.number: person.room for person in house.people if person.room}
    for staff in StaffMember.objects.filter(home_site=site).select_related("user"):
        room = rooms.get(staff.number, "")
        for weekday in range(6):
            rests = REST_WEEKDAY.get(staff.number) == weekday
            _plan_day(site, staff, monday + timedelta(days=weekday), chairs.get(room), rests=rests)
    for week in range(1, weeks):
        copy_week(by=BY, site=site, from_monday=monday, to_monday=monday + timedelta(weeks=week))


def _plan_day(site: Site, staff: StaffMember, day: date, chair: Chair | None, *, rests: bool) -> None:
    if staff.hired_on and day < staff.hired_on:
        return
    for start, end in (("08:30", "17:30"),) if rests else HALVES:
        plan_shift(
            by=BY,
            site=site,
            staff=staff,
            starts_at=clock.at_local(day, time.fromisoformat(start), site.timezone),
            ends_at=clock.at_local(day, time.fromisoformat(end), site.timezone),
            kind=DutyShift.Kind.REST if rests else DutyShift.Kind.CLINIC,
            chair=None if rests else chair,
        )


def _build_companions(house: House) -> None:
    from escort.actions import enlist_companion
    from escort.models import Companion, Hospital, Qualification

    today = clock.today(tenancy.current().timezone)
    hospitals = list(Hospital.objects.order_by("id"))
    for position, staff in enumerate(StaffMember.objects.filter(user__assignments__role__slug="companion").distinct()):
        companion = enlist_companion(
            by=BY, staff=staff, state=Companion.State.ACTIVE, education="大专", experience_years=2 + position,
            medical_background=position % 2 == 0, languages=["普通话", "上海话"][: 1 + position % 2],
        )  # fmt: skip
        companion.hospitals.set(hospitals[: 1 + position % len(hospitals)] if hospitals else [])
        papers: list[tuple[str, dict[str, Any]]] = [
            (
                Qualification.Kind.CERTIFICATE,
                {"number": f"PZS-{today.year}-{position + 1:03d}", "valid_until": today + timedelta(days=700)},
            ),
            (Qualification.Kind.CONFIDENTIALITY, {"valid_until": today + timedelta(days=365)}),
            (Qualification.Kind.HEALTH, {"valid_until": today + timedelta(days=365)}),
            (Qualification.Kind.CLEAN_RECORD, {}),
            (Qualification.Kind.INDUCTION, {"hours": 40}),
        ]
        for kind, facts in papers:
            Qualification.objects.create(companion=companion, kind=kind, valid_from=today, **facts)
