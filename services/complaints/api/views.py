"""Complaints over the API: the same actions as their pages. What is read is for those who deal with a case alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.filters import Choice, Code, Filters, Text
from kernel.api.pages import paged
from kernel.api.views import ApiView
from services.complaints import cases, intake, remedies, results, selectors
from services.complaints.api import serializers as form
from services.complaints.intake import Speaker
from services.complaints.machines import COMPLAINT
from services.complaints.models import Channel, Complaint, Severity
from services.patients.reading import note_listing
from services.patients.selectors import access_patient
from services.sites.models import Site
from services.sites.selectors import access_site


class Complaints(ApiView):
    """The cases that the caller deals with; and a new one."""

    permissions = {"GET": "complaints.view", "POST": "complaints.receive"}
    inputs = {"POST": form.ComplaintIn}
    outputs = {"GET": paged(form.CaseLineOut), "POST": form.StateOut}
    filters = Filters(
        Choice("state", "state", list(COMPLAINT.states)),
        Choice("severity", "severity", list(Severity.values)),
        Choice("channel", "channel", list(Channel.values)),
        Text("category", "category"),
        Code("patient", "patient__code"),
        Code("site", "site__code"),
        ordering={"received_at": "received_at", "reply_due_at": "reply_due_at"},
        default="-received_at",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.complaints(self.actor), form.CaseLineOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        site = site_of(self, data.pop("site"), "complaints.receive")
        visit = data.pop("visit")
        made = intake.receive_complaint(
            by=self.actor,
            site=site,
            speaker=speaker_of(self, data.pop("speaker")),
            accused=selectors.colleagues(site, data.pop("accused")),
            visit=selectors.visit_at(self.actor, visit, site) if visit is not None else None,
            **data,
        )
        return self.one(made, form.StateOut, status=201)


class Counts(ApiView):
    """How many cases of a site there are: for everybody who sees the room, without content."""

    permissions = {"GET": "complaints.view"}
    outputs = {"GET": form.CountsOut}

    def get(self, request: Request, code: UUID) -> Response:
        site = access_site(self.actor, code, "complaints.view")
        return self.one(selectors.counts(self.actor, site), form.CountsOut)


class OneComplaint(ApiView):
    """A case, for those who deal with it; the look at the file behind it is logged."""

    permissions = {"GET": "complaints.view"}
    outputs = {"GET": form.CaseOut}

    def get(self, request: Request, code: UUID) -> Response:
        found = selectors.access_complaint(self.actor, code)
        if found.patient is not None:
            note_listing(self.actor, [found.patient])
        return self.one(found, form.CaseOut)


class Act(ApiView):
    """An act on a case; it answers where the case stands."""

    def done(self, code: UUID) -> Response:
        return self.one(Complaint.objects.get(code=code), form.StateOut)

    def case(self, code: UUID) -> Complaint:
        return selectors.access_complaint(self.actor, code)


class Solve(Act):
    """Solved on the spot, with a record."""

    permissions = {"POST": "complaints.receive"}
    inputs = {"POST": form.SolutionIn}
    outputs = {"POST": (200, form.StateOut)}

    def post(self, request: Request, code: UUID) -> Response:
        results.solve_on_the_spot(by=self.actor, complaint=self.case(code), **self.read(request))
        return self.done(code)


class Assign(Act):
    """Give the case to its handler, or hand it over."""

    permissions = {"POST": "complaints.view"}
    inputs = {"POST": form.AssignIn}
    outputs = {"POST": (200, form.StateOut)}

    def post(self, request: Request, code: UUID) -> Response:
        case, data = self.case(code), self.read(request)
        handler = selectors.colleague(case.site, data["handler"])
        cases.assign(by=self.actor, complaint=case, handler=handler, words=data["words"])
        return self.done(code)


class Team(Act):
    """Set up the investigation team."""

    permissions = {"POST": "complaints.assign"}
    inputs = {"POST": form.TeamIn}
    outputs = {"POST": (200, form.StateOut)}

    def post(self, request: Request, code: UUID) -> Response:
        case, data = self.case(code), self.read(request)
        lead = selectors.colleague(case.site, data["lead"])
        members = selectors.colleagues(case.site, data["members"])
        cases.set_team(by=self.actor, complaint=case, lead=lead, members=members)
        return self.done(code)


class Concerned(Act):
    """Name whom it is about."""

    permissions = {"POST": "complaints.assign"}
    inputs = {"POST": form.StaffIn}
    outputs = {"POST": (200, form.StateOut)}

    def post(self, request: Request, code: UUID) -> Response:
        case = self.case(code)
        staff = selectors.colleague(case.site, self.read(request)["staff"])
        cases.name_concerned(by=self.actor, complaint=case, staff=staff)
        return self.done(code)


class Begin(Act):
    """Begin to investigate."""

    permissions = {"POST": "complaints.handle"}
    outputs = {"POST": (200, form.StateOut)}

    def post(self, request: Request, code: UUID) -> Response:
        cases.begin(by=self.actor, complaint=self.case(code))
        return self.done(code)


class Collect(Act):
    """Keep evidence."""

    permissions = {"POST": "complaints.handle"}
    inputs = {"POST": form.EvidenceIn}
    outputs = {"POST": (200, form.StateOut)}

    def post(self, request: Request, code: UUID) -> Response:
        cases.collect(by=self.actor, complaint=self.case(code), **self.read(request))
        return self.done(code)


class Principles(Act):
    """Tick a point of the guide."""

    permissions = {"POST": "complaints.handle"}
    inputs = {"POST": form.PrincipleIn}
    outputs = {"POST": (200, form.StateOut)}

    def post(self, request: Request, code: UUID) -> Response:
        cases.keep_principle(by=self.actor, complaint=self.case(code), **self.read(request))
        return self.done(code)


class Determine(Act):
    """Cause, responsibility and opinion."""

    permissions = {"POST": "complaints.handle"}
    inputs = {"POST": form.DetermineIn}
    outputs = {"POST": (200, form.StateOut)}

    def post(self, request: Request, code: UUID) -> Response:
        case, data = self.case(code), self.read(request)
        person = data.pop("responsible")
        responsible = selectors.colleague(case.site, person) if person is not None else None
        cases.determine(by=self.actor, complaint=case, responsible=responsible, **data)
        return self.done(code)


class Remedies(Act):
    """Offer something to the customer."""

    permissions = {"POST": "complaints.handle"}
    inputs = {"POST": form.RemedyIn}
    outputs = {"POST": form.RemedyStateOut}

    def post(self, request: Request, code: UUID) -> Response:
        case, data = self.case(code), self.read(request)
        person = data.pop("staff")
        staff = selectors.colleague(case.site, person) if person is not None else None
        made = remedies.offer(by=self.actor, complaint=case, staff=staff, **data)
        return self.one(made, form.RemedyStateOut, status=201)


class Decide(Act):
    """Approve or refuse what goes beyond the handler's authority."""

    permissions = {"POST": "complaints.approve"}
    inputs = {"POST": form.DecideIn}
    outputs = {"POST": (200, form.RemedyStateOut)}

    def post(self, request: Request, code: UUID, remedy: UUID) -> Response:
        found = selectors.access_remedy(self.actor, self.case(code), remedy)
        return self.one(remedies.decide(by=self.actor, remedy=found, **self.read(request)), form.RemedyStateOut)


