"""Adopting what headquarters published: the house's own act, after which the chain's values count here."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from kernel import audit, clock, outbox, tenancy
from kernel.actions import action
from kernel.context import ALL, Actor
from kernel.errors import Conflict, Forbidden
from kernel.parameters import Scope, set_parameter, withdraw_parameter
from kernel.parameters.selectors import active_parameter
from services.rules.models import ChainPublication
from services.tasks.actions import settle_task

ADOPT = "rules.adopt"
# Only headquarters sets the chain's values; the house lets them in.
HEADQUARTERS = Actor.system("headquarters")


@action(permission="parameters.set")
def adopt_publication(*, by: Actor, publication: ChainPublication) -> ChainPublication:
    """Let the rules of ``publication`` count in this house from its date on, or from now if that has passed.

    What the house's sites set for themselves stays, except where a locked value of the chain bounds it. Rules of lines of
    business that the house does not have, and rules on which a later publication was adopted already, are left out;
    headquarters hears of it.

    Raises Forbidden (``parameter_out_of_reach``), Conflict (``publication_adopted``). HQ-007, PL-006.
    """
    if by.kind != "system" and by.sites("parameters.set") is not ALL:
        raise Forbidden(
            "parameter_out_of_reach",
            _("Your right does not reach that far. You can change the rules of your own sites."),
            scope="chain",
        )
    found = ChainPublication.objects.select_for_update().get(pk=publication.pk)
    if found.adopted_at is not None:
        raise Conflict("publication_adopted", _("This was adopted already."))
    present = clock.now()
    moment, decided = max(found.effective_from, present), _decided_later(found)
    for rule in found.rules:
        if rule["key"] in decided or active_parameter(rule["key"]) is None:
            found.left_out.append(rule["key"])
        elif rule["withdrawn"]:
            _withdraw(rule["key"], moment)
        else:
            set_parameter(
                by=HEADQUARTERS,
                key=rule["key"],
                value=rule["value"],
                scope=Scope.chain(),
                effective_from=moment,
                locked=rule["locked"],
            )
    found.adopted_at, found.adopted_by, found.adopted_by_name = present, by.code, by.username or by.name
    found.save(update_fields=["adopted_at", "adopted_by", "adopted_by_name", "left_out"])
    settle_task(by=by, kind=ADOPT, key=str(found.code))
    outbox.emit(
        "rules.publication_adopted",
        key=f"publication:{found.code}",
        to="headquarters",
        payload={
            "publication": str(found.code),
            "house": tenancy.current().name,
            "at": present.isoformat(),
            "left_out": found.left_out,
        },
    )
    audit.record(
        by=by,
        verb="rules.publication_adopted",
        target=found,
        keys=[rule["key"] for rule in found.rules],
        left_out=found.left_out,
        effective_from=moment.isoformat(),
    )
    return found


def _decided_later(found: ChainPublication) -> set[str]:
    """The rules on which the house adopted something that headquarters published later."""
    later = ChainPublication.objects.filter(adopted_at__isnull=False, published_at__gt=found.published_at)
    return {rule["key"] for rules in later.values_list("rules", flat=True) for rule in rules}


def _withdraw(key: str, moment: datetime) -> None:
    try:
        withdraw_parameter(by=HEADQUARTERS, key=key, scope=Scope.chain(), effective_from=moment)
    except Conflict:
        # The chain has no value here: what is to be taken back never arrived, or is gone already.
        return
