"""How files are kept, over the API: restricted, opened by exception, merged, exported by two people; and relatives."""

from __future__ import annotations

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.conditional import expected_version
from kernel.api.filters import Choice, Filters
from kernel.api.pages import paged
from kernel.api.views import ApiView
from services.patients import actions, exporting, merging, reading, restriction, selectors
from services.patients.api.serializers import (
    AskExportIn,
    ExceptionIn,
    ExceptionOut,
    ExportOut,
    MergeIn,
    MergeOut,
    PatientOut,
    ReasonIn,
    RefusalIn,
    RelationIn,
    RelationOut,
    ReleasedOut,
    RestrictIn,
    RestrictionOut,
)
from services.patients.machines import EXPORT
from services.patients.models import Patient
from services.sites.selectors import access_site


class Restrictions(ApiView):
    """The restrictions of one file, the latest first, and one more."""

    permissions = {"GET": "patients.restrict", "POST": "patients.restrict"}
    inputs = {"POST": RestrictIn}
    outputs = {"GET": paged(RestrictionOut), "POST": RestrictionOut}
    versioned = ("POST",)

    def get(self, request: Request, code: UUID) -> Response:
        patient = closed_too(self, code, "patients.restrict")
        return self.page(restriction.restrictions_of(patient).select_related("patient"), RestrictionOut)

    def post(self, request: Request, code: UUID) -> Response:
        """Restrict a file that the caller has seen (``If-Match``); from now on it is opened by exception only."""
        patient = closed_too(self, code, "patients.restrict")
        version = expected_version(request, patient)
        made = restriction.restrict_file(by=self.actor, patient=patient, version=version, **self.read(request))
        return Response(RestrictionOut(made).data, status=201)


class RestrictedNow(ApiView):
    """The restrictions in force, the one that ends first on top."""

    permissions = {"GET": "patients.restrict"}
    outputs = {"GET": paged(RestrictionOut)}

    def get(self, request: Request) -> Response:
        return self.page(restriction.restricted_now(), RestrictionOut)


class Lift(ApiView):
    """End a restriction before its date, with the reason."""

    permissions = {"POST": "patients.restrict"}
    inputs = {"POST": ReasonIn}
    outputs = {"POST": (200, PatientOut)}

    def post(self, request: Request, code: UUID) -> Response:
        patient = closed_too(self, code, "patients.restrict")
        restriction.lift_restriction(by=self.actor, patient=patient, **self.read(request))
        patient = selectors.access_patient(self.actor, code)
        reading.note_read(self.actor, patient)
        return self.one(patient, PatientOut)


class OpenByException(ApiView):
    """Open a restricted file with a reason; the directors are told at once, somebody else reviews it."""

    permissions = {"POST": "patients.view"}
    inputs = {"POST": ExceptionIn}
    outputs = {"POST": ExceptionOut}

    def post(self, request: Request, code: UUID) -> Response:
        patient = closed_too(self, code)
        data = self.read(request)
        site = access_site(self.actor, data["site"], "patients.view")
        opened = restriction.open_by_exception(by=self.actor, patient=patient, site=site, reason=data["reason"])
        return Response(ExceptionOut(opened).data, status=201)


class Merges(ApiView):
    """The merges, the latest first."""

    permissions = {"GET": "patients.merge"}
    outputs = {"GET": paged(MergeOut)}

    def get(self, request: Request) -> Response:
        return self.page(merging.recent_merges(), MergeOut)


class Merge(ApiView):
    """The file of the address, which the caller has seen (``If-Match``), takes over everything of another one."""

    permissions = {"POST": "patients.merge"}
    inputs = {"POST": MergeIn}
    outputs = {"POST": MergeOut}
    versioned = ("POST",)

    def post(self, request: Request, code: UUID) -> Response:
        survivor = selectors.access_patient(self.actor, code, "patients.merge")
        version = expected_version(request, survivor)
        data = self.read(request)
        merged = selectors.access_patient(self.actor, data["merged"], "patients.merge")
        made = merging.merge_patients(
            by=self.actor, survivor=survivor, merged=merged, reason=data["reason"], version=version
        )
        return self.one(made, MergeOut, status=201)


