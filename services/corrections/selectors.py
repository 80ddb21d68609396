"""Reads of the correction book."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from kernel import parameters
from kernel.access import accessible, holds
from kernel.context import Actor
from kernel.errors import NotFound
from services.corrections.machines import EDITORS
from services.corrections.models import Correction


def entries(actor: Actor, word: str = "corrections.view") -> QuerySet[Correction]:
    """The book at the sites of ``actor``, the latest entry first."""
    rows = accessible(Correction.objects.all(), actor, word)
    return rows.select_related("site__entity", "patient", "receipt", "reissued", "former")


def access_entry(actor: Actor, code: UUID, word: str = "corrections.view") -> Correction:
    """An entry at a site where ``actor`` holds ``word``. Raises NotFound (``correction_not_found``)."""
    found = entries(actor, word).filter(code=code).first()
    if found is None:
        raise NotFound("correction_not_found", _("There is no such entry."))
    return found


def may_apply(actor: Actor, entry: Correction) -> bool:
    """Is ``actor`` who changes the data here?"""
    word = EDITORS[parameters.value("correction_editor", site=entry.site)]
    return holds(actor, word, site=entry.site.code) and actor.code != entry.cashier
