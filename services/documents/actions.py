"""Issuing documents and printing them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.db import connection
from django.db.models import Model
from django.utils.translation import gettext as _

from kernel import audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, NotFound
from services.documents.models import Document, Printing
from services.documents.typesetting import typeset
from services.sites.models import Site


def issue(
    *,
    by: Actor,
    kind: str,
    number: str,
    site: Site,
    subject: Model,
    permission: str,
    template: str,
    content: dict[str, Any],
) -> Document:
    """Keep what a document says, inside the transaction of the act that it documents.

    ``content`` is plain data (texts, integer fen, ISO dates). ``permission`` is what whoever opens it must hold at the site.
    """
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    return Document.objects.create(
        kind=kind,
        number=number,
        site=site,
        subject_type=subject._meta.label_lower,
        subject_code=subject.code,  # type: ignore[attr-defined]
        permission=permission,
        template=template,
        content=text,
        content_hash=hashlib.sha256(text.encode()).hexdigest(),
        issued_at=clock.now(),
        issued_by=by.code,
    )


@action(permission="documents.view")
def print_pdf(*, by: Actor, document: Document) -> bytes:
    """The PDF of a document, for whoever holds its permission at its site; who had it is kept.

    From the second time on it is marked as a reprint (补打). Raises NotFound (``document_not_found``), Conflict
    (``document_altered``) when the stored content is no longer what was issued.
    """
    if not by.can(document.permission, site=document.site.code):
        raise NotFound("document_not_found", _("There is no such document."))
    if hashlib.sha256(document.content.encode()).hexdigest() != document.content_hash:
        raise Conflict("document_altered", _("This document is not what was issued. Tell the administrator."))
    with connection.cursor() as cursor:
        # An append-only row cannot be locked; of two people who print at once one gets the original.
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext(%s), hashtext(current_schema()))", [f"document:{document.code}"]
        )
    copy = document.printings.count() + 1
    Printing.objects.create(document=document, copy=copy, printed_at=clock.now(), printed_by=by.code)
    audit.record_read(by=by, target=document, purpose=document.kind, site=document.site.code, copy=copy)
    return typeset(document.template, {**json.loads(document.content), "reprint": copy > 1}, at=document.issued_at)
