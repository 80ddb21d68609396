"""Rules that headquarters publishes to the houses of its chain: each house receives them, and adopts them itself (HQ-007).

Headquarters has no way into a house. It says what it wants in an event; what counts in a house is what its own people
adopted there, and they say so back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Prefetch, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from kernel import audit, clock, outbox, registry, tenancy
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Malformed, NotFound, RuleRefused
from kernel.outbox import Event
from kernel.parameters import kinds
from kernel.registry import Param
from services.headquarters.models import HouseAnswer, RulePublication
from tenants.directory import house_contexts

PUBLISH = "parameters.publish"
# A form that says "10:20" is sent within that minute and means now.
GRACE = timedelta(minutes=1)
MOST_RULES = 50


def publishable() -> dict[str, tuple[str | Promise, Param]]:
    """Every rule that a house of any kind may have, by key, with the room that declares it, in the order of the rooms."""
    return {
        param.key: (room.label, param)
        for room in registry.rooms()
        if "business" in room.families
        for param in room.parameters
    }


@action(permission=PUBLISH)
def publish_rules(
    *, by: Actor, title: str, rules: Sequence[Mapping[str, Any]], effective_from: datetime | None = None
) -> RulePublication:
    """Publish ``rules`` to every house of the chain, counting from ``effective_from`` on (default: now; aware).

    Each rule has ``key`` and ``value``, and may be ``locked`` (houses may then tighten and not loosen it) or ``withdrawn``
    (the chain has no value any more; ``value`` is left out). A house that adopts later counts it from then on.

    Raises NotFound (``parameter_unknown``), Malformed (``parameter_malformed``, ``rule_twice``), RuleRefused
    (``title_missing``, ``rules_missing``, ``parameter_out_of_range``, ``parameter_in_the_past``). HQ-007, PL-006.
    """
    if not title.strip():
        raise RuleRefused("title_missing", _("Say what it is about."), fields={"title": [_("Required")]})
    if not 0 < len(rules) <= MOST_RULES:
        sentence = _("Choose 1 to %(most)s rules.") % {"most": MOST_RULES}
        raise RuleRefused("rules_missing", sentence, fields={"rules": [sentence]})
    known, checked = publishable(), [_checked(rule) for rule in rules]
    if len({rule["key"] for rule in checked}) < len(checked):
        sentence = _("The same rule stands here twice.")
        raise Malformed("rule_twice", sentence, fields={"rules": [sentence]})
    present = clock.now()
    found = RulePublication.objects.create(
        title=title.strip()[:120],
        rules=sorted(checked, key=lambda rule: list(known).index(rule["key"])),
        effective_from=_moment(effective_from, present),
        published_at=present,
        published_by=by.code,
        published_by_name=by.username or by.name,
    )
    outbox.emit("headquarters.rules_published", key=f"rules:{found.code}", to="houses", payload=_told(found))
    audit.record(
        by=by,
        verb="headquarters.rules_published",
        target=found,
        keys=[rule["key"] for rule in found.rules],
        effective_from=found.effective_from.isoformat(),
    )
    return found


def _checked(rule: Mapping[str, Any]) -> dict[str, Any]:
    known = publishable().get(str(rule.get("key", "")))
    if known is None:
        raise NotFound("parameter_unknown", _("There is no such parameter here."))
    param, withdrawn = known[1], bool(rule.get("withdrawn"))
    return {
        "key": param.key,
        "value": None if withdrawn else kinds.to_stored(param, rule.get("value")),
        "locked": bool(rule.get("locked")) and not withdrawn,
        "withdrawn": withdrawn,
    }


def _moment(wanted: datetime | None, present: datetime) -> datetime:
    if wanted is None:
        return present
    if wanted.tzinfo is None:
        raise Malformed("parameter_malformed", _("The date needs a time zone."), fields={"effective_from": []})
    if wanted <= present - GRACE:
        sentence = _("What is past keeps the rule it had. Choose now or a later time.")
        raise RuleRefused("parameter_in_the_past", sentence, fields={"effective_from": [sentence]})
    return max(wanted, present)


def _told(found: RulePublication) -> dict[str, Any]:
    return {
        "publication": str(found.code),
        "title": found.title,
        "rules": found.rules,
        "effective_from": found.effective_from.isoformat(),
        "published_at": found.published_at.isoformat(),
    }


def in_force() -> list[RulePublication]:
    """The publications that still say something, the oldest first: the last word on some rule, or the withdrawal of one that
    such a publication has set."""
    rows = list(RulePublication.objects.order_by("published_at", "id"))
    last = {rule["key"]: row.pk for row in rows for rule in row.rules}
    kept = {row.pk for row in rows if any(last[one["key"]] == row.pk and not one["withdrawn"] for one in row.rules)}
    set_by_kept = {rule["key"] for row in rows if row.pk in kept for rule in row.rules if not rule["withdrawn"]}
    return [
        row
        for row in rows
        if row.pk in kept or any(last[one["key"]] == row.pk and one["key"] in set_by_kept for one in row.rules)
    ]


def reach_houses(day: date) -> None:
    """Daily: what is in force and a house of the chain has not received goes to that house again (HQ-007)."""
    for house in house_contexts(tenancy.current()):
        send_missing(house.code)


def on_house_opened(event: Event) -> None:
    """A house has come to the chain: it gets what is in force (HQ-007)."""
    # Who came is known from the way the event came.
    send_missing(event.source)


def send_missing(house: UUID) -> int:
    """Send the house with this code what is in force and it has not received; how many publications. In a transaction."""
    answered = HouseAnswer.objects.filter(house=house, received_at__isnull=False).values_list(
        "publication_id", flat=True
    )
    had, missing = set(answered), in_force()
    missing = [row for row in missing if row.pk not in had]
    for row in missing:
        payload = {**_told(row), "house": str(house)}
        outbox.emit("headquarters.rules_published", key=f"rules:{row.code}:{house}", to="houses", payload=payload)
        audit.record(by=Actor.system("headquarters"), verb="headquarters.rules_sent", target=row, house=str(house))
    return len(missing)


@dataclass(frozen=True, slots=True)
class HouseWithout:
    """A house of the chain that has not received a publication."""

    house: UUID
    name: str


def houses_without(found: RulePublication) -> list[HouseWithout]:
    """The houses of the chain as they are now that have not received ``found`` (its answers prefetched), by name."""
    had = {one.house for one in found.answers.all() if one.received_at is not None}
    missing = [one for one in house_contexts(tenancy.current()) if one.code not in had]
    return sorted((HouseWithout(one.code, one.name) for one in missing), key=lambda one: one.name)


def counts_still(found: RulePublication) -> bool:
    """Does a house that comes to the chain now get ``found``? Not when later ones say something else of all its rules."""
    return any(row.pk == found.pk for row in in_force())


def note_received(event: Event) -> None:
    """A house has received a publication."""
    _note(event, received_at=datetime.fromisoformat(event.payload["at"]))


def note_adopted(event: Event) -> None:
    """A house has adopted a publication, except for the rules that do not exist there."""
    left_out = list(event.payload["left_out"])
    found = _note(event, adopted_at=datetime.fromisoformat(event.payload["at"]), left_out=left_out)
    if found is not None:
        audit.record(
            by=Actor.system("outbox"),
            verb="headquarters.rules_adopted",
            target=found,
            house=str(event.source),
            left_out=left_out,
        )


def _note(event: Event, **said: Any) -> RulePublication | None:
    # Who answers is known from the way the event came, not from what it says.
    found = RulePublication.objects.filter(code=event.payload["publication"]).first()
    if found is not None:
        HouseAnswer.objects.update_or_create(
            publication=found, house=event.source, defaults={"name": event.payload["house"], **said}
        )
    return found


def publications() -> QuerySet[RulePublication]:
    """What was published, the newest first, with how many houses ``received`` and ``adopted`` it: one query."""
    return RulePublication.objects.annotate(
        received=Count("answers", filter=Q(answers__received_at__isnull=False)),
        adopted=Count("answers", filter=Q(answers__adopted_at__isnull=False)),
    )


def access_publication(actor: Actor, code: UUID) -> RulePublication:
    """A publication with the houses' answers. Raises NotFound (``publication_not_found``)."""
    rows = publications().prefetch_related(Prefetch("answers", queryset=HouseAnswer.objects.order_by("name", "id")))
    found = rows.filter(code=code).first() if actor.can("headquarters.view") else None
    if found is None:
        raise NotFound("publication_not_found", _("There is no such publication."))
    return found


def chosen(keys: Iterable[str]) -> list[Param]:
    """The definitions behind keys from outside, without those that do not exist, at most ``MOST_RULES``."""
    known = publishable()
    return [known[key][1] for key in dict.fromkeys(keys) if key in known][:MOST_RULES]
