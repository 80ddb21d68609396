"""Applying a seal. Which seal belongs on which document, and by whose word, stands here and nowhere else (CA-058)."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from kernel import audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Forbidden, NotFound, RuleRefused
from services.documents.models import Document
from services.seals.models import Seal, SealUse
from services.sites.models import Site

# Seal → kinds of documents that it belongs on, and the word of whoever may press it.
RULES: dict[str, tuple[tuple[str, ...], str]] = {
    Seal.CHARGE: (("receipt",), "seals.charge"),
    Seal.CASH_PAID: (("refund.form",), "seals.cash_paid"),
    Seal.OFFICIAL: (("invoice", "company.document"), "seals.official"),
    Seal.INVOICE_ISSUED: (("invoice",), "seals.invoice_issued"),
}


@action(permission=None, reason="each seal has a word of its own, and the action asks for it")
def apply_seal(*, by: Actor, site: Site, seal: str, document: Document) -> SealUse:
    """Press ``seal`` on ``document``, once. Its day is today at the site, whatever was decided when.

    Raises Forbidden (``seal_not_yours``), NotFound (``document_not_found``), RuleRefused (``seal_unknown``,
    ``seal_not_for_document``), Conflict (``seal_applied``).
    """
    kinds, word = RULES.get(seal, ((), ""))
    if not word:
        raise RuleRefused("seal_unknown", _("There is no such seal."))
    if document.site_id != site.pk:
        raise NotFound("document_not_found", _("There is no such document."))
    if not by.can(word, site=site.code):
        raise Forbidden("seal_not_yours", _("This seal is kept by others."), permission=word)
    if document.kind not in kinds:
        raise RuleRefused("seal_not_for_document", _("This seal does not belong on this document."), seal=seal)
    now = clock.now()
    try:
        with transaction.atomic():
            use = SealUse.objects.create(
                seal=seal,
                document=document,
                site=site,
                day=clock.local(now, site.timezone).date(),
                at=now,
                by=by.code,
                by_name=by.name,
            )
    except IntegrityError as error:
        raise Conflict("seal_applied", _("This document bears the seal already.")) from error
    audit.record(by=by, verb="seals.applied", target=use, site=site.code, seal=seal, document=document.code)
    return use
