"""The consultation fee (CS-007): asked for by the consultant, signed by a doctor like every charge, settled by a receipt."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from services.cashier.models import Receipt
from services.catalogue.models import Item
from services.consultation.actions import ENGINE, lock
from services.consultation.models import Consultation
from services.staff.models import StaffMember
from services.tasks.actions import open_task, settle_task

SIGN = "consultation.fee_slip"


@action(permission="consultation.consult")
def ask_fee(*, by: Actor, consultation: Consultation, item: Item, doctor: StaffMember) -> Consultation:
    """Ask a doctor to sign the slip of the consultation fee; the till charges it like every other slip. The customer needs
    a file: a receipt is made out to somebody.

    Raises Conflict (``fee_asked``), RuleRefused (``file_missing``, ``not_a_doctor``).
    """
    consultation = lock(consultation)
    if consultation.fee_item is not None:
        raise Conflict("fee_asked", _("The fee of this consultation was asked for already."))
    if consultation.patient is None:
        raise RuleRefused("file_missing", _("Register the customer first; a receipt is made out to a file."))
    if not doctor.is_doctor or doctor.user is None:
        sentence = _("Choose a doctor with an account.")
        raise RuleRefused("not_a_doctor", sentence, fields={"doctor": [sentence]})
    consultation.fee_item, consultation.fee_asked_at = item, clock.now()
    consultation.bump({"fee_item", "fee_asked_at"})
    open_task(
        by=by,
        kind=SIGN,
        key=str(consultation.code),
        room="consultation",
        title=gettext_noop("Sign the slip of %(subject)s: %(item)s"),
        detail=gettext_noop("Fee of a consultation"),
        args={"item": item.name},
        subject=("patient", consultation.patient.code),
        icon="cash",
        due_at=clock.now() + timedelta(hours=1),
        assignee=doctor.user,
        site=consultation.site,
        url=("consultation:consultation", str(consultation.code)),
        closed_in_inbox=False,
    )
    audit.record(by=by, verb="consultation.fee_asked", target=consultation, site=consultation.site.code, item=item.key)
    return consultation


@action(permission=None, reason="the till charged a slip that a doctor had signed; both asked for their word")
def settle_fee(*, by: Actor, receipt: Receipt) -> Consultation | None:
    """A receipt on which a fee that was asked for is paid in full, at once or from arrears, settles it: the consultation, or
    None where there is none. One slip settles one consultation."""
    for paid in receipt.lines.filter(owed_fen=0).select_related("line__slip"):
        slip = paid.line.slip
        waiting = Consultation.objects.select_for_update(of=("self",)).filter(
            patient=receipt.patient_id,
            fee_item=paid.line.item_id,
            fee_settled_at__isnull=True,
            fee_asked_at__lte=slip.signed_at,
        )
        row = waiting.select_related("site").order_by("fee_asked_at", "id").first()
        if row is None or Consultation.objects.filter(fee_slip=slip.code).exists():
            continue
        row.fee_slip, row.fee_settled_at, row.fee_receipt = slip.code, receipt.issued_at, receipt.number
        row.bump({"fee_slip", "fee_settled_at", "fee_receipt"})
        settle_task(by=ENGINE, kind=SIGN, key=str(row.code), result="charged")
        audit.record(by=by, verb="consultation.fee_settled", target=row, site=row.site.code)
        return row
    return None
