"""VIP cards, vouchers and measures over the API: the same actions as their pages."""

from __future__ import annotations

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.filters import Choice, Code, Filters
from kernel.api.pages import paged
from kernel.api.views import ApiView
from kernel.identity.sign_in import require_recent_authentication
from services.cashier.access import access_receipt
from services.patients.selectors import access_patient
from services.sites.selectors import access_site
from services.staff.selectors import access_staff
from services.vip import actions, measures, selectors, vouchers
from services.vip.api import serializers as shapes
from services.vip.machines import CARD, VOUCHER
from services.vip.models import VipCard


class Cards(ApiView):
    """The VIP register; and a range of blank cards taken into stock."""

    permissions = {"GET": "vip.view", "POST": "vip.keep"}
    inputs = {"POST": shapes.RangeIn}
    outputs = {"GET": paged(shapes.CardOut), "POST": shapes.RangeOut}
    filters = Filters(
        Choice("state", "state", list(CARD.states)), Code("site", "site__code"), Code("patient", "patient__code")
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.cards(self.actor), shapes.CardOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        site = access_site(self.actor, data.pop("site"), "vip.keep")
        custodian = access_staff(self.actor, data.pop("custodian"), "vip.keep")
        made = actions.register_cards(by=self.actor, site=site, custodian=custodian, **data)
        return self.one({"cards": len(made)}, shapes.RangeOut, status=201)


class HandOver(ApiView):
    """Another custodian keeps the blanks of a range."""

    permissions = {"POST": "vip.keep"}
    inputs = {"POST": shapes.RangeIn}
    outputs = {"POST": (200, shapes.RangeOut)}

    def post(self, request: Request) -> Response:
        data = self.read(request)
        site = access_site(self.actor, data.pop("site"), "vip.keep")
        custodian = access_staff(self.actor, data.pop("custodian"), "vip.keep")
        count = actions.hand_over_stock(by=self.actor, site=site, custodian=custodian, **data)
        return self.one({"cards": count}, shapes.RangeOut)


class Card(ApiView):
    """One card."""

    permissions = {"GET": "vip.view"}
    outputs = {"GET": shapes.CardOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(selectors.access_card(self.actor, code), shapes.CardOut)


class _Step(ApiView):
    """A step of one card."""

    outputs = {"POST": (200, shapes.CardOut)}
    word = ""

    def card(self, code: UUID) -> VipCard:
        return selectors.access_card(self.actor, code, self.word)

    def answer(self, card: VipCard) -> Response:
        return self.one(selectors.access_card(self.actor, card.code, self.word), shapes.CardOut)


class Propose(_Step):
    """For whom a blank is, and why."""

    word = "vip.issue"
    permissions = {"POST": word}
    inputs = {"POST": shapes.ProposeIn}

    def post(self, request: Request, code: UUID) -> Response:
        card, data = self.card(code), self.read(request)
        patient = data.pop("patient")
        made = actions.propose(
            by=self.actor,
            site=card.site,
            card=card,
            patient=access_patient(self.actor, patient) if patient else None,
            **data,
        )
        return self.answer(made)


class Sign(_Step):
    """The chief physician signs, with a fresh proof of who signs."""

    word = "vip.sign"
    permissions = {"POST": word}

    def post(self, request: Request, code: UUID) -> Response:
        card = self.card(code)
        require_recent_authentication(request)
        return self.answer(actions.sign(by=self.actor, site=card.site, card=card))


class Issue(_Step):
    """The cashier hands out a signed card."""

    word = "vip.issue"
    permissions = {"POST": word}

    def post(self, request: Request, code: UUID) -> Response:
        card = self.card(code)
        return self.answer(actions.issue(by=self.actor, site=card.site, card=card))


class Lost(_Step):
    """The holder has lost the card."""

    word = "vip.issue"
    permissions = {"POST": word}
    inputs = {"POST": shapes.WordsIn}

    def post(self, request: Request, code: UUID) -> Response:
        card = self.card(code)
        return self.answer(actions.report_lost(by=self.actor, site=card.site, card=card, **self.read(request)))


class Replace(_Step):
    """Another card for a lost one; the answer is the new card."""

    word = "vip.issue"
    permissions = {"POST": word}
    inputs = {"POST": shapes.ReplaceIn}

    def post(self, request: Request, code: UUID) -> Response:
        card, blank = self.card(code), self.card(self.read(request)["blank"])
        return self.answer(actions.replace(by=self.actor, site=card.site, card=card, blank=blank))


class Revoke(_Step):
    """The supervisor takes a card back."""

    word = "vip.revoke"
    permissions = {"POST": word}
    inputs = {"POST": shapes.WordsIn}

    def post(self, request: Request, code: UUID) -> Response:
        card = self.card(code)
        return self.answer(actions.revoke(by=self.actor, site=card.site, card=card, **self.read(request)))


class Uses(ApiView):
    """Count one use of a card that is shown at the till, with its receipt."""

    permissions = {"POST": "vip.use"}
    inputs = {"POST": shapes.UseIn}
    outputs = {"POST": shapes.UsedOut}

    def post(self, request: Request) -> Response:
        data = self.read(request)
        site = access_site(self.actor, data["site"], "vip.use")
        receipt = access_receipt(self.actor, data["receipt"], "vip.use")
        card = actions.use_card(by=self.actor, site=site, serial=data["serial"], receipt=receipt)
        return self.one(card, shapes.UsedOut, status=201)


class Packages(ApiView):
    """What partners give their cardholders here."""

    permissions = {"GET": "vip.view", "POST": "vip.manage"}
    inputs = {"POST": shapes.PackageIn}
    outputs = {"GET": paged(shapes.PackageOut), "POST": shapes.PackageOut}

    def get(self, request: Request) -> Response:
        return self.page(selectors.packages(), shapes.PackageOut)

    def post(self, request: Request) -> Response:
        return self.one(vouchers.set_package(by=self.actor, **self.read(request)), shapes.PackageOut, status=201)


class Vouchers(ApiView):
    """Cardholders whom partners named."""

    permissions = {"GET": "vip.view", "POST": "vip.manage"}
    inputs = {"POST": shapes.VoucherIn}
    outputs = {"GET": paged(shapes.VoucherOut), "POST": shapes.VoucherOut}
    filters = Filters(Choice("state", "state", list(VOUCHER.states)))

    def get(self, request: Request) -> Response:
        return self.page(selectors.vouchers(self.actor), shapes.VoucherOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        package = selectors.access_package(self.actor, data.pop("package"), "vip.manage")
        return self.one(vouchers.enter_voucher(by=self.actor, package=package, **data), shapes.VoucherOut, status=201)


class Check(ApiView):
    """Is whoever shows a voucher its cardholder?"""

    permissions = {"POST": "vip.use"}
    inputs = {"POST": shapes.CheckIn}
    outputs = {"POST": (200, shapes.VoucherOut)}

    def post(self, request: Request) -> Response:
        data = self.read(request)
        site = access_site(self.actor, data.pop("site"), "vip.use")
        patient = access_patient(self.actor, data.pop("patient"))
        return self.one(vouchers.check_holder(by=self.actor, site=site, patient=patient, **data), shapes.VoucherOut)


class WithdrawVoucher(ApiView):
    """A voucher counts no more."""

    permissions = {"POST": "vip.manage"}
    outputs = {"POST": (200, shapes.VoucherOut)}

    def post(self, request: Request, code: UUID) -> Response:
        voucher = selectors.access_voucher(self.actor, code, "vip.manage")
        return self.one(vouchers.withdraw_voucher(by=self.actor, voucher=voucher), shapes.VoucherOut)


class Measures(ApiView):
    """The list of convenience and discount measures."""

    permissions = {"GET": "vip.view", "POST": "vip.manage"}
    inputs = {"POST": shapes.MeasureIn}
    outputs = {"GET": paged(shapes.MeasureOut), "POST": shapes.MeasureOut}

    def get(self, request: Request) -> Response:
        return self.page(selectors.measures(), shapes.MeasureOut)

    def post(self, request: Request) -> Response:
        return self.one(measures.set_measure(by=self.actor, **self.read(request)), shapes.MeasureOut, status=201)


class EndMeasure(ApiView):
    """The last day of a measure."""

    permissions = {"POST": "vip.manage"}
    inputs = {"POST": shapes.EndIn}
    outputs = {"POST": (200, shapes.MeasureOut)}

    def post(self, request: Request, code: UUID) -> Response:
        measure = selectors.access_measure(self.actor, code, "vip.manage")
        return self.one(measures.end_measure(by=self.actor, measure=measure, **self.read(request)), shapes.MeasureOut)


class Tell(ApiView):
    """A leaving patient was told what counts today."""

    permissions = {"POST": "vip.tell"}
    inputs = {"POST": shapes.TellIn}
    outputs = {"POST": shapes.ToldOut}

    def post(self, request: Request) -> Response:
        data = self.read(request)
        told = measures.tell_measures(
            by=self.actor,
            site=access_site(self.actor, data["site"], "vip.tell"),
            patient=access_patient(self.actor, data["patient"]),
        )
        return self.one(told, shapes.ToldOut, status=201)
