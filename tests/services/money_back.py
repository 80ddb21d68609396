"""Refunds of the tests: what was paid, a refund at each of its steps, and who stands at the till."""

from __future__ import annotations

from typing import Any

from services.cashier.models import Receipt
from services.patients.models import Patient
from services.refunds import actions
from services.refunds.actions import Wanted
from services.refunds.identity import Shown
from services.refunds.models import Refund
from tests.services.doors import person, staff
from tests.services.flow import center
from tests.services.till import NUMBERS, PRICES


def asked(receipt: Receipt, amounts: dict[str, int] | None = None, *, doctor: str = "dr.lin", **more: Any) -> Refund:
    """What the doctor has signed: 600.00 of the filling unless something else is said."""
    lines = {row.line.item.key: row.line for row in receipt.lines.select_related("line__item")}
    texts = more.pop("texts", {})
    wanted = {} if texts else {"filling": 60_000}
    wanted = [Wanted(line=lines[PRICES[name][0]].code, amount_fen=fen) for name, fen in (amounts or wanted).items()] + [
        Wanted(line=lines[PRICES[name][0]].code, changed_to=text) for name, text in texts.items()
    ]
    return actions.request_refund(
        by=person(doctor),
        site=center(),
        patient=receipt.patient,
        doctor=staff(NUMBERS[doctor]),
        reason=more.pop("reason", "材料变更"),
        wanted=wanted,
    )


def approved(refund: Refund, *, by: str = "gao.wen", approve: bool = True) -> Refund:
    """The supervisor has signed."""
    return actions.give_opinion(
        by=person(by), site=refund.site, refund=refund, approve=approve, opinion="材料差价属实，同意退。"
    )


def herself(patient: Patient, **more: Any) -> Shown:
    """The patient in person, compared by the end of the phone number."""
    given = {"payee": "patient", "name": patient.name, "phone_last_four": patient.phone[-4:]} | more
    return Shown(**given)


def paid(refund: Refund, *, by: str = "fang.li", shown: Shown | None = None) -> Refund:
    """The cashier has paid and signed."""
    actions.pay(by=person(by), site=refund.site, refund=refund, shown=shown or herself(refund.patient))
    return refund


def signed_for(refund: Refund, *, by: str = "fang.li") -> Refund:
    """The payee has signed."""
    actions.sign_as_payee(by=person(by), site=refund.site, refund=refund, signer_name=refund.patient.name)
    return refund


def sealed(refund: Refund, *, by: str = "fang.li") -> Refund:
    """The form is sealed and the chart noted."""
    return actions.seal(by=person(by), site=refund.site, refund=refund)


def through(refund: Refund) -> Refund:
    """A refund from the doctor's signature to its end."""
    return sealed(signed_for(paid(approved(refund))))
