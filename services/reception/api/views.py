"""The front desk over the API: the same actions as its pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from kernel import clock
from kernel.api.filters import Choice, Code, Filters, Moment
from kernel.api.pages import paged
from kernel.api.views import ApiView
from kernel.errors import Malformed, NotFound
from services.appointments.selectors import access_appointment
from services.patients.selectors import access_patient
from services.reception import actions, selectors
from services.reception.api.serializers import (
    AnnounceIn,
    CheckInIn,
    ClassIn,
    ClassOut,
    EmergencyIn,
    ExplainIn,
    ExplanationOut,
    LeadInIn,
    OpinionIn,
    OverriddenOut,
    OverrideIn,
    ReasonIn,
    RebookIn,
    VisitOut,
    WaitingListOut,
)
from services.reception.classes import classes_of, classify_visit, propose_for
from services.reception.machine import MACHINE
from services.reception.models import Visit
from services.sites.selectors import access_chair, access_site
from services.staff.selectors import access_staff


class Visits(ApiView):
    """Visits: list, and check in."""

    permissions = {"GET": "reception.view", "POST": "reception.check_in"}
    inputs = {"POST": CheckInIn}
    outputs = {"GET": paged(VisitOut), "POST": VisitOut}
    filters = Filters(
        Code("site", "site__code"),
        Code("patient", "patient__code"),
        Code("doctor", "doctor__code"),
        Choice("state", "state", list(MACHINE.states)),
        Moment("from", "arrived_at__gte"),
        Moment("until", "arrived_at__lt"),
        ordering={"arrived_at": "arrived_at"},
        default="-arrived_at",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.visits_for(self.actor), VisitOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        site = access_site(self.actor, data.pop("site"), "reception.check_in")
        appointment, patient, doctor = (data.pop(name) for name in ("appointment", "patient", "doctor"))
        act: Callable[..., Visit] = actions.check_in
        if not data.pop("registered"):
            act = actions.record_arrival
            data.pop("visit_class_reason")
        visit = act(
            by=self.actor,
            site=site,
            appointment=access_appointment(self.actor, appointment) if appointment else None,
            patient=access_patient(self.actor, patient) if patient else None,
            doctor=access_staff(self.actor, doctor) if doctor else None,
            **data,
        )
        return self.one(selectors.access_visit(self.actor, visit.code), VisitOut, status=201)


class WaitingList(ApiView):
    """Who waits at a site now: emergencies first, then by length of the wait."""

    permissions = {"GET": "reception.view"}
    outputs = {"GET": WaitingListOut}
    filters = Filters(Code("site", None, help="Code of the site"))

    def get(self, request: Request) -> Response:
        assert self.filters is not None
        self.filters.check(request.query_params)
        code = self.filters.parameters[0].read(request.query_params)
        if code is None:
            raise Malformed("parameter_missing", _("A parameter is missing."), fields={"site": [_("Required")]})
        site = access_site(self.actor, code, "reception.view")
        now = clock.now()
        lines = selectors.waiting_list(site, now=now)
        return Response(WaitingListOut({"at": now, "results": lines}).data)


class OneVisit(ApiView):
    """One visit."""

    permissions = {"GET": "reception.view"}
    outputs = {"GET": VisitOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(selectors.access_visit(self.actor, code), VisitOut)


class _Act(ApiView):
    """What operations on one visit share: find it, act, show it."""

    outputs = {"POST": (200, VisitOut)}

    def act(self, code: UUID, action: Callable[..., Any], **facts: Any) -> Response:
        action(by=self.actor, visit=selectors.access_visit(self.actor, code), **facts)
        return self.one(selectors.access_visit(self.actor, code), VisitOut)


class Register(_Act):
    """Complete the registration: the wait clock starts."""

    permissions = {"POST": "reception.check_in"}

    def post(self, request: Request, code: UUID) -> Response:
        return self.act(code, actions.register_visit)


class Class(ApiView):
    """The class of a visit with what the history proposes, and choosing it."""

    permissions = {"GET": "reception.view", "POST": "reception.classify"}
    inputs = {"POST": ClassIn}
    outputs = {"GET": ClassOut, "POST": (200, VisitOut)}

    def get(self, request: Request, code: UUID) -> Response:
        visit = selectors.access_visit(self.actor, code)
        known = classes_of(visit.vertical)
        if known is None:
            raise NotFound("no_visit_classes", _("Visits of this line of business have no classes."))
        proposal = propose_for(visit, known)
        return Response(
            ClassOut(
                {
                    "visit_class": visit.visit_class,
                    "proposed": proposal.visit_class,
                    "because": proposal.because,
                    "why": proposal.why,
                    "classes": list(known.classes),
                    "reasons": list(known.reasons),
                }
            ).data
        )

    def post(self, request: Request, code: UUID) -> Response:
        visit = selectors.access_visit(self.actor, code)
        classify_visit(by=self.actor, visit=visit, **self.read(request))
        return self.one(selectors.access_visit(self.actor, code), VisitOut)


class Announce(_Act):
    """Tell the patient the expected wait."""

    permissions = {"POST": "reception.check_in"}
    inputs = {"POST": AnnounceIn}

    def post(self, request: Request, code: UUID) -> Response:
        return self.act(code, actions.announce_wait, **self.read(request))


class Opinion(_Act):
    """Store what the patient says to an announced wait."""

    permissions = {"POST": "reception.check_in"}
    inputs = {"POST": OpinionIn}

    def post(self, request: Request, code: UUID) -> Response:
        return self.act(code, actions.record_opinion, **self.read(request))


class Seat(_Act):
    """Let a registered patient wait."""

    permissions = {"POST": "reception.check_in"}

    def post(self, request: Request, code: UUID) -> Response:
        return self.act(code, actions.seat_visit)


class Explanations(ApiView):
    """What was explained to the patient, and one more. Written after the wait it is a late note."""

    permissions = {"GET": "reception.view", "POST": "reception.explain"}
    inputs = {"POST": ExplainIn}
    outputs = {"GET": paged(ExplanationOut), "POST": ExplanationOut}

    def get(self, request: Request, code: UUID) -> Response:
        visit: Visit = selectors.access_visit(self.actor, code)
        return self.page(visit.explanations.order_by("at"), ExplanationOut)

    def post(self, request: Request, code: UUID) -> Response:
        visit = selectors.access_visit(self.actor, code)
        note = actions.explain_wait(by=self.actor, visit=visit, **self.read(request))
        return Response(ExplanationOut(note).data, status=201)


class LeadIn(_Act):
    """Lead the patient to a chair whose previous guest has finished and left."""

    permissions = {"POST": "reception.lead_in"}
    inputs = {"POST": LeadInIn}

    def post(self, request: Request, code: UUID) -> Response:
        chair = self.read(request)["chair"]
        return self.act(code, actions.lead_in, chair=access_chair(self.actor, chair) if chair else None)


class OverrideChair(ApiView):
    """Let one visit pass the gate of the chair once, with a reason."""

    permissions = {"POST": "policy.override"}
    inputs = {"POST": OverrideIn}
    outputs = {"POST": OverriddenOut}

    def post(self, request: Request, code: UUID) -> Response:
        visit = selectors.access_visit(self.actor, code)
        record = actions.override_chair(by=self.actor, site=visit.site, visit=visit, **self.read(request))
        return Response(OverriddenOut(record).data, status=201)


class InChair(_Act):
    """The treatment begins."""

    permissions = {"POST": "reception.treat"}

    def post(self, request: Request, code: UUID) -> Response:
        return self.act(code, actions.seat_in_chair)


class Finish(_Act):
    """The treatment is finished."""

    permissions = {"POST": "reception.treat"}

    def post(self, request: Request, code: UUID) -> Response:
        return self.act(code, actions.finish_treatment)


class Leave(_Act):
    """The guest has left the treatment area."""

    permissions = {"POST": "reception.leave_area"}

    def post(self, request: Request, code: UUID) -> Response:
        return self.act(code, actions.leave_area)


class Close(_Act):
    """Close a settled visit."""

    permissions = {"POST": "reception.close"}

    def post(self, request: Request, code: UUID) -> Response:
        return self.act(code, actions.close_visit)


class Rebook(_Act):
    """The patient gets a new time; the visit ends with its wait."""

    permissions = {"POST": "reception.check_in"}
    inputs = {"POST": RebookIn}

    def post(self, request: Request, code: UUID) -> Response:
        data = self.read(request)
        doctor, chair = data.pop("doctor"), data.pop("chair")
        return self.act(
            code,
            actions.rebook_visit,
            doctor=access_staff(self.actor, doctor) if doctor else None,
            chair=access_chair(self.actor, chair) if chair else None,
            **data,
        )


class LeftUnseen(_Act):
    """The patient left without being seen."""

    permissions = {"POST": "reception.check_in"}
    inputs = {"POST": ReasonIn}

    def post(self, request: Request, code: UUID) -> Response:
        return self.act(code, actions.leave_unseen, **self.read(request))


class Emergency(_Act):
    """The patient goes first; the supervisor is told."""

    permissions = {"POST": "reception.check_in"}
    inputs = {"POST": EmergencyIn}

    def post(self, request: Request, code: UUID) -> Response:
        return self.act(code, actions.mark_emergency, **self.read(request))
