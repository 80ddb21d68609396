"""The papers of the month over the API: counts, expiry checks, scrap, packs, the emergency kit."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.filters import Choice, Code, Filters
from kernel.api.pages import paged
from kernel.api.views import ApiView
from kernel.errors import NotFound
from services.inventory import counting, expiry, kit, packs, selectors
from services.inventory.api import serializers as s
from services.inventory.machines import COUNT, PACK, SCRAP
from services.inventory.models import Count, ExpiryCheck
from services.sites.models import Site
from services.sites.selectors import access_site

VIEW, KEEP, USE, COUNTS = "inventory.view", "inventory.keep", "inventory.use", "inventory.count"


def sheet(count: Count) -> dict[str, Any]:
    """A count with its lines and its month."""
    lines = count.lines.select_related("lot__item")
    return {"count": count, "lines": lines, "month": counting.month_of(count)}


class Counts(ApiView):
    """Monthly counts of the till's goods."""

    permissions = {"GET": VIEW}
    outputs = {"GET": paged(s.CountOut)}
    filters = Filters(
        Code("site", "site__code"), Choice("state", "state", list(COUNT.states)), ordering={"month": "month"},
        default="-month",
    )  # fmt: skip

    def get(self, request: Request) -> Response:
        return self.page(selectors.counts(self.actor), s.CountOut)


