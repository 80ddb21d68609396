"""The stepper of a refund: what is done, what is now, what opens when."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from services.refunds.models import Refund, RefundSignature
from services.refunds.selectors import signature_of, standing

Part = RefundSignature.Part
# The step that is now, by state; -1: none.
NOW = {"filled": 1, "refused": -1, "withdrawn": -1, "ready": 2, "paid": 3, "received": 4, "noted": 5, "closed": -1}


def steps_of(refund: Refund) -> list[dict[str, Any]]:
    """The steps in their order; without money the payer, the payee and the seal are left out (CA-028)."""
    payout = standing(refund)
    doctor, supervisor = signature_of(refund, Part.DOCTOR), signature_of(refund, Part.SUPERVISOR)
    payer = signature_of(refund, Part.PAYER, payout) if payout else None
    payee = signature_of(refund, Part.PAYEE, payout) if payout else None
    sealed = refund.state in ("noted", "closed")
    rows = [
        ("doctor", _("Doctor fills in and signs"), refund.doctor.name, doctor, refund.reason, ""),
        ("supervisor", _("Supervisor's opinion"), refund.supervisor_name, supervisor, refund.opinion,
         _("opens once the doctor has signed")),
    ]  # fmt: skip
    if refund.amount_fen:
        rows += [
            ("payer", _("Cashier pays"), refund.payer_name, payer, refund.put_off_reason,
             _("opens once doctor and supervisor have signed")),
            ("payee", _("Patient signs"), payout.payee_name if payout else refund.patient.name, payee, "",
             _("opens once the cashier has paid and signed")),
            ("seal", _("“Cash paid” is sealed"), refund.payer_name, None, "", _("opens once the payee has signed")),
        ]  # fmt: skip
    rows.append(("chart", _("Chart is noted"), _("by itself"), None, "", _("follows by itself")))
    now = NOW[refund.state]
    now_key = ("doctor", "supervisor", "payer", "payee", "seal", "chart")[now] if now >= 0 else ""
    steps = []
    for key, title, who, signature, note, opens in rows:
        done = signature is not None or (key in ("seal", "chart") and sealed)
        refused = key == "supervisor" and refund.state == "refused"
        state = "refused" if refused else "done" if done else "now" if key == now_key else "locked"
        at = signature.at if signature else refund.noted_at if done else None
        steps.append(
            {
                "key": key,
                "title": title,
                "who": who,
                "at": at,
                "hash": signature.text_hash if signature else "",
                "note": note if done or refused or state == "now" else opens,
                "state": state,
            }
        )
    return steps
