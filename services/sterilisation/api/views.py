"""Sterilisation over the API: the same actions as the pages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.filters import Choice, Code, Filters, Moment, Text
from kernel.api.pages import paged
from kernel.api.views import ApiView
from services.patients.reading import note_listing
from services.reception.selectors import access_visit
from services.sites.selectors import access_site
from services.sterilisation import actions, selectors
from services.sterilisation.api.serializers import (
    BiologicalIn,
    InUseIn,
    LoadIn,
    LoadOut,
    PackOut,
    ReasonIn,
    ResultIn,
    SetIn,
    SetOut,
    SteriliserIn,
    SteriliserOut,
    TreatedListOut,
    UseIn,
)
from services.sterilisation.machines import LOAD, PACK

VIEW, OPERATE, MANAGE = "sterilisation.view", "sterilisation.operate", "sterilisation.manage"


class Sterilisers(ApiView):
    """The sterilisers, and entering one."""

    permissions = {"GET": VIEW, "POST": MANAGE}
    inputs = {"POST": SteriliserIn}
    outputs = {"GET": paged(SteriliserOut), "POST": SteriliserOut}
    filters = Filters(Code("site", "site__code"), ordering={"number": "number"}, default="number")

    def get(self, request: Request) -> Response:
        return self.page(selectors.sterilisers(self.actor), SteriliserOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        site = access_site(self.actor, data.pop("site"), MANAGE)
        return self.one(actions.register_steriliser(by=self.actor, site=site, **data), SteriliserOut, status=201)


class SteriliserInUse(ApiView):
    """Take a steriliser out of use, or back."""

    permissions = {"POST": MANAGE}
    inputs = {"POST": InUseIn}
    outputs = {"POST": (200, SteriliserOut)}

    def post(self, request: Request, code: UUID) -> Response:
        row = selectors.access_steriliser(self.actor, code, MANAGE)
        return self.one(actions.set_in_use(by=self.actor, row=row, **self.read(request)), SteriliserOut)


class Sets(ApiView):
    """The instrument sets, and entering one."""

    permissions = {"GET": VIEW, "POST": MANAGE}
    inputs = {"POST": SetIn}
    outputs = {"GET": paged(SetOut), "POST": SetOut}
    filters = Filters(Code("site", "site__code"), ordering={"number": "number"}, default="number")

    def get(self, request: Request) -> Response:
        return self.page(selectors.sets(self.actor), SetOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        site = access_site(self.actor, data.pop("site"), MANAGE)
        made = actions.register_set(by=self.actor, site=site, **data)
        return self.one(selectors.access_set(self.actor, made.code, MANAGE), SetOut, status=201)


class SetInUse(ApiView):
    """Take an instrument set out of use, or back."""

    permissions = {"POST": MANAGE}
    inputs = {"POST": InUseIn}
    outputs = {"POST": (200, SetOut)}

    def post(self, request: Request, code: UUID) -> Response:
        row = selectors.access_set(self.actor, code, MANAGE)
        actions.set_in_use(by=self.actor, row=row, **self.read(request))
        return self.one(selectors.access_set(self.actor, code, MANAGE), SetOut)


class Loads(ApiView):
    """The sterilisation log, and loading a steriliser."""

    permissions = {"GET": VIEW, "POST": OPERATE}
    inputs = {"POST": LoadIn}
    outputs = {"GET": paged(LoadOut), "POST": LoadOut}
    filters = Filters(
        Code("site", "site__code"),
        Code("steriliser", "steriliser__code"),
        Choice("state", "state", list(LOAD.states)),
        Moment("from", "loaded_at__gte"),
        Moment("until", "loaded_at__lt"),
        ordering={"loaded_at": "loaded_at"},
        default="-loaded_at",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.loads(self.actor), LoadOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        made = actions.load_steriliser(
            by=self.actor,
            site=access_site(self.actor, data["site"], OPERATE),
            steriliser=selectors.access_steriliser(self.actor, data["steriliser"], OPERATE),
            programme=data["programme"],
            implants=data["implants"],
            sets=[selectors.access_set(self.actor, code, OPERATE) for code in data["sets"]],
        )
        return self.one(selectors.access_load(self.actor, made.code, OPERATE), LoadOut, status=201)


class OneLoad(ApiView):
    """One load with its indicators and packs."""

    permissions = {"GET": VIEW}
    outputs = {"GET": LoadOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(selectors.access_load(self.actor, code), LoadOut)


class Treated(ApiView):
    """Whom the instruments of a load, and of those recalled because of it, were opened for."""

    permissions = {"GET": VIEW}
    outputs = {"GET": TreatedListOut}

    def get(self, request: Request, code: UUID) -> Response:
        rows = selectors.affected(selectors.access_load(self.actor, code))
        note_listing(self.actor, [one.visit.patient for one in rows])
        return self.one({"treated": rows}, TreatedListOut)


class _Step(ApiView):
    """What steps of one load share: find it, act, show it."""

    outputs = {"POST": (200, LoadOut)}

    def step(self, code: UUID, word: str, action: Any, **facts: Any) -> Response:
        found = selectors.access_load(self.actor, code, word)
        action(by=self.actor, site=found.site, load=found, **facts)
        return self.one(selectors.access_load(self.actor, code, word), LoadOut)


class Start(_Step):
    """The run begins."""

    permissions = {"POST": OPERATE}

    def post(self, request: Request, code: UUID) -> Response:
        return self.step(code, OPERATE, actions.start_load)


class Result(_Step):
    """The run is over: what the indicators say. One that failed fails the load and blocks its packs."""

    permissions = {"POST": OPERATE}
    inputs = {"POST": ResultIn}

    def post(self, request: Request, code: UUID) -> Response:
        return self.step(code, OPERATE, actions.finish_load, **self.read(request))


class Biological(_Step):
    """The biological indicator, read later; if it failed, everything since its last pass is blocked."""

    permissions = {"POST": OPERATE}
    inputs = {"POST": BiologicalIn}

    def post(self, request: Request, code: UUID) -> Response:
        return self.step(code, OPERATE, actions.read_biological, **self.read(request))


class Release(_Step):
    """Somebody who did not run it releases a passed load."""

    permissions = {"POST": "sterilisation.release"}

    def post(self, request: Request, code: UUID) -> Response:
        return self.step(code, "sterilisation.release", actions.release_load)


class Cancel(_Step):
    """A load is not run after all."""

    permissions = {"POST": OPERATE}
    inputs = {"POST": ReasonIn}

    def post(self, request: Request, code: UUID) -> Response:
        return self.step(code, OPERATE, actions.cancel_load, **self.read(request))


class Reprocess(_Step):
    """A failed or recalled load goes through cleaning again."""

    permissions = {"POST": "sterilisation.reprocess"}
    inputs = {"POST": ReasonIn}

    def post(self, request: Request, code: UUID) -> Response:
        return self.step(code, "sterilisation.reprocess", actions.reprocess_load, **self.read(request))


class Packs(ApiView):
    """Packs: by label, state, load, or the visit they were opened for."""

    permissions = {"GET": VIEW}
    outputs = {"GET": paged(PackOut)}
    filters = Filters(
        Code("site", "site__code"),
        Code("load", "load__code"),
        Code("visit", "use__visit__code"),
        Text("number", "number__iexact"),
        Choice("state", "state", list(PACK.states)),
        ordering={"number": "number", "expires_on": "expires_on"},
        default="-number",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.packs(self.actor), PackOut)


class OnePack(ApiView):
    """One pack, and for whom it was opened."""

    permissions = {"GET": VIEW}
    outputs = {"GET": PackOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(selectors.access_pack(self.actor, code), PackOut)


class Use(ApiView):
    """Open a pack for the guest in a chair: once, released, not expired."""

    permissions = {"POST": "sterilisation.use"}
    inputs = {"POST": UseIn}
    outputs = {"POST": (200, PackOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_pack(self.actor, code, "sterilisation.use")
        visit = access_visit(self.actor, self.read(request)["visit"])
        actions.use_pack(by=self.actor, site=found.site, pack=found, visit=visit)
        return self.one(selectors.access_pack(self.actor, code, "sterilisation.use"), PackOut)


class Return(ApiView):
    """Expired, torn or wet: a sterile pack goes back to cleaning."""

    permissions = {"POST": OPERATE}
    inputs = {"POST": ReasonIn}
    outputs = {"POST": (200, PackOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_pack(self.actor, code, OPERATE)
        actions.return_pack(by=self.actor, site=found.site, pack=found, **self.read(request))
        return self.one(selectors.access_pack(self.actor, code, OPERATE), PackOut)
