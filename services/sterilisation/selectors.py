"""Reads of the sterilisation log, and from a pack to the patient and back (IN-011)."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from django.db.models import Count, Model, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from kernel import clock
from kernel.access import accessible
from kernel.context import Actor
from kernel.errors import NotFound
from services.reception.models import Visit
from services.sites.models import Site
from services.sterilisation.actions import AT_CHAIR
from services.sterilisation.machines import LIVE
from services.sterilisation.models import InstrumentSet, Load, Pack, PackUse, Steriliser

VIEW = "sterilisation.view"
M = TypeVar("M", bound=Model)


def loads(actor: Actor, word: str = VIEW) -> QuerySet[Load]:
    """The log at the sites of ``actor``, the latest first, with indicators and numbers of packs."""
    rows = accessible(Load.objects.all(), actor, word)
    return (
        rows.select_related("site", "steriliser", "recalled_because")
        .prefetch_related("indicators", Prefetch("packs", Pack.objects.select_related("instrument_set")))
        .annotate(pack_count=Count("packs", distinct=True))
        # Counting groups the rows, and groups lose the order of the model.
        .order_by("-loaded_at", "-id")
    )


def access_load(actor: Actor, code: UUID, word: str = VIEW) -> Load:
    """Raises NotFound (``load_not_found``)."""
    return _one(loads(actor, word), code, "load_not_found", _("There is no such load."))


def sterilisers(actor: Actor, word: str = VIEW) -> QuerySet[Steriliser]:
    """The sterilisers at the sites of ``actor``."""
    return accessible(Steriliser.objects.select_related("site"), actor, word)


def access_steriliser(actor: Actor, code: UUID, word: str = VIEW) -> Steriliser:
    """Raises NotFound (``steriliser_not_found``)."""
    return _one(sterilisers(actor, word), code, "steriliser_not_found", _("There is no such steriliser."))


def sets(actor: Actor, word: str = VIEW) -> QuerySet[InstrumentSet]:
    """The instrument sets at the sites of ``actor``, with the pack that holds each in ``live`` (a list, empty: free)."""
    live = Prefetch("packs", Pack.objects.filter(state__in=LIVE).select_related("load"), to_attr="live")
    return accessible(InstrumentSet.objects.select_related("site"), actor, word).prefetch_related(live)


def access_set(actor: Actor, code: UUID, word: str = VIEW) -> InstrumentSet:
    """Raises NotFound (``set_not_found``)."""
    return _one(sets(actor, word), code, "set_not_found", _("There is no such set."))


def free_sets(site: Site) -> QuerySet[InstrumentSet]:
    """The sets of ``site`` that can go into a load now."""
    held = Pack.objects.filter(state__in=LIVE).values("instrument_set")
    return InstrumentSet.objects.filter(site=site, is_active=True).exclude(pk__in=held)


def packs(actor: Actor, word: str = VIEW) -> QuerySet[Pack]:
    """The packs at the sites of ``actor``, the latest first."""
    rows = accessible(Pack.objects.all(), actor, word)
    return rows.select_related(
        "site", "load__steriliser", "instrument_set", "use__visit__patient", "use__visit__chair__room"
    ).order_by("-id")


def access_pack(actor: Actor, code: UUID, word: str = VIEW) -> Pack:
    """Raises NotFound (``pack_not_found``)."""
    return _one(packs(actor, word), code, "pack_not_found", _("There is no such pack."))


def pack_by_label(actor: Actor, site: Site, label: str, word: str = VIEW) -> Pack:
    """The pack of ``site`` by what a scanner reads: the number of the label, or its address. Raises NotFound."""
    text = label.strip()
    tail = text.rstrip("/").rsplit("/", 1)[-1]
    try:
        wanted = Q(code=UUID(tail))
    except ValueError:
        wanted = Q(number__iexact=tail)
    found = packs(actor, word).filter(wanted, site=site).first()
    if found is None:
        raise NotFound("pack_not_found", _("There is no such pack."))
    return found


def ready(site: Site) -> QuerySet[Pack]:
    """The packs of ``site`` that may be opened now, those that expire first in front."""
    rows = Pack.objects.filter(site=site, state="sterile", expires_on__gte=clock.today(site.timezone))
    return rows.select_related("instrument_set", "load").order_by("expires_on", "id")


def at_chairs(actor: Actor, site: Site) -> QuerySet[Visit]:
    """Whoever sits in a chair of ``site``."""
    rows = accessible(Visit.objects.filter(site=site, state__in=AT_CHAIR), actor, "sterilisation.use")
    return rows.select_related("site", "patient", "chair__room").order_by("chair__room__order", "id")


def affected(load: Load) -> list[PackUse]:
    """Whom the instruments of a failed load, and of those recalled because of it, were opened for, the earliest first."""
    rows = PackUse.objects.filter(Q(pack__load=load) | Q(pack__load__recalled_because=load))
    return list(rows.select_related("visit__patient", "visit__doctor", "pack__instrument_set", "pack__load"))


def opened_for(visit: Visit) -> list[PackUse]:
    """Which packs were opened for a visit."""
    return list(PackUse.objects.filter(visit=visit).select_related("pack__instrument_set", "pack__load"))


def _one(rows: QuerySet[M], code: UUID, refusal: str, sentence: str) -> M:
    found = rows.filter(code=code).first()
    if found is None:
        raise NotFound(refusal, sentence)
    return found
