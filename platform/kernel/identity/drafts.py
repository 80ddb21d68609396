"""Drafts: what somebody typed into a long form comes back when they change back at a shared desk (ledger 17).

They are kept here and not in the browser: what lies in the browser of a shared computer can be read by whoever sits at it
next. A draft belongs to one person and one form, is sealed like everything that may speak of a patient, and ends with the
form that was sent, with the person's sign-out, or after ``HOURS``. Like sessions, drafts follow the machine's clock.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Malformed
from kernel.identity.models import Draft, User
from kernel.identity.tokens import machine_now

HOURS = 14
MOST_PER_PERSON = 40
MOST_CHARACTERS = 20_000
LONGEST_FORM = 120
# Whatever a page says, these are never kept.
NEVER = frozenset({"password", "password1", "password2", "oldpassword", "pin", "badge", "csrfmiddlewaretoken"})
OWN = "everybody keeps what they typed themselves"


@dataclass(frozen=True, slots=True)
class Kept:
    """A draft as its owner gets it back: the values by field name, and when they were written."""

    values: dict[str, list[str]]
    written_at: datetime


@action(permission=None, reason=OWN)
def keep_draft(*, by: Actor, person: str, form: str, content: str) -> Draft:
    """Keep ``content`` (JSON: field name to a list of texts) as what ``by`` typed into ``form``. Of more than
    ``MOST_PER_PERSON`` the oldest one goes.

    Raises Conflict (``draft_of_another``) where the page was drawn for another ``person``, Malformed (``draft_unreadable``,
    ``draft_too_long``).
    """
    owner = _owner(by, person)
    if not 0 < len(form) <= LONGEST_FORM:
        raise Malformed("draft_unreadable", _("This draft cannot be read."))
    if len(content) > MOST_CHARACTERS:
        raise Malformed("draft_too_long", _("This is too long to be kept as a draft."))
    values = _read(content)
    text = json.dumps({name: row for name, row in values.items() if name not in NEVER}, ensure_ascii=False)
    # The person's row is the lock: two windows of one person write one draft.
    user = User.objects.select_for_update(no_key=True).get(pk=owner)
    draft = Draft.objects.filter(user=user, form=form).first() or Draft(user=user, form=form)
    draft.content, draft.written_at = text, machine_now()
    draft.save()
    surplus = Draft.objects.filter(user=user).order_by("-written_at", "-id").values_list("pk", flat=True)
    Draft.objects.filter(pk__in=list(surplus[MOST_PER_PERSON:])).delete()
    return draft


@action(permission=None, reason=OWN)
def forget_draft(*, by: Actor, person: str, form: str) -> None:
    """The form was sent, or its draft is not wanted. Raises Conflict (``draft_of_another``)."""
    Draft.objects.filter(user_id=_owner(by, person), form=form).delete()


@action(permission=None, reason="what ended by time is dropped by the clock")
def purge_drafts(*, by: Actor) -> None:
    """Drop what is older than ``HOURS``."""
    Draft.objects.filter(written_at__lte=_since()).delete()


def forget_all(user: User) -> None:
    """The person's day is over: nothing typed stays behind."""
    Draft.objects.filter(user=user).delete()


def draft_of(actor: Actor, form: str) -> Kept | None:
    """What ``actor`` typed into ``form`` and has not sent, None after ``HOURS``."""
    rows = Draft.objects.filter(user__code=actor.code, form=form, written_at__gt=_since()) if actor.code else None
    found = rows.first() if rows is not None else None
    return Kept(json.loads(found.content), found.written_at) if found is not None else None


def _since() -> datetime:
    return machine_now() - timedelta(hours=HOURS)


def _owner(by: Actor, person: str) -> int:
    if by.user_id is None or person != str(by.code):
        raise Conflict("draft_of_another", _("This page was drawn for somebody else. Load it again."))
    return by.user_id


def _read(content: str) -> dict[str, list[str]]:
    try:
        values = json.loads(content)
    except ValueError:
        values = None
    whole = isinstance(values, dict) and all(
        isinstance(row, list) and all(isinstance(text, str) for text in row) for row in values.values()
    )
    if not whole:
        raise Malformed("draft_unreadable", _("This draft cannot be read."))
    return values  # type: ignore[no-any-return]
