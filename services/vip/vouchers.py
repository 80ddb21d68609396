"""Partners' benefit packages: valid for the cardholder in person and nobody else (VP-007)."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from kernel import audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Cure, NotFound, RuleRefused
from services.cashier.models import Receipt
from services.patients.models import Patient
from services.refunds.identity import same_name
from services.sites.models import Site
from services.vip.actions import clean_serial
from services.vip.machines import VOUCHER
from services.vip.models import PartnerPackage, Voucher

TILL = Actor.system("till")


@action(permission="vip.manage")
def set_package(
    *, by: Actor, partner: str, name_zh: str, starts_on: date, name_en: str = "", ends_on: date | None = None
) -> PartnerPackage:
    """A package that a partner gives its cardholders here. Raises RuleRefused (``partner_missing``, ``period_inverted``)."""
    if not partner.strip() or not name_zh.strip():
        raise RuleRefused("partner_missing", _("Name the partner and the package."))
    if ends_on is not None and ends_on < starts_on:
        raise RuleRefused("period_inverted", _("It ends before it begins."), fields={"ends_on": [_("Too early.")]})
    package = PartnerPackage.objects.create(
        partner=partner.strip(), name_zh=name_zh.strip(), name_en=name_en.strip(), starts_on=starts_on, ends_on=ends_on
    )
    audit.record(by=by, verb="vip.package_set", target=package)
    return package


@action(permission="vip.manage")
def enter_voucher(
    *,
    by: Actor,
    package: PartnerPackage,
    number: str,
    holder_name: str,
    id_number: str = "",
    phone_last_four: str = "",
) -> Voucher:
    """A cardholder whom the partner names as eligible, with what identifies them.

    Raises RuleRefused (``voucher_incomplete``), Conflict (``voucher_exists``).
    """
    number, digits = clean_serial(number), _digits(phone_last_four)[-4:]
    if not number or not holder_name.strip() or not (id_number.strip() or len(digits) == 4):
        raise RuleRefused(
            "voucher_incomplete",
            _("A voucher has a number, its cardholder's name, and an ID number or the end of a phone number."),
        )
    try:
        with transaction.atomic():
            voucher = Voucher.objects.create(
                number=number,
                package=package,
                holder_name=holder_name.strip(),
                id_number=clean_serial(id_number),
                phone_last_four=digits,
                entered_at=clock.now(),
            )
    except IntegrityError as error:
        raise Conflict("voucher_exists", _("This number is taken.")) from error
    audit.record(by=by, verb="vip.voucher_entered", target=voucher)
    return voucher


@action(permission="vip.manage")
def withdraw_voucher(*, by: Actor, voucher: Voucher) -> Voucher:
    """The voucher counts no more. Raises Conflict (``invalid_transition``) for one that was used."""
    VOUCHER.move(voucher, "withdrawn", by=by)
    return voucher


@action(permission="vip.use")
def check_holder(
    *,
    by: Actor,
    site: Site,
    number: str,
    patient: Patient,
    in_person: bool,
    name: str,
    id_number: str = "",
    phone_last_four: str = "",
) -> Voucher:
    """Is whoever shows the voucher the cardholder, and is the treatment theirs (VP-007)? Then the till may take it today.

    ``in_person`` False: a relative shows it. Raises NotFound (``voucher_not_found``), Conflict (``voucher_used``),
    RuleRefused (``cardholder_only``, ``voucher_expired``, ``identity_unchecked``, ``identity_differs``).
    """
    voucher = _locked(clean_serial(number))
    if voucher is None:
        raise NotFound("voucher_not_found", _("There is no such voucher."))
    if voucher.state not in ("open", "checked"):
        raise Conflict("voucher_used", _("This voucher has been used or withdrawn."), state=voucher.state)
    if not voucher.package.counts_on(clock.today(site.timezone)):
        raise RuleRefused("voucher_expired", _("This package does not count today."))
    if not in_person or not same_name(name, voucher.holder_name) or not same_name(patient.name, voucher.holder_name):
        raise cardholder_only()
    said = {
        "id_number": (clean_serial(id_number), voucher.id_number),
        "phone": (_digits(phone_last_four)[-4:], voucher.phone_last_four),
    }
    compared = {key: pair for key, pair in said.items() if all(pair)}
    if not compared:
        raise RuleRefused(
            "identity_unchecked", _("Compare the ID number or the end of the phone number with what the partner named.")
        )
    if any(shown != known for shown, known in compared.values()):
        raise RuleRefused("identity_differs", _("This is not what the partner named. Check it again."))
    VOUCHER.move(voucher, "checked", by=by, patient=patient, site=site, identified_by="+".join(compared))
    return voucher


def take(*, by: Actor, receipt: Receipt, amount_fen: int, reference: str) -> None:
    """The till is paid with a voucher: one of a partner of ours is taken only from its cardholder, checked today at this
    site, and once. Numbers of others (a platform's codes) are none of this room's.

    Raises RuleRefused (``voucher_holder_unchecked``, ``cardholder_only``), Conflict (``voucher_used``).
    """
    voucher = _locked(clean_serial(reference))
    if voucher is None:
        return
    if voucher.state in ("used", "withdrawn"):
        raise Conflict("voucher_used", _("This voucher has been used or withdrawn."), state=voucher.state)
    site = receipt.site
    if voucher.state == "checked" and voucher.patient_id != receipt.patient_id:
        raise cardholder_only()
    today = clock.today(site.timezone)
    if (
        voucher.checked_at is None
        or voucher.checked_at_site_id != site.pk
        or clock.local(voucher.checked_at, site.timezone).date() != today
    ):
        raise RuleRefused(
            "voucher_holder_unchecked",
            _("Check first that the cardholder is here in person."),
            cures=[Cure(_("Check the cardholder"))],
        )
    VOUCHER.move(voucher, "used", by=TILL, receipt=receipt)
    audit.record(by=by, verb="vip.voucher_taken", target=voucher, site=site.code, receipt=receipt.code, fen=amount_fen)


def cardholder_only() -> RuleRefused:
    """The refusal for family and friends, in the standard phrase (TC-015)."""
    return RuleRefused(
        "cardholder_only", _("This offer is for the cardholder personally, I ask for your understanding.")
    )


def _locked(number: str) -> Voucher | None:
    rows = Voucher.objects.select_for_update(of=("self",)).select_related("package")
    return rows.filter(number=number).first() if number else None


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", unicodedata.normalize("NFKC", text))
