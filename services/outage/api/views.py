"""Outages over the API: the same actions as the pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from kernel import clock
from kernel.api.filters import Code, Day, Filters
from kernel.api.pages import paged
from kernel.api.views import ApiView
from kernel.errors import Malformed
from services.appointments.selectors import access_appointment
from services.cashier.access import access_receipt
from services.outage import actions, desks, selectors
from services.outage.api.serializers import (
    BlockIn,
    BlockOut,
    CloseIn,
    NoneIn,
    NumberOut,
    PaperVisitIn,
    PaperVisitOut,
    ReceiptIn,
    SheetDeskIn,
    SheetDeskOut,
    SheetOut,
    VoidIn,
    WindowIn,
    WindowOut,
)
from services.patients.reading import note_listing
from services.patients.selectors import access_patient
from services.reception.paper import PaperTimes
from services.sites.selectors import access_chair, access_site
from services.staff.selectors import access_staff

TIMES = ("arrived", "registered", "led_in", "finished", "left")
NAMED: dict[str, Callable[..., Any]] = {
    "patient": access_patient,
    "appointment": access_appointment,
    "doctor": access_staff,
    "chair": access_chair,
}


class Windows(ApiView):
    """Declared outages, the latest first, and declaring one."""

    permissions = {"GET": "outage.view", "POST": "outage.declare"}
    inputs = {"POST": WindowIn}
    outputs = {"GET": paged(WindowOut), "POST": WindowOut}
    filters = Filters(Code("site", "site__code"), ordering={"since": "since"}, default="-since")

    def get(self, request: Request) -> Response:
        return self.page(selectors.windows_for(self.actor), WindowOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        data["site"] = access_site(self.actor, data["site"], "outage.declare")
        return self.one(actions.declare_window(by=self.actor, **data), WindowOut, status=201)


class CloseWindow(ApiView):
    """The site works with the product again."""

    permissions = {"POST": "outage.declare"}
    inputs = {"POST": CloseIn}
    outputs = {"POST": (200, WindowOut)}

    def post(self, request: Request, code: UUID) -> Response:
        window = selectors.access_window(self.actor, code)
        data = self.read(request)
        return self.one(actions.close_window(by=self.actor, site=window.site, window=window, **data), WindowOut)


class PaperVisits(ApiView):
    """Enter a visit from the paper sheet of this outage."""

    permissions = {"POST": "outage.enter"}
    inputs = {"POST": PaperVisitIn}
    outputs = {"POST": PaperVisitOut}

    def post(self, request: Request, code: UUID) -> Response:
        window = selectors.access_window(self.actor, code)
        data = self.read(request)
        times = PaperTimes(**{name: data.pop(name) for name in TIMES})
        for name, access in NAMED.items():
            data[name] = access(self.actor, data[name]) if data[name] else None
        entered = actions.enter_visit(by=self.actor, site=window.site, window=window, times=times, **data)
        return self.one(entered, PaperVisitOut, status=201)


class Blocks(ApiView):
    """Issue a block of emergency receipts."""

    permissions = {"POST": "outage.issue"}
    inputs = {"POST": BlockIn}
    outputs = {"POST": BlockOut}

    def post(self, request: Request) -> Response:
        data = self.read(request)
        site = access_site(self.actor, data["site"], "outage.issue")
        return self.one(actions.issue_block(by=self.actor, site=site, size=data["size"]), BlockOut, status=201)


class Numbers(ApiView):
    """Where each emergency receipt went."""

    permissions = {"GET": "outage.view"}
    outputs = {"GET": paged(NumberOut)}
    filters = Filters(
        Code("site", "block__site__code"), Code("block", "block__code"), ordering={"number": "number"}, default="number"
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.numbers_for(self.actor), NumberOut)


class Written(ApiView):
    """Money was taken on this paper receipt."""

    permissions = {"POST": "outage.receipts"}
    inputs = {"POST": NoneIn}
    outputs = {"POST": (200, NumberOut)}

    def post(self, request: Request, code: UUID) -> Response:
        number = selectors.access_number(self.actor, code)
        self.read(request)
        return self.one(actions.note_written(by=self.actor, site=number.block.site, number=number), NumberOut)


class Entered(ApiView):
    """The payment is in the till's books as this receipt."""

    permissions = {"POST": "outage.receipts"}
    inputs = {"POST": ReceiptIn}
    outputs = {"POST": (200, NumberOut)}

    def post(self, request: Request, code: UUID) -> Response:
        number = selectors.access_number(self.actor, code)
        receipt = access_receipt(self.actor, self.read(request)["receipt"])
        done = actions.enter_receipt(by=self.actor, site=number.block.site, number=number, receipt=receipt)
        return self.one(done, NumberOut)


class Void(ApiView):
    """A paper receipt was spoilt or lost."""

    permissions = {"POST": "outage.receipts"}
    inputs = {"POST": VoidIn}
    outputs = {"POST": (200, NumberOut)}

    def post(self, request: Request, code: UUID) -> Response:
        number = selectors.access_number(self.actor, code)
        data = self.read(request)
        return self.one(actions.void_number(by=self.actor, site=number.block.site, number=number, **data), NumberOut)


class SheetDesks(ApiView):
    """The shared desks that keep a day sheet, and naming another one."""

    permissions = {"GET": desks.WORD, "POST": desks.WORD}
    inputs = {"POST": SheetDeskIn}
    outputs = {"GET": paged(SheetDeskOut), "POST": SheetDeskOut}
    filters = Filters(Code("site", "site__code"))

    def get(self, request: Request) -> Response:
        return self.page(desks.sheet_desks_for(self.actor), SheetDeskOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        site = access_site(self.actor, data["site"], desks.WORD)
        desk = desks.access_desk(self.actor, site, data["desk"])
        return self.one(desks.keep_at_desk(by=self.actor, site=site, desk=desk), SheetDeskOut, status=201)


class WithdrawDesk(ApiView):
    """The desk keeps no sheet any more."""

    permissions = {"POST": desks.WORD}
    inputs = {"POST": NoneIn}
    outputs = {"POST": (200, SheetDeskOut)}

    def post(self, request: Request, code: UUID) -> Response:
        kept = desks.access_sheet_desk(self.actor, code)
        self.read(request)
        return self.one(desks.withdraw_desk(by=self.actor, site=kept.site, kept=kept), SheetDeskOut)


class Sheet(ApiView):
    """The sheet of a site's local day (default: today; today or tomorrow); who saw which patients is kept."""

    permissions = {"GET": "outage.view"}
    outputs = {"GET": SheetOut}
    filters = Filters(Code("site", None), Day("day", None))

    def get(self, request: Request) -> Response:
        Sheet.filters.check(request.query_params)
        code, day = (parameter.read(request.query_params) for parameter in Sheet.filters.parameters)
        if code is None:
            raise Malformed("site_needed", _("Name the site."), fields={"site": [_("Needed.")]})
        site = access_site(self.actor, code, "outage.view")
        today = clock.today(site.timezone)
        day = day or today
        if not today <= day <= today + timedelta(days=1):
            raise Malformed(
                "day_invalid", _("The sheet is of today or tomorrow."), fields={"day": [_("Not this day.")]}
            )
        rows = selectors.sheet_rows(self.actor, site, day)
        note_listing(self.actor, [one.patient for one in selectors.day_sheet(site, day)])
        return Response(SheetOut({"day": day, "as_of": clock.now(), "results": rows}).data)
