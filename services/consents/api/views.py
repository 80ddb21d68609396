"""Consents over the API: the same actions as their pages."""

from __future__ import annotations

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.conditional import expected_version
from kernel.api.filters import Choice, Code, Filters
from kernel.api.pages import paged
from kernel.api.views import ApiView
from services.consents import actions, selectors
from services.consents.api.serializers import (
    ConsentOut,
    DiscloseIn,
    DisclosureOut,
    PublishIn,
    TakeIn,
    TemplateIn,
    TemplateOut,
    TemplateVersionOut,
    WithdrawIn,
)
from services.consents.machines import CONSENT
from services.consents.models import Consent, ConsentTemplate, Reason
from services.patients.reading import note_listed_codes, note_read
from services.patients.selectors import access_patient, access_relation
from services.sites.selectors import access_site

PURPOSES = list(ConsentTemplate.Purpose.values)


class Templates(ApiView):
    """The forms, and one more."""

    permissions = {"GET": "consents.manage", "POST": "consents.manage"}
    inputs = {"POST": TemplateIn}
    outputs = {"GET": paged(TemplateOut), "POST": TemplateOut}
    filters = Filters(Choice("purpose", "purpose", PURPOSES))

    def get(self, request: Request) -> Response:
        return self.page(ConsentTemplate.objects.order_by("purpose", "title", "id"), TemplateOut)

    def post(self, request: Request) -> Response:
        """Add a form; one with the same key is answered as it stands."""
        return self.one(actions.ensure_template(by=self.actor, **self.read(request)), TemplateOut, status=201)


class OneTemplate(ApiView):
    """One form."""

    permissions = {"GET": "consents.manage"}
    outputs = {"GET": TemplateOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(selectors.access_template(self.actor, code), TemplateOut)


class Versions(ApiView):
    """The words of a form, the newest first; what was signed keeps the words that were signed."""

    permissions = {"GET": "consents.manage", "POST": "consents.manage"}
    inputs = {"POST": PublishIn}
    outputs = {"GET": paged(TemplateVersionOut), "POST": TemplateVersionOut}
    versioned = ("POST",)

    def get(self, request: Request, code: UUID) -> Response:
        found = selectors.access_template(self.actor, code)
        return self.page(found.versions.select_related("template"), TemplateVersionOut)

    def post(self, request: Request, code: UUID) -> Response:
        """Publish other words of a form that the caller has seen (``If-Match``)."""
        found = selectors.access_template(self.actor, code)
        version = expected_version(request, found)
        published = actions.publish(by=self.actor, template=found, version=version, **self.read(request))
        return self.one(published, TemplateVersionOut, status=201)


class Forms(ApiView):
    """The words that are signed now, one for each form in force."""

    permissions = {"GET": "consents.view"}
    outputs = {"GET": paged(TemplateVersionOut)}
    filters = Filters(Choice("purpose", "template__purpose", PURPOSES))

    def get(self, request: Request) -> Response:
        return self.page(selectors.versions_to_sign(), TemplateVersionOut)


class OfPatient(ApiView):
    """What was signed for one patient; every look is logged."""

    permissions = {"GET": "consents.view", "POST": "consents.take"}
    inputs = {"POST": TakeIn}
    outputs = {"GET": paged(ConsentOut), "POST": ConsentOut}
    filters = Filters(
        Choice("purpose", "version_signed__template__purpose", PURPOSES),
        Choice("state", "state", list(CONSENT.states)),
    )

    def get(self, request: Request, code: UUID) -> Response:
        patient = access_patient(self.actor, code)
        note_read(self.actor, patient, part="consents")
        return self.page(selectors.consents_of(patient).select_related("patient"), ConsentOut)

    def post(self, request: Request, code: UUID) -> Response:
        """Keep that a consent was signed."""
        patient = access_patient(self.actor, code)
        data = self.read(request)
        guardian = data.pop("guardian")
        consent = actions.take_consent(
            by=self.actor,
            site=access_site(self.actor, data.pop("site"), "consents.take"),
            patient=patient,
            version_signed=selectors.access_version(self.actor, data.pop("signed_version")),
            guardian=access_relation(self.actor, patient, guardian, "consents.take") if guardian else None,
            **data,
        )
        return self.one(consent, ConsentOut, status=201)


class OneConsent(ApiView):
    """One signature."""

    permissions = {"GET": "consents.view"}
    outputs = {"GET": ConsentOut}

    def get(self, request: Request, code: UUID) -> Response:
        consent = reached(self, code)
        note_read(self.actor, consent.patient, part="consents")
        return self.one(consent, ConsentOut)


class Withdraw(ApiView):
    """The patient takes a consent back that the caller has seen (``If-Match``)."""

    permissions = {"POST": "consents.take"}
    inputs = {"POST": WithdrawIn}
    outputs = {"POST": (200, ConsentOut)}
    versioned = ("POST",)

    def post(self, request: Request, code: UUID) -> Response:
        consent = reached(self, code, "consents.take")
        version = expected_version(request, consent)
        actions.withdraw_consent(by=self.actor, consent=consent, version=version, **self.read(request))
        return self.one(selectors.access_consent(self.actor, code), ConsentOut)


class DisclosuresOfPatient(ApiView):
    """What third parties were told about one patient, and what one is told now."""

    permissions = {"GET": "consents.disclose", "POST": "consents.disclose"}
    inputs = {"POST": DiscloseIn}
    outputs = {"GET": paged(DisclosureOut), "POST": DisclosureOut}

    def get(self, request: Request, code: UUID) -> Response:
        patient = access_patient(self.actor, code)
        note_read(self.actor, patient, part="disclosures")
        return self.page(selectors.disclosures_for(self.actor).filter(patient=patient), DisclosureOut)

    def post(self, request: Request, code: UUID) -> Response:
        """Write it down before it is told; without a consent in force or a lawful reason it is refused."""
        patient = access_patient(self.actor, code)
        data = self.read(request)
        consent = data.pop("consent")
        told = actions.disclose(
            by=self.actor,
            site=access_site(self.actor, data.pop("site"), "consents.disclose"),
            patient=patient,
            consent=reached(self, consent) if consent else None,
            **data,
        )
        return self.one(told, DisclosureOut, status=201)


class Disclosures(ApiView):
    """What third parties were told, at the caller's sites."""

    permissions = {"GET": "consents.disclose"}
    outputs = {"GET": paged(DisclosureOut)}
    filters = Filters(
        Code("site", "site__code"),
        Choice("reason", "reason", Reason.values),
        ordering={"disclosed_at": "disclosed_at"},
        default="-disclosed_at",
    )

    def get(self, request: Request) -> Response:
        answer = self.page(selectors.disclosures_for(self.actor), DisclosureOut)
        note_listed_codes(self.actor, [row["patient"] for row in answer.data["results"]])
        return answer


def reached(view: ApiView, code: UUID, word: str = selectors.VIEW) -> Consent:
    """The consent behind ``code``, of a file that the caller may open. Raises NotFound, Forbidden."""
    consent = selectors.access_consent(view.actor, code, word)
    access_patient(view.actor, consent.patient.code)
    return consent
