"""The API of staff."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.conditional import expected_version
from kernel.api.filters import Code, Day, Filters, Flag, Text
from kernel.api.pages import paged
from kernel.api.views import ApiView
from kernel.errors import Malformed
from services.sites.selectors import access_chair, access_site, today
from services.staff import actions, selectors
from services.staff.api.serializers import DutyOut, ShiftIn, ShiftOut, StaffOut


class StaffListView(ApiView):
    """Colleagues who work here."""

    permissions = {"GET": "staff.view"}
    outputs = {"GET": paged(StaffOut)}
    filters = Filters(
        Text("q", None, help="Name, pinyin, initials, number or post"),
        Flag("doctors", "is_doctor"),
        Flag("assistants", "is_assistant"),
        ordering={"number": "number", "name": "pinyin"},
        default="number",
    )

    def get(self, request: Request) -> Response:
        query = self.filters.parameters[0].read(request.query_params) or ""
        return self.page(selectors.find_staff(self.actor, query=query), StaffOut)


class StaffDetailView(ApiView):
    """One colleague."""

    permissions = {"GET": "staff.view"}
    outputs = {"GET": StaffOut}

    def get(self, request: Request, code: UUID) -> Response:
        return Response(StaffOut(selectors.access_staff(self.actor, code)).data)


class DutyView(ApiView):
    """Who is on duty at a branch on a day, in rotation order."""

    permissions = {"GET": "staff.view"}
    outputs = {"GET": DutyOut}
    filters = Filters(
        Code("site", None, help="The branch; required"),
        Day("day", None, help="Today at the branch by default"),
        Flag("doctors", None, help="Doctors only"),
    )

    def get(self, request: Request) -> Response:
        self.filters.check(request.query_params)
        code, day, doctors = (parameter.read(request.query_params) for parameter in self.filters.parameters)
        if code is None:
            sentence = _("Say which site.")
            raise Malformed("site_required", sentence, fields={"site": [sentence]})
        site = access_site(self.actor, code)
        found = (selectors.doctors_on_duty if doctors else selectors.on_duty)(site, day or today(site))
        return Response(DutyOut({"results": found}).data)


class ShiftListView(ApiView):
    """Planning shifts."""

    permissions = {"POST": "staff.roster"}
    inputs = {"POST": ShiftIn}
    outputs = {"POST": ShiftOut}

    def post(self, request: Request) -> Response:
        """Plan a shift."""
        data = self.read(request)
        site = access_site(self.actor, data.pop("site"), "staff.roster")
        staff = selectors.access_staff(self.actor, data.pop("staff"))
        chair = data.pop("chair")
        shift = actions.plan_shift(
            by=self.actor,
            site=site,
            staff=staff,
            chair=access_chair(self.actor, chair) if chair else None,
            **data,
        )
        return self.one(shift, ShiftOut, status=201)


class ShiftDetailView(ApiView):
    """One shift of the roster."""

    permissions = {"GET": "staff.view", "DELETE": "staff.roster"}
    outputs = {"GET": ShiftOut}
    versioned = ("DELETE",)

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(selectors.access_shift(self.actor, code, "staff.view"), ShiftOut)

    def delete(self, request: Request, code: UUID) -> Response:
        """Take a shift out of the roster."""
        shift = selectors.access_shift(self.actor, code)
        actions.remove_shift(by=self.actor, site=shift.site, shift=shift, version=expected_version(request, shift))
        return Response(status=204)
