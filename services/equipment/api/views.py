"""Equipment over the API: the same actions as the pages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.filters import Choice, Code, Filters
from kernel.api.pages import paged
from kernel.api.views import ApiView
from services.catalogue.models import Item
from services.catalogue.selectors import access_item
from services.equipment import actions, damage, selectors
from services.equipment.api.serializers import (
    CloseIn,
    DamageIn,
    DamageOut,
    DecisionIn,
    DeviceIn,
    DeviceOut,
    DoneIn,
    FaultOut,
    OpinionIn,
    TreatmentsIn,
    TypeOut,
    WordsIn,
)
from services.equipment.machines import DAMAGE, DEVICE, FAULT
from services.sites.selectors import access_room, access_site

VIEW, REPORT, MAINTAIN, MANAGE = "equipment.view", "equipment.report", "equipment.maintain", "equipment.manage"
JUDGE, DECIDE = "equipment.judge", "equipment.decide"


class Types(ApiView):
    """The kinds of devices with their capability."""

    permissions = {"GET": VIEW}
    outputs = {"GET": paged(TypeOut)}
    filters = Filters(ordering={"key": "key"}, default="key")

    def get(self, request: Request) -> Response:
        return self.page(selectors.types(), TypeOut)


class _Devices(ApiView):
    """What operations on devices share."""

    def items(self, codes: list[UUID]) -> list[Item]:
        return [access_item(self.actor, code, MANAGE) for code in codes]


class Devices(_Devices):
    """The register of devices, and entering one."""

    permissions = {"GET": VIEW, "POST": MANAGE}
    inputs = {"POST": DeviceIn}
    outputs = {"GET": paged(DeviceOut), "POST": DeviceOut}
    filters = Filters(
        Code("site", "site__code"),
        Code("type", "type__code"),
        Choice("state", "state", list(DEVICE.states)),
        ordering={"number": "number", "next_due_on": "next_due_on"},
        default="number",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.devices(self.actor), DeviceOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        room = data.pop("room")
        made = actions.register_device(
            by=self.actor,
            site=access_site(self.actor, data.pop("site"), MANAGE),
            type=selectors.access_type(data.pop("type")),
            room=access_room(self.actor, room) if room else None,
            items=self.items(data.pop("items")),
            **data,
        )
        return self.one(selectors.access_device(self.actor, made.code, MANAGE), DeviceOut, status=201)


class OneDevice(ApiView):
    """One device."""

    permissions = {"GET": VIEW}
    outputs = {"GET": DeviceOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(selectors.access_device(self.actor, code), DeviceOut)


class _Step(_Devices):
    """What steps of one device share: find it, act, show it."""

    outputs = {"POST": (200, DeviceOut)}

    def step(self, code: UUID, word: str, action: Any, **facts: Any) -> Response:
        found = selectors.access_device(self.actor, code, word)
        action(by=self.actor, site=found.site, device=found, **facts)
        return self.one(selectors.access_device(self.actor, code, word), DeviceOut)


class Treatments(_Step):
    """The treatments that need a device."""

    permissions = {"POST": MANAGE}
    inputs = {"POST": TreatmentsIn}

    def post(self, request: Request, code: UUID) -> Response:
        return self.step(code, MANAGE, actions.link_treatments, items=self.items(self.read(request)["items"]))


class Maintain(_Step):
    """Maintenance begins."""

    permissions = {"POST": MAINTAIN}

    def post(self, request: Request, code: UUID) -> Response:
        return self.step(code, MAINTAIN, actions.begin_maintenance)


class Maintained(_Step):
    """Maintenance is done; its record."""

    permissions = {"POST": MAINTAIN}
    inputs = {"POST": WordsIn}

    def post(self, request: Request, code: UUID) -> Response:
        return self.step(code, MAINTAIN, actions.finish_maintenance, **self.read(request))


class Back(_Step):
    """A device that was given up works again."""

    permissions = {"POST": MAINTAIN}

    def post(self, request: Request, code: UUID) -> Response:
        return self.step(code, MAINTAIN, actions.return_to_service)


class ReportFault(ApiView):
    """Something is wrong with a device: the ticket is open at once."""

    permissions = {"POST": REPORT}
    inputs = {"POST": WordsIn}
    outputs = {"POST": FaultOut}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_device(self.actor, code, REPORT)
        made = actions.report_fault(by=self.actor, site=found.site, device=found, **self.read(request))
        return self.one(made, FaultOut, status=201)


class Faults(ApiView):
    """Fault tickets with their downtime."""

    permissions = {"GET": VIEW}
    outputs = {"GET": paged(FaultOut)}
    filters = Filters(
        Code("site", "site__code"),
        Code("device", "device__code"),
        Choice("state", "state", list(FAULT.states)),
        ordering={"at": "at"},
        default="-at",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.faults(self.actor), FaultOut)


class CloseFault(ApiView):
    """The device works again, or it is given up."""

    permissions = {"POST": MAINTAIN}
    inputs = {"POST": CloseIn}
    outputs = {"POST": (200, FaultOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_fault(self.actor, code, MAINTAIN)
        actions.close_fault(by=self.actor, site=found.site, fault=found, **self.read(request))
        return self.one(selectors.access_fault(self.actor, code, MAINTAIN), FaultOut)


class Damage(ApiView):
    """Damage and loss of durable instruments, and reporting it."""

    permissions = {"GET": VIEW, "POST": REPORT}
    inputs = {"POST": DamageIn}
    outputs = {"GET": paged(DamageOut), "POST": DamageOut}
    filters = Filters(
        Code("site", "site__code"),
        Choice("state", "state", list(DAMAGE.states)),
        ordering={"reported_at": "reported_at"},
        default="-reported_at",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.damage_reports(self.actor), DamageOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        device = data.pop("device")
        made = damage.report_damage(
            by=self.actor,
            site=access_site(self.actor, data.pop("site"), REPORT),
            device=selectors.access_device(self.actor, device, REPORT) if device else None,
            **data,
        )
        return self.one(selectors.access_report(self.actor, made.code, REPORT), DamageOut, status=201)


class OneDamage(ApiView):
    """One report."""

    permissions = {"GET": VIEW}
    outputs = {"GET": DamageOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(selectors.access_report(self.actor, code), DamageOut)


class _ReportStep(ApiView):
    """What steps of one report share."""

    outputs = {"POST": (200, DamageOut)}

    def step(self, code: UUID, word: str, action: Any, **facts: Any) -> Response:
        found = selectors.access_report(self.actor, code, word)
        action(by=self.actor, site=found.site, report=found, **facts)
        return self.one(selectors.access_report(self.actor, code, word), DamageOut)


class Opinion(_ReportStep):
    """The head nurse's preliminary opinion."""

    permissions = {"POST": JUDGE}
    inputs = {"POST": OpinionIn}

    def post(self, request: Request, code: UUID) -> Response:
        return self.step(code, JUDGE, damage.give_opinion, **self.read(request))


class Decision(_ReportStep):
    """The dean decides; never who reported it or gave the opinion."""

    permissions = {"POST": DECIDE}
    inputs = {"POST": DecisionIn}

    def post(self, request: Request, code: UUID) -> Response:
        return self.step(code, DECIDE, damage.decide, **self.read(request))


class Executed(_ReportStep):
    """What was decided is carried out."""

    permissions = {"POST": JUDGE}
    inputs = {"POST": DoneIn}

    def post(self, request: Request, code: UUID) -> Response:
        return self.step(code, JUDGE, damage.execute, **self.read(request))
