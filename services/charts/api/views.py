"""Paper charts over the API: the same actions as their pages."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from kernel import clock
from kernel.api.filters import Choice, Code, Day, Filters
from kernel.api.pages import paged
from kernel.api.views import ApiView
from kernel.errors import Malformed
from services.charts import actions, selectors
from services.charts.api.serializers import (
    AgainIn,
    BlanksOut,
    CountIn,
    DifferenceIn,
    HandOutIn,
    PrintIn,
    PrintOut,
    RefuseIn,
    ReleaseOut,
    RequestIn,
    SeenIn,
    StagingOut,
    TranscribeIn,
    TranscriptionOut,
)
from services.charts.machines import RELEASE, TRANSCRIPTION
from services.charts.models import ChartPrint, ChartRelease, Transcription
from services.patients.reading import note_listed_codes, note_listing, note_read
from services.patients.selectors import access_patient
from services.sites.selectors import access_site


class Staging(ApiView):
    """The paper charts of a day at a site, and whether they lie ready."""

    permissions = {"GET": "charts.stage"}
    outputs = {"GET": StagingOut}
    filters = Filters(Code("site", None, help="Which site; required"), Day("day", None, help="Today by default"))

    def get(self, request: Request) -> Response:
        self.filters.check(request.query_params)
        code, day = (parameter.read(request.query_params) for parameter in self.filters.parameters)
        if code is None:
            sentence = _("Say which site.")
            raise Malformed("site_required", sentence, fields={"site": [sentence]})
        site = access_site(self.actor, code, "charts.stage")
        day = day or clock.today(site.timezone)
        rows = selectors.staging(site, day)
        note_listing(self.actor, [row.appointment.patient for row in rows])
        stock, least = selectors.blanks(site)
        return Response(StagingOut({"day": day, "charts": rows, "stock": stock, "least": least}).data)


class Pull(ApiView):
    """The tick that the chart of a booked guest lies ready."""

    permissions = {"PUT": "charts.stage", "DELETE": "charts.stage"}
    outputs = {"PUT": (204, None), "DELETE": (204, None)}

    def put(self, request: Request, code: UUID) -> Response:
        """Tick it; ticking twice changes nothing."""
        booked = selectors.access_staged(self.actor, code)
        actions.pull_chart(by=self.actor, site=booked.site, appointment=booked)
        return Response(status=204)

    def delete(self, request: Request, code: UUID) -> Response:
        """Take the tick away: the chart went back to its shelf."""
        booked = selectors.access_staged(self.actor, code)
        actions.put_back(by=self.actor, site=booked.site, appointment=booked)
        return Response(status=204)


class Blanks(ApiView):
    """Count the blank records of a site."""

    permissions = {"POST": "charts.stage"}
    inputs = {"POST": CountIn}
    outputs = {"POST": (200, BlanksOut)}

    def post(self, request: Request) -> Response:
        data = self.read(request)
        site = access_site(self.actor, data["site"], "charts.stage")
        return Response(BlanksOut(actions.count_blanks(by=self.actor, site=site, count=data["count"])).data)


class Releases(ApiView):
    """What was asked for at the caller's sites, the latest first."""

    permissions = {"GET": "charts.release"}
    outputs = {"GET": paged(ReleaseOut)}
    filters = Filters(
        Code("site", "site__code"),
        Choice("kind", "kind", ChartRelease.Kind.values),
        Choice("state", "state", list(RELEASE.states)),
        ordering={"requested_at": "requested_at"},
        default="-requested_at",
    )

    def get(self, request: Request) -> Response:
        answer = self.page(selectors.releases_for(self.actor), ReleaseOut)
        note_listed_codes(self.actor, [row["patient"] for row in answer.data["results"]])
        return answer


class ReleasesOfPatient(ApiView):
    """What was asked for of one patient's paper chart, and one more request."""

    permissions = {"GET": "charts.release", "POST": "charts.release"}
    inputs = {"POST": RequestIn}
    outputs = {"GET": paged(ReleaseOut), "POST": ReleaseOut}

    def get(self, request: Request, code: UUID) -> Response:
        patient = access_patient(self.actor, code)
        note_read(self.actor, patient, part="paper_chart")
        return self.page(selectors.releases_for(self.actor).filter(patient=patient), ReleaseOut)

    def post(self, request: Request, code: UUID) -> Response:
        """Note that the patient asks for the original or a copy."""
        patient = access_patient(self.actor, code)
        data = self.read(request)
        site = access_site(self.actor, data.pop("site"), "charts.release")
        asked = actions.request_release(by=self.actor, site=site, patient=patient, **data)
        return self.one(asked, ReleaseOut, status=201)


class OneRelease(ApiView):
    """One request; every look is logged."""

    permissions = {"GET": "charts.release"}
    outputs = {"GET": ReleaseOut}

    def get(self, request: Request, code: UUID) -> Response:
        release = release_of(self, code)
        note_read(self.actor, release.patient, part="paper_chart")
        return self.one(release, ReleaseOut)


class _OnRelease(ApiView):
    """What operations on one request share."""

    outputs = {"POST": (200, ReleaseOut)}

    def shown(self, code: UUID) -> Response:
        return self.one(selectors.access_release(self.actor, code), ReleaseOut)


class Consent(_OnRelease):
    """The supervisor consents, with name and time; never whoever noted the request."""

    permissions = {"POST": "charts.consent"}

    def post(self, request: Request, code: UUID) -> Response:
        actions.consent_to_release(by=self.actor, release=release_of(self, code))
        return self.shown(code)


class Refuse(_OnRelease):
    """The supervisor refuses, with the reason."""

    permissions = {"POST": "charts.consent"}
    inputs = {"POST": RefuseIn}

    def post(self, request: Request, code: UUID) -> Response:
        actions.refuse_release(by=self.actor, release=release_of(self, code), **self.read(request))
        return self.shown(code)


