"""What goes back when the holder wants the money: computed by a rule, and carried by a refund with its signatures.

Within the cooling-off period the principal goes back less what was used at its part of the price; afterwards pro rata, or, where
the tenant chose it and the patient is the cause, less the used sessions at list price. Where the house is the cause it is always
pro rata. Stored value goes back as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import Sum
from django.utils.translation import gettext as _

from kernel import audit, clock, parameters
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import NotFound, RuleRefused
from services.patients.models import Patient
from services.prepaid import lasting
from services.prepaid.keeping import GAINS, locked, short
from services.prepaid.machines import HOLDING
from services.prepaid.models import Cause, Ending, Holding, StatementLine
from services.records.models import Treatment
from services.refunds import routes
from services.refunds.actions import Wanted, request_refund
from services.refunds.identity import same_name
from services.sites.models import Site
from services.staff.models import StaffMember

Rule = Ending.Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What may go back today, in fen: ``balance_fen`` is what is left, ``used_fen`` what the uses were worth by the rule,
    ``amount_fen`` goes back by ``lines`` of charges, ``kept_fen`` stays as the price of what was used."""

    rule: str
    balance_fen: int
    used: int
    used_fen: int
    amount_fen: int
    kept_fen: int
    lines: Mapping[UUID, int]
    payer: Patient | None


def quote(holding: Holding, *, cause: str, amount_fen: int | None = None) -> Quote:
    """What goes back of ``holding`` today, and by which rule; of stored value ``amount_fen`` (all of it).

    Raises RuleRefused (``cause_unknown``, ``stored_value_short``).
    """
    if cause not in Cause.values:
        raise RuleRefused("cause_unknown", _("Say why it ends: the patient's wish, or the house cannot provide it."))
    last = holding.statement.order_by("-number").first()
    balance = last.balance_fen if last else 0
    if not holding.is_package:
        wanted = balance if amount_fen is None else amount_fen
        if not 0 <= wanted <= balance:
            raise short(holding, balance)
        lines, payer = _newest_first(holding, wanted)
        return Quote(
            rule=Rule.BALANCE, balance_fen=balance, used=0, used_fen=0, amount_fen=sum(lines.values()), kept_fen=0,
            lines=lines, payer=payer,
        )  # fmt: skip
    uses = holding.uses.filter(taken_back_at__isnull=True)
    number = uses.count()
    rule = _rule(holding, cause)
    if rule == Rule.LIST_PRICE:
        used = uses.aggregate(total=Sum("list_price_fen", default=0))["total"]
        amount = min(balance, max(0, holding.paid_fen - used))
    else:
        used, amount = holding.paid_fen - balance, balance
    line = holding.line
    return Quote(
        rule=rule,
        balance_fen=balance,
        used=number,
        used_fen=used,
        amount_fen=amount,
        kept_fen=balance - amount,
        lines={line.code: amount} if line is not None and amount else {},
        payer=line.slip.patient if line is not None else None,
    )


@action(permission="prepaid.refund")
def ask_refund(
    *,
    by: Actor,
    site: Site,
    holding: Holding,
    doctor: StaffMember,
    cause: str,
    reason: str,
    signer_name: str,
    amount_fen: int | None = None,
) -> Ending:
    """The holder signs that the money is to go back: the sum is computed, the refund form begun and signed by the doctor, and
    nothing is taken from the holding meanwhile. It goes to whoever paid, the way it came.

    Raises NotFound (``holding_not_found``), RuleRefused (``signer_not_patient``, ``nothing_to_refund``), Conflict
    (``invalid_transition``) and what ``quote`` and ``refunds.request_refund`` raise.
    """
    if holding.site_id != site.pk:
        raise NotFound("holding_not_found", _("There is no such package or stored value."))
    holding = locked(holding)
    if not same_name(signer_name, holding.patient.name):
        sentence = _("The holder signs with the name in the file.")
        raise RuleRefused("signer_not_patient", sentence, fields={"signer_name": [sentence]})
    found = quote(holding, cause=cause, amount_fen=amount_fen)
    if not found.amount_fen or found.payer is None:
        raise RuleRefused("nothing_to_refund", _("By the rule nothing is left that could go back."))
    HOLDING.move(holding, "ending", by=by)
    lasting.rest(holding)
    ending = Ending.objects.create(
        holding=holding,
        cause=cause,
        rule=found.rule,
        balance_fen=found.balance_fen,
        amount_fen=found.amount_fen,
        kept_fen=found.kept_fen,
        lines={str(code): fen for code, fen in found.lines.items()},
        signer_name=signer_name.strip()[:80],
        asked_at=clock.now(),
        by_name=by.name,
    )
    ending.refund = request_refund(
        by=by,
        site=site,
        patient=found.payer,
        doctor=doctor,
        reason=reason,
        wanted=[Wanted(line=code, amount_fen=fen) for code, fen in found.lines.items()],
    )
    ending.save(update_fields=["refund"])
    audit.record(
        by=by, verb="prepaid.refund_asked", target=holding, site=site.code, rule=found.rule, fen=found.amount_fen,
        kept_fen=found.kept_fen,
    )  # fmt: skip
    return ending


# --- parts ------------------------------------------------------------------------------------------------------------


def _rule(holding: Holding, cause: str) -> str:
    site = holding.site
    if cause == Cause.HOUSE:
        return Rule.PRO_RATA
    bought = clock.local(holding.opened_at, site.timezone).date()
    days = int(parameters.value("prepaid_cooling_off_days", site=site))
    within = clock.today(site.timezone) <= bought + timedelta(days=days)
    # Whoever had this done here before the package was bought knew what it was: no cooling off.
    known = Treatment.objects.filter(
        patient=holding.line.slip.patient if holding.line else holding.patient,
        item=holding.gives,
        performed_at__lt=holding.opened_at,
        voided_at__isnull=True,
    )
    if within and not known.exists():
        return Rule.COOLING_OFF
    chosen = parameters.value("prepaid_refund_rule", site=site)
    return Rule.LIST_PRICE if chosen == Rule.LIST_PRICE else Rule.PRO_RATA


def _newest_first(holding: Holding, amount_fen: int) -> tuple[dict[UUID, int], Patient | None]:
    """What of stored value goes back by which top-up: the newest first, for the oldest is spent first."""
    rows = StatementLine.objects.filter(holding=holding, kind__in=GAINS, line__isnull=False)
    tops = list(rows.select_related("line__slip__patient").order_by("-number"))
    ways = routes.ways(row.line.code for row in tops if row.line)
    lines: dict[UUID, int] = {}
    payer: Patient | None = None
    rest = amount_fen
    for row in tops:
        if row.line is None or not rest:
            continue
        part = min(rest, sum(ways.get(row.line.code, {}).values()))
        if part:
            payer = payer or row.line.slip.patient
            lines[row.line.code] = part
            rest -= part
    return lines, payer
