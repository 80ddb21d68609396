"""The treatment area over the API: the same actions as its pages."""

from __future__ import annotations

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.filters import Choice, Code, Filters, Moment
from kernel.api.pages import paged
from kernel.api.views import ApiView
from kernel.identity.sign_in import require_recent_authentication
from services.sites.selectors import access_site
from services.treatment_area import actions, rounds, selectors
from services.treatment_area.api.serializers import (
    AdmitIn,
    ConcernIn,
    ConcernOut,
    FeedbackIn,
    FeedbackOut,
    FloorEntryOut,
    NeedIn,
    NeedOut,
    NoteIn,
    NoteOut,
    PriorityIn,
    PriorityOut,
    RefuseIn,
    RelativeOut,
    ReplyIn,
    ResolveIn,
    TakeOverIn,
)
from services.treatment_area.machine import CONCERN, NOTE, PRIORITY

VIEW = "treatment_area.view"


class Relatives(ApiView):
    """Who wanted to come in with a guest, and letting one more in."""

    permissions = {"GET": VIEW, "POST": "treatment_area.companions"}
    inputs = {"POST": AdmitIn}
    outputs = {"GET": paged(RelativeOut), "POST": RelativeOut}

    def get(self, request: Request, code: UUID) -> Response:
        visit = selectors.access_visit(self.actor, code)
        return self.page(selectors.relatives_for(self.actor).filter(visit=visit).order_by("asked_at"), RelativeOut)

    def post(self, request: Request, code: UUID) -> Response:
        visit = selectors.access_visit(self.actor, code)
        relative = actions.admit_companion(by=self.actor, visit=visit, **self.read(request))
        return self.one(relative, RelativeOut, status=201)


class RefusedRelatives(ApiView):
    """Keep the request of a relative who stays outside, with its reason."""

    permissions = {"POST": "treatment_area.companions"}
    inputs = {"POST": RefuseIn}
    outputs = {"POST": RelativeOut}

    def post(self, request: Request, code: UUID) -> Response:
        visit = selectors.access_visit(self.actor, code)
        relative = actions.refuse_companion(by=self.actor, visit=visit, **self.read(request))
        return self.one(relative, RelativeOut, status=201)


class RelativeOutside(ApiView):
    """The relative has left the treatment area."""

    permissions = {"POST": "treatment_area.companions"}
    outputs = {"POST": (200, RelativeOut)}

    def post(self, request: Request, code: UUID) -> Response:
        relative = selectors.access_relative(self.actor, code)
        actions.companion_out(by=self.actor, relative=relative)
        return self.one(selectors.access_relative(self.actor, code), RelativeOut)


class MedicalNeeds(ApiView):
    """The doctor's medical need for somebody beside the guest."""

    permissions = {"POST": "treatment_area.medical_need"}
    inputs = {"POST": NeedIn}
    outputs = {"POST": NeedOut}

    def post(self, request: Request, code: UUID) -> Response:
        visit = selectors.access_visit(self.actor, code)
        need = actions.enter_medical_need(by=self.actor, visit=visit, **self.read(request))
        return self.one(need, NeedOut, status=201)


class TakeOver(ApiView):
    """Sign the floor register for a guest; asks for a fresh proof of who signs."""

    permissions = {"POST": "treatment_area.take_over"}
    inputs = {"POST": TakeOverIn}
    outputs = {"POST": FloorEntryOut}

    def post(self, request: Request, code: UUID) -> Response:
        visit = selectors.access_visit(self.actor, code)
        data = self.read(request)
        require_recent_authentication(request)  # type: ignore[arg-type]
        entry = actions.sign_take_over(by=self.actor, visit=visit, **data)
        return self.one(entry, FloorEntryOut, status=201)


class GiveFeedback(ApiView):
    """How a guest was received, or whether the chart was written."""

    permissions = {"POST": "treatment_area.feedback"}
    inputs = {"POST": FeedbackIn}
    outputs = {"POST": FeedbackOut}

    def post(self, request: Request, code: UUID) -> Response:
        visit = selectors.access_visit(self.actor, code)
        given = actions.give_feedback(by=self.actor, visit=visit, **self.read(request))
        return self.one(given, FeedbackOut, status=201)


class SendNote(ApiView):
    """Send a silent note about a waiting guest to the guest's doctor and the nurse."""

    permissions = {"POST": "treatment_area.note"}
    inputs = {"POST": NoteIn}
    outputs = {"POST": NoteOut}

    def post(self, request: Request, code: UUID) -> Response:
        visit = selectors.access_visit(self.actor, code)
        note = actions.send_note(by=self.actor, visit=visit, **self.read(request))
        return self.one(note, NoteOut, status=201)


