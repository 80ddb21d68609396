"""Stock over the API: items, what lies where, receipts, requisitions, use. The same actions as the pages."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.filters import Choice, Code, Day, Filters, Text
from kernel.api.pages import paged
from kernel.api.views import ApiView
from kernel.errors import NotFound
from services.catalogue.selectors import access_item as catalogue_item
from services.inventory import charging, codes, selectors, supply
from services.inventory.api import serializers as s
from services.inventory.machines import ORDER, REQUISITION
from services.inventory.models import MoveKind, Place
from services.patients.reading import note_listing
from services.patients.selectors import access_patient
from services.sites.selectors import access_site

VIEW, KEEP, ASK, USE = "inventory.view", "inventory.keep", "inventory.request", "inventory.use"


def _scanned(rows: QuerySet[Model], text: str) -> QuerySet[Model]:
    found = codes.find_stock(text)
    return rows.filter(pk=found.pk) if found is not None else rows.none()


class Items(ApiView):
    """Everything that is kept; by scanned code. One more."""

    permissions = {"GET": VIEW, "POST": KEEP}
    inputs = {"POST": s.ItemIn}
    outputs = {"GET": paged(s.ItemOut), "POST": s.ItemOut}
    filters = Filters(
        Text("scanned", _scanned, help="A barcode, a GS1 code or a key"), ordering={"key": "key"}, default="key"
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.items(), s.ItemOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        sold_as = data.pop("sold_as")
        made = supply.ensure_item(
            by=self.actor, item=catalogue_item(self.actor, sold_as) if sold_as is not None else None, **data
        )
        return self.one(made, s.ItemOut, status=201)


class Minimums(ApiView):
    """How much a place keeps of an item."""

    permissions = {"POST": KEEP}
    inputs = {"POST": s.MinimumIn}
    outputs = {"POST": (200, s.MinimumOut)}

    def post(self, request: Request, code: UUID) -> Response:
        data = self.read(request)
        row = supply.set_minimum(
            by=self.actor,
            site=access_site(self.actor, data["site"], KEEP),
            item=selectors.access_item(self.actor, code, KEEP),
            place=data["place"],
            quantity=data["quantity"],
        )
        return self.one(row, s.MinimumOut)


class Consumptions(ApiView):
    """How much of an item one performance of a procedure uses up."""

    permissions = {"POST": KEEP}
    inputs = {"POST": s.ConsumptionIn}
    outputs = {"POST": (200, s.ItemOut)}

    def post(self, request: Request, code: UUID) -> Response:
        data = self.read(request)
        item = selectors.access_item(self.actor, code, KEEP)
        supply.set_consumption(
            by=self.actor,
            procedure=catalogue_item(self.actor, data["procedure"]),
            item=item,
            quantity=data["quantity"],
        )
        return self.one(item, s.ItemOut)


class Balances(ApiView):
    """What lies where, lot by lot."""

    permissions = {"GET": VIEW}
    outputs = {"GET": paged(s.BalanceOut)}
    filters = Filters(
        Code("site", "site__code"),
        Code("item", "lot__item__code"),
        Choice("place", "place", Place.values),
        Day("expires_until", "lot__expires_on__lte"),
        ordering={"expires_on": "lot__expires_on"},
        default="expires_on",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.balances(self.actor), s.BalanceOut)


class Movements(ApiView):
    """Every movement, the latest first."""

    permissions = {"GET": VIEW}
    outputs = {"GET": paged(s.MovementOut)}
    filters = Filters(
        Code("site", "site__code"),
        Code("lot", "lot__code"),
        Code("item", "lot__item__code"),
        Choice("place", "place", Place.values),
        Choice("kind", "kind", MoveKind.values),
        ordering={"at": "at"},
        default="-at",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.movements(self.actor), s.MovementOut)


class Recall(ApiView):
    """The patients a lot went to."""

    permissions = {"GET": USE}
    outputs = {"GET": s.PatientsOut}

    def get(self, request: Request, code: UUID) -> Response:
        rows = list(selectors.used_on(selectors.access_lot(self.actor, code, USE)))
        note_listing(self.actor, [row.patient for row in rows if row.patient is not None])
        return self.one({"patients": rows}, s.PatientsOut)


class Receipts(ApiView):
    """Take a delivery into the store, with lot, expiry and price."""

    permissions = {"POST": KEEP}
    inputs = {"POST": s.ReceiptIn}
    outputs = {"POST": s.ReceivedOut}

    def post(self, request: Request) -> Response:
        data = self.read(request)
        order = data["order"]
        made = supply.receive(
            by=self.actor,
            site=access_site(self.actor, data["site"], KEEP),
            order=selectors.one(selectors.orders(self.actor, KEEP), order) if order is not None else None,
            delivered=[
                supply.Delivered(**{**row, "item": selectors.access_item(self.actor, row["item"], KEEP)})
                for row in data["delivered"]
            ],
        )
        return self.one({"movements": made}, s.ReceivedOut, status=201)


class Orders(ApiView):
    """Purchase orders; plan one."""

    permissions = {"GET": VIEW, "POST": KEEP}
    inputs = {"POST": s.OrderIn}
    outputs = {"GET": paged(s.OrderOut), "POST": s.OrderOut}
    filters = Filters(
        Choice("state", "state", list(ORDER.states)), ordering={"planned_at": "planned_at"}, default="-planned_at"
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.orders(self.actor), s.OrderOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        made = supply.plan_order(
            by=self.actor,
            site=access_site(self.actor, data["site"], KEEP),
            supplier=data["supplier"],
            reason=data["reason"],
            lines=[
                supply.Wanted(**{**row, "item": selectors.access_item(self.actor, row["item"], KEEP)})
                for row in data["lines"]
            ],
        )
        return self.one(selectors.one(selectors.orders(self.actor, KEEP), made.code), s.OrderOut, status=201)


class PlaceOrder(ApiView):
    """The plan goes to the supplier."""

    permissions = {"POST": KEEP}
    outputs = {"POST": (200, s.OrderOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.one(selectors.orders(self.actor, KEEP), code)
        supply.place_order(by=self.actor, site=found.site, order=found)
        return self.one(selectors.one(selectors.orders(self.actor, KEEP), code), s.OrderOut)


class CancelOrder(ApiView):
    """Nothing (more) will come."""

    permissions = {"POST": KEEP}
    outputs = {"POST": (200, s.OrderOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.one(selectors.orders(self.actor, KEEP), code)
        supply.cancel_order(by=self.actor, site=found.site, order=found)
        return self.one(selectors.one(selectors.orders(self.actor, KEEP), code), s.OrderOut)


class Requisitions(ApiView):
    """What places asked of the store; ask for more."""

    permissions = {"GET": VIEW, "POST": ASK}
    inputs = {"POST": s.RequisitionIn}
    outputs = {"GET": paged(s.RequisitionOut), "POST": s.RequisitionOut}
    filters = Filters(
        Choice("state", "state", list(REQUISITION.states)),
        Code("site", "site__code"),
        ordering={"requested_at": "requested_at"},
        default="-requested_at",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.requisitions(self.actor), s.RequisitionOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        made = supply.request_stock(
            by=self.actor,
            site=access_site(self.actor, data["site"], ASK),
            place=data["place"],
            lines=[
                supply.Wanted(item=selectors.access_item(self.actor, row["item"], ASK), quantity=row["quantity"])
                for row in data["lines"]
            ],
        )
        return self.one(selectors.one(selectors.requisitions(self.actor, ASK), made.code), s.RequisitionOut, status=201)


class RequisitionStep(ApiView):
    """A step of an issue slip: issue and decline are the store's, sign and send-back the receiver's."""

    permissions = {"POST": ASK}
    outputs = {"POST": (200, s.RequisitionOut)}
    steps = {"issue": supply.issue, "decline": supply.decline, "sign": supply.sign_for, "send-back": supply.send_back}

    def post(self, request: Request, code: UUID, step: str) -> Response:
        act = self.steps.get(step)
        if act is None:
            raise NotFound("step_not_found", _("There is no such step."))
        found = selectors.one(selectors.requisitions(self.actor, ASK), code)
        act(by=self.actor, site=found.site, requisition=found)
        return self.one(selectors.one(selectors.requisitions(self.actor, ASK), code), s.RequisitionOut)


class Uses(ApiView):
    """Something was used, in a room or out of the emergency kit."""

    permissions = {"POST": USE}
    inputs = {"POST": s.UseIn}
    outputs = {"POST": s.UsedOut}

    def post(self, request: Request) -> Response:
        data = self.read(request)
        patient = data["patient"]
        taken = supply.use(
            by=self.actor,
            site=access_site(self.actor, data["site"], USE),
            place=data["place"],
            item=selectors.access_item(self.actor, data["item"], USE),
            quantity=data["quantity"],
            patient=access_patient(self.actor, patient) if patient is not None else None,
        )
        return self.one({"taken": taken}, s.UsedOut, status=201)


class Returns(ApiView):
    """Goods that were sold come back unopened to the till."""

    permissions = {"POST": "inventory.count"}
    inputs = {"POST": s.BackIn}
    outputs = {"POST": s.ReceivedOut}

    def post(self, request: Request) -> Response:
        data = self.read(request)
        made = charging.take_back_goods(
            by=self.actor,
            site=access_site(self.actor, data["site"], "inventory.count"),
            line=data["line"],
            quantity=data["quantity"],
        )
        return self.one({"movements": made}, s.ReceivedOut, status=201)
