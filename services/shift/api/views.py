"""The day of a site over the API: the same actions as its pages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from kernel import access
from kernel.api.filters import Choice, Code, Filters, Moment
from kernel.api.pages import paged
from kernel.api.views import ApiView
from kernel.errors import NotFound
from kernel.identity.sign_in import require_recent_authentication
from services.shift import desk, handover, incidents, opening, posts, selectors
from services.shift.api.serializers import (
    AbsenceOut,
    ArrivalOut,
    AwayIn,
    BeginIn,
    BroadcastIn,
    BroadcastOut,
    DayOut,
    HandOverOut,
    IncidentIn,
    IncidentOut,
    ItemIn,
    ItemOut,
    OneHandOverOut,
    PassOnIn,
    SignIn,
    TickIn,
    TickOut,
    VisitorIn,
    VisitorOut,
)
from services.shift.leftovers import gathered
from services.shift.machines import DAY, HANDOVER, INCIDENT, VISITOR
from services.shift.models import (
    Absence,
    Broadcast,
    HandOver,
    Incident,
    ItemEntry,
    SiteDay,
    Tick,
    Visitor,
)
from services.sites.models import Site
from services.sites.selectors import access_site, today
from services.staff.models import StaffMember

VIEW = "shift.view"


class _AtSite(ApiView):
    """What operations at a site share."""

    def at_site(self, request: Request, word: str) -> tuple[Site, dict[str, Any]]:
        """The input and the site that it names, where the caller holds ``word``."""
        data = self.read(request)
        return access_site(self.actor, data.pop("site"), word), data

    def colleague(self, site: Site, code: UUID) -> StaffMember:
        """Who works at ``site`` today. Raises NotFound (``staff_not_found``)."""
        found = selectors.colleagues_at(site).filter(code=code).first()
        if found is None:
            raise NotFound("staff_not_found", _("There is no such colleague at this site."))
        return found


class Days(ApiView):
    """The days of the sites, the latest first."""

    permissions = {"GET": VIEW}
    outputs = {"GET": paged(DayOut)}
    filters = Filters(
        Code("site", "site__code"), Choice("state", "state", list(DAY.states)), ordering={"day": "day"}, default="-day"
    )

    def get(self, request: Request) -> Response:
        rows = access.accessible(SiteDay.objects.select_related("site"), self.actor, VIEW)
        return self.page(rows, DayOut)


class Ticks(ApiView):
    """The items of the lists of a day."""

    permissions = {"GET": VIEW}
    outputs = {"GET": paged(TickOut)}

    def get(self, request: Request, code: UUID) -> Response:
        day = selectors.access_day(self.actor, code)
        return self.page(Tick.objects.filter(day=day).order_by("position", "id"), TickOut)


class Answer(ApiView):
    """Tick an item, or say why it is not done."""

    permissions = {"POST": "shift.open"}
    inputs = {"POST": TickIn}
    outputs = {"POST": (200, TickOut)}

    def post(self, request: Request, code: UUID) -> Response:
        tick = selectors.access_tick(self.actor, code)
        return self.one(opening.answer_item(by=self.actor, site=tick.site, tick=tick, **self.read(request)), TickOut)


class Open(ApiView):
    """Open the site."""

    permissions = {"POST": "shift.open"}
    outputs = {"POST": (200, DayOut)}

    def post(self, request: Request, code: UUID) -> Response:
        day = selectors.access_day(self.actor, code)
        return self.one(opening.open_site(by=self.actor, site=day.site, day=day), DayOut)


class Arrive(ApiView):
    """Report being at work."""

    permissions = {"POST": "shift.arrive"}
    outputs = {"POST": (200, ArrivalOut)}

    def post(self, request: Request, code: UUID) -> Response:
        day = selectors.access_day(self.actor, code)
        return self.one(opening.note_arrival(by=self.actor, site=day.site, day=day), ArrivalOut)


class Items(_AtSite):
    """The register of things in and out, and one more line."""

    permissions = {"GET": VIEW, "POST": "shift.register"}
    inputs = {"POST": ItemIn}
    outputs = {"GET": paged(ItemOut), "POST": ItemOut}
    filters = Filters(
        Code("site", "site__code"),
        Choice("kind", "kind", ItemEntry.Kind.values),
        Choice("direction", "direction", ItemEntry.Direction.values),
        Moment("from", "at__gte"),
        ordering={"at": "at"},
        default="-at",
    )

    def get(self, request: Request) -> Response:
        return self.page(access.accessible(ItemEntry.objects.select_related("site"), self.actor, VIEW), ItemOut)

    def post(self, request: Request) -> Response:
        site, data = self.at_site(request, "shift.register")
        return self.one(desk.register_item(by=self.actor, site=site, **data), ItemOut, status=201)


class Visitors(_AtSite):
    """The visitor log, and one more visitor."""

    permissions = {"GET": VIEW, "POST": "shift.register"}
    inputs = {"POST": VisitorIn}
    outputs = {"GET": paged(VisitorOut), "POST": VisitorOut}
    filters = Filters(
        Code("site", "site__code"),
        Choice("state", "state", list(VISITOR.states)),
        ordering={"arrived_at": "arrived_at"},
        default="-arrived_at",
    )

    def get(self, request: Request) -> Response:
        return self.page(
            access.accessible(Visitor.objects.select_related("site", "host"), self.actor, VIEW), VisitorOut
        )

    def post(self, request: Request) -> Response:
        site, data = self.at_site(request, "shift.register")
        host = self.colleague(site, data.pop("host"))
        return self.one(desk.register_visitor(by=self.actor, site=site, host=host, **data), VisitorOut, status=201)


class Broadcasts(_AtSite):
    """The broadcast log, and one more line."""

    permissions = {"GET": VIEW, "POST": "shift.register"}
    inputs = {"POST": BroadcastIn}
    outputs = {"GET": paged(BroadcastOut), "POST": BroadcastOut}
    filters = Filters(Code("site", "site__code"), ordering={"at": "at"}, default="-at")

    def get(self, request: Request) -> Response:
        return self.page(access.accessible(Broadcast.objects.select_related("site"), self.actor, VIEW), BroadcastOut)

    def post(self, request: Request) -> Response:
        site, data = self.at_site(request, "shift.register")
        return self.one(desk.log_broadcast(by=self.actor, site=site, **data), BroadcastOut, status=201)


class Incidents(_AtSite):
    """Disturbances, and calling the managers to one more."""

    permissions = {"GET": VIEW, "POST": "shift.register"}
    inputs = {"POST": IncidentIn}
    outputs = {"GET": paged(IncidentOut), "POST": IncidentOut}
    filters = Filters(
        Code("site", "site__code"),
        Choice("state", "state", list(INCIDENT.states)),
        ordering={"at": "at"},
        default="-at",
    )

    def get(self, request: Request) -> Response:
        return self.page(access.accessible(Incident.objects.select_related("site"), self.actor, VIEW), IncidentOut)

    def post(self, request: Request) -> Response:
        site, data = self.at_site(request, "shift.register")
        return self.one(incidents.report_incident(by=self.actor, site=site, **data), IncidentOut, status=201)


class Absences(_AtSite):
    """Who left which post, and leaving one's own."""

    permissions = {"GET": VIEW, "POST": "shift.leave_post"}
    inputs = {"POST": AwayIn}
    outputs = {"GET": paged(AbsenceOut), "POST": AbsenceOut}
    filters = Filters(
        Code("site", "site__code"),
        Choice("state", "state", ["away", "back"]),
        ordering={"left_at": "left_at"},
        default="-left_at",
    )

    def get(self, request: Request) -> Response:
        rows = Absence.objects.select_related("site", "staff", "cover")
        return self.page(access.accessible(rows, self.actor, VIEW), AbsenceOut)

    def post(self, request: Request) -> Response:
        site, data = self.at_site(request, "shift.leave_post")
        code = data.pop("cover")
        cover = self.colleague(site, code) if code else None
        return self.one(posts.leave_post(by=self.actor, site=site, cover=cover, **data), AbsenceOut, status=201)