class OneCount(ApiView):
    """A count sheet: every line, profit and loss, and the month."""

    permissions = {"GET": VIEW}
    outputs = {"GET": s.SheetOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(sheet(selectors.one(selectors.counts(self.actor), code)), s.SheetOut)


class Precount(ApiView):
    """The cashier counts before the day."""

    permissions = {"POST": COUNTS}
    inputs = {"POST": s.PrecountIn}
    outputs = {"POST": (200, s.SheetOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.one(selectors.counts(self.actor, COUNTS), code)
        counted = {row["lot"]: row["actual"] for row in self.read(request)["lines"]}
        counting.precount(by=self.actor, site=found.site, count=found, counted=counted)
        return self.one(sheet(selectors.one(selectors.counts(self.actor, COUNTS), code)), s.SheetOut)


class CountLine(ApiView):
    """What was found of a lot; compared with the book of this moment."""

    permissions = {"POST": COUNTS}
    inputs = {"POST": s.LotCountIn}
    outputs = {"POST": (200, s.CountLineOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.one(selectors.counts(self.actor, COUNTS), code)
        line = counting.enter_line(by=self.actor, site=found.site, count=found, **self.read(request))
        return self.one(line, s.CountLineOut)


class BeginCount(ApiView):
    """Open the sheet on the day of the count."""

    permissions = {"POST": COUNTS}
    outputs = {"POST": (200, s.SheetOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.one(selectors.counts(self.actor, COUNTS), code)
        counting.begin_count(by=self.actor, site=found.site, count=found)
        return self.one(sheet(selectors.one(selectors.counts(self.actor, COUNTS), code)), s.SheetOut)


class HandOverCount(ApiView):
    """Profit and loss go to the head nurse."""

    permissions = {"POST": COUNTS}
    outputs = {"POST": (200, s.SheetOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.one(selectors.counts(self.actor, COUNTS), code)
        counting.hand_over_count(by=self.actor, site=found.site, count=found)
        return self.one(sheet(selectors.one(selectors.counts(self.actor, COUNTS), code)), s.SheetOut)


class AcceptCount(ApiView):
    """The head nurse accepts; differences become movements."""

    permissions = {"POST": "inventory.accept_count"}
    outputs = {"POST": (200, s.SheetOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.one(selectors.counts(self.actor, "inventory.accept_count"), code)
        counting.accept_count(by=self.actor, site=found.site, count=found)
        return self.one(sheet(selectors.one(selectors.counts(self.actor, "inventory.accept_count"), code)), s.SheetOut)


class Recount(ApiView):
    """The head nurse wants it counted again, and says why."""

    permissions = {"POST": "inventory.accept_count"}
    inputs = {"POST": s.ReasonIn}
    outputs = {"POST": (200, s.SheetOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.one(selectors.counts(self.actor, "inventory.accept_count"), code)
        counting.ask_recount(by=self.actor, site=found.site, count=found, **self.read(request))
        return self.one(sheet(selectors.one(selectors.counts(self.actor, "inventory.accept_count"), code)), s.SheetOut)


class SettleMonth(ApiView):
    """Settle the month after the accepted count."""

    permissions = {"POST": "inventory.settle"}
    outputs = {"POST": (200, s.SheetOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.one(selectors.counts(self.actor, "inventory.settle"), code)
        counting.settle_month(by=self.actor, site=found.site, count=found)
        return self.one(sheet(selectors.one(selectors.counts(self.actor, "inventory.settle"), code)), s.SheetOut)


def check_sheet(check: ExpiryCheck) -> dict[str, Any]:
    """A check with every lot that lies at the site: what was found, or what the calendar says until then."""
    said = {line.lot_id: line.finding for line in check.lines.all()}
    site: Site = check.site
    # Held against the day of the check, whenever the page is read.
    lots = [
        {
            "lot": lot,
            "finding": said.get(lot.pk) or expiry.finding_of(lot, site, check.due_on),
            "confirmed": lot.pk in said,
        }
        for lot in expiry.lots_here(site)
    ]
    return {"check": check, "lots": lots}


class Checks(ApiView):
    """Expiry checks."""

    permissions = {"GET": VIEW}
    outputs = {"GET": paged(s.CheckOut)}
    filters = Filters(Code("site", "site__code"), ordering={"due_on": "due_on"}, default="-due_on")

    def get(self, request: Request) -> Response:
        return self.page(selectors.checks(self.actor), s.CheckOut)


class OneCheck(ApiView):
    """An expiry check with every lot."""

    permissions = {"GET": VIEW}
    outputs = {"GET": s.CheckSheetOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(check_sheet(selectors.one(selectors.checks(self.actor), code)), s.CheckSheetOut)


class ConfirmLot(ApiView):
    """A lot was looked at."""

    permissions = {"POST": KEEP}
    inputs = {"POST": s.ConfirmIn}
    outputs = {"POST": (200, s.CheckSheetOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.one(selectors.checks(self.actor, KEEP), code)
        expiry.confirm_lot(by=self.actor, site=found.site, check=found, **self.read(request))
        return self.one(check_sheet(found), s.CheckSheetOut)


class CloseCheck(ApiView):
    """Every lot is confirmed."""

    permissions = {"POST": KEEP}
    outputs = {"POST": (200, s.CheckSheetOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.one(selectors.checks(self.actor, KEEP), code)
        expiry.close_check(by=self.actor, site=found.site, check=found)
        return self.one(check_sheet(found), s.CheckSheetOut)


class Scraps(ApiView):
    """Scrap applications; apply."""

    permissions = {"GET": VIEW, "POST": KEEP}
    inputs = {"POST": s.ScrapIn}
    outputs = {"GET": paged(s.ScrapOut), "POST": s.ScrapOut}
    filters = Filters(
        Choice("state", "state", list(SCRAP.states)), ordering={"applied_at": "applied_at"}, default="-applied_at"
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.scraps(self.actor), s.ScrapOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        lot = selectors.access_lot(self.actor, data.pop("lot"), KEEP)
        made = expiry.apply_for_scrap(by=self.actor, site=lot.site, lot=lot, **data)
        return self.one(selectors.one(selectors.scraps(self.actor, KEEP), made.code), s.ScrapOut, status=201)


class ScrapDecision(ApiView):
    """The dean approves or rejects."""

    permissions = {"POST": "inventory.decide"}
    inputs = {"POST": s.DecisionIn}
    outputs = {"POST": (200, s.ScrapOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.one(selectors.scraps(self.actor, "inventory.decide"), code)
        expiry.decide_scrap(by=self.actor, site=found.site, scrap=found, **self.read(request))
        return self.one(selectors.one(selectors.scraps(self.actor, "inventory.decide"), code), s.ScrapOut)


class Packs(ApiView):
    """Monthly packs: budget, purchase, requisition."""

    permissions = {"GET": VIEW}
    outputs = {"GET": paged(s.PackOut)}
    filters = Filters(
        Code("site", "site__code"), Choice("state", "state", list(PACK.states)), ordering={"month": "month"},
        default="-month",
    )  # fmt: skip

    def get(self, request: Request) -> Response:
        return self.page(selectors.packs(self.actor), s.PackOut)


class PackTables(ApiView):
    """Write one of the three tables; without lines purchase and requisition come from the books."""

    permissions = {"POST": KEEP}
    inputs = {"POST": s.TableIn}
    outputs = {"POST": (200, s.PackOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.one(selectors.packs(self.actor, KEEP), code)
        data = self.read(request)
        lines = data["lines"]
        packs.write_table(
            by=self.actor, site=found.site, pack=found, kind=data["kind"],
            lines=None if lines is None else [packs.Line(**row) for row in lines],
        )  # fmt: skip
        return self.one(selectors.one(selectors.packs(self.actor, KEEP), code), s.PackOut)


class SubmitPack(ApiView):
    """All three tables go in."""

    permissions = {"POST": KEEP}
    outputs = {"POST": (200, s.PackOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.one(selectors.packs(self.actor, KEEP), code)
        packs.submit_pack(by=self.actor, site=found.site, pack=found)
        return self.one(selectors.one(selectors.packs(self.actor, KEEP), code), s.PackOut)


class Kit(ApiView):
    """The emergency kit of a site: what must be ready and what is."""

    permissions = {"GET": VIEW}
    outputs = {"GET": s.KitOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(kit_of(access_site(self.actor, code, VIEW)), s.KitOut)


class KitChecks(ApiView):
    """Somebody looked through the kit."""

    permissions = {"POST": USE}
    inputs = {"POST": s.KitCheckIn}
    outputs = {"POST": s.KitOut}

    def post(self, request: Request) -> Response:
        data = self.read(request)
        site = access_site(self.actor, data["site"], USE)
        kit.check_kit(by=self.actor, site=site, remark=data["remark"])
        return self.one(kit_of(site), s.KitOut, status=201)


def kit_of(site: Site) -> dict[str, Any]:
    """The kit with its last and next check."""
    last = kit.last_check(site)
    if not (found := kit.lines(site)) and last is None:
        raise NotFound("kit_not_found", _("No emergency kit is kept here."))
    return {"lines": found, "checked_at": last.at if last else None, "next_check_at": kit.next_check_at(site)}
