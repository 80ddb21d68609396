"""Reading paper charts: the day's staging, what waits, and how doctors write their charts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TypeVar
from uuid import UUID

from django.db.models import Count, Model, Q, QuerySet
from django.utils.translation import gettext as _

from kernel import access, parameters
from kernel.access import holds
from kernel.context import Actor
from kernel.errors import NotFound
from services.appointments.models import Appointment
from services.appointments.selectors import on_day
from services.charts.models import BlankStock, ChartPrint, ChartRelease, PulledChart, Transcription
from services.patients.models import Patient
from services.sites.models import Site
from services.sites.selectors import day_bounds
from services.treatment_area.models import Feedback

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Staged:
    """A booked guest and whether the chart lies ready."""

    appointment: Appointment
    pulled: PulledChart | None


def staging(site: Site, day: date) -> list[Staged]:
    """The guests booked at ``site`` on ``day`` in the order of their times, with the tick (FD-021)."""
    booked = list(on_day(site, day).select_related("patient", "doctor").order_by("starts_at", "id"))
    pulled = {row.appointment_id: row for row in PulledChart.objects.filter(appointment__in=booked)}
    return [Staged(row, pulled.get(row.pk)) for row in booked]


def blanks(site: Site) -> tuple[BlankStock | None, int]:
    """The blank records of ``site`` as last counted, and how many there should be."""
    return BlankStock.objects.filter(site=site).first(), parameters.value("blank_records_min", site=site)


def releases_for(actor: Actor) -> QuerySet[ChartRelease]:
    """The releases of the sites where ``actor`` gives out or decides."""
    rows = ChartRelease.objects.select_related("site", "patient")
    return access.accessible(rows, actor, "charts.release")


def waiting_releases(actor: Actor, site: Site) -> QuerySet[ChartRelease]:
    """What was asked for and not yet given out, and originals that are out, the oldest first."""
    wanted = Q(state__in=("requested", "consented")) | Q(state="handed_out", kind="original")
    return releases_for(actor).filter(wanted, site=site).order_by("requested_at", "id")


def transcriptions_for(actor: Actor) -> QuerySet[Transcription]:
    """The transcriptions of the sites where ``actor`` makes them."""
    return access.accessible(Transcription.objects.select_related("site", "patient"), actor, "charts.transcribe")


def prints_for(actor: Actor) -> QuerySet[ChartPrint]:
    """What was looked up and printed at the sites where ``actor`` may."""
    return access.accessible(ChartPrint.objects.select_related("site", "patient"), actor, "charts.print")


def of_patient(rows: QuerySet[M], patient: Patient) -> QuerySet[M]:
    """Those of one patient."""
    return rows.filter(patient=patient)


def access_release(actor: Actor, code: UUID) -> ChartRelease:
    """The release behind a code from outside. Raises NotFound (``release_not_found``)."""
    found = releases_for(actor).filter(code=code).first()
    if found is None:
        raise NotFound("release_not_found", _("There is no such request."))
    return found


def access_transcription(actor: Actor, code: UUID) -> Transcription:
    """The transcription behind a code from outside. Raises NotFound (``entry_not_found``)."""
    found = transcriptions_for(actor).filter(code=code).first()
    if found is None:
        raise NotFound("entry_not_found", _("There is no such entry."))
    return found


def access_staged(actor: Actor, code: UUID) -> Appointment:
    """A booking whose chart ``actor`` may pull. Raises NotFound (``appointment_not_found``)."""
    rows = access.accessible(Appointment.objects.select_related("site"), actor, "charts.stage")
    found = rows.filter(code=code).first()
    if found is None:
        raise NotFound("appointment_not_found", _("There is no such booking."))
    return found


@dataclass(frozen=True, slots=True)
class Writing:
    """How the charts of one doctor were found in a span of days (CR-014)."""

    name: str
    complete: int
    incomplete: int

    @property
    def share(self) -> float:
        """The share that was complete, 0 to 1."""
        return self.complete / (self.complete + self.incomplete)


def chart_writing(actor: Actor, site: Site, first: date, last: date) -> list[Writing]:
    """Feedback of the treatment area on chart writing at ``site`` from ``first`` to ``last``, most incomplete first."""
    if not holds(actor, "charts.writing", site=site.code):
        return []
    start, end = day_bounds(site, first)[0], day_bounds(site, last)[1]
    seen = Feedback.objects.filter(site=site, about=Feedback.About.CHART, at__gte=start, at__lt=end)
    rows = (
        seen.order_by()
        .values("visit__doctor__name")
        .annotate(complete=Count("id", filter=Q(is_good=True)), incomplete=Count("id", filter=Q(is_good=False)))
    )
    found = [Writing(row["visit__doctor__name"] or "", row["complete"], row["incomplete"]) for row in rows]
    return sorted(found, key=lambda line: (-line.incomplete, line.name))