class Back(ApiView):
    """Back at the post."""

    permissions = {"POST": "shift.leave_post"}
    outputs = {"POST": (200, AbsenceOut)}

    def post(self, request: Request, code: UUID) -> Response:
        absence = selectors.access_absence(self.actor, code)
        posts.come_back(by=self.actor, site=absence.site, absence=absence)
        return self.one(selectors.access_absence(self.actor, code), AbsenceOut)


class HandOvers(_AtSite):
    """The hand-overs, and beginning one (the one that is being prepared comes back)."""

    permissions = {"GET": VIEW, "POST": "shift.hand_over"}
    inputs = {"POST": BeginIn}
    outputs = {"GET": paged(HandOverOut), "POST": HandOverOut}
    filters = Filters(
        Code("site", "site__code"),
        Choice("state", "state", list(HANDOVER.states)),
        Choice("kind", "kind", HandOver.Kind.values),
        ordering={"begun_at": "begun_at"},
        default="-begun_at",
    )

    def get(self, request: Request) -> Response:
        return self.page(
            access.accessible(HandOver.objects.select_related("site", "day"), self.actor, VIEW), HandOverOut
        )

    def post(self, request: Request) -> Response:
        site, data = self.at_site(request, "shift.hand_over")
        day = selectors.day_of(site, today(site))
        if day is None:
            raise NotFound("day_not_found", _("Today is not planned at this site, so there is nothing to hand over."))
        draft = handover.begin_hand_over(by=self.actor, site=site, day=day, **data)
        return self.one(selectors.access_handover(self.actor, draft.code), HandOverOut, status=201)


