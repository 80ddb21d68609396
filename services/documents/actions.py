"""Issuing documents."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.db.models import F, Model

from kernel import clock
from kernel.context import Actor
from services.documents.models import Document
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


def print_pdf(document: Document) -> bytes:
    """The PDF of a document. From the second time on it is marked as a reprint (补打)."""
    pdf = typeset(document.template, {**json.loads(document.content), "reprint": document.printed > 0})
    Document.objects.filter(pk=document.pk).update(printed=F("printed") + 1)
    return pdf
