"""Models at the laboratory and lists of preparation over the API: the same actions as the pages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from dental import lab, selectors
from dental import preparation as lists
from dental.api.serializers import (
    FitIn,
    FittingIn,
    ModelIn,
    ModelOut,
    PreparationIn,
    PreparationOut,
    ReasonIn,
    ReceiveIn,
    SendIn,
    TickIn,
)
from dental.machines import LAB_MODEL
from kernel.api.filters import Choice, Code, Day, Filters
from kernel.api.pages import paged
from kernel.api.views import ApiView
from services.appointments.selectors import access_appointment
from services.patients.reading import note_read
from services.patients.selectors import access_patient
from services.reception.selectors import access_visit
from services.sites.selectors import access_site
from services.staff.selectors import access_staff


class Models(ApiView):
    """The register of models, and entering one with its impression."""

    permissions = {"GET": "dental.view_models", "POST": "dental.order_models"}
    inputs = {"POST": ModelIn}
    outputs = {"GET": paged(ModelOut), "POST": ModelOut}
    filters = Filters(
        Code("site", "site__code"),
        Code("patient", "patient__code"),
        Choice("state", "state", list(LAB_MODEL.states)),
        Day("due_until", "due_on__lte"),
        ordering={"due_on": "due_on", "number": "number"},
        default="due_on",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.models_for(self.actor), ModelOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        booking = data.pop("appointment")
        model = lab.order_model(
            by=self.actor,
            site=access_site(self.actor, data.pop("site"), "dental.order_models"),
            patient=access_patient(self.actor, data.pop("patient")),
            doctor=access_staff(self.actor, data.pop("doctor")),
            appointment=access_appointment(self.actor, booking) if booking else None,
            **data,
        )
        return self.one(selectors.access_model(self.actor, model.code), ModelOut, status=201)


class OneModel(ApiView):
    """One model."""

    permissions = {"GET": "dental.view_models"}
    outputs = {"GET": ModelOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(selectors.access_model(self.actor, code), ModelOut)


class _Step(ApiView):
    """What steps of one model share: find it, act, show it."""

    outputs = {"POST": (200, ModelOut)}

    def step(self, code: UUID, action: Any, **facts: Any) -> Response:
        action(by=self.actor, model=selectors.access_model(self.actor, code), **facts)
        return self.one(selectors.access_model(self.actor, code), ModelOut)


class Send(_Step):
    """Give a model to the laboratory's handler."""

    permissions = {"POST": "dental.handle_models"}
    inputs = {"POST": SendIn}

    def post(self, request: Request, code: UUID) -> Response:
        return self.step(code, lab.send_model, **self.read(request))


class Receive(_Step):
    """A model came back; a second receipt is refused."""

    permissions = {"POST": "dental.handle_models"}
    inputs = {"POST": ReceiveIn}

    def post(self, request: Request, code: UUID) -> Response:
        return self.step(code, lab.receive_model, **self.read(request))


class Check(_Step):
    """The model is right."""

    permissions = {"POST": "dental.order_models"}

    def post(self, request: Request, code: UUID) -> Response:
        return self.step(code, lab.check_model)


class Remake(_Step):
    """The model is made anew."""

    permissions = {"POST": "dental.order_models"}
    inputs = {"POST": ReasonIn}

    def post(self, request: Request, code: UUID) -> Response:
        return self.step(code, lab.remake_model, **self.read(request))


class Lose(_Step):
    """The model cannot be found."""

    permissions = {"POST": "dental.handle_models"}
    inputs = {"POST": ReasonIn}

    def post(self, request: Request, code: UUID) -> Response:
        return self.step(code, lab.lose_model, **self.read(request))


class Fit(_Step):
    """The model is fitted, at a visit."""

    permissions = {"POST": "dental.treat"}
    inputs = {"POST": FitIn}

    def post(self, request: Request, code: UUID) -> Response:
        visit = self.read(request)["visit"]
        return self.step(code, lab.fit_model, visit=access_visit(self.actor, visit) if visit else None)


class Fitting(_Step):
    """Choose the booking at which the model is fitted; null: none."""

    permissions = {"POST": "dental.order_models"}
    inputs = {"POST": FittingIn}

    def post(self, request: Request, code: UUID) -> Response:
        booking = self.read(request)["appointment"]
        chosen = access_appointment(self.actor, booking) if booking else None
        return self.step(code, lab.plan_fitting, appointment=chosen)


class Preparations(ApiView):
    """A patient's lists of preparation, and starting one."""

    permissions = {"GET": "dental.view", "POST": "dental.prepare"}
    inputs = {"POST": PreparationIn}
    outputs = {"GET": paged(PreparationOut), "POST": PreparationOut}

    def get(self, request: Request, code: UUID) -> Response:
        patient = access_patient(self.actor, code)
        note_read(self.actor, patient, part="preparation")
        rows = selectors.preparations_for(self.actor).filter(patient=patient).order_by("-opened_at", "-id")
        return self.page(rows, PreparationOut)

    def post(self, request: Request, code: UUID) -> Response:
        patient = access_patient(self.actor, code)
        data = self.read(request)
        row = lists.start_preparation(
            by=self.actor,
            site=access_site(self.actor, data["site"], "dental.prepare"),
            patient=patient,
            kind=data["kind"],
            specialist=access_staff(self.actor, data["specialist"]),
        )
        return self.one(selectors.access_preparation(self.actor, row.code), PreparationOut, status=201)


class _List(ApiView):
    """What acts on one list share."""

    permissions = {"POST": "dental.prepare"}
    outputs = {"POST": (200, PreparationOut)}

    def act(self, code: UUID, action: Any, **facts: Any) -> Response:
        action(by=self.actor, preparation=selectors.access_preparation(self.actor, code), **facts)
        return self.one(selectors.access_preparation(self.actor, code), PreparationOut)


class Tick(_List):
    """Tick an item of a list, or take its tick back."""

    permissions = {"POST": "dental.prepare"}
    inputs = {"POST": TickIn}

    def post(self, request: Request, code: UUID) -> Response:
        return self.act(code, lists.tick, **self.read(request))


class Prepared(_List):
    """Everything is there."""

    permissions = {"POST": "dental.prepare"}

    def post(self, request: Request, code: UUID) -> Response:
        return self.act(code, lists.mark_prepared)


class Withdraw(_List):
    """Nothing is prepared any more."""

    permissions = {"POST": "dental.prepare"}
    inputs = {"POST": ReasonIn}

    def post(self, request: Request, code: UUID) -> Response:
        return self.act(code, lists.withdraw_preparation, **self.read(request))
