"""The first visit over the API: the same actions as its pages."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.filters import Choice, Code, Filters
from kernel.api.pages import paged
from kernel.api.views import ApiView
from kernel.errors import NotFound
from services.intake import actions, handover, selectors
from services.intake.api.serializers import (
    AlertIn,
    AnswersIn,
    HandOverIn,
    HandOverOut,
    OneSheetOut,
    SheetOut,
    SignIn,
    SpecialIn,
)
from services.intake.machine import SHEET
from services.patients.reading import note_read
from services.reception.selectors import access_visit


class Sheets(ApiView):
    """First-visit forms, the latest first."""

    permissions = {"GET": "intake.view"}
    outputs = {"GET": paged(SheetOut)}
    filters = Filters(
        Code("site", "site__code"),
        Code("patient", "patient__code"),
        Choice("state", "state", list(SHEET.states)),
        ordering={"started_at": "started_at"},
        default="-started_at",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.sheets_for(self.actor), SheetOut)


class OneSheet(ApiView):
    """One form with its answers, what is special, and its hand-overs. The look is logged."""

    permissions = {"GET": "intake.view"}
    outputs = {"GET": OneSheetOut}

    def get(self, request: Request, code: UUID) -> Response:
        sheet = selectors.access_sheet(self.actor, code)
        note_read(self.actor, sheet.patient, part="first_visit")
        return self.one(sheet, OneSheetOut)


class _Act(ApiView):
    """What operations on one form share: the form as it is afterwards."""

    def after(self, code: UUID, *, status: int = 200) -> Response:
        return self.one(selectors.access_sheet(self.actor, code), OneSheetOut, status=status)


class Begin(_Act):
    """Begin the form of a visit, or get the one that was begun."""

    permissions = {"POST": "intake.fill"}
    outputs = {"POST": OneSheetOut}

    def post(self, request: Request, code: UUID) -> Response:
        visit = access_visit(self.actor, code)
        sheet = actions.start_sheet(by=self.actor, site=visit.site, visit=visit)
        return self.after(sheet.code, status=201)


class Answer(_Act):
    """Keep the answers so far."""

    permissions = {"POST": "intake.fill"}
    inputs = {"POST": AnswersIn}
    outputs = {"POST": (200, OneSheetOut)}

    def post(self, request: Request, code: UUID) -> Response:
        actions.save_answers(by=self.actor, sheet=selectors.access_sheet(self.actor, code), **self.read(request))
        return self.after(code)


class Check(_Act):
    """Confirm that every item is there and right."""

    permissions = {"POST": "intake.check"}
    outputs = {"POST": (200, OneSheetOut)}

    def post(self, request: Request, code: UUID) -> Response:
        actions.check_sheet(by=self.actor, sheet=selectors.access_sheet(self.actor, code))
        return self.after(code)


class Sign(_Act):
    """The visitor signs what was checked."""

    permissions = {"POST": "intake.fill"}
    inputs = {"POST": SignIn}
    outputs = {"POST": (200, OneSheetOut)}

    def post(self, request: Request, code: UUID) -> Response:
        actions.sign_sheet(by=self.actor, sheet=selectors.access_sheet(self.actor, code), **self.read(request))
        return self.after(code)


class Special(_Act):
    """Highlight an answer, or what was told besides."""

    permissions = {"POST": "intake.hand_over"}
    inputs = {"POST": SpecialIn}
    outputs = {"POST": (200, OneSheetOut)}

    def post(self, request: Request, code: UUID) -> Response:
        handover.mark_special(by=self.actor, sheet=selectors.access_sheet(self.actor, code), **self.read(request))
        return self.after(code)


class Alert(_Act):
    """Enter what is special into the alert of the file."""

    permissions = {"POST": "intake.hand_over"}
    inputs = {"POST": AlertIn}
    outputs = {"POST": (200, OneSheetOut)}

    def post(self, request: Request, code: UUID) -> Response:
        handover.enter_alert(by=self.actor, sheet=selectors.access_sheet(self.actor, code), **self.read(request))
        return self.after(code)


class Give(ApiView):
    """Hand the visitor over to a doctor, an assistant or a consultant."""

    permissions = {"POST": "intake.hand_over"}
    inputs = {"POST": HandOverIn}
    outputs = {"POST": HandOverOut}

    def post(self, request: Request, code: UUID) -> Response:
        sheet = selectors.access_sheet(self.actor, code)
        data = self.read(request)
        wanted = data.pop("receiver")
        receiver = next((one for one in selectors.receivers_at(sheet.site) if one.code == wanted), None)
        if receiver is None:
            raise NotFound("staff_not_found", _("Nobody here with this code may be handed a first visit."))
        given = handover.hand_over(by=self.actor, sheet=sheet, receiver=receiver, **data)
        return self.one(given, HandOverOut, status=201)


class Acknowledge(ApiView):
    """The receiver has heard and understood it."""

    permissions = {"POST": "intake.acknowledge"}
    outputs = {"POST": (200, HandOverOut)}

    def post(self, request: Request, code: UUID) -> Response:
        handover.acknowledge(by=self.actor, hand_over=selectors.access_hand_over(self.actor, code))
        return self.one(selectors.access_hand_over(self.actor, code), HandOverOut)
