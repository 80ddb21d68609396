"""Roles as data: whatever a room asks for, somebody of the house may do it at each of its sites, or it is said why not."""

from __future__ import annotations

from collections.abc import Iterator

from config.demo.cast import HOUSES
from kernel import registry
from kernel.context import Actor
from kernel.identity.models import User
from kernel.identity.standing import actor_for_user
from kernel.tenancy import activate
from services.policy.gates import overridable, role_for
from services.sites.models import Site
from tenants.selectors import context_for

# --- what is rightly nobody's, with its reason ------------------------------------------------------------------------

OF_THE_OPERATORS = "an act on the machinery, done by a command of the operators, as the system"
OF_THE_CHAIN = "the account belongs to the chain: its billing administrator sits at the headquarters"
EVERYWHERE = {
    "numbering.set_format": OF_THE_OPERATORS,
    "outbox.requeue": OF_THE_OPERATORS,
    "timers.requeue": OF_THE_OPERATORS,
    "parameters.publish": "published rules arrive from the headquarters, as the system",
}
NO_HEAD_NURSE = "dispatch slips are the head nurse's (requirements 12); a site without one writes none"
NO_CONSULTANT = "a house without consultants and customer service has no such reception"
NO_ATTENDANT = "the daily sheet is the waiting-area attendant's; a site without one owes none"
NO_CHIEF = {
    "vip.sign": "a VIP card carries the chief physician's signature (requirements 12); without one none is issued"
}
NO_DEAN = dict.fromkeys(
    ("inventory.decide", "equipment.decide"),
    "scrap and losses are the dean's to decide (requirements 12); a house without one gives somebody the role",
)
# By tenant, or by tenant and site.
HERE = {
    **{(slug, ""): {"billing.manage": OF_THE_CHAIN, "billing.operate": "only operators take transfers in"}
       for slug in ("smile", "derma", "lumen", "peiban", "willow", "heron")},
    ("smile", "harbor"): {
        **NO_CHIEF, "cashier.dispatch": NO_HEAD_NURSE, "guest_care.receive": NO_CONSULTANT, "treatment_area.hand_in": NO_ATTENDANT,
    },
    ("derma", "main"): {
        **NO_CHIEF, **NO_DEAN, "cashier.dispatch": NO_HEAD_NURSE, "guest_care.receive": NO_CONSULTANT, "treatment_area.hand_in": NO_ATTENDANT,
    },
    ("derma", "west"): {
        **NO_CHIEF, **NO_DEAN, "cashier.dispatch": NO_HEAD_NURSE, "guest_care.receive": NO_CONSULTANT, "treatment_area.hand_in": NO_ATTENDANT,
    },
    ("lumen", "lake"): {**NO_CHIEF, **NO_DEAN, "cashier.dispatch": NO_HEAD_NURSE, "treatment_area.hand_in": NO_ATTENDANT},
    ("willow", "river"): {
        **NO_CHIEF, **NO_DEAN, "cashier.dispatch": NO_HEAD_NURSE, "guest_care.receive": NO_CONSULTANT, "treatment_area.hand_in": NO_ATTENDANT,
    },
}  # fmt: skip
NO_RULES = "the rules of a house without sites are the defaults"
# Houses that are no clinic have the services' rooms switched on and do not work in all of them.
OF_KIND = {
    "headquarters": {"billing.operate": "only operators take transfers in", "parameters.set": NO_RULES,
                     "parameters.view": NO_RULES},
    "platform": {"billing.manage": "operators pay nobody", "billing.view": "operators pay nobody",
                 "parameters.set": NO_RULES, "parameters.view": NO_RULES},
}  # fmt: skip
AGENCY = "an escort agency treats nobody and has no front desk of a clinic"
NO_CHART = "an agency keeps clients' contact data, no charts; its manager registers and corrects them"
ROOMS_OF_NO_AGENCY = {
    **dict.fromkeys(
        ("appointments", "books", "cashier", "charts", "consents", "consultation", "corrections", "discounts", "equipment",
         "followup", "guest_care", "intake", "inventory", "outage", "payments", "policy", "prepaid", "reception", "refunds",
         "seals", "shift", "sterilisation", "telephone", "till_days", "treatment_area", "vip"),
        AGENCY,
    ),
    **dict.fromkeys(("patients", "records"), NO_CHART),
}  # fmt: skip


