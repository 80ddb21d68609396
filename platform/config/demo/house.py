"""What clinics and agencies of the demo share: who acts, patients, and the daily rounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any, TypeVar

import structlog

from config.demo.engine import Timeline, settle
from config.demo.pace import Pace
from config.demo.persons import stranger
from kernel import clock, tenancy
from kernel.calendars import opening_days
from kernel.context import Actor
from kernel.errors import DomainError
from kernel.identity.models import User
from kernel.identity.standing import actor_for_user
from services.confidentiality.actions import record_education
from services.confidentiality.models import Education
from services.patients.actions import register_patient
from services.patients.models import Patient
from services.sites.models import Site
from services.sites.selectors import weekly_hours
from services.staff.models import StaffMember
from services.tasks.models import Task

T = TypeVar("T")
log = structlog.get_logger(__name__)
DEMO = Actor.system("demo")
MINUTE = timedelta(minutes=1)


class House:
    """One tenant of the demo while a stretch of its time is played. Lives inside the tenant's context."""

    def __init__(self, timeline: Timeline, pace: Pace) -> None:
        self.timeline = timeline
        self.pace = pace
        self.slug = tenancy.current().slug
        self.zone = tenancy.current().timezone
        self.sites = list(Site.objects.select_related("entity").order_by("order", "id"))
        self.random = Random(f"{self.slug}:{timeline.now.isoformat()}")
        self.last_day = clock.local(timeline.until, self.zone).date()
        self._people = [
            (user, actor_for_user(user))
            for user in User.objects.filter(is_active=True).exclude(username__startswith="admin").order_by("id")
        ]
        self._chosen: dict[tuple[str, int, str], Actor] = {}
        self._actors = {user.pk: actor for user, actor in self._people}
        self.patients = list(Patient.objects.order_by("id"))
        self._registered = len(self.patients)

    def who(self, word: str, site: Site, *, role: str = "") -> Actor:
        """Somebody of the house who may do ``word`` (several: all of them) at ``site``, preferably in ``role``; else the
        demo itself."""
        key = (word, site.pk, role)
        if key not in self._chosen:
            words = word.split()
            able = [actor for _user, actor in self._people if all(actor.can(one, site=site.code) for one in words)]
            able.sort(key=lambda actor: (role not in actor.roles, len(actor.roles) > 3))
            self._chosen[key] = able[0] if able else DEMO
        return self._chosen[key]

    def one_of(self, roles: Iterable[str], word: str, site: Site) -> Actor | None:
        """Somebody in one of ``roles`` who may do ``word`` at ``site``."""
        wanted = set(roles)
        able = (actor for _user, actor in self._people if actor.can(word, site=site.code) and wanted & actor.roles)
        return next(able, None)

    def holder_of(self, task: Task) -> Actor | None:
        """Whose task it is: the person it was given to, else somebody in its roles."""
        if task.assignee_id is not None:
            return self._actors.get(task.assignee_id)
        return self.one_of(task.roles, "tasks.work", task.site) if task.site is not None else None

    def another(self, word: str, site: Site, *, than: int | None, roles: Iterable[str] = ()) -> Actor | None:
        """Somebody who may do ``word`` at ``site`` and is not the user ``than``, preferably in one of ``roles``."""
        wanted = set(roles)
        able = [actor for user, actor in self._people if actor.can(word, site=site.code) and user.pk != than]
        return min(able, key=lambda actor: not wanted & actor.roles, default=None)

    def somebody(self, word: str, site: Site, *, role: str = "") -> Actor | None:
        """A person who may do ``word`` at ``site``, preferably in ``role``; None where nobody works in that post."""
        by = self.who(word, site, role=role)
        return by if by.user_id is not None else None

    def attempt(self, step: Callable[..., T], **facts: Any) -> T | None:
        """Do one thing of several: what a rule refuses is counted and told at the end, and the others go on."""
        try:
            return step(**facts)
        except DomainError as refusal:
            self.timeline.refused[refusal.code] += 1
            log.info("demo_act_refused", code=refusal.code, act=getattr(step, "__name__", ""))
            return None

    def self_of(self, staff: StaffMember) -> Actor:
        """The person's own actor."""
        return self._actors.get(staff.user_id or 0, DEMO)

    def actors(self) -> list[Actor]:
        """Everybody who works in the house."""
        return list(self._actors.values())

    def actor_of(self, user_id: int | None) -> Actor | None:
        """The actor of a user; None for nobody."""
        return self._actors.get(user_id or 0)

    def local(self, day: date, wall: str) -> datetime:
        """The moment at which the house's wall clock shows ``wall`` on ``day``."""
        return clock.at_local(day, time.fromisoformat(wall), self.zone)

    def newcomer(self, site: Site) -> Patient:
        """Register somebody new at ``site``, or, rarely, find out that they have been here before."""
        self._registered += 1
        person = stranger(self.random, slug=self.slug, number=self._registered, today=clock.today(self.zone))
        try:
            patient = register_patient(
                by=self.who("patients.register", site, role="front_desk"), site=site, name=person.name, sex=person.sex,
                birth_date=person.birth_date, stated_age=person.stated_age, phone=person.phone,
                phone_absent_reason="" if person.phone else "不愿提供", address=person.address, confirmed_new=True,
                **person.details,
            )  # fmt: skip
        except DomainError:
            if not self.patients:
                raise
            return self.random.choice(self.patients)
        self.patients.append(patient)
        return patient

    def days(self, site: Site) -> list[date]:
        """The opening days of ``site`` in the stretch."""
        first = clock.local(self.timeline.now, self.zone).date()
        return opening_days(weekly_hours(site, since=first, until=self.last_day), first, self.last_day)

    def instruct(self) -> None:
        """Whoever is new is instructed about confidentiality on their first day."""
        for one in StaffMember.objects.exclude(pk__in=Education.objects.values("staff")).select_related("home_site"):
            today = clock.today(one.home_site.timezone)
            record_education(by=DEMO, staff=one, topic="入职保密教育", held_on=today, evidence="签到表")

    def plan_rounds(self) -> None:
        """Every day of the stretch: the morning's jobs, and what events and timers are due at noon and in the evening."""
        day = clock.local(self.timeline.now, self.zone).date()
        dense_from = self.pace.dense_from(self.last_day)
        while day <= self.last_day:
            hours = ("07:40", "12:10", "19:00") if day >= dense_from else ("07:40", "19:00")
            for wall in hours:
                if (moment := self.local(day, wall)) > self.timeline.now:
                    self.timeline.at(moment, settle)
            day += timedelta(days=1)
