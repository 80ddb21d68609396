"""Till days over the API: the same actions as their pages; signatures ask for a fresh proof of who signs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.filters import Choice, Code, Day, Filters
from kernel.api.pages import paged
from kernel.api.views import ApiView
from kernel.errors import RuleRefused
from kernel.identity.sign_in import require_recent_authentication
from services.catalogue.models import Category
from services.catalogue.selectors import access_item
from services.sites.selectors import access_site
from services.staff.models import StaffMember
from services.staff.selectors import access_staff
from services.till_days import actions, deposits, differences, leaving, opening, petty, readiness, selectors
from services.till_days.api.serializers import (
    AdmissionOut,
    AdmitIn,
    AskIn,
    CauseIn,
    CloseIn,
    CountIn,
    DayOut,
    DayRowOut,
    DecideIn,
    DepositIn,
    DifferenceOut,
    LeaveIn,
    LeaveOut,
    MapIn,
    OpenIn,
    PettyOut,
)
from services.till_days.counting import Counted
from services.till_days.machines import CASE, DAY, LEAVE, PETTY


class Days(ApiView):
    """Days of the till; and opening the present one."""

    permissions = {"GET": "till_days.view", "POST": "till_days.work"}
    inputs = {"POST": OpenIn}
    outputs = {"GET": paged(DayRowOut), "POST": DayOut}
    filters = Filters(
        Choice("state", "state", list(DAY.states)),
        Code("site", "site__code"),
        Day("from", "day__gte"),
        Day("until", "day__lte"),
        ordering={"day": "day"},
        default="-day",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.days(self.actor), DayRowOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        site = access_site(self.actor, data["site"], "till_days.work")
        made = opening.open_till(by=self.actor, site=site, float_fen=data["float_fen"])
        return self.one(selectors.access_day(self.actor, made.code, "till_days.work"), DayOut, status=201)


class OneDay(ApiView):
    """One day of the till: expected, blockers, report as it stands, slips, difference."""

    permissions = {"GET": "till_days.view"}
    outputs = {"GET": DayOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(selectors.access_day(self.actor, code), DayOut)


class Close(ApiView):
    """Begin to close, naming who counts a second time."""

    permissions = {"POST": "till_days.work"}
    inputs = {"POST": CloseIn}
    outputs = {"POST": (200, DayOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_day(self.actor, code, "till_days.work")
        reconciler = _colleague(self.read(request)["reconciler"], self.actor)
        actions.begin_close(by=self.actor, site=found.site, day=found, reconciler=reconciler)
        return self.one(selectors.access_day(self.actor, code, "till_days.work"), DayOut)


class GoOn(ApiView):
    """Back from closing."""

    permissions = {"POST": "till_days.work"}
    outputs = {"POST": (200, DayOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_day(self.actor, code, "till_days.work")
        actions.go_on(by=self.actor, site=found.site, day=found)
        return self.one(selectors.access_day(self.actor, code, "till_days.work"), DayOut)


class CountIt(ApiView):
    """The cashier's count, signed."""

    permissions = {"POST": "till_days.work"}
    inputs = {"POST": CountIn}
    outputs = {"POST": (200, DayOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_day(self.actor, code, "till_days.work")
        counted = _counted(self.read(request))
        require_recent_authentication(request)  # type: ignore[arg-type]
        actions.count(by=self.actor, site=found.site, day=found, counted=counted)
        return self.one(selectors.access_day(self.actor, code, "till_days.work"), DayOut)


class Reconcile(ApiView):
    """The second person's count, signed: the day is closed and reported."""

    permissions = {"POST": "till_days.reconcile"}
    inputs = {"POST": CountIn}
    outputs = {"POST": (200, DayOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_day(self.actor, code, "till_days.reconcile")
        counted = _counted(self.read(request))
        require_recent_authentication(request)  # type: ignore[arg-type]
        actions.reconcile(by=self.actor, site=found.site, day=found, counted=counted)
        return self.one(selectors.access_day(self.actor, code, "till_days.reconcile"), DayOut)


class MapItem(ApiView):
    """The line of the daily report for an item that stands on none."""

    permissions = {"POST": "till_days.work"}
    inputs = {"POST": MapIn}
    outputs = {"POST": (200, DayOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_day(self.actor, code, "till_days.work")
        data = self.read(request)
        category = Category.objects.filter(key=data["category"]).first()
        if category is None:
            raise RuleRefused("category_missing", _("Choose a line of the daily report."))
        actions.map_item(by=self.actor, site=found.site, item=access_item(self.actor, data["item"]), category=category)
        return self.one(selectors.access_day(self.actor, code, "till_days.work"), DayOut)


class Deposits(ApiView):
    """A slip of the bank, before the close or after it."""

    permissions = {"POST": "till_days.work"}
    inputs = {"POST": DepositIn}
    outputs = {"POST": DayOut}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_day(self.actor, code, "till_days.work")
        deposits.enter_deposit(by=self.actor, site=found.site, day=found, **self.read(request))
        return self.one(selectors.access_day(self.actor, code, "till_days.work"), DayOut, status=201)


class Differences(ApiView):
    """Differences of the till."""

    permissions = {"GET": "till_days.view"}
    outputs = {"GET": paged(DifferenceOut)}
    filters = Filters(
        Choice("state", "state", list(CASE.states)), Code("site", "site__code"), ordering={"opened_at": "opened_at"},
        default="-opened_at",
    )  # fmt: skip

    def get(self, request: Request) -> Response:
        return self.page(selectors.cases(self.actor).select_related("day__site"), DifferenceOut)


class Cause(ApiView):
    """Cause and liable person of a difference."""

    permissions = {"POST": "till_days.trace"}
    inputs = {"POST": CauseIn}
    outputs = {"POST": (200, DifferenceOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_case(self.actor, code, "till_days.trace")
        data = self.read(request)
        data["liable"] = _colleague(data["liable"], self.actor)
        differences.state_cause(by=self.actor, site=found.site, case=found, **data)
        return self.one(selectors.access_case(self.actor, code, "till_days.trace"), DifferenceOut)


class Recover(ApiView):
    """The difference was made good in cash."""

    permissions = {"POST": "till_days.work"}
    outputs = {"POST": (200, DifferenceOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_case(self.actor, code, "till_days.work")
        differences.recover(by=self.actor, site=found.site, case=found)
        return self.one(selectors.access_case(self.actor, code, "till_days.work"), DifferenceOut)


class Petty(ApiView):
    """Small expenses out of the till: the list, and asking for one."""

    permissions = {"GET": "till_days.ask", "POST": "till_days.ask"}
    inputs = {"POST": AskIn}
    outputs = {"GET": paged(PettyOut), "POST": PettyOut}
    filters = Filters(
        Choice("state", "state", list(PETTY.states)), ordering={"asked_at": "asked_at"}, default="-asked_at"
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.petty_cash(self.actor), PettyOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        site = access_site(self.actor, data.pop("site"), "till_days.ask")
        return self.one(petty.ask(by=self.actor, site=site, **data), PettyOut, status=201)


class DecidePetty(ApiView):
    """The supervisor's consent, or not."""

    permissions = {"POST": "till_days.approve"}
    inputs = {"POST": DecideIn}
    outputs = {"POST": (200, PettyOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_petty(self.actor, code, "till_days.approve")
        petty.decide(by=self.actor, site=found.site, petty=found, **self.read(request))
        return self.one(found, PettyOut)


class PayPetty(ApiView):
    """Paid out of today's till."""

    permissions = {"POST": "till_days.work"}
    outputs = {"POST": (200, PettyOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_petty(self.actor, code, "till_days.work")
        petty.pay_out(by=self.actor, site=found.site, petty=found)
        return self.one(found, PettyOut)


class Leaves(ApiView):
    """Ways out of the house during a shift: the list, and asking for one."""

    permissions = {"GET": "till_days.view", "POST": "till_days.work"}
    inputs = {"POST": LeaveIn}
    outputs = {"GET": paged(LeaveOut), "POST": LeaveOut}
    filters = Filters(
        Choice("state", "state", list(LEAVE.states)), ordering={"asked_at": "asked_at"}, default="-asked_at"
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.leaves(self.actor), LeaveOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        site = access_site(self.actor, data.pop("site"), "till_days.work")
        return self.one(leaving.ask_leave(by=self.actor, site=site, **data), LeaveOut, status=201)


class DecideLeave(ApiView):
    """The supervisor lets the cashier go, or not."""

    permissions = {"POST": "till_days.approve"}
    inputs = {"POST": DecideIn}
    outputs = {"POST": (200, LeaveOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_leave(self.actor, code, "till_days.approve")
        leaving.decide_leave(by=self.actor, site=found.site, leave=found, **self.read(request))
        return self.one(found, LeaveOut)


class GoOut(ApiView):
    """Out, now; without approval an incident."""

    permissions = {"POST": "till_days.work"}
    outputs = {"POST": (200, LeaveOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_leave(self.actor, code, "till_days.work")
        leaving.go_out(by=self.actor, site=found.site, leave=found)
        return self.one(found, LeaveOut)


class ComeIn(ApiView):
    """Back in the house."""

    permissions = {"POST": "till_days.work"}
    outputs = {"POST": (200, LeaveOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_leave(self.actor, code, "till_days.work")
        leaving.come_in(by=self.actor, site=found.site, leave=found)
        return self.one(found, LeaveOut)


class Admissions(ApiView):
    """Who may sit at the till: guarantee or training."""

    permissions = {"POST": "till_days.admit"}
    inputs = {"POST": AdmitIn}
    outputs = {"POST": AdmissionOut}

    def post(self, request: Request) -> Response:
        data = self.read(request)
        site = access_site(self.actor, data.pop("site"), "till_days.admit")
        data["staff"] = access_staff(self.actor, data["staff"])
        data["companion"] = _colleague(data["companion"], self.actor)
        return self.one(readiness.admit(by=self.actor, site=site, **data), AdmissionOut, status=201)


def _colleague(code: UUID | None, actor: Any) -> StaffMember | None:
    return access_staff(actor, code) if code is not None else None


def _counted(data: dict[str, Any]) -> Counted:
    return Counted(
        pieces={int(row["fen"]): row["number"] for row in data["pieces"]},
        tenders={row["tender"]: (row["slips"], row["total_fen"]) for row in data["tenders"]},
        banked_fen=data["banked_fen"],
    )
