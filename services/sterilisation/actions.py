"""Loading, running, judging, releasing, opening and reprocessing: what the sterilisation log consists of (IN-011)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock, numbering, parameters
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Cure, DomainError, NotFound, RuleRefused
from services.policy import gates
from services.reception.models import Visit
from services.sites.locking import lock_version
from services.sites.models import Site
from services.sterilisation.machines import LIVE, LOAD, OUT, PACK
from services.sterilisation.models import Indicator, InstrumentSet, Load, Method, Pack, Packaging, PackUse, Steriliser
from services.tasks.actions import open_task, settle_task

FAILED = "sterilisation.load_failed"
PACK_USABLE, SET_AVAILABLE = "sterilisation.pack_usable", "sterilisation.set_available"
# With a guest in the chair instruments are laid out.
AT_CHAIR = ("led_in", "in_chair")
DAYS: Mapping[str, str] = {
    Packaging.POUCH: "sterile_days_sealed",
    Packaging.NON_WOVEN: "sterile_days_sealed",
    Packaging.CLOTH: "sterile_days_cloth",
}
Kind = Indicator.Kind


@action(permission="sterilisation.manage")
def register_steriliser(*, by: Actor, site: Site, number: str, name: str, method: str) -> Steriliser:
    """Enter a steriliser. Raises RuleRefused (``number_missing``, ``name_missing``, ``unknown_method``), Conflict
    (``number_taken``)."""
    _known(method, Method.values, "method", "unknown_method", _("Choose the method."))
    row: Steriliser = _numbered(Steriliser, site=site, number=number, name=name, method=method)
    audit.record(by=by, verb="sterilisation.steriliser_entered", target=row, site=site.code)
    return row


@action(permission="sterilisation.manage")
def register_set(*, by: Actor, site: Site, number: str, name: str, packaging: str, contents: str = "") -> InstrumentSet:
    """Enter an instrument set. Raises RuleRefused (``number_missing``, ``name_missing``, ``unknown_packaging``), Conflict
    (``number_taken``)."""
    _known(packaging, Packaging.values, "packaging", "unknown_packaging", _("Choose the packaging."))
    row: InstrumentSet = _numbered(
        InstrumentSet, site=site, number=number, name=name, packaging=packaging, contents=contents.strip()[:300]
    )
    audit.record(by=by, verb="sterilisation.set_entered", target=row, site=site.code)
    return row


@action(permission="sterilisation.manage")
def set_in_use(*, by: Actor, row: Steriliser | InstrumentSet, in_use: bool) -> Steriliser | InstrumentSet:
    """Take a steriliser or a set out of use, or back."""
    locked = lock_version(row, None)
    if locked.is_active != in_use:
        locked.is_active = in_use
        locked.bump({"is_active"})
        audit.record(by=by, verb="sterilisation.in_use", target=locked, site=locked.site.code, in_use=in_use)
    return locked


@action(permission="sterilisation.operate")
def load_steriliser(
    *,
    by: Actor,
    site: Site,
    steriliser: Steriliser,
    programme: str,
    sets: Sequence[InstrumentSet],
    implants: bool = False,
) -> Load:
    """Put sets into a steriliser: each becomes a pack with a number for its label and the last day it may be opened on.

    Raises RuleRefused (``programme_missing``, ``load_empty``), NotFound (``steriliser_not_found``, ``set_not_found``) for
    what is of another site or out of use, Conflict (``set_in_another_load``).
    """
    if not programme.strip():
        raise RuleRefused("programme_missing", _("Name the programme."), fields={"programme": [_("Required")]})
    if not sets:
        raise RuleRefused("load_empty", _("Choose what is in the load."), fields={"sets": [_("Required")]})
    if steriliser.site_id != site.pk or not steriliser.is_active:
        raise NotFound("steriliser_not_found", _("There is no such steriliser."))
    chosen = list({one.pk: one for one in sets}.values())
    if any(one.site_id != site.pk or not one.is_active for one in chosen):
        raise NotFound("set_not_found", _("There is no such set."))
    # Two people who reach for the same sets: one after the other.
    list(InstrumentSet.objects.select_for_update(no_key=True).filter(pk__in=[one.pk for one in chosen]).order_by("pk"))
    elsewhere = list(Pack.objects.filter(instrument_set__in=chosen, state__in=LIVE).select_related("instrument_set"))
    if elsewhere:
        names = _(", ").join(one.instrument_set.number for one in elsewhere)
        raise Conflict(
            "set_in_another_load",
            _("Not free: %(sets)s. A set is used, or taken back to cleaning, before it is sterilised again.")
            % {"sets": names},
        )
    now = clock.now()
    today = clock.today(site.timezone)
    load = Load.objects.create(
        site=site, number=_next("L", "sterilisation.load", site, today), steriliser=steriliser,
        method=steriliser.method, programme=programme.strip()[:80], implants=implants, loaded_by=by.code,
        loaded_by_name=by.name, loaded_at=now,
    )  # fmt: skip
    for one in chosen:
        Pack.objects.create(
            site=site, load=load, instrument_set=one, number=_next("P", "sterilisation.pack", site, today),
            expires_on=_last_day(one, site, today),
        )  # fmt: skip
    audit.record(by=by, verb="sterilisation.loaded", target=load, site=site.code, packs=len(chosen))
    return load


@action(permission="sterilisation.operate")
def start_load(*, by: Actor, site: Site, load: Load) -> Load:
    """The run begins. Raises Conflict (``steriliser_runs``, ``invalid_transition``)."""
    Steriliser.objects.select_for_update(no_key=True).get(pk=load.steriliser_id)
    if Load.objects.filter(steriliser=load.steriliser_id, state="running").exclude(pk=load.pk).exists():
        raise Conflict("steriliser_runs", _("This steriliser is running another load."))
    LOAD.move(load, "running", by=by)
    return load


@action(permission="sterilisation.operate")
def cancel_load(*, by: Actor, site: Site, load: Load, reason: str) -> Load:
    """It is not run after all: its sets are free again. Raises RuleRefused (``reason_missing``), Conflict
    (``invalid_transition``)."""
    reason = _reason(reason)
    LOAD.move(load, "cancelled", by=by, reason=reason)
    _move_packs(by, [load], "reprocessed", of=("packed",))
    return load


@action(permission="sterilisation.operate")
def finish_load(
    *, by: Actor, site: Site, load: Load, physical: bool, chemical: bool, biological: bool | None = None
) -> Load:
    """The run is over: what each indicator says (True: passed; ``biological`` None: not read yet, or none in this load).

    One that failed fails the load. Raises Conflict (``invalid_transition``).
    """
    said = {Kind.PHYSICAL: physical, Kind.CHEMICAL: chemical, Kind.BIOLOGICAL: biological}
    read = {kind: passed for kind, passed in said.items() if passed is not None}
    failed = [kind for kind, passed in read.items() if not passed]
    LOAD.move(load, "failed" if failed else "passed", by=by)
    for kind, passed in read.items():
        _keep(by, load, kind, passed)
    if failed:
        _block(by, load, failed)
    return load


@action(permission="sterilisation.operate")
def read_biological(*, by: Actor, site: Site, load: Load, passed: bool) -> Load:
    """What the biological indicator of a finished load says, once; if it failed, everything since the last one that passed
    is blocked. Raises Conflict (``indicator_read``, ``load_not_finished``)."""
    load = _locked(load)
    if load.state not in (*OUT, "recalled", "failed"):
        raise Conflict("load_not_finished", _("The run of this load is not over, or it is closed."), state=load.state)
    if load.indicators.filter(kind=Kind.BIOLOGICAL).exists():
        raise Conflict("indicator_read", _("This indicator was read already."))
    _keep(by, load, Kind.BIOLOGICAL, passed)
    audit.record(by=by, verb="sterilisation.biological_read", target=load, site=site.code, passed=passed)
    if not passed:
        if load.state in OUT:
            LOAD.move(load, "failed", by=by)
        _block(by, load, [Kind.BIOLOGICAL])
    return load


@action(permission="sterilisation.release")
def release_load(*, by: Actor, site: Site, load: Load) -> Load:
    """Somebody who did not run it checks a passed load: its packs may be used.

    Raises RuleRefused (``checker_is_operator``, ``biological_pending``, ``load_failed``), Conflict (``invalid_transition``).
    """
    load = _locked(load)
    gates.check(
        "sterilisation.load_released",
        by=by,
        subject=load,
        ok=load.state not in ("failed", "recalled"),
        message=_("This load failed. It is never released: its sets are reprocessed."),
        cures=(Cure(_("Reprocess the load"), role="head_nurse"),),
        code="load_failed",
    )
    LOAD.move(load, "released", by=by)
    _move_packs(by, [load], "sterile", of=("packed",))
    return load


@action(permission="sterilisation.reprocess")
def reprocess_load(*, by: Actor, site: Site, load: Load, reason: str) -> Load:
    """What was done about a failed or recalled load; its blocked sets go through cleaning again.

    Raises RuleRefused (``reason_missing``), Conflict (``invalid_transition``).
    """
    reason = _reason(reason)
    LOAD.move(load, "reprocessed", by=by, reason=reason)
    _move_packs(by, [load], "reprocessed", of=("blocked",))
    settle_task(by=by, kind=FAILED, key=str(load.code), result="reprocessed")
    return load


@action(permission="sterilisation.operate")
def return_pack(*, by: Actor, site: Site, pack: Pack, reason: str) -> Pack:
    """Expired, torn or wet: a sterile pack goes back to cleaning unopened. Raises RuleRefused (``reason_missing``), Conflict
    (``pack_not_on_shelf``)."""
    reason = _reason(reason)
    pack = _locked_pack(pack)
    if pack.state != "sterile":
        raise Conflict("pack_not_on_shelf", _("Only a sterile pack is taken back."), state=pack.state)
    PACK.move(pack, "reprocessed", by=by)
    pack.ended_reason = reason
    pack.bump({"ended_reason"})
    return pack


@action(permission="sterilisation.use")
def use_pack(*, by: Actor, site: Site, pack: Pack, visit: Visit) -> PackUse:
    """Open a pack for the guest in a chair: once, released, not expired (a safety gate that nobody overrides).

    Raises RuleRefused (``pack_not_released``, ``pack_blocked``, ``pack_expired``), Conflict (``pack_used``,
    ``guest_not_in_chair``), NotFound (``visit_not_found``) for a guest of another site.
    """
    pack = _locked_pack(pack)
    if visit.site_id != pack.site_id:
        raise NotFound("visit_not_found", _("There is no such visit."))
    refusal = refusal_of(pack)
    gates.check(
        PACK_USABLE,
        by=by,
        subject=pack,
        ok=refusal is None,
        message=refusal.message if refusal is not None else "",
        cures=(Cure(_("Take another pack"), role="nurse"),),
        code=refusal.code if refusal is not None else "",
        refusal=type(refusal) if refusal is not None else RuleRefused,
    )
    if visit.state not in AT_CHAIR:
        raise Conflict("guest_not_in_chair", _("Instruments are chosen for a guest in a chair."), state=visit.state)
    PACK.move(pack, "used", by=by)
    use = PackUse.objects.create(pack=pack, visit=visit, at=clock.now(), by=by.code, by_name=by.name)
    audit.record(by=by, verb="sterilisation.opened", target=pack, site=site.code, visit=str(visit.code))
    return use


def refusal_of(pack: Pack) -> DomainError | None:
    """What stands against opening ``pack`` now; None: nothing."""
    if pack.state == "used":
        return Conflict("pack_used", _("This pack was opened already. It is used once per sterilisation."))
    if pack.state in ("blocked", "reprocessed"):
        return RuleRefused(
            "pack_blocked", _("The load of this pack failed, was recalled or is being reprocessed. Do not use it.")
        )
    if pack.state == "packed":
        return RuleRefused("pack_not_released", _("The load of this pack is not released yet."))
    if pack.expires_on < clock.today(pack.site.timezone):
        return RuleRefused(
            "pack_expired", _("This pack expired after %(day)s. Take it back to cleaning.") % {"day": pack.expires_on}
        )
    return None


def refuse_without_set(*, by: Actor, visit: Visit) -> None:
    """Nobody is led to a chair while the site has no sterile set (a5): the slot ``reception.lead_in_checks``. Asked where the
    site keeps sterilisers; an emergency goes first. Raises RuleRefused (``no_sterile_set``)."""
    site = visit.site
    asked = (
        not visit.emergency
        and parameters.value("sterile_set_for_chair", site=site, vertical=visit.vertical or None)
        and Steriliser.objects.filter(site=site, is_active=True).exists()
    )
    there = (
        not asked
        or Pack.objects.filter(site=site, state="sterile", expires_on__gte=clock.today(site.timezone)).exists()
    )
    gates.check(
        SET_AVAILABLE,
        by=by,
        subject=visit,
        ok=there,
        message=_("No sterile set lies ready. Release a load that has passed first."),
        cures=(Cure(_("Release a load"), role="head_nurse"),),
        code="no_sterile_set",
    )


# --- parts ------------------------------------------------------------------------------------------------------------


def unproven(load: Load, kind: str) -> list[Load]:
    """The loads of the same steriliser that a failed indicator of this kind puts in doubt: since the last load on which it
    passed, up to the next one on which it passed; without ``load`` itself."""
    rows = Load.objects.filter(steriliser=load.steriliser_id, started_at__isnull=False).exclude(pk=load.pk)
    proven = rows.filter(indicators__kind=kind, indicators__passed=True)
    before = proven.filter(started_at__lt=load.started_at).order_by("-started_at").first()
    after = proven.filter(started_at__gt=load.started_at).order_by("started_at").first()
    span = Q(state__in=OUT)
    if before is not None:
        span &= Q(started_at__gt=before.started_at)
    if after is not None:
        span &= Q(started_at__lt=after.started_at)
    return list(rows.filter(span).order_by("started_at"))


def _block(by: Actor, load: Load, kinds: Iterable[str]) -> None:
    """Block what is left of the load and of those it puts in doubt, and tell the head nurse and the director."""
    doubtful = {one.pk: one for kind in kinds for one in unproven(load, kind)}
    for one in doubtful.values():
        LOAD.move(one, "recalled", by=by, because=load)
    loads = [load, *doubtful.values()]
    _move_packs(by, loads, "blocked", of=("packed", "sterile"))
    for one in loads:
        used = PackUse.objects.filter(pack__load=one).values("visit__patient").distinct().count()
        open_task(
            by=by,
            kind=FAILED,
            key=str(one.code),
            room="sterilisation",
            title=gettext_noop("Steriliser load %(number)s failed: keep its sets back and reprocess them"),
            detail=gettext_noop("Patients treated with its instruments: %(count)s"),
            args={"number": one.number, "count": used},
            icon="warn",
            due_at=clock.now(),
            roles=("head_nurse", "clinic_director") if used else ("head_nurse",),
            escalates_at=clock.now() + timedelta(hours=1),
            escalates_to=("clinic_director", "dean"),
            site=one.site,
            url=("sterilisation:load", str(one.code)),
            closed_in_inbox=False,
        )


def _move_packs(by: Actor, loads: Sequence[Load], target: str, *, of: tuple[str, ...]) -> None:
    rows = Pack.objects.filter(load__in=loads, state__in=of).select_related("site")
    for pack in rows.order_by("pk"):
        PACK.move(pack, target, by=by)


def _keep(by: Actor, load: Load, kind: str, passed: bool) -> None:
    Indicator.objects.create(load=load, kind=kind, passed=passed, at=clock.now(), by_name=by.name)


def _locked(load: Load) -> Load:
    lock_version(load, None)
    return Load.objects.select_related("site", "steriliser").get(pk=load.pk)


def _locked_pack(pack: Pack) -> Pack:
    lock_version(pack, None)
    return Pack.objects.select_related("site", "load", "instrument_set").get(pk=pack.pk)


def _last_day(one: InstrumentSet, site: Site, today: date) -> date:
    key = DAYS.get(one.packaging)
    return today + timedelta(days=parameters.value(key, site=site)) if key is not None else today


def _next(letter: str, series: str, site: Site, today: date) -> str:
    return f"{letter}-{numbering.next_number(series, entity=str(site.code), period=f'{today:%Y}')}"


def _reason(reason: str) -> str:
    if not reason.strip():
        raise RuleRefused("reason_missing", _("Say why."), fields={"reason": [_("Required")]})
    return reason.strip()[:200]


def _known(value: str, known: Iterable[str], field: str, code: str, sentence: str) -> None:
    if value not in known:
        raise RuleRefused(code, sentence, fields={field: [sentence]})


def _numbered(model: Any, *, site: Site, number: str, name: str, **facts: Any) -> Any:
    if not number.strip():
        raise RuleRefused("number_missing", _("Give it a number."), fields={"number": [_("Required")]})
    if not name.strip():
        raise RuleRefused("name_missing", _("Give it a name."), fields={"name": [_("Required")]})
    try:
        with transaction.atomic():
            return model.objects.create(site=site, number=number.strip()[:20], name=name.strip()[:80], **facts)
    except IntegrityError as error:
        raise Conflict("number_taken", _("This number stands on another one already.")) from error