class Done(Act):
    """A remedy is done, or declined by the customer."""

    permissions = {"POST": "complaints.handle"}
    inputs = {"POST": form.DoneIn}
    outputs = {"POST": (200, form.RemedyStateOut)}

    def post(self, request: Request, code: UUID, remedy: UUID) -> Response:
        found = selectors.access_remedy(self.actor, self.case(code), remedy)
        return self.one(remedies.finish(by=self.actor, remedy=found, **self.read(request)), form.RemedyStateOut)


class Authorise(Act):
    """What is offered stands."""

    permissions = {"POST": "complaints.view"}
    outputs = {"POST": (200, form.StateOut)}

    def post(self, request: Request, code: UUID) -> Response:
        remedies.authorise(by=self.actor, complaint=self.case(code))
        return self.done(code)


class Reply(Act):
    """The customer was told."""

    permissions = {"POST": "complaints.handle"}
    inputs = {"POST": form.ReplyIn}
    outputs = {"POST": (200, form.StateOut)}

    def post(self, request: Request, code: UUID) -> Response:
        results.reply(by=self.actor, complaint=self.case(code), **self.read(request))
        return self.done(code)


class Content(Act):
    """The customer is content."""

    permissions = {"POST": "complaints.handle"}
    inputs = {"POST": form.ContentIn}
    outputs = {"POST": (200, form.StateOut)}

    def post(self, request: Request, code: UUID) -> Response:
        results.note_content(by=self.actor, complaint=self.case(code), **self.read(request))
        return self.done(code)