class HandOut(_OnRelease):
    """It is given out after an identity check."""

    permissions = {"POST": "charts.release"}
    inputs = {"POST": HandOutIn}

    def post(self, request: Request, code: UUID) -> Response:
        actions.hand_out(by=self.actor, release=release_of(self, code), **self.read(request))
        return self.shown(code)


class TakeBack(_OnRelease):
    """The original is back."""

    permissions = {"POST": "charts.release"}

    def post(self, request: Request, code: UUID) -> Response:
        actions.take_back(by=self.actor, release=release_of(self, code))
        return self.shown(code)


class Prints(ApiView):
    """What was looked up and printed at the caller's sites, the latest first."""

    permissions = {"GET": "charts.print"}
    outputs = {"GET": paged(PrintOut)}
    filters = Filters(
        Code("site", "site__code"),
        Choice("purpose", "purpose", ChartPrint.Purpose.values),
        ordering={"at": "at"},
        default="-at",
    )

    def get(self, request: Request) -> Response:
        answer = self.page(selectors.prints_for(self.actor), PrintOut)
        note_listed_codes(self.actor, [row["patient"] for row in answer.data["results"]])
        return answer


class PrintsOfPatient(ApiView):
    """Who had one patient's chart looked up or printed, and one more line."""

    permissions = {"GET": "charts.print", "POST": "charts.print"}
    inputs = {"POST": PrintIn}
    outputs = {"GET": paged(PrintOut), "POST": PrintOut}

    def get(self, request: Request, code: UUID) -> Response:
        patient = access_patient(self.actor, code)
        note_read(self.actor, patient, part="paper_chart")
        return self.page(selectors.prints_for(self.actor).filter(patient=patient), PrintOut)

    def post(self, request: Request, code: UUID) -> Response:
        """Log that the chart was looked up or printed, for whom and what for."""
        patient = access_patient(self.actor, code)
        data = self.read(request)
        site = access_site(self.actor, data.pop("site"), "charts.print")
        return self.one(actions.log_print(by=self.actor, site=site, patient=patient, **data), PrintOut, status=201)


class Transcriptions(ApiView):
    """What was copied from paper at the caller's sites, the latest first."""

    permissions = {"GET": "charts.transcribe"}
    outputs = {"GET": paged(TranscriptionOut)}
    filters = Filters(
        Code("site", "site__code"),
        Choice("state", "state", list(TRANSCRIPTION.states)),
        ordering={"entered_at": "entered_at"},
        default="-entered_at",
    )

    def get(self, request: Request) -> Response:
        answer = self.page(selectors.transcriptions_for(self.actor), TranscriptionOut)
        note_listed_codes(self.actor, [row["patient"] for row in answer.data["results"]])
        return answer


class TranscriptionsOfPatient(ApiView):
    """What was copied from one patient's paper chart, and one more entry."""

    permissions = {"GET": "charts.transcribe", "POST": "charts.transcribe"}
    inputs = {"POST": TranscribeIn}
    outputs = {"GET": paged(TranscriptionOut), "POST": TranscriptionOut}

    def get(self, request: Request, code: UUID) -> Response:
        patient = access_patient(self.actor, code)
        note_read(self.actor, patient, part="transcription")
        return self.page(selectors.transcriptions_for(self.actor).filter(patient=patient), TranscriptionOut)

    def post(self, request: Request, code: UUID) -> Response:
        """Copy words of the paper chart under the personal entry stamp."""
        patient = access_patient(self.actor, code)
        data = self.read(request)
        site = access_site(self.actor, data.pop("site"), "charts.transcribe")
        entry = actions.transcribe(by=self.actor, site=site, patient=patient, **data)
        return self.one(entry, TranscriptionOut, status=201)


class _OnEntry(ApiView):
    """What operations on one transcription share."""

    permissions = {"POST": "charts.transcribe"}
    outputs = {"POST": (200, TranscriptionOut)}

    def shown(self, code: UUID) -> Response:
        return self.one(selectors.access_transcription(self.actor, code), TranscriptionOut)


class Verify(_OnEntry):
    """Another person compared these very words with the paper."""

    inputs = {"POST": SeenIn}

    def post(self, request: Request, code: UUID) -> Response:
        actions.verify(by=self.actor, entry=entry_of(self, code), **self.read(request))
        return self.shown(code)


class Differs(_OnEntry):
    """It differs from the paper: whoever entered it puts it right."""

    inputs = {"POST": DifferenceIn}

    def post(self, request: Request, code: UUID) -> Response:
        actions.object_to(by=self.actor, entry=entry_of(self, code), **self.read(request))
        return self.shown(code)


class Again(_OnEntry):
    """New words under a new stamp."""

    inputs = {"POST": AgainIn}

    def post(self, request: Request, code: UUID) -> Response:
        actions.enter_again(by=self.actor, entry=entry_of(self, code), **self.read(request))
        return self.shown(code)


class GiveBack(_OnEntry):
    """The paper chart was given back."""

    def post(self, request: Request, code: UUID) -> Response:
        actions.give_back(by=self.actor, entry=entry_of(self, code))
        return self.shown(code)


def release_of(view: ApiView, code: UUID) -> ChartRelease:
    """The request behind ``code``, of a file that the caller may open. Raises NotFound, Forbidden."""
    release = selectors.access_release(view.actor, code)
    access_patient(view.actor, release.patient.code)
    return release


def entry_of(view: ApiView, code: UUID) -> Transcription:
    """The transcription behind ``code``, of a file that the caller may open. Raises NotFound, Forbidden."""
    entry = selectors.access_transcription(view.actor, code)
    access_patient(view.actor, entry.patient.code)
    return entry
