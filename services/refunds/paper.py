"""What the refund form and the note in the chart say (CA-026, CA-033)."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from kernel import clock, money
from kernel.capitals import capital_amount
from kernel.context import Actor
from services.books.models import Tender
from services.documents.actions import issue
from services.documents.models import Document
from services.refunds.models import Payout, Refund, RefundSignature

FORM = "refund.form"


def said(refund: Refund, payout: Payout | None = None, sealed_on: date | None = None) -> dict[str, Any]:
    """The refund form, the same on the screen while it is signed and on paper after. Moments are local times of the site."""
    signatures = {
        one.part: {
            "name": one.name,
            "at": f"{clock.local(one.at, refund.site.timezone):%Y-%m-%d %H:%M}",
            "hash": one.text_hash,
            "strokes": one.strokes,
            "by_link": one.by_link,
        }
        for one in refund.signatures.all()
        if one.payout_id in (None, payout.pk if payout is not None else None)
    }
    return {
        "business": refund.site.name,
        "entity": refund.site.entity.name,
        "number": refund.number,
        "refund_on": refund.refund_on.isoformat(),
        "patient": refund.patient.name,
        "record_number": refund.patient.record_number,
        "reason": refund.reason,
        "first_visit_on": refund.first_visit_on.isoformat(),
        "paid_total": money.yuan(refund.paid_total_fen, grouped=True),
        "amount": money.yuan(refund.amount_fen, grouped=True),
        "capitals": capital_amount(refund.amount_fen, currency=True),
        "doctor": refund.doctor.name,
        "moves_money": bool(refund.amount_fen),
        "lines": [
            {
                "name": row.line.item_name + (f" {row.line.remark}" if row.line.remark else ""),
                "amount": money.yuan(row.amount_fen, grouped=True),
                "changed_to": row.changed_to,
            }
            for row in refund.lines.select_related("line")
        ],
        "opinion": refund.opinion,
        "ways": [
            {"tender": part.tender, "amount": money.yuan(part.amount_fen, grouped=True)} for part in payout.parts.all()
        ]
        if payout is not None
        else [],
        "payee": payout.payee if payout is not None else "",
        "signatures": signatures,
        "sealed_on": sealed_on.isoformat() if sealed_on is not None else "",
    }


def issue_form(*, by: Actor, refund: Refund, payout: Payout | None = None, sealed_on: date | None = None) -> Document:
    """Keep the form as it was signed; it prints from the register."""
    return issue(
        by=by,
        kind=FORM,
        number=refund.number,
        site=refund.site,
        subject=refund,
        permission="refunds.view",
        template="refunds/form.typ",
        content=said(refund, payout, sealed_on),
    )


def chart_note(refund: Refund, payout: Payout | None = None) -> str:
    """Time, reason, amount and the signature of who paid; without money what the text became."""
    zone = refund.site.timezone
    if payout is None:
        changes = "; ".join(f"{row.line.item_name} → {row.changed_to}" for row in refund.lines.select_related("line"))
        return _("Content changed %(at)s: %(changes)s. Reason: %(reason)s. No money moved. %(number)s") % {
            "at": f"{clock.local(clock.now(), zone):%Y-%m-%d %H:%M}",
            "changes": changes,
            "reason": refund.reason,
            "number": refund.number,
        }
    payer = refund.signatures.get(part=RefundSignature.Part.PAYER, payout=payout)
    return _("Refund %(at)s: %(amount)s yuan. Reason: %(reason)s. Paid by %(payer)s (signed %(hash)s). %(number)s") % {
        "at": f"{clock.local(payout.at, zone):%Y-%m-%d %H:%M}",
        "amount": money.yuan(refund.amount_fen, grouped=True),
        "reason": refund.reason,
        "payer": payer.name,
        "hash": payer.text_hash[:8],
        "number": refund.number,
    }


def is_cash(payout: Payout) -> bool:
    """Did any of it leave the till as cash?"""
    return payout.parts.filter(tender=Tender.CASH).exists()