class Negotiate(Act):
    """The customer is not content."""

    permissions = {"POST": "complaints.handle"}
    inputs = {"POST": form.WordsIn}
    outputs = {"POST": (200, form.StateOut)}

    def post(self, request: Request, code: UUID) -> Response:
        results.negotiate(by=self.actor, complaint=self.case(code), **self.read(request))
        return self.done(code)


class Mediate(Act):
    """A third party mediates."""

    permissions = {"POST": "complaints.handle"}
    inputs = {"POST": form.MediateIn}
    outputs = {"POST": (200, form.StateOut)}

    def post(self, request: Request, code: UUID) -> Response:
        results.mediate(by=self.actor, complaint=self.case(code), **self.read(request))
        return self.done(code)


class Mediation(Act):
    """What the mediation came to."""

    permissions = {"POST": "complaints.handle"}
    inputs = {"POST": form.ResultIn}
    outputs = {"POST": (200, form.StateOut)}

    def post(self, request: Request, code: UUID) -> Response:
        results.note_mediation(by=self.actor, complaint=self.case(code), **self.read(request))
        return self.done(code)


class FollowUps(Act):
    """What the customer said afterwards, where no follow-up call is open."""

    permissions = {"POST": "complaints.receive"}
    inputs = {"POST": form.FollowUpIn}
    outputs = {"POST": (200, form.StateOut)}

    def post(self, request: Request, code: UUID) -> Response:
        results.record_follow_up(by=self.actor, complaint=self.case(code), **self.read(request))
        return self.done(code)


class Close(Act):
    """The customer is content and everything is done."""

    permissions = {"POST": "complaints.view"}
    outputs = {"POST": (200, form.StateOut)}

    def post(self, request: Request, code: UUID) -> Response:
        results.close(by=self.actor, complaint=self.case(code))
        return self.done(code)


class Conclude(Act):
    """Management closes it although the customer is not content."""

    permissions = {"POST": "complaints.conclude"}
    inputs = {"POST": form.ReasonIn}
    outputs = {"POST": (200, form.StateOut)}

    def post(self, request: Request, code: UUID) -> Response:
        results.conclude(by=self.actor, complaint=self.case(code), **self.read(request))
        return self.done(code)


class Reopen(Act):
    """The customer is not content any more."""

    permissions = {"POST": "complaints.assign"}
    inputs = {"POST": form.WordsIn}
    outputs = {"POST": (200, form.StateOut)}

    def post(self, request: Request, code: UUID) -> Response:
        results.reopen(by=self.actor, complaint=self.case(code), **self.read(request))
        return self.done(code)


def speaker_of(view: ApiView, said: Mapping[str, Any] | None) -> Speaker:
    """Who speaks, as the body says it; a patient only whom the caller may see."""
    known = dict(said or {})
    code = known.pop("patient", None)
    return Speaker(**known, patient=access_patient(view.actor, code) if code is not None else None)


def site_of(view: ApiView, code: UUID, word: str) -> Site:
    """The site that a body names. Raises NotFound."""
    return access_site(view.actor, code, word)
