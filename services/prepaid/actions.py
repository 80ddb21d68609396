"""Writes of what is prepaid: what is offered, each session, who shares it, and to whom it goes."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from kernel import audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, NotFound, RuleRefused
from kernel.ids import uuid7
from services.books import actions as books
from services.books.models import Account, Entry, EntryKind
from services.catalogue.actions import create_item, ensure_category
from services.catalogue.models import Category, Item
from services.catalogue.starter import PREPAID
from services.patients.models import Patient, PatientRelation
from services.prepaid import lasting
from services.prepaid.keeping import ENGINE, Row, locked, may_use, refuse_resting, write
from services.prepaid.machines import HOLDING
from services.prepaid.models import Holding, Kind, Offer, Share, Transfer, Use
from services.reception.models import Visit
from services.records.models import Treatment
from services.refunds.actions import hash_of
from services.refunds.identity import same_name
from services.sites.models import Site


@action(permission="prepaid.manage")
def offer_package(
    *, by: Actor, key: str, name_zh: str, price_fen: int, gives: Item, sessions: int, valid_days: int, name_en: str = ""
) -> Offer:
    """Offer so many ``sessions`` of the item ``gives`` at ``price_fen`` in advance, to be used within ``valid_days``.

    The package is an item of the catalogue, sold at the till or on a doctor's slip. Raises RuleRefused (``offer_empty``,
    ``offer_of_offer``), Conflict (``item_exists``).
    """
    if sessions < 1 or valid_days < 1 or price_fen < 1:
        raise RuleRefused("offer_empty", _("A package has a price, sessions, and days in which they are taken."))
    if Offer.objects.filter(item=gives).exists():
        raise RuleRefused("offer_of_offer", _("A package gives what is done, not another package."))
    item = _sold(by, key, name_zh, name_en, price_fen)
    offer = Offer.objects.create(
        item=item, kind=Kind.PACKAGE, gives=gives, sessions=sessions, valid_days=valid_days
    )  # fmt: skip
    audit.record(by=by, verb="prepaid.offered", target=offer, item=item.key, sessions=sessions, valid_days=valid_days)
    return offer


@action(permission="prepaid.manage")
def offer_stored_value(*, by: Actor, key: str, name_zh: str, price_fen: int, name_en: str = "") -> Offer:
    """Offer stored value in pieces of ``price_fen``; as much is paid, as much is stored. Raises RuleRefused (``offer_empty``),
    Conflict (``item_exists``)."""
    if price_fen < 1:
        raise RuleRefused("offer_empty", _("Stored value has an amount."))
    offer = Offer.objects.create(item=_sold(by, key, name_zh, name_en, price_fen), kind=Kind.STORED_VALUE)
    audit.record(by=by, verb="prepaid.offered", target=offer, item=key)
    return offer


@action(permission="prepaid.redeem")
def redeem(
    *, by: Actor, site: Site, holding: Holding, visit: Visit, signer_name: str, treatment: Treatment | None = None
) -> Use:
    """A session is taken at today's visit of the holder, or of whoever shares it, and signed for. Its part of what is left
    becomes income of its line today; the last session takes all that is left.

    ``treatment`` is the one that it pays, else the first of its item at the visit that nothing has paid; a treatment is paid
    by one session, a visit takes one of a package.

    Raises NotFound (``holding_not_found``, ``visit_not_found``, ``treatment_not_found``), Conflict (``holding_rests``,
    ``session_used_already``), RuleRefused (``not_a_package``, ``package_expired``, ``visit_over``, ``not_shared``,
    ``signer_not_patient``).
    """
    holding = _at(holding, site)
    if holding.gives is None or holding.valid_until is None:
        raise RuleRefused("not_a_package", _("Stored value pays at the till; only packages have sessions."))
    if visit.site_id != site.pk:
        raise NotFound("visit_not_found", _("There is no such visit."))
    today = clock.today(site.timezone)
    if clock.local(visit.arrived_at, site.timezone).date() != today or visit.state in ("rebooked", "left_unseen"):
        raise RuleRefused("visit_over", _("A session is taken at a visit of today that takes place."))
    if not may_use(holding, visit.patient_id):
        raise RuleRefused(
            "not_shared",
            _("%(number)s belongs to somebody else, who has not agreed to share it.") % {"number": holding.number},
        )
    if Use.objects.filter(holding=holding, visit=visit, taken_back_at__isnull=True).exists():
        raise _used_already()
    refuse_resting(holding)
    if today > holding.valid_until:
        raise RuleRefused("package_expired", _("The last day of this package is over. It can be extended or refunded."))
    _refuse_other_signer(signer_name, visit.patient)
    paid = _treatment(holding, visit, treatment)
    last = holding.statement.order_by("-number").first()
    if last is None or not last.sessions_left:
        raise Conflict("holding_rests", _("Every session of %(number)s has been used.") % {"number": holding.number})
    amount = last.balance_fen // last.sessions_left
    price = holding.gives.price_on(today)
    code, now = uuid7(), clock.now()
    said = {"package": str(holding.code), "visit": str(visit.code), "fen": amount, "left": last.sessions_left - 1}
    try:
        with transaction.atomic():
            use = Use.objects.create(
                code=code,
                holding=holding,
                patient=visit.patient,
                visit=visit,
                treatment=paid,
                amount_fen=amount,
                list_price_fen=amount if price is None else price,
                signer_name=signer_name.strip()[:80],
                text_hash=hash_of(said | {"signer": signer_name.strip()}),
                at=now,
                by=by.code,
                by_name=by.name,
            )
    except IntegrityError as error:
        raise _used_already() from error
    books.post(
        by=by,
        site=site,
        kind=EntryKind.REDEMPTION,
        source=code,
        number=holding.number,
        moves=[
            books.Move(
                debit=Account.PREPAID,
                credit=Account.INCOME,
                amount_fen=amount,
                category=holding.gives.category.key,
                subject=code,
                holding=holding.code,
            )
        ],
    )
    row = write(holding, by=by, kind=Row.USED, amount_fen=-amount, sessions=-1, source=code, paper=holding.number)
    if not row.sessions_left:
        HOLDING.move(holding, "used", by=ENGINE)
        lasting.rest(holding)
    return use


@action(permission="prepaid.adjust")
def take_back_use(*, by: Actor, site: Site, use: Use, reason: str) -> Use:
    """A session was written down by mistake: it is there again, and its income is turned round today.

    Raises NotFound (``use_not_found``), RuleRefused (``reason_missing``), Conflict (``use_taken_back``, ``holding_rests``).
    """
    if use.holding.site_id != site.pk:
        raise NotFound("use_not_found", _("There is no such use."))
    if not reason.strip():
        sentence = _("Say what was wrong.")
        raise RuleRefused("reason_missing", sentence, fields={"reason": [sentence]})
    holding = locked(use.holding)
    use = Use.objects.select_for_update(of=("self",)).get(pk=use.pk)
    if use.taken_back_at is not None:
        raise Conflict("use_taken_back", _("This use was taken back already."))
    if holding.state != "used":
        refuse_resting(holding)
    use.taken_back_at, use.taken_back_by_name, use.taken_back_reason = clock.now(), by.name, reason.strip()[:200]
    use.save(update_fields=["taken_back_at", "taken_back_by_name", "taken_back_reason"])
    entry = Entry.objects.get(kind=EntryKind.REDEMPTION, source=use.code, reverses__isnull=True)
    books.reverse(by=by, entry=entry, kind=EntryKind.REDEMPTION, source=use.code, number=holding.number)
    if holding.state == "used":
        HOLDING.move(holding, "active", by=by)
        holding.ended_at = None
        holding.bump({"ended_at"})
        lasting.watch(holding)
    write(
        holding, by=by, kind=Row.NOT_USED, amount_fen=use.amount_fen, sessions=1, source=use.code, paper=holding.number
    )
    return use


@action(permission="prepaid.consent")
def share(*, by: Actor, site: Site, holding: Holding, patient: Patient, signer_name: str) -> Share:
    """The holder signs that ``patient`` uses it too (17 P). Raises RuleRefused (``signer_not_patient``, ``shared_with_self``),
    Conflict (``shared_already``, ``holding_rests``), NotFound (``holding_not_found``)."""
    holding = _at(holding, site)
    if patient.pk == holding.patient_id:
        raise RuleRefused("shared_with_self", _("It is this patient's own."))
    if holding.state in ("ending", "refunded", "used"):
        refuse_resting(holding)
    _refuse_other_signer(signer_name, holding.patient)
    said = {"holding": str(holding.code), "with": str(patient.code), "signer": signer_name.strip()}
    try:
        with transaction.atomic():
            row = Share.objects.create(
                holding=holding,
                patient=patient,
                signer_name=signer_name.strip()[:80],
                text_hash=hash_of(said),
                at=clock.now(),
                by_name=by.name,
            )
    except IntegrityError as error:
        raise Conflict("shared_already", _("It is shared with this patient already.")) from error
    audit.record(by=by, verb="prepaid.shared", target=holding, site=site.code, patient=patient.code)
    return row


@action(permission="prepaid.consent")
def end_share(*, by: Actor, site: Site, share: Share) -> Share:
    """The holder shares it no more. Raises NotFound (``share_not_found``), Conflict (``share_ended``)."""
    holding = _at(share.holding, site)
    share = Share.objects.select_for_update(of=("self",)).get(pk=share.pk)
    if share.ended_at is not None:
        raise Conflict("share_ended", _("It is shared with this patient no more."))
    _end(share, by)
    audit.record(by=by, verb="prepaid.share_ended", target=holding, site=site.code, patient=share.patient.code)
    return share


@action(permission="prepaid.consent")
def transfer(*, by: Actor, site: Site, holding: Holding, taker: Patient, giver_name: str, taker_name: str) -> Transfer:
    """A package becomes another patient's; both sign. Whoever shared it does so no more. Money that goes back later goes the
    way it came, to whoever paid.

    Raises RuleRefused (``not_a_package``, ``signer_not_patient``, ``shared_with_self``), Conflict (``holding_rests``).
    """
    holding = _at(holding, site)
    if not holding.is_package:
        raise RuleRefused("not_a_package", _("Stored value is shared or refunded; only packages are transferred."))
    if taker.pk == holding.patient_id:
        raise RuleRefused("shared_with_self", _("It is this patient's own."))
    refuse_resting(holding)
    giver = holding.patient
    _refuse_other_signer(giver_name, giver, "giver_name")
    _refuse_other_signer(taker_name, taker, "taker_name")
    said = {
        "holding": str(holding.code), "from": str(giver.code), "to": str(taker.code), "giver": giver_name.strip(),
        "taker": taker_name.strip(),
    }  # fmt: skip
    row = Transfer.objects.create(
        holding=holding,
        giver=giver,
        taker=taker,
        giver_name=giver_name.strip()[:80],
        taker_name=taker_name.strip()[:80],
        text_hash=hash_of(said),
        at=clock.now(),
        by_name=by.name,
    )
    for one in Share.objects.select_for_update(of=("self",)).filter(holding=holding, ended_at__isnull=True):
        _end(one, by)
    holding.patient = taker
    holding.bump({"patient"})
    audit.record(by=by, verb="prepaid.transferred", target=holding, site=site.code, to=taker.code)
    return row


# --- parts ------------------------------------------------------------------------------------------------------------


def _sold(by: Actor, key: str, name_zh: str, name_en: str, price_fen: int) -> Item:
    """The item under which it is sold, on the line of what is paid in advance."""
    ensure_category(by=by, key=PREPAID, name_zh="预付", name_en="Prepaid", order=900)
    category = Category.objects.get(key=PREPAID)
    return create_item(
        by=by, key=key, name_zh=name_zh, name_en=name_en, category=category, price_fen=price_fen, is_goods=True
    )


def _at(holding: Holding, site: Site) -> Holding:
    if holding.site_id != site.pk:
        raise NotFound("holding_not_found", _("There is no such package or stored value."))
    return locked(holding)


def _refuse_other_signer(name: str, patient: Patient, field: str = "signer_name") -> None:
    """The patient signs, or the legal guardian who stands in the file."""
    if same_name(name, patient.name):
        return
    guardians = PatientRelation.objects.filter(patient=patient, is_guardian=True).select_related("relative")
    if not any(same_name(name, one.display_name) for one in guardians):
        sentence = _("The patient signs with the name in the file, or the guardian who stands there.")
        raise RuleRefused("signer_not_patient", sentence, fields={field: [sentence]})


def _treatment(holding: Holding, visit: Visit, treatment: Treatment | None) -> Treatment | None:
    rows = Treatment.objects.filter(
        visit_code=visit.code, patient=visit.patient_id, item=holding.gives, voided_at__isnull=True
    ).order_by("performed_at", "id")
    paid = Use.objects.filter(treatment__in=rows, taken_back_at__isnull=True).values("treatment")
    if treatment is None:
        return rows.exclude(pk__in=paid).first()
    found = rows.filter(pk=treatment.pk).first()
    if found is None:
        raise NotFound("treatment_not_found", _("There is no such treatment of this package at the visit."))
    if rows.filter(pk=treatment.pk, pk__in=paid).exists():
        raise _used_already()
    return found


def _used_already() -> Conflict:
    return Conflict("session_used_already", _("A session has been used for this visit or treatment already."))


def _end(share: Share, by: Actor) -> None:
    share.ended_at, share.ended_by_name = clock.now(), by.name
    share.save(update_fields=["ended_at", "ended_by_name"])