def without_holder(slug: str) -> Iterator[tuple[str, str]]:
    """(site, permission or gate) that nobody of the house may use there."""
    tenant = context_for(slug=slug)
    with activate(tenant):
        people = [actor_for_user(user) for user in User.objects.filter(is_active=True)]
        for site in list(Site.objects.all()) or [None]:
            name, code = (site.slug, site.code) if site is not None else ("", None)
            for word in registry.permissions():
                if not any(one.can(word, site=code) for one in people):
                    yield name, word
            for room in registry.active_rooms() if site is not None else ():
                for gate in room.gates:
                    if overridable(gate) and not any(passes(one, gate, site) for one in people):
                        yield name, f"gate {gate.key}"


def passes(actor: Actor, gate: registry.Gate, site: Site) -> bool:
    """May this person override ``gate`` at ``site``?"""
    return actor.can("policy.override", site=site.code) and bool(role_for(actor, gate, site))


def reason(slug: str, site: str, word: str) -> str:
    """Why nobody holds ``word`` there; empty if somebody should."""
    house = HOUSES[slug]
    known = EVERYWHERE | HERE.get((slug, ""), {}) | HERE.get((slug, site), {}) | OF_KIND.get(house.kind, {})
    if word in known:
        return known[word]
    room = word.removeprefix("gate ").partition(".")[0]
    return ROOMS_OF_NO_AGENCY.get(room, "") if house.kind == "escort" else ""


def test_every_permission_and_gate_has_somebody_at_every_site(data: None) -> None:
    """Given all houses of the cast, when every word and gate is asked for at every site, then somebody may, or it says
    above why nobody does."""
    missing = [
        f"{slug} {site}: {word}"
        for slug in HOUSES
        for site, word in without_holder(slug)
        if not reason(slug, site, word)
    ]
    assert not missing, "\n".join(missing)


def test_no_reason_is_given_for_what_somebody_holds(data: None) -> None:
    """The list above holds only what is true: a word that is held again leaves it."""
    open_at = {slug: set(without_holder(slug)) for slug in HOUSES}
    words_at = {slug: {word for _site, word in open_at[slug]} for slug in HOUSES}
    stale = [f"{slug} {site}: {word}" for (slug, site), words in HERE.items() for word in words
             if (word not in words_at[slug] if not site else (site, word) not in open_at[slug])]  # fmt: skip
    stale += [
        f"{kind}: {word}" for kind, words in OF_KIND.items() for word in words
        if not any(word in words_at[slug] for slug, house in HOUSES.items() if house.kind == kind)
    ]  # fmt: skip
    stale += [word for word in EVERYWHERE if not any(word in words for words in words_at.values())]
    agencies = [words_at[slug] for slug, house in HOUSES.items() if house.kind == "escort"]
    stale += [
        room for room in ROOMS_OF_NO_AGENCY
        if not any(word.removeprefix("gate ").startswith(f"{room}.") for words in agencies for word in words)
    ]  # fmt: skip
    assert not stale, "\n".join(stale)


def test_harbor_passes_its_process_gates_by_the_clinician_concerned(data: None) -> None:
    """Harbor has no supervisor: it is a small site, where the doctor decides about process and not about law."""
    with activate(context_for(slug="smile")):
        harbor, center = Site.objects.get(slug="harbor"), Site.objects.get(slug="center")
        ding = actor_for_user(User.objects.get(username="dr.ding"))
        lin = actor_for_user(User.objects.get(username="dr.lin"))
        gates = {gate.key: gate for room in registry.active_rooms() for gate in room.gates}
        for key in ("reception.chair_free", "intake.form", "intake.signature"):
            assert passes(ding, gates[key], harbor)
            assert not passes(ding, gates[key], center)
            assert not passes(lin, gates[key], center)
