"""Sudden changes of those who wait, over the API."""

from __future__ import annotations

from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dermatology import watching
from dermatology.machines import CHANGE
from kernel.api.filters import Choice, Code, Filters
from kernel.api.pages import paged
from kernel.api.serializers import LineField, MomentField, OutSerializer, StrictSerializer
from kernel.api.views import ApiView
from services.patients.reading import note_listed_codes
from services.patients.selectors import access_patient
from services.reception.selectors import access_visit
from services.staff.selectors import access_staff


class ReportIn(StrictSerializer):
    words = LineField(max_length=500)


class ContactIn(StrictSerializer):
    doctor = serializers.UUIDField()


class TransferIn(StrictSerializer):
    destination = LineField(max_length=80)


class SettleIn(StrictSerializer):
    outcome = LineField(max_length=500)


class ChangeOut(OutSerializer):
    """What changed, and when what was done."""

    code = serializers.UUIDField()
    version = serializers.IntegerField()
    site = serializers.UUIDField(source="site.code")
    visit = serializers.UUIDField(source="visit.code")
    patient = serializers.UUIDField(source="visit.patient.code")
    words = serializers.CharField()
    state = serializers.ChoiceField(choices=CHANGE.choices)
    seen_at = MomentField()
    seen_by = serializers.CharField(source="seen_by_name")
    doctor = serializers.UUIDField(source="doctor.code", allow_null=True, default=None)
    contacted_at = MomentField(allow_null=True)
    contacted_by = serializers.CharField(source="contacted_by_name", allow_blank=True)
    destination = serializers.CharField(allow_blank=True)
    transferred_at = MomentField(allow_null=True)
    transferred_by = serializers.CharField(source="transferred_by_name", allow_blank=True)
    outcome = serializers.CharField(allow_blank=True)
    settled_at = MomentField(allow_null=True)


class Changes(ApiView):
    """Sudden changes of waiting guests, the latest first."""

    permissions = {"GET": watching.WORD}
    outputs = {"GET": paged(ChangeOut)}
    filters = Filters(
        Code("site", "site__code"),
        Choice("state", "state", list(CHANGE.states)),
        ordering={"seen_at": "seen_at"},
        default="-seen_at",
    )

    def get(self, request: Request) -> Response:
        answer = self.page(watching.changes_for(self.actor), ChangeOut)
        note_listed_codes(self.actor, [row["patient"] for row in answer.data["results"]])
        return answer


class ReportChange(ApiView):
    """A waiting guest is suddenly worse: the doctor is called at once."""

    permissions = {"POST": watching.WORD}
    inputs = {"POST": ReportIn}
    outputs = {"POST": ChangeOut}

    def post(self, request: Request, code: UUID) -> Response:
        visit = access_visit(self.actor, code)
        access_patient(self.actor, visit.patient.code, watching.WORD, even_restricted=True)
        change = watching.report_change(by=self.actor, site=visit.site, visit=visit, **self.read(request))
        return self.one(change, ChangeOut, status=201)


class _Step(ApiView):
    """What steps of one event share."""

    permissions = {"POST": watching.WORD}
    outputs = {"POST": (200, ChangeOut)}

    def shown(self, code: UUID) -> Response:
        return self.one(watching.access_change(self.actor, code), ChangeOut)


class Contact(_Step):
    """The doctor has been reached, now."""

    inputs = {"POST": ContactIn}

    def post(self, request: Request, code: UUID) -> Response:
        change = watching.access_change(self.actor, code)
        doctor = access_staff(self.actor, self.read(request)["doctor"])
        watching.note_contact(by=self.actor, change=change, doctor=doctor)
        return self.shown(code)


class Transfer(_Step):
    """The guest is moved to an emergency department; the doctor was contacted before."""

    inputs = {"POST": TransferIn}

    def post(self, request: Request, code: UUID) -> Response:
        change = watching.access_change(self.actor, code)
        watching.transfer(by=self.actor, change=change, **self.read(request))
        return self.shown(code)


class Settle(_Step):
    """The doctor has seen to it here; the guest goes on waiting."""

    inputs = {"POST": SettleIn}

    def post(self, request: Request, code: UUID) -> Response:
        change = watching.access_change(self.actor, code)
        watching.settle(by=self.actor, change=change, **self.read(request))
        return self.shown(code)
