"""Visits booked together, over the API: all of them or none, as on the page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Prefetch
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.conditional import expected_version, with_etag
from kernel.api.filters import Code, Filters
from kernel.api.pages import paged
from kernel.api.serializers import LineField, MomentField, OutSerializer, StrictSerializer
from kernel.api.views import ApiView
from services.appointments import controls, groups, selectors
from services.appointments.api.serializers import AppointmentOut, CancelIn
from services.appointments.group_models import BookingGroup
from services.appointments.group_slots import Wanted
from services.appointments.models import Appointment, AppointmentMove, Assignment, ConfirmationAttempt
from services.catalogue.selectors import access_item
from services.patients.selectors import access_patient
from services.sites.models import Site
from services.sites.selectors import access_site
from services.staff.selectors import access_staff

DEVIATIONS = [one for one in Assignment.Deviation.choices if one[0] != Assignment.Deviation.MOVED]
MEANS = [one for one in Appointment.Channel.choices if one[0] in groups.CHANNELS]


class MemberIn(StrictSerializer):
    """One visit: length in units, else the item's or that of a routine examination; without a doctor the treating one,
    else whoever is free."""

    patient = serializers.UUIDField()
    doctor = serializers.UUIDField(required=False, allow_null=True, default=None)
    units = serializers.IntegerField(min_value=1, max_value=40, required=False, allow_null=True, default=None)
    item = serializers.UUIDField(required=False, allow_null=True, default=None)


class GroupIn(StrictSerializer):
    """At least two visits from ``starts_at`` on. One person is told for all: ``contact``, one of them or who pays for one,
    or else somebody known by name and phone who speaks for a group with a ``name``."""

    site = serializers.UUIDField()
    starts_at = MomentField()
    visits = MemberIn(many=True, max_length=groups.MOST)  # type: ignore[call-arg]  # of the list
    arrangement = serializers.ChoiceField(
        choices=BookingGroup.Arrangement.choices, default=BookingGroup.Arrangement.SIDE_BY_SIDE
    )
    name = LineField(max_length=60, required=False, allow_blank=True, default="")
    contact = serializers.UUIDField(required=False, allow_null=True, default=None)
    contact_name = LineField(max_length=80, required=False, allow_blank=True, default="")
    contact_phone = LineField(max_length=30, required=False, allow_blank=True, default="")
    channel = serializers.ChoiceField(choices=MEANS, default=Appointment.Channel.PHONE)
    deviation = serializers.ChoiceField(choices=DEVIATIONS, required=False, allow_blank=True, default="")
    deviation_note = LineField(max_length=200, required=False, allow_blank=True, default="")


class GroupMoveIn(StrictSerializer):
    starts_at = MomentField()
    reason = LineField(max_length=120)
    asked_by = serializers.ChoiceField(choices=AppointmentMove.Asked.choices, default=AppointmentMove.Asked.PATIENT)


class GroupConfirmIn(StrictSerializer):
    result = serializers.ChoiceField(
        choices=[ConfirmationAttempt.Result.CONFIRMED, ConfirmationAttempt.Result.UNREACHABLE]
    )
    channel = serializers.ChoiceField(
        choices=ConfirmationAttempt.Channel.choices, default=ConfirmationAttempt.Channel.PHONE
    )


class GroupOut(OutSerializer):
    code = serializers.UUIDField()
    version = serializers.IntegerField()
    site = serializers.UUIDField(source="site.code")
    name = serializers.CharField()
    contact = serializers.UUIDField(source="contact.code", default=None, allow_null=True)
    contact_name = serializers.CharField(help_text="Who speaks for the group, without a file.")
    arrangement = serializers.ChoiceField(choices=BookingGroup.Arrangement.choices)
    booked_at = MomentField()
    visits = AppointmentOut(many=True, source="appointments.all")


class Groups(ApiView):
    """Visits booked together, the latest first; book a group, all or nothing."""

    permissions = {"GET": "appointments.view", "POST": "appointments.book"}
    inputs = {"POST": GroupIn}
    outputs = {"GET": paged(GroupOut), "POST": GroupOut}
    filters = Filters(
        Code("site", "site__code"),
        Code("contact", "contact__code"),
        ordering={"booked_at": "booked_at"},
        default="-booked_at",
    )

    def get(self, request: Request) -> Response:
        return self.page(_with_visits(selectors.groups_for(self.actor)), GroupOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        site = access_site(self.actor, data.pop("site"), "appointments.book")
        contact = data.pop("contact")
        booked = groups.book_group(
            by=self.actor,
            site=site,
            wanted=_wanted(self, site, data.pop("visits")),
            contact=access_patient(self.actor, contact) if contact else None,
            **data,
        )
        return _answer(self, booked.code, status=201)


class OneGroup(ApiView):
    """One group with its visits by time."""

    permissions = {"GET": "appointments.view"}
    outputs = {"GET": GroupOut}

    def get(self, request: Request, code: UUID) -> Response:
        return _answer(self, code)


class MoveGroup(ApiView):
    """Move every expected visit of a group that the caller has seen (``If-Match``), all or none."""

    permissions = {"POST": "appointments.book"}
    inputs = {"POST": GroupMoveIn}
    outputs = {"POST": (200, GroupOut)}
    versioned = ("POST",)

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_group(self.actor, code)
        version = expected_version(request, found)
        groups.move_group(by=self.actor, group=found, version=version, **self.read(request))
        return _answer(self, code)


class CancelGroup(ApiView):
    """Cancel every expected visit of a group that the caller has seen (``If-Match``)."""

    permissions = {"POST": "appointments.book"}
    inputs = {"POST": CancelIn}
    outputs = {"POST": (200, GroupOut)}
    versioned = ("POST",)

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_group(self.actor, code)
        version = expected_version(request, found)
        groups.cancel_group(by=self.actor, group=found, version=version, **self.read(request))
        return _answer(self, code)


class ConfirmGroup(ApiView):
    """Record what asking the contact brought, for every visit that is still expected."""

    permissions = {"POST": "appointments.confirm"}
    inputs = {"POST": GroupConfirmIn}
    outputs = {"POST": (200, GroupOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_group(self.actor, code)
        groups.confirm_group(by=self.actor, group=found, **self.read(request))
        return _answer(self, code)


def _with_visits(rows: Any) -> Any:
    visits = Appointment.objects.select_related(*selectors.JOINED).order_by("starts_at", "id")
    return rows.prefetch_related(Prefetch("appointments", visits))


def _answer(view: ApiView, code: UUID, *, status: int = 200) -> Response:
    """The group as it is now, with its entity tag. Never "unchanged": a visit may be confirmed alone, which leaves the
    version of its group as it is."""
    found = selectors.access_group(view.actor, code)
    row = _with_visits(selectors.groups_for(view.actor)).get(pk=found.pk)
    return with_etag(Response(GroupOut(row, context={"request": view.request}).data, status=status), row)


def _wanted(view: ApiView, site: Site, visits: list[dict[str, Any]]) -> list[Wanted]:
    """What is looked for, as rows that this caller may name."""
    asked = []
    for visit in visits:
        item = access_item(view.actor, visit["item"]) if visit["item"] else None
        asked.append(
            Wanted(
                patient=access_patient(view.actor, visit["patient"]),
                units=controls.units_for(
                    site=site,
                    item=item,
                    units=visit["units"],
                    minutes=None,
                    vertical=item.vertical if item is not None else None,
                ),
                doctor=access_staff(view.actor, visit["doctor"]) if visit["doctor"] else None,
                item=item,
            )
        )
    return groups.with_usual_doctors(site, asked)