class UndoMerge(ApiView):
    """Take a merge back; both files stand as before."""

    permissions = {"POST": "patients.merge"}
    outputs = {"POST": (200, MergeOut)}

    def post(self, request: Request, code: UUID) -> Response:
        merging.undo_merge(by=self.actor, merge=merging.access_merge(self.actor, code))
        return self.one(merging.access_merge(self.actor, code), MergeOut)


class ExportsOfPatient(ApiView):
    """The exports that were asked for of one file, and one more."""

    permissions = {"GET": "patients.ask_export", "POST": "patients.ask_export"}
    inputs = {"POST": AskExportIn}
    outputs = {"GET": paged(ExportOut), "POST": ExportOut}

    def get(self, request: Request, code: UUID) -> Response:
        patient = selectors.access_patient(self.actor, code, "patients.ask_export")
        return self.page(exporting.exports().filter(patient=patient), ExportOut)

    def post(self, request: Request, code: UUID) -> Response:
        """Ask for an export; somebody else releases it."""
        patient = selectors.access_patient(self.actor, code, "patients.ask_export")
        return self.one(
            exporting.ask_export(by=self.actor, patient=patient, **self.read(request)), ExportOut, status=201
        )


class Exports(ApiView):
    """The exports for whoever releases them, the latest first, with the files that can be fetched."""

    permissions = {"GET": "patients.release_export"}
    outputs = {"GET": paged(ReleasedOut)}
    filters = Filters(
        Choice("state", "state", list(EXPORT.states)),
        ordering={"asked_at": "asked_at"},
        default="-asked_at",
    )

    def get(self, request: Request) -> Response:
        answer = self.page(exporting.exports(), ReleasedOut)
        reading.note_listed_codes(self.actor, [row["patient"] for row in answer.data["results"]])
        return answer


class ReleaseExport(ApiView):
    """Write both files and let them be fetched for a few days; never by whoever asked."""

    permissions = {"POST": "patients.release_export"}
    outputs = {"POST": (200, ReleasedOut)}

    def post(self, request: Request, code: UUID) -> Response:
        exporting.release_export(by=self.actor, export=exporting.access_export(self.actor, code))
        return self.one(exporting.access_export(self.actor, code), ReleasedOut)


class RefuseExport(ApiView):
    """Refuse an export, with the reason."""

    permissions = {"POST": "patients.release_export"}
    inputs = {"POST": RefusalIn}
    outputs = {"POST": (200, ReleasedOut)}

    def post(self, request: Request, code: UUID) -> Response:
        export = exporting.access_export(self.actor, code)
        exporting.refuse_export(by=self.actor, export=export, **self.read(request))
        return self.one(exporting.access_export(self.actor, code), ReleasedOut)


class Relations(ApiView):
    """The relatives that stand in one file, and one more."""

    permissions = {"GET": "patients.view", "POST": "patients.edit"}
    inputs = {"POST": RelationIn}
    outputs = {"GET": paged(RelationOut), "POST": RelationOut}

    def get(self, request: Request, code: UUID) -> Response:
        patient = selectors.access_patient(self.actor, code)
        reading.note_read(self.actor, patient, part="family")
        return self.page(patient.relations.select_related("relative").order_by("id"), RelationOut)

    def post(self, request: Request, code: UUID) -> Response:
        """Write a relative into the file."""
        patient = selectors.access_patient(self.actor, code, "patients.edit")
        data = self.read(request)
        relative = data.pop("relative")
        data["relative"] = selectors.access_patient(self.actor, relative) if relative else None
        added = actions.add_relation(by=self.actor, patient=patient, **data)
        return Response(RelationOut(added).data, status=201)


class OneRelation(ApiView):
    """A relative of one file."""

    permissions = {"DELETE": "patients.edit"}
    outputs = {"DELETE": (204, None)}

    def delete(self, request: Request, code: UUID, relation: UUID) -> Response:
        """Take a relative out of the file."""
        patient = selectors.access_patient(self.actor, code, "patients.edit")
        found = selectors.access_relation(self.actor, patient, relation)
        actions.remove_relation(by=self.actor, relation=found)
        return Response(status=204)


def closed_too(view: ApiView, code: UUID, word: str = "patients.view") -> Patient:
    """The file of the address, restricted or not. Raises NotFound."""
    return selectors.access_patient(view.actor, code, word, even_restricted=True)
