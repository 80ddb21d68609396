"""Confidentiality over the API: the same actions as its pages."""

from __future__ import annotations

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.conditional import expected_version
from kernel.api.filters import Choice, Code, Filters
from kernel.api.pages import paged
from kernel.api.views import ApiView
from services.confidentiality import actions, selectors
from services.confidentiality.api.serializers import (
    AccessOut,
    AgreementOut,
    CheckIn,
    DeviceIn,
    DeviceOut,
    DocumentOut,
    EducationIn,
    EducationOut,
    EndIn,
    OpenedOut,
    PublishIn,
    ReviseIn,
    SignIn,
    TextIn,
    TextOut,
)
from services.confidentiality.models import AgreementText, CompanyDocument, Device
from services.sites.selectors import access_site
from services.staff.selectors import access_staff

READ, KEEP, MANAGE = selectors.READ, selectors.KEEP, selectors.MANAGE


class Documents(ApiView):
    """The company documents that are meant for the caller's role."""

    permissions = {"GET": READ, "POST": MANAGE}
    inputs = {"POST": PublishIn}
    outputs = {"GET": paged(DocumentOut), "POST": DocumentOut}
    filters = Filters(Choice("kind", "kind", CompanyDocument.Kind.values))

    def get(self, request: Request) -> Response:
        return self.page(selectors.documents_for(self.actor), DocumentOut)

    def post(self, request: Request) -> Response:
        """Publish a document for some roles."""
        return self.one(actions.publish_document(by=self.actor, **self.read(request)), DocumentOut, status=201)


class OneDocument(ApiView):
    """Other words or other readers of a document that the caller has seen (``If-Match``), or its end."""

    permissions = {"GET": READ, "PATCH": MANAGE, "DELETE": MANAGE}
    inputs = {"PATCH": ReviseIn}
    outputs = {"GET": DocumentOut, "PATCH": DocumentOut, "DELETE": (204, None)}
    versioned = ("PATCH",)

    def get(self, request: Request, code: UUID) -> Response:
        """A document without its text; to read it, open it."""
        return self.one(selectors.access_document(self.actor, code), DocumentOut)

    def patch(self, request: Request, code: UUID) -> Response:
        found = selectors.access_document(self.actor, code)
        version = expected_version(request, found)
        changed = actions.revise_document(by=self.actor, document=found, version=version, **self.read(request))
        return self.one(changed, DocumentOut)

    def delete(self, request: Request, code: UUID) -> Response:
        """Nobody finds it any more; who had opened it stays in the log."""
        actions.withdraw_document(by=self.actor, document=selectors.access_document(self.actor, code))
        return Response(status=204)


class OpenDocument(ApiView):
    """Read a document; that it was opened is logged."""

    permissions = {"POST": READ}
    outputs = {"POST": (200, OpenedOut)}
    # An answer that is kept would show the text again without a log entry.
    idempotent = False

    def post(self, request: Request, code: UUID) -> Response:
        found = actions.open_document(by=self.actor, document=selectors.access_document(self.actor, code))
        return self.one(found, OpenedOut, mark=actions.mark_of(self.actor))


class Accesses(ApiView):
    """Who opened a document or took it along, the latest first."""

    permissions = {"GET": MANAGE}
    outputs = {"GET": paged(AccessOut)}

    def get(self, request: Request, code: UUID) -> Response:
        return self.page(selectors.accesses_of(selectors.access_document(self.actor, code)), AccessOut)


class Texts(ApiView):
    """The words of the agreement, the newest first; those are signed."""

    permissions = {"GET": KEEP, "POST": MANAGE}
    inputs = {"POST": TextIn}
    outputs = {"GET": paged(TextOut), "POST": TextOut}

    def get(self, request: Request) -> Response:
        return self.page(AgreementText.objects.order_by("-number"), TextOut)

    def post(self, request: Request) -> Response:
        """Publish other words; what was signed keeps its own."""
        return self.one(actions.publish_text(by=self.actor, **self.read(request)), TextOut, status=201)


