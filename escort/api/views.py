"""The escort vertical over the API: the same actions as the pages, for the desk and for a companion's app."""

from __future__ import annotations

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from escort import actions, selectors, service
from escort.access import access_companion, access_hospital, access_offer, access_order, companion_of
from escort.api import serializers as s
from escort.machines import ORDER
from escort.models import Hospital, Milestone, Offer, Order
from kernel.access import accessible
from kernel.api.filters import Choice, Filters, Moment
from kernel.api.pages import paged
from kernel.api.views import ApiView
from services.catalogue.selectors import access_item
from services.patients.selectors import access_patient
from services.sites.selectors import access_site


class Orders(ApiView):
    """Orders: list, and take in an enquiry."""

    permissions = {"GET": "escort.manage", "POST": "escort.enquire"}
    inputs = {"POST": s.OrderIn}
    outputs = {"GET": paged(s.OrderOut), "POST": s.OrderOut}
    filters = Filters(
        Choice("state", "state", list(ORDER.states)),
        Moment("from", "starts_at__gte"),
        Moment("until", "starts_at__lt"),
        ordering={"starts_at": "starts_at"},
        default="starts_at",
    )

    def get(self, request: Request) -> Response:
        rows = Order.objects.select_related("site", "patient", "hospital", "item")
        return self.page(accessible(rows, self.actor, "escort.manage"), s.OrderOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        order = actions.take_enquiry(
            by=self.actor,
            site=access_site(self.actor, data.pop("site"), "escort.enquire"),
            patient=access_patient(self.actor, data.pop("patient")),
            hospital=access_hospital(self.actor, data.pop("hospital")),
            item=access_item(self.actor, data.pop("item")),
            **data,
        )
        return self.one(order, s.OrderOut, status=201)


class OrderDetail(ApiView):
    """One order: for the manager, or for the companion who holds it."""

    permissions = {"GET": "escort.view"}
    outputs = {"GET": s.OrderOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(access_order(self.actor, code), s.OrderOut)


class OrderForward(ApiView):
    """Hand an enquiry to the manager."""

    permissions = {"POST": "escort.enquire"}
    outputs = {"POST": (200, s.OrderOut)}

    def post(self, request: Request, code: UUID) -> Response:
        order = access_order(self.actor, code)
        return self.one(actions.forward_enquiry(by=self.actor, order=order), s.OrderOut)


class OrderStep(ApiView):
    """The manager's further steps: take the offers back, change the companion, cancel, archive."""

    permissions = {"POST": "escort.manage"}
    inputs = {"POST": s.StepIn}
    outputs = {"POST": (200, s.OrderOut)}

    def post(self, request: Request, code: UUID) -> Response:
        order, by = access_order(self.actor, code), self.actor
        data = self.read(request)
        if data["step"] == "withdraw":
            actions.withdraw_offers(by=by, order=order)
        elif data["step"] == "release":
            actions.release_companion(by=by, order=order, reason=data["reason"])
        elif data["step"] == "cancel":
            actions.cancel_order(by=by, order=order, reason=data["reason"])
        else:
            actions.archive_order(by=by, order=order)
        return self.one(access_order(by, code), s.OrderOut)


class AgreementDraft(ApiView):
    """Draft the agreement; an enquiry is handed to the manager first."""

    permissions = {"POST": "escort.manage"}
    inputs = {"POST": s.AgreementIn}
    outputs = {"POST": s.AgreementOut}

    def post(self, request: Request, code: UUID) -> Response:
        order = access_order(self.actor, code)
        data = self.read(request)
        if order.state == "enquiry":
            order = actions.forward_enquiry(by=self.actor, order=order)
        return self.one(actions.draft_agreement(by=self.actor, order=order, **data), s.AgreementOut, status=201)


class AgreementSignature(ApiView):
    """One side signs the agreement."""

    permissions = {"POST": "escort.manage"}
    inputs = {"POST": s.SignIn}
    outputs = {"POST": (200, s.AgreementOut)}

    def post(self, request: Request, code: UUID) -> Response:
        order = access_order(self.actor, code)
        return self.one(
            actions.sign_agreement(by=self.actor, order=order, party=self.read(request)["party"]), s.AgreementOut
        )


class OrderOffers(ApiView):
    """The offers of an order, and offering it to several companions at once."""

    permissions = {"GET": "escort.manage", "POST": "escort.manage"}
    inputs = {"POST": s.OfferIn}
    outputs = {"GET": paged(s.ManagerOfferOut), "POST": s.ManagerOfferOut(many=True)}

    def get(self, request: Request, code: UUID) -> Response:
        order = access_order(self.actor, code)
        rows = order.offers.select_related("order__hospital", "companion").order_by("-offered_at")
        return self.page(rows, s.ManagerOfferOut)

    def post(self, request: Request, code: UUID) -> Response:
        order = access_order(self.actor, code)
        companions = [access_companion(self.actor, one) for one in self.read(request)["companions"]]
        offers = actions.offer_order(by=self.actor, order=order, companions=companions)
        return Response(s.ManagerOfferOut(offers, many=True).data, status=201)


class Companions(ApiView):
    """The agency's companions and their papers."""

    permissions = {"GET": "escort.manage"}
    outputs = {"GET": paged(s.CompanionOut)}
    filters = Filters(
        Choice("state", "state", ["applicant", "active", "suspended", "left"]),
        ordering={"number": "staff__number"},
        default="number",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.companions(self.actor), s.CompanionOut)


class Hospitals(ApiView):
    """The hospital directory."""

    permissions = {"GET": "escort.enquire"}
    outputs = {"GET": paged(s.HospitalOut)}

    def get(self, request: Request) -> Response:
        return self.page(Hospital.objects.order_by("city", "name"), s.HospitalOut)


class MyOffers(ApiView):
    """What the signed-in companion may accept now."""

    permissions = {"GET": "escort.serve"}
    outputs = {"GET": paged(s.OfferOut)}

    def get(self, request: Request) -> Response:
        return self.page(selectors.open_offers(companion_of(self.actor)), s.OfferOut)


class MyCards(ApiView):
    """The archived orders that the signed-in companion served: the work, and nothing of the client."""

    permissions = {"GET": "escort.serve"}
    outputs = {"GET": s.CardsOut}

    def get(self, request: Request) -> Response:
        cards = selectors.order_cards(companion_of(self.actor))
        return Response(s.CardsOut({"cards": cards}).data)


class AcceptOffer(ApiView):
    """Accept an offer: exactly one companion wins."""

    permissions = {"POST": "escort.serve"}
    outputs = {"POST": (200, s.AssignmentOut)}

    def post(self, request: Request, code: UUID) -> Response:
        return self.one(service.accept_offer(by=self.actor, offer=access_offer(self.actor, code)), s.AssignmentOut)


class DeclineOffer(ApiView):
    """Decline an offer; it costs nothing."""

    permissions = {"POST": "escort.serve"}
    outputs = {"POST": (200, s.OfferOut)}

    def post(self, request: Request, code: UUID) -> Response:
        service.decline_offer(by=self.actor, offer=access_offer(self.actor, code))
        declined = Offer.objects.select_related("order__hospital").get(code=code)
        return self.one(declined, s.OfferOut)


class Preparation(ApiView):
    """Store steps of the preparation; complete, the order is ready."""

    permissions = {"POST": "escort.serve"}
    inputs = {"POST": s.PreparationIn}
    outputs = {"POST": (200, s.OrderOut)}

    def post(self, request: Request, code: UUID) -> Response:
        order = access_order(self.actor, code)
        service.prepare(by=self.actor, order=order, **self.read(request))
        return self.one(access_order(self.actor, code), s.OrderOut)


class Milestones(ApiView):
    """Report what happened: meeting the client, the steps, the end. Safe to repeat with the same key."""

    permissions = {"POST": "escort.serve"}
    inputs = {"POST": s.MilestoneIn}
    outputs = {"POST": (200, s.MilestoneOut)}

    def post(self, request: Request, code: UUID) -> Response:
        order = access_order(self.actor, code)
        data = self.read(request)
        kind, place, note = data.pop("kind"), data.pop("place"), data.pop("note")
        if kind == Milestone.Kind.CHECKED_IN:
            stone = service.check_in(by=self.actor, order=order, place=place, **data)
        elif kind == Milestone.Kind.ENDED:
            stone = service.end_service(by=self.actor, order=order, **data)
        else:
            stone = service.reach_milestone(by=self.actor, order=order, kind=kind, note=note, **data)
        return self.one(stone, s.MilestoneOut)


class Report(ApiView):
    """Hand in the service report."""

    permissions = {"POST": "escort.serve"}
    inputs = {"POST": s.ReportIn}
    outputs = {"POST": s.ReportOut}

    def post(self, request: Request, code: UUID) -> Response:
        order = access_order(self.actor, code)
        return self.one(service.file_report(by=self.actor, order=order, **self.read(request)), s.ReportOut, status=201)
