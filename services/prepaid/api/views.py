"""Packages and stored value over the API: the same actions as their pages."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from kernel import clock
from kernel.api.filters import Choice, Code, Filters
from kernel.api.pages import paged
from kernel.api.views import ApiView
from kernel.errors import RuleRefused
from services.catalogue.selectors import access_item
from services.patients.selectors import access_patient
from services.prepaid import actions, ending, lasting, selectors
from services.prepaid.api import serializers as shapes
from services.prepaid.machines import HOLDING
from services.prepaid.models import Holding, Kind
from services.reception.selectors import access_visit
from services.sites.selectors import access_site
from services.staff.selectors import staff_of


class Offers(ApiView):
    """What is sold in advance."""

    permissions = {"GET": "prepaid.view"}
    outputs = {"GET": paged(shapes.OfferOut)}

    def get(self, request: Request) -> Response:
        return self.page(selectors.offers(), shapes.OfferOut)


class NewPackage(ApiView):
    """Another package."""

    permissions = {"POST": "prepaid.manage"}
    inputs = {"POST": shapes.PackageIn}
    outputs = {"POST": shapes.OfferOut}

    def post(self, request: Request) -> Response:
        data = self.read(request)
        gives = access_item(self.actor, data.pop("gives"))
        return self.one(actions.offer_package(by=self.actor, gives=gives, **data), shapes.OfferOut, status=201)


class NewStoredValue(ApiView):
    """Stored value in other pieces."""

    permissions = {"POST": "prepaid.manage"}
    inputs = {"POST": shapes.StoredValueIn}
    outputs = {"POST": shapes.OfferOut}

    def post(self, request: Request) -> Response:
        return self.one(actions.offer_stored_value(by=self.actor, **self.read(request)), shapes.OfferOut, status=201)


class Holdings(ApiView):
    """The register of what was prepaid, with balances."""

    permissions = {"GET": "prepaid.view"}
    outputs = {"GET": paged(shapes.HoldingOut)}
    filters = Filters(
        Choice("state", "state", list(HOLDING.states)),
        Choice("kind", "kind", list(Kind.values)),
        Code("site", "site__code"),
        Code("patient", "patient__code"),
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.holdings(self.actor), shapes.HoldingOut)


class OfPatient(ApiView):
    """What a patient holds, and what others share with them."""

    permissions = {"GET": "prepaid.view"}
    outputs = {"GET": paged(shapes.HoldingOut)}

    def get(self, request: Request, code: UUID) -> Response:
        patient = access_patient(self.actor, code)
        return self.page(selectors.of_patient(self.actor, patient), shapes.HoldingOut)


class OneHolding(ApiView):
    """One package or stored value."""

    permissions = {"GET": "prepaid.view"}
    outputs = {"GET": shapes.HoldingOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(selectors.access_holding(self.actor, code), shapes.HoldingOut)


class Statement(ApiView):
    """What came and went, line by line."""

    permissions = {"GET": "prepaid.view"}
    outputs = {"GET": paged(shapes.StatementOut)}

    def get(self, request: Request, code: UUID) -> Response:
        return self.page(selectors.access_holding(self.actor, code).statement.all(), shapes.StatementOut)


class _Step(ApiView):
    """A step of one holding."""

    word = ""

    def holding(self, code: UUID) -> Holding:
        return selectors.access_holding(self.actor, code, self.word)

    def answer(self, holding: Holding) -> Response:
        return self.one(selectors.access_holding(self.actor, holding.code, self.word), shapes.HoldingOut)


class Freeze(_Step):
    """It pays for nothing for a while."""

    word = "prepaid.adjust"
    permissions = {"POST": word}
    outputs = {"POST": (200, shapes.HoldingOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = self.holding(code)
        return self.answer(lasting.freeze(by=self.actor, site=found.site, holding=found))


class Thaw(_Step):
    """It pays again."""

    word = "prepaid.adjust"
    permissions = {"POST": word}
    outputs = {"POST": (200, shapes.HoldingOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = self.holding(code)
        return self.answer(lasting.thaw(by=self.actor, site=found.site, holding=found))


class Extend(_Step):
    """A later last day."""

    word = "prepaid.adjust"
    permissions = {"POST": word}
    inputs = {"POST": shapes.ExtendIn}
    outputs = {"POST": (200, shapes.HoldingOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = self.holding(code)
        return self.answer(lasting.extend(by=self.actor, site=found.site, holding=found, **self.read(request)))


class NewShare(_Step):
    """The holder agrees that somebody else uses it too."""

    word = "prepaid.consent"
    permissions = {"POST": word}
    inputs = {"POST": shapes.ShareIn}
    outputs = {"POST": shapes.ShareOut}

    def post(self, request: Request, code: UUID) -> Response:
        found, data = self.holding(code), self.read(request)
        other = access_patient(self.actor, data.pop("patient"))
        row = actions.share(by=self.actor, site=found.site, holding=found, patient=other, **data)
        return self.one(row, shapes.ShareOut, status=201)


class EndShare(ApiView):
    """The holder shares it no more."""

    permissions = {"POST": "prepaid.consent"}
    outputs = {"POST": (200, shapes.ShareOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_share(self.actor, code)
        return self.one(actions.end_share(by=self.actor, site=found.holding.site, share=found), shapes.ShareOut)


class NewTransfer(_Step):
    """A package becomes somebody else's."""

    word = "prepaid.consent"
    permissions = {"POST": word}
    inputs = {"POST": shapes.TransferIn}
    outputs = {"POST": (200, shapes.HoldingOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found, data = self.holding(code), self.read(request)
        taker = access_patient(self.actor, data.pop("taker"))
        actions.transfer(by=self.actor, site=found.site, holding=found, taker=taker, **data)
        return self.answer(found)


class Quoted(_Step):
    """What would go back today, and by which rule; nothing changes."""

    word = "prepaid.refund"
    permissions = {"POST": word}
    inputs = {"POST": shapes.QuoteIn}
    outputs = {"POST": (200, shapes.QuoteOut)}

    def post(self, request: Request, code: UUID) -> Response:
        return self.one(ending.quote(self.holding(code), **self.read(request)), shapes.QuoteOut)


class AskRefund(_Step):
    """The holder wants the money; the doctor signs the refund."""

    word = "prepaid.refund"
    permissions = {"POST": word}
    inputs = {"POST": shapes.RefundIn}
    outputs = {"POST": shapes.EndingOut}

    def post(self, request: Request, code: UUID) -> Response:
        found, doctor = self.holding(code), staff_of(self.actor)
        if doctor is None:
            raise RuleRefused("refund_not_the_doctor", _("A change or refund is begun and signed by a doctor."))
        row = ending.ask_refund(by=self.actor, site=found.site, holding=found, doctor=doctor, **self.read(request))
        return self.one(row, shapes.EndingOut, status=201)


class Uses(ApiView):
    """A session is taken at a visit."""

    permissions = {"POST": "prepaid.redeem"}
    inputs = {"POST": shapes.UseIn}
    outputs = {"POST": shapes.UseOut}

    def post(self, request: Request) -> Response:
        data = self.read(request)
        visit = access_visit(self.actor, data["visit"])
        use = actions.redeem(
            by=self.actor,
            site=visit.site,
            holding=selectors.access_holding(self.actor, data["holding"], "prepaid.redeem"),
            visit=visit,
            signer_name=data["signer_name"],
        )
        return self.one(use, shapes.UseOut, status=201)


class TakeBack(ApiView):
    """A session that was written down by mistake is there again."""

    permissions = {"POST": "prepaid.adjust"}
    inputs = {"POST": shapes.ReasonIn}
    outputs = {"POST": (200, shapes.UseOut)}

    def post(self, request: Request, code: UUID) -> Response:
        use = selectors.access_use(self.actor, code, "prepaid.adjust")
        return self.one(
            actions.take_back_use(by=self.actor, site=use.holding.site, use=use, **self.read(request)), shapes.UseOut
        )


class Liability(ApiView):
    """What a site owes for what was prepaid, over the present month."""

    permissions = {"GET": "prepaid.see_liability"}
    outputs = {"GET": shapes.LiabilityOut}

    def get(self, request: Request, code: UUID) -> Response:
        site = access_site(self.actor, code, "prepaid.see_liability")
        first = clock.today(site.timezone).replace(day=1)
        return self.one(selectors.roll_forward(site, first), shapes.LiabilityOut)
