"""Reads of the seals."""

from __future__ import annotations

from django.db.models import QuerySet

from kernel.access import accessible
from kernel.context import Actor
from services.documents.models import Document
from services.seals.models import SealUse


def uses(actor: Actor) -> QuerySet[SealUse]:
    """Every application of a seal at the sites of ``actor``, the latest first."""
    return accessible(SealUse.objects.select_related("site", "document"), actor, "seals.view")


def seals_on(document: Document) -> QuerySet[SealUse]:
    """What is pressed on a document."""
    return SealUse.objects.filter(document=document)
