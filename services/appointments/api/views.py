"""Bookings over the API: the same actions as their pages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from kernel import access, clock
from kernel.api.conditional import expected_version
from kernel.api.filters import Choice, Code, Day, Filters, Moment, Number
from kernel.api.pages import paged
from kernel.api.views import ApiView
from kernel.errors import Malformed
from services.appointments import actions, selectors
from services.appointments.api.serializers import (
    AppointmentOut,
    AssignmentOut,
    BookingIn,
    CancelIn,
    CardOut,
    ConfirmIn,
    MoveIn,
    MoveOut,
    ProposalOut,
    ProposalsOut,
    ProposedOut,
)
from services.appointments.assignment import Case, propose
from services.appointments.machine import MACHINE
from services.appointments.models import AppointmentCard, Assignment
from services.appointments.slots import best_slots, unit
from services.catalogue.selectors import access_item
from services.patients.selectors import access_patient
from services.sites.selectors import access_chair, access_site
from services.staff.selectors import access_staff

SITE = Code("site", None, help="Code of the site")
DOCTOR = Code("doctor", None, help="Code of the doctor")
UNITS = Number("units", None, minimum=1, maximum=40, help="Length in units")
DAY = Day("day", None, help="Local day; default: today")
AFTER = Moment("after", None, help="Not before; default: now")


class Appointments(ApiView):
    """Bookings: list, and book."""

    permissions = {"GET": "appointments.view", "POST": "appointments.book"}
    inputs = {"POST": BookingIn}
    outputs = {"GET": paged(AppointmentOut), "POST": AppointmentOut}
    filters = Filters(
        Code("site", "site__code"),
        Code("patient", "patient__code"),
        Code("doctor", "doctor__code"),
        Choice("state", "state", list(MACHINE.states)),
        Moment("from", "starts_at__gte"),
        Moment("until", "starts_at__lt"),
        ordering={"starts_at": "starts_at", "booked_at": "booked_at"},
        default="starts_at",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.appointments_for(self.actor), AppointmentOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        booked = actions.book_appointment(
            by=self.actor,
            site=access_site(self.actor, data.pop("site"), "appointments.book"),
            patient=access_patient(self.actor, data.pop("patient")),
            item=access_item(self.actor, code) if (code := data.pop("item")) else None,
            **placing(self, data),
            **data,
        )
        return self.one(selectors.access_appointment(self.actor, booked.code), AppointmentOut, status=201)


class OneAppointment(ApiView):
    """One booking."""

    permissions = {"GET": "appointments.view"}
    outputs = {"GET": AppointmentOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(selectors.access_appointment(self.actor, code), AppointmentOut)


class Move(ApiView):
    """Move a booking that the caller has seen (``If-Match``)."""

    permissions = {"POST": "appointments.book"}
    inputs = {"POST": MoveIn}
    outputs = {"POST": (200, AppointmentOut)}
    versioned = ("POST",)

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_appointment(self.actor, code)
        version = expected_version(request, found)
        data = self.read(request)
        actions.move_appointment(by=self.actor, appointment=found, version=version, **placing(self, data), **data)
        return self.one(selectors.access_appointment(self.actor, code), AppointmentOut)


class Cancel(ApiView):
    """Cancel a booking that the caller has seen (``If-Match``)."""

    permissions = {"POST": "appointments.book"}
    inputs = {"POST": CancelIn}
    outputs = {"POST": (200, AppointmentOut)}
    versioned = ("POST",)

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_appointment(self.actor, code)
        version = expected_version(request, found)
        actions.cancel_appointment(by=self.actor, appointment=found, version=version, **self.read(request))
        return self.one(selectors.access_appointment(self.actor, code), AppointmentOut)


class Confirm(ApiView):
    """Record what asking the patient brought."""

    permissions = {"POST": "appointments.confirm"}
    inputs = {"POST": ConfirmIn}
    outputs = {"POST": (200, AppointmentOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_appointment(self.actor, code)
        actions.record_confirmation(by=self.actor, appointment=found, **self.read(request))
        return self.one(selectors.access_appointment(self.actor, code), AppointmentOut)


class Told(ApiView):
    """The patient knows of the changed roster and comes all the same."""

    permissions = {"POST": "appointments.confirm"}
    outputs = {"POST": (200, AppointmentOut)}

    def post(self, request: Request, code: UUID) -> Response:
        actions.acknowledge_affected(by=self.actor, appointment=selectors.access_appointment(self.actor, code))
        return self.one(selectors.access_appointment(self.actor, code), AppointmentOut)


class NoShow(ApiView):
    """The patient did not come."""

    permissions = {"POST": "appointments.attend"}
    outputs = {"POST": (200, AppointmentOut)}

    def post(self, request: Request, code: UUID) -> Response:
        actions.mark_no_show(by=self.actor, appointment=selectors.access_appointment(self.actor, code))
        return self.one(selectors.access_appointment(self.actor, code), AppointmentOut)


class Moves(ApiView):
    """The slots that a booking has left."""

    permissions = {"GET": "appointments.view"}
    outputs = {"GET": paged(MoveOut)}

    def get(self, request: Request, code: UUID) -> Response:
        found = selectors.access_appointment(self.actor, code)
        return self.page(found.moves.select_related("old_doctor", "new_doctor"), MoveOut)


class Slots(ApiView):
    """Free slots of a doctor, the tightest of each day first."""

    permissions = {"GET": "appointments.view"}
    outputs = {"GET": ProposalsOut}
    filters = Filters(SITE, DOCTOR, UNITS, AFTER)

    def get(self, request: Request) -> Response:
        assert self.filters is not None
        self.filters.check(request.query_params)
        asked = {field.name: field.read(request.query_params) for field in self.filters.parameters}
        for needed in ("site", "doctor"):
            if asked[needed] is None:
                raise Malformed("parameter_missing", _("A parameter is missing."), fields={needed: [_("Required")]})
        site = access_site(self.actor, asked["site"], "appointments.view")
        found = best_slots(
            site=site,
            doctor=access_staff(self.actor, asked["doctor"]),
            length=(asked["units"] or 1) * unit(site),
            after=max(asked["after"] or clock.now(), clock.now()),
        )
        return Response({"results": ProposalOut(found, many=True).data})


class WhoIsNext(ApiView):
    """Whom the rules propose on a day (default: today), with the explanation."""

    permissions = {"GET": "appointments.view"}
    outputs = {"GET": ProposedOut}
    filters = Filters(SITE, Code("patient", None, help="Code of the patient; default: somebody new"), DAY)

    def get(self, request: Request) -> Response:
        assert self.filters is not None
        self.filters.check(request.query_params)
        asked = {field.name: field.read(request.query_params) for field in self.filters.parameters}
        if asked["site"] is None:
            raise Malformed("parameter_missing", _("A parameter is missing."), fields={"site": [_("Required")]})
        site = access_site(self.actor, asked["site"], "appointments.view")
        patient = access_patient(self.actor, asked["patient"]) if asked["patient"] else None
        found = propose(Case(site=site, patient=patient, day=asked["day"] or clock.today(site.timezone)))
        turn = found.turn if found is not None else None
        return Response(
            {
                "basis": found.basis if found is not None else "",
                "doctor": str(found.doctor.code) if found is not None and found.doctor is not None else None,
                "owner": str(found.owner.code) if found is not None and found.owner is not None else None,
                "explanation": found.sentence if found is not None else "",
                "skipped": [str(doctor.code) for doctor in turn.skipped] if turn is not None else [],
            }
        )


class Assignments(ApiView):
    """By which rules patients came to their doctors; helper and owner apart."""

    permissions = {"GET": "appointments.view_shares"}
    outputs = {"GET": paged(AssignmentOut)}
    filters = Filters(
        Code("site", "site__code"),
        Code("doctor", "doctor__code"),
        Code("owner", "owner__code"),
        Choice("basis", "basis", Assignment.Basis.values),
        Moment("from", "at__gte"),
        Moment("until", "at__lt"),
        ordering={"at": "at"},
        default="-at",
    )

    def get(self, request: Request) -> Response:
        rows = Assignment.objects.select_related("site", "patient", "doctor", "owner", "appointment")
        return self.page(access.accessible(rows, self.actor, "appointments.view_shares"), AssignmentOut)


class Cards(ApiView):
    """Appointment cards: what doctors said about the next visit."""

    permissions = {"GET": "appointments.view"}
    outputs = {"GET": paged(CardOut)}
    filters = Filters(
        Code("site", "site__code"),
        Code("patient", "patient__code"),
        Choice("state", "state", AppointmentCard.State.values),
        ordering={"written_at": "written_at"},
        default="-written_at",
    )

    def get(self, request: Request) -> Response:
        rows = AppointmentCard.objects.select_related("site", "patient", "doctor", "appointment")
        return self.page(access.accessible(rows, self.actor, "appointments.view"), CardOut)


def placing(view: ApiView, data: dict[str, Any]) -> dict[str, Any]:
    """The people and the chair that ``data`` names, taken out of it."""
    taken: dict[str, Any] = {}
    for name in ("doctor", "assistant"):
        code = data.pop(name)
        taken[name] = access_staff(view.actor, code) if code else None
    code = data.pop("chair")
    taken["chair"] = access_chair(view.actor, code) if code else None
    return taken