class OneHandOver(ApiView):
    """A hand-over with what is open now, while it is being prepared."""

    permissions = {"GET": VIEW}
    outputs = {"GET": OneHandOverOut}

    def get(self, request: Request, code: UUID) -> Response:
        found = selectors.access_handover(self.actor, code)
        draft = found.state == "draft"
        found.leftovers = gathered(found.site, found.day.day, passed=found.passed_on.all()) if draft else []  # type: ignore[attr-defined]
        return self.one(found, OneHandOverOut)


class PassOn(ApiView):
    """Pass on what stays open to the shift lead, with the reason."""

    permissions = {"POST": "shift.hand_over"}
    inputs = {"POST": PassOnIn}
    outputs = {"POST": (200, HandOverOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_handover(self.actor, code)
        data = self.read(request)
        handover.pass_on(by=self.actor, site=found.site, handover=found, source=data["key"], reason=data["reason"])
        return self.one(selectors.access_handover(self.actor, code), HandOverOut)


class Sign(ApiView):
    """The outgoing signature; asks for a fresh proof of who signs."""

    permissions = {"POST": "shift.hand_over"}
    inputs = {"POST": SignIn}
    outputs = {"POST": (200, HandOverOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_handover(self.actor, code)
        data = self.read(request)
        require_recent_authentication(request)  # type: ignore[arg-type]
        handover.sign_hand_over(by=self.actor, site=found.site, handover=found, **data)
        return self.one(selectors.access_handover(self.actor, code), HandOverOut)


class Receive(ApiView):
    """The incoming signature; asks for a fresh proof of who signs."""

    permissions = {"POST": "shift.receive"}
    outputs = {"POST": (200, HandOverOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_handover(self.actor, code)
        require_recent_authentication(request)  # type: ignore[arg-type]
        handover.receive_hand_over(by=self.actor, site=found.site, handover=found)
        return self.one(selectors.access_handover(self.actor, code), HandOverOut)
