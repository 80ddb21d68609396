"""Handing documents out."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kernel.errors import NotFound
from kernel.web.views import page
from services.documents.actions import print_pdf
from services.documents.models import Document

# Chromium's viewer refuses to open in a sandbox, and styles its own frame inline.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"


@page(permission="documents.view")
def pdf(request: HttpRequest, code: UUID) -> HttpResponse:
    """One document as PDF, for whoever holds its permission at its site."""
    actor = request.actor
    document = Document.objects.select_related("site").filter(code=code).first()
    if document is None or not actor.can(document.permission, site=document.site.code):
        raise NotFound("document_not_found", _("There is no such document."))
    response = HttpResponse(print_pdf(by=actor, document=document), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{document.kind}-{document.number}.pdf"'
    response["Content-Security-Policy"] = POLICY
    return response
