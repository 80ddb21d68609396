"""Writes to the registers of the desk: things in and out, visitors, broadcasts."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import RuleRefused
from services.shift.machines import VISITOR
from services.shift.models import Broadcast, ItemEntry, ItemError, Visitor
from services.sites.models import Site
from services.staff.models import StaffMember
from services.tasks.actions import open_task, settle_task

VISIT = "shift.visitor"


@action(permission="shift.register")
def register_item(
    *, by: Actor, site: Site, direction: str, kind: str, what: str, party: str, receiver: str, remark: str = ""
) -> ItemEntry:
    """Write down what was sent in or out: what, from or to whom, who received it; the time is the server's and the
    handler is ``by`` (GV-014).

    Raises RuleRefused (``direction_unknown``, ``kind_unknown``, ``what_missing``, ``party_missing``,
    ``receiver_missing``).
    """
    if direction not in ItemEntry.Direction.values:
        raise RuleRefused("direction_unknown", _("Choose in or out."), fields={"direction": [_("Required")]})
    if kind not in ItemEntry.Kind.values:
        raise RuleRefused("kind_unknown", _("Choose what kind of thing it is."), fields={"kind": [_("Required")]})
    entry = ItemEntry.objects.create(
        site=site,
        at=clock.now(),
        direction=direction,
        kind=kind,
        what=needed(what, "what", _("Write what it is."), 120),
        party=needed(party, "party", _("Write from whom or to whom."), 80),
        receiver=needed(receiver, "receiver", _("Write who received it."), 80),
        remark=remark.strip()[:500],
        handler_id=by.user_id,
        handler_name=by.name,
    )
    audit.record(by=by, verb="shift.item_registered", target=entry, site=site.code, direction=direction, kind=kind)
    return entry


@action(permission="shift.register")
def link_error(*, by: Actor, site: Site, entry: ItemEntry, words: str) -> ItemError:
    """An error that was found later, beside the entry that it is about; the entry stays as it is (GV-014).

    Raises RuleRefused (``words_missing``).
    """
    error = ItemError.objects.create(
        entry=entry, words=needed(words, "words", _("Write what is wrong."), 500), at=clock.now(), by_name=by.name
    )
    audit.record(by=by, verb="shift.item_error", target=entry, site=site.code)
    return error


@action(permission="shift.register")
def register_visitor(
    *, by: Actor, site: Site, name: str, purpose: str, host: StaffMember, company: str = ""
) -> Visitor:
    """Somebody from outside has come to see ``host``, who is told at once (GV-015).

    Raises RuleRefused (``name_missing``, ``purpose_missing``).
    """
    now = clock.now()
    visitor = Visitor.objects.create(
        site=site,
        name=needed(name, "name", _("Write the visitor's name."), 80),
        company=company.strip()[:80],
        purpose=needed(purpose, "purpose", _("Write what the visit is about."), 500),
        host=host,
        arrived_at=now,
        host_called_at=now,
        by_name=by.name,
    )
    audit.record(by=by, verb="shift.visitor_arrived", target=visitor, site=site.code, host=str(host.code))
    open_task(
        by=by,
        kind=VISIT,
        key=str(visitor.code),
        room="shift",
        title=gettext_noop("%(subject)s waits for you at the desk"),
        subject=("visitor", visitor.code),
        icon="people",
        due_at=now,
        assignee=host.user,
        roles=() if host.user_id else ("supervisor", "duty_superior", "clinic_director"),
        site=site,
        url=("shift:visitors",),
        closed_in_inbox=False,
    )
    return visitor


@action(permission="shift.register")
def receive_visitor(*, by: Actor, site: Site, visitor: Visitor) -> Visitor:
    """The host has come: the wait ends. Raises Conflict (``invalid_transition``)."""
    VISITOR.move(visitor, "received", by=by)
    settle_task(by=by, kind=VISIT, key=str(visitor.code), result="received")
    return visitor


@action(permission="shift.register")
def see_out(*, by: Actor, site: Site, visitor: Visitor) -> Visitor:
    """The visitor has left the house. Raises Conflict (``invalid_transition``)."""
    VISITOR.move(visitor, "left", by=by)
    settle_task(by=by, kind=VISIT, key=str(visitor.code), result="left")
    return visitor


@action(permission="shift.register")
def log_broadcast(*, by: Actor, site: Site, kind: str, text: str, requested_by: str) -> Broadcast:
    """What was said or played over the loudspeakers, and who asked for it (GV-020).

    Raises RuleRefused (``kind_unknown``, ``text_missing``, ``requested_by_missing``).
    """
    if kind not in Broadcast.Kind.values:
        raise RuleRefused("kind_unknown", _("Choose the kind of broadcast."), fields={"kind": [_("Required")]})
    broadcast = Broadcast.objects.create(
        site=site,
        at=clock.now(),
        kind=kind,
        text=needed(text, "text", _("Write what was said."), 500),
        requested_by=needed(requested_by, "requested_by", _("Write who asked for it."), 80),
        by_name=by.name,
    )
    audit.record(by=by, verb="shift.broadcast", target=broadcast, site=site.code, kind=kind)
    return broadcast


def needed(text: str, field: str, sentence: str, longest: int) -> str:
    """``text`` without blanks at its ends. Raises RuleRefused (``<field>_missing``)."""
    if not text.strip():
        raise RuleRefused(f"{field}_missing", sentence, fields={field: [_("Required")]})
    return text.strip()[:longest]
