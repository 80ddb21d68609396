"""Treatment of colleagues: charged only against the head nurse's dispatch slip, which is used once (IN-016, DE-019)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from kernel import access, audit, clock, money, numbering
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Cure, NotFound, RuleRefused
from services.cashier.models import ChargeLine, ChargeSlip, DispatchSlip
from services.catalogue.models import Item
from services.patients.models import Patient
from services.patients.phones import canonical_phone
from services.sites.models import Site
from services.staff.models import StaffMember

WORD = "cashier.dispatch"
SEE = "cashier.see_dispatch"
# So many files are offered when a colleague's own one is looked for.
FILES_SHOWN = 10


@action(permission=WORD)
def issue_dispatch_slip(
    *, by: Actor, site: Site, staff: StaffMember, patient: Patient, item: Item, fee_fen: int
) -> DispatchSlip:
    """Let ``staff`` be treated as ``patient`` (their own file) with ``item`` for ``fee_fen``. The number has no gaps.

    Raises RuleRefused (``own_dispatch_slip``, ``not_employed``, ``file_of_somebody_else``, ``fee_differs`` from today's price).
    """
    today = clock.today(site.timezone)
    if staff.user_id is not None and staff.user_id == by.user_id:
        raise RuleRefused("own_dispatch_slip", _("Nobody issues a dispatch slip for themselves."))
    if not staff.works_on(today):
        raise RuleRefused("not_employed", _("This person does not work here any more."))
    if patient.name != staff.name:
        sentence = _("This is the file of somebody else. The slip is for the colleague's own treatment.")
        raise RuleRefused("file_of_somebody_else", sentence, fields={"patient": [sentence]})
    price = item.price_on(today)
    if price is None or fee_fen not in (0, price):
        sentence = _("The fee is today's price, or nothing.")
        raise RuleRefused("fee_differs", sentence, fields={"fee_fen": [sentence]})
    slip = DispatchSlip.objects.create(
        number=f"D-{numbering.next_number('cashier.dispatch', entity=str(site.code), period=f'{today:%Y}')}",
        site=site,
        staff=staff,
        patient=patient,
        item=item,
        fee_fen=fee_fen,
        issued_at=clock.now(),
        issued_by=by.code,
        issued_by_name=by.name,
    )
    audit.record(by=by, verb="cashier.dispatched", target=slip, site=site.code, staff=staff.code, item=item.key)
    return slip


def dispatch_slips_for(actor: Actor) -> QuerySet[DispatchSlip]:
    """The dispatch slips of the sites where ``actor`` may see them, with the receipt that used them, the latest first."""
    rows = DispatchSlip.objects.select_related("site", "staff", "patient", "item", "line__slip")
    rows = rows.prefetch_related("line__slip__receipts")
    return access.accessible(rows, actor, SEE)


def access_dispatch_slip(actor: Actor, code: UUID) -> DispatchSlip:
    """The dispatch slip behind a code from outside. Raises NotFound (``dispatch_slip_not_found``)."""
    found = dispatch_slips_for(actor).filter(code=code).first()
    if found is None:
        raise NotFound("dispatch_slip_not_found", _("There is no such dispatch slip."))
    return found


def counts(actor: Actor, site: Site) -> dict[str, int]:
    """How many slips of ``site`` are open, and how many used; one query."""
    rows = access.accessible(DispatchSlip.objects.filter(site=site), actor, SEE).order_by()
    return rows.aggregate(open=Count("pk", filter=Q(line=None)), used=Count("pk", filter=~Q(line=None)))


def own_files(staff: StaffMember) -> list[Patient]:
    """The files that may be ``staff``'s own: of that name, those with the phone of the colleague first."""
    rows = Patient.objects.filter(name=staff.name, merged_into__isnull=True, withdrawn_at__isnull=True)
    found = list(rows.select_related("site").order_by("-id")[:FILES_SHOWN])
    number = canonical_phone(staff.phone)
    return sorted(found, key=lambda one: number is None or canonical_phone(one.phone) != number)


def is_colleague(patient: Patient) -> bool:
    """Is this the file of somebody who works here: had a dispatch slip, or has the name and the phone of a colleague?"""
    if DispatchSlip.objects.filter(patient=patient).exists():
        return True
    today = clock.today()
    same = StaffMember.objects.filter(name=patient.name, phone_index__marks=patient.phone) if patient.phone else ()
    return any(staff.works_on(today) for staff in same)


def use_up(*, by: Actor, slip: ChargeSlip, lines: Sequence[ChargeLine]) -> None:
    """Use up a dispatch slip for each line of a colleague's bill; of two tills that want the same one the second is refused.

    Raises RuleRefused (``dispatch_slip_missing``).
    """
    if not is_colleague(slip.patient):
        return
    now = clock.now()
    open_slips = list(
        DispatchSlip.objects.select_for_update(of=("self",))
        .filter(patient=slip.patient, site=slip.site, line__isnull=True)
        .order_by("id")
    )
    for line in lines:
        found = next((one for one in open_slips if (one.item_id, one.fee_fen) == (line.item_id, line.amount_fen)), None)
        if found is None:
            raise RuleRefused(
                "dispatch_slip_missing",
                _(
                    "“%(item)s” for %(amount)s yuan: a colleague is charged only against a dispatch slip of the head nurse."
                )
                % {"item": line.item_name, "amount": money.yuan(line.amount_fen, grouped=True)},
                cures=[Cure(_("Ask the head nurse for a dispatch slip"), role="head_nurse")],
                item=line.item.key,
            )
        open_slips.remove(found)
        found.line, found.used_at = line, now
        found.save(update_fields=["line", "used_at"])
        audit.record(by=by, verb="cashier.dispatch_used", target=found, site=slip.site.code, slip=slip.code)
