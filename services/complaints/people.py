"""Who stands on which side of a complaint: the accused never assigns, handles, investigates or approves it (CP-012, CP-023)."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from kernel.context import Actor
from kernel.errors import Forbidden, RuleRefused
from services.complaints.ways import way_of
from services.staff.models import StaffMember

ACCUSED, HANDLER, LEAD, MEMBER, APPROVER = "accused", "handler", "lead", "member", "approver"
TEAM = (LEAD, MEMBER)


def is_staff(staff: StaffMember | None, by: Actor) -> bool:
    """Is ``by`` this member of staff, or somebody who stands in for them? The product itself is everybody."""
    if by.kind == "system":
        return True
    user = staff.user if staff is not None else None
    return user is not None and (user.pk == by.user_id or user.code in by.deputy_for)


def refusal_of_accused(row: Any, by: Actor) -> RuleRefused | None:
    """What stands against ``by`` doing anything about the case: it is about them."""
    if by.kind == "system" or by.user_id is None:
        return None
    if row.people.filter(part=ACCUSED, until_at__isnull=True, staff__user_id=by.user_id).exists():
        return RuleRefused("complaint_about_you", _("This complaint is about you: somebody else deals with it."))
    return None


def refusal_of_staff(row: Any, staff: StaffMember | None) -> RuleRefused | None:
    """What stands against ``staff`` handling, investigating or approving the case."""
    if staff is None:
        sentence = _("Choose who handles it.")
        return RuleRefused("handler_missing", sentence, fields={"handler": [sentence]})
    if row.people.filter(part=ACCUSED, until_at__isnull=True, staff=staff).exists():
        sentence = _("The complaint is about %(name)s: choose somebody else.") % {"name": staff.name}
        return RuleRefused("handler_is_accused", sentence, fields={"handler": [sentence]})
    return None


def refusal_of_others(row: Any, by: Actor, *, team: bool = False) -> Forbidden | RuleRefused | None:
    """What stands against ``by`` working on the case: they are not its handler (nor, with ``team``, of its team)."""
    accused = refusal_of_accused(row, by)
    if accused is not None:
        return accused
    if is_staff(row.handler, by):
        return None
    if team and any(is_staff(one.staff, by) for one in standing(row) if one.part in TEAM):
        return None
    return Forbidden("not_your_case", _("This case is handled by somebody else. Only its handler takes this step."))


def refusal_without_team(row: Any) -> RuleRefused | None:
    """What stands against investigating: the line of business wants a team, and none stands with its lead and a member."""
    if not way_of(row.vertical).requires_team:
        return None
    parts = {one.part for one in standing(row)}
    if LEAD in parts and MEMBER in parts:
        return None
    return RuleRefused(
        "team_missing", _("Here a team investigates: name its lead and at least one member, none of them concerned.")
    )


def standing(row: Any) -> list[Any]:
    """Everybody who has a part in the case now."""
    return list(row.people.filter(until_at__isnull=True).select_related("staff__user"))
