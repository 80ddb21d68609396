"""Taking people and chairs: locked first, then looked at; what slips through meets the constraint of the database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from kernel.busy.actions import Overlap
from services.appointments import controls
from services.appointments.controls import Resources
from services.appointments.models import Appointment
from services.appointments.slots import Window
from services.sites.models import Chair, Site
from services.staff.models import StaffMember

EXCLUSION_VIOLATION = "23P01"


def lock(resources: Resources) -> None:
    """Lock what a booking is about to take."""
    lock_rows(resources.people, [resources.chair])


def lock_rows(people: Iterable[StaffMember], chairs: Iterable[Chair]) -> None:
    """Lock people, then chairs, each by key: everybody takes them in this order, so nobody waits in a circle.

    Without touching keys, so that other rows may still refer to them meanwhile.
    """
    for model, rows in ((StaffMember, people), (Chair, chairs)):
        keys = sorted(row.pk for row in rows)
        list(model._base_manager.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk").values_list("pk"))


@contextmanager
def overlap_is_conflict(
    site: Site, resources: Resources, window: Window, ignore: Appointment | None = None
) -> Iterator[None]:
    """The database's own refusal of an overlap, in the words of the booking conflict."""
    try:
        with transaction.atomic():
            yield
    except Overlap as overlap:
        person = next(one for one in resources.people if one.code == overlap.staff)
        held = (
            None if overlap.starts_at is None or overlap.ends_at is None else Window(overlap.starts_at, overlap.ends_at)
        )
        raise controls.busy_elsewhere(
            site=site, resources=resources, window=window, ignore=ignore, person=person, held=held
        ) from overlap
    except IntegrityError as error:
        if getattr(error.__cause__, "sqlstate", None) != EXCLUSION_VIOLATION:
            raise
        raise controls.conflict(site=site, resources=resources, window=window, ignore=ignore) from error