class Agreements(ApiView):
    """Who signed until when, at the caller's sites."""

    permissions = {"GET": KEEP, "POST": KEEP}
    inputs = {"POST": SignIn}
    outputs = {"GET": paged(AgreementOut), "POST": AgreementOut}
    filters = Filters(Code("staff", "staff__code"), ordering={"valid_until": "valid_until"}, default="-valid_until")

    def get(self, request: Request) -> Response:
        return self.page(selectors.agreements_for(self.actor), AgreementOut)

    def post(self, request: Request) -> Response:
        """Keep that somebody signed the words in force."""
        data = self.read(request)
        signed = actions.sign_agreement(
            by=self.actor,
            staff=access_staff(self.actor, data["staff"], KEEP),
            text_signed=selectors.access_text(self.actor, data["text_signed"]),
            signed_on=data["signed_on"],
        )
        return self.one(signed, AgreementOut, status=201)


class OneAgreement(ApiView):
    """One agreement."""

    permissions = {"GET": KEEP}
    outputs = {"GET": AgreementOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(selectors.access_agreement(self.actor, code), AgreementOut)


class EndAgreement(ApiView):
    """It counts no longer; the caller has seen it as it stands (``If-Match``)."""

    permissions = {"POST": KEEP}
    inputs = {"POST": EndIn}
    outputs = {"POST": (200, AgreementOut)}
    versioned = ("POST",)

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_agreement(self.actor, code)
        version = expected_version(request, found)
        actions.end_agreement(by=self.actor, agreement=found, version=version, **self.read(request))
        return self.one(selectors.access_agreement(self.actor, code), AgreementOut)


class Devices(ApiView):
    """The devices that hold data, the next check first."""

    permissions = {"GET": KEEP, "POST": KEEP}
    inputs = {"POST": DeviceIn}
    outputs = {"GET": paged(DeviceOut), "POST": DeviceOut}
    filters = Filters(
        Code("site", "site__code"),
        Choice("state", "state", Device.State.values),
        Choice("encryption", "encryption", Device.Encryption.values),
        ordering={"check_due_on": "check_due_on"},
        default="check_due_on",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.devices_for(self.actor), DeviceOut)

    def post(self, request: Request) -> Response:
        """Register a device; one that is not encrypted is registered as blocked."""
        data = self.read(request)
        data["site"] = access_site(self.actor, data["site"], KEEP)
        data["holder"] = access_staff(self.actor, data["holder"], KEEP)
        return self.one(actions.register_device(by=self.actor, **data), DeviceOut, status=201)


class OneDevice(ApiView):
    """One device."""

    permissions = {"GET": KEEP}
    outputs = {"GET": DeviceOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(selectors.access_device(self.actor, code), DeviceOut)


class CheckDevice(ApiView):
    """What a look at a device showed that the caller has seen in the register (``If-Match``)."""

    permissions = {"POST": KEEP}
    inputs = {"POST": CheckIn}
    outputs = {"POST": (200, DeviceOut)}
    versioned = ("POST",)

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_device(self.actor, code)
        version = expected_version(request, found)
        data = self.read(request)
        data["holder"] = access_staff(self.actor, data["holder"], KEEP)
        actions.check_device(by=self.actor, device=found, version=version, **data)
        return self.one(selectors.access_device(self.actor, code), DeviceOut)


class Educations(ApiView):
    """Who was instructed in confidentiality, the latest first."""

    permissions = {"GET": KEEP, "POST": KEEP}
    inputs = {"POST": EducationIn}
    outputs = {"GET": paged(EducationOut), "POST": EducationOut}
    filters = Filters(Code("staff", "staff__code"), ordering={"held_on": "held_on"}, default="-held_on")

    def get(self, request: Request) -> Response:
        return self.page(selectors.education_for(self.actor), EducationOut)

    def post(self, request: Request) -> Response:
        """Keep that somebody was instructed, with the evidence."""
        data = self.read(request)
        data["staff"] = access_staff(self.actor, data["staff"], KEEP)
        return self.one(actions.record_education(by=self.actor, **data), EducationOut, status=201)
