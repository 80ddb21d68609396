"""Doctors who work in several houses: headquarters opens a calendar and invites; each house consents by joining.

Headquarters sees who has joined and where, never a time.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _

from kernel import audit, clock, tenancy
from kernel.actions import action
from kernel.busy import telling
from kernel.busy.actions import invitation_hash
from kernel.busy.models import Calendar, Membership
from kernel.busy.selectors import calendars, memberships
from kernel.context import Actor
from kernel.errors import NotFound, RuleRefused

INVITATION_DAYS = 7
# Without what is mistaken for something else when it is read out.
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


@action(permission="headquarters.link_doctors")
def open_calendar(*, by: Actor, label: str) -> tuple[Calendar, str]:
    """Open the busy calendar of one doctor, called ``label`` here. Returns it with the invitation for the houses, which is
    told once and counts ``INVITATION_DAYS`` days. Raises RuleRefused (``name_missing``)."""
    if not label.strip():
        raise RuleRefused("name_missing", _("Say who it is."), fields={"label": [_("Required")]})
    invitation = _invitation()
    tenant = tenancy.current()
    calendar = Calendar.objects.create(
        chain_code=tenant.chain_code,
        label=label.strip()[:60],
        invitation_hash=invitation_hash(invitation, tenant.chain_code),
        invitation_until=clock.now() + timedelta(days=INVITATION_DAYS),
        opened_at=clock.now(),
    )
    audit.record(by=by, verb="headquarters.calendar_opened", target=calendar)
    return calendar, invitation


@action(permission="headquarters.link_doctors")
def invite_again(*, by: Actor, calendar: Calendar) -> str:
    """A new invitation; the one before is worth nothing any more."""
    invitation = _invitation()
    calendar.invitation_hash = invitation_hash(invitation, calendar.chain_code)
    calendar.invitation_until = clock.now() + timedelta(days=INVITATION_DAYS)
    calendar.save(update_fields=["invitation_hash", "invitation_until"])
    audit.record(by=by, verb="headquarters.calendar_invited", target=calendar)
    return invitation


@action(permission="headquarters.link_doctors")
def end_membership(*, by: Actor, member: Membership) -> None:
    """One house is out of the calendar; the times that it wrote are free for the others at once, and all of them are told."""
    staying = memberships().filter(calendar=member.calendar).exclude(pk=member.pk)
    telling.tell_ended(calendar=member.calendar, ended=[member], staying=staying)
    audit.record(by=by, verb="headquarters.calendar_member_ended", target=member)
    member.delete()


@action(permission="headquarters.link_doctors")
def close_calendar(*, by: Actor, calendar: Calendar) -> None:
    """Close the calendar for all houses; nobody is busy elsewhere by it any more, and all of them are told."""
    telling.tell_ended(calendar=calendar, ended=memberships().filter(calendar=calendar), staying=())
    audit.record(by=by, verb="headquarters.calendar_closed", target=calendar)
    calendar.delete()


def doctors_in_houses() -> QuerySet[Calendar]:
    """The calendars with who has joined, two queries."""
    return calendars().prefetch_related(Prefetch("members", queryset=memberships()))


def access_calendar(actor: Actor, code: UUID, word: str = "headquarters.link_doctors") -> Calendar:
    """The calendar behind a code from outside. Raises NotFound (``calendar_not_found``)."""
    found = calendars().filter(code=code).first()
    if found is None or not actor.can(word):
        raise NotFound("calendar_not_found", _("There is no such doctor here."))
    return found


def access_member(actor: Actor, calendar: Calendar, code: UUID) -> Membership:
    """The house's membership behind a code from outside. Raises NotFound (``calendar_not_found``)."""
    found = memberships().filter(calendar=calendar, code=code).first()
    if found is None or not actor.can("headquarters.link_doctors"):
        raise NotFound("calendar_not_found", _("There is no such doctor here."))
    return found


def _invitation() -> str:
    letters = [secrets.choice(LETTERS) for _number in range(12)]
    return "-".join("".join(letters[at : at + 4]) for at in (0, 4, 8))