class Notes(ApiView):
    """Silent notes, the latest first."""

    permissions = {"GET": VIEW}
    outputs = {"GET": paged(NoteOut)}
    filters = Filters(
        Code("site", "site__code"),
        Code("visit", "visit__code"),
        Code("doctor", "doctor__code"),
        Choice("state", "state", list(NOTE.states)),
        Moment("from", "sent_at__gte"),
        ordering={"sent_at": "sent_at"},
        default="-sent_at",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.notes_for(self.actor), NoteOut)


class Reply(ApiView):
    """Answer a silent note."""

    permissions = {"POST": "treatment_area.reply"}
    inputs = {"POST": ReplyIn}
    outputs = {"POST": (200, NoteOut)}

    def post(self, request: Request, code: UUID) -> Response:
        note = selectors.access_note(self.actor, code)
        actions.reply_note(by=self.actor, note=note, **self.read(request))
        return self.one(selectors.access_note(self.actor, code), NoteOut)


class WithdrawNote(ApiView):
    """A silent note has lost its reason."""

    permissions = {"POST": "treatment_area.note"}
    outputs = {"POST": (200, NoteOut)}

    def post(self, request: Request, code: UUID) -> Response:
        actions.withdraw_note(by=self.actor, note=selectors.access_note(self.actor, code))
        return self.one(selectors.access_note(self.actor, code), NoteOut)


class Priorities(ApiView):
    """Guests who need help, the latest first."""

    permissions = {"GET": VIEW}
    outputs = {"GET": paged(PriorityOut)}
    filters = Filters(
        Code("site", "site__code"),
        Code("visit", "visit__code"),
        Choice("state", "state", list(PRIORITY.states)),
        ordering={"raised_at": "raised_at"},
        default="-raised_at",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.priorities_for(self.actor), PriorityOut)


class Accompany(ApiView):
    """The guide has read the condition and accompanies the guest."""

    permissions = {"POST": "treatment_area.accompany"}
    outputs = {"POST": (200, PriorityOut)}

    def post(self, request: Request, code: UUID) -> Response:
        rounds.accompany(by=self.actor, priority=selectors.access_priority(self.actor, code))
        return self.one(selectors.access_priority(self.actor, code), PriorityOut)


class EndPriority(ApiView):
    """The guest needs no more help."""

    permissions = {"POST": "treatment_area.flag"}
    outputs = {"POST": (200, PriorityOut)}

    def post(self, request: Request, code: UUID) -> Response:
        rounds.end_priority(by=self.actor, priority=selectors.access_priority(self.actor, code))
        return self.one(selectors.access_priority(self.actor, code), PriorityOut)


class RaisePriority(ApiView):
    """Mark a guest who needs help."""

    permissions = {"POST": "treatment_area.flag"}
    inputs = {"POST": PriorityIn}
    outputs = {"POST": PriorityOut}

    def post(self, request: Request, code: UUID) -> Response:
        visit = selectors.access_visit(self.actor, code)
        priority = rounds.raise_priority(by=self.actor, visit=visit, **self.read(request))
        return self.one(priority, PriorityOut, status=201)


class Concerns(ApiView):
    """Complaints and special cases of the waiting area, and one more."""

    permissions = {"GET": VIEW, "POST": "treatment_area.report"}
    inputs = {"POST": ConcernIn}
    outputs = {"GET": paged(ConcernOut), "POST": ConcernOut}
    filters = Filters(
        Code("site", "site__code"),
        Choice("state", "state", list(CONCERN.states)),
        Moment("from", "reported_at__gte"),
        ordering={"reported_at": "reported_at"},
        default="-reported_at",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.concerns_for(self.actor), ConcernOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        site = access_site(self.actor, data.pop("site"), "treatment_area.report")
        guest = data.pop("visit")
        visit = selectors.access_visit(self.actor, guest) if guest else None
        concern = rounds.report_concern(by=self.actor, site=site, visit=visit, **data)
        return self.one(concern, ConcernOut, status=201)


class Resolve(ApiView):
    """Resolve a complaint or special case."""

    permissions = {"POST": "treatment_area.resolve"}
    inputs = {"POST": ResolveIn}
    outputs = {"POST": (200, ConcernOut)}

    def post(self, request: Request, code: UUID) -> Response:
        concern = selectors.access_concern(self.actor, code)
        rounds.resolve_concern(by=self.actor, concern=concern, **self.read(request))
        return self.one(selectors.access_concern(self.actor, code), ConcernOut)
