"""Every morning: agreements that end soon, devices whose check is due, people who are to be instructed again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q
from django.utils.translation import gettext_noop

from kernel import clock, parameters
from kernel.context import Actor
from services.confidentiality.actions import AGREE, CHECK, TEACH, check_key, teach_key
from services.confidentiality.models import Agreement, Device
from services.confidentiality.selectors import agreement_on, keepers, standings, working
from services.sites.models import Site
from services.tasks.actions import open_task
from services.tasks.models import Task

CLOCK = Actor.system("timers")


def remind(day: date) -> None:
    """Open what is due on ``day``; each reminder once, without asking for those that stand already."""
    known = set(Task.objects.filter(kind__in=(AGREE, CHECK, TEACH)).values_list("kind", "key"))
    new = [one for one in _due(day) if (one.kind, one.key) not in known]
    roles = keepers() if new else []
    for one in new:
        open_task(
            by=CLOCK,
            kind=one.kind,
            key=one.key,
            room="confidentiality",
            title=one.title,
            args={"name": one.name},
            icon="shield",
            due_at=clock.day_bounds(one.due_on, one.site.timezone)[1],
            roles=roles,
            site=one.site,
            url=(f"confidentiality:{one.page}",),
            closed_in_inbox=False,
        )


@dataclass(frozen=True, slots=True)
class Reminder:
    """What somebody who keeps the registers is to do by the end of ``due_on``, and on which page."""

    kind: str
    key: str
    title: str
    site: Site
    name: str
    due_on: date
    page: str


def _due(day: date) -> Iterator[Reminder]:
    ahead = day + timedelta(days=parameters.value("confidentiality_warning_days"))
    ending = Agreement.objects.filter(Q(ended_on__isnull=True), valid_until__range=(day, ahead))
    for agreement in ending.select_related("staff__home_site"):
        if (
            agreement.staff.works_on(day)
            and agreement_on(agreement.staff, agreement.valid_until + timedelta(days=1)) is None
        ):
            yield Reminder(
                AGREE, str(agreement.code), gettext_noop("Renew the confidentiality agreement of %(name)s"),
                agreement.staff.home_site, agreement.staff.name, agreement.valid_until, "agreements",
            )  # fmt: skip
    due = Device.objects.exclude(state=Device.State.RETIRED).filter(check_due_on__lte=day)
    for device in due.select_related("site"):
        yield Reminder(
            CHECK, check_key(device), gettext_noop("Check the device %(name)s"), device.site, device.label,
            device.check_due_on, "devices",
        )  # fmt: skip
    for one in standings(working(day), day):
        if one.is_due(day):
            yield Reminder(
                TEACH, teach_key(one.staff, one.educated_on), gettext_noop("Confidentiality education due: %(name)s"),
                one.staff.home_site, one.staff.name, one.due_on, "education",
            )  # fmt: skip
