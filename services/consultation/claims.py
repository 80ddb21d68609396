"""Honest information (CS-008): what a line of business wants told with a recommendation, and words that promise too much."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Model
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from kernel import parameters, registry
from kernel.context import Actor
from kernel.errors import RuleRefused
from services.policy import gates

SLOT = "consultation.demands"
DISCLOSURE, CLAIMS, EXAGGERATION = (
    "consultation.risks_told",
    "consultation.honest_claims",
    "consultation.exaggeration",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What a line of business asks of every recommendation of its items (CS-008, CS-009).

    ``disclosure``: risks and precautions are told, and the customer's understanding is confirmed before anything is
    accepted. ``plain_claims``: words that promise too much are refused instead of counted.
    """

    vertical: str
    disclosure: bool = False
    plain_claims: bool = False


def demands_of(vertical: str) -> Demands:
    """What the line of business ``vertical`` asks for; nothing where it says nothing."""
    for room in registry.active_rooms():
        for path in room.slots.get(SLOT, ()):
            found: Demands = import_string(path)
            if found.vertical == vertical:
                return found
    return Demands(vertical=vertical)


def exaggerations(*texts: str) -> list[str]:
    """The words of ``exaggerated_claims`` that stand in ``texts``."""
    said = "\n".join(text for text in texts if text).casefold()
    return [word for word in parameters.value("exaggerated_claims") if word.casefold() in said]


def require_disclosure(*, by: Actor, subject: Model, demands: Demands, risks: str, precautions: str) -> None:
    """A recommendation with an empty risk or precaution is refused where the line of business wants them told.

    Raises RuleRefused (``risks_missing``).
    """
    fields = {
        name: [_("Required")] for name, text in (("risks", risks), ("precautions", precautions)) if not text.strip()
    }
    gates.check(
        DISCLOSURE,
        by=by,
        subject=subject,
        ok=not (demands.disclosure and fields),
        message=_("Tell risks and precautions with this item; without them it is not recommended."),
        code="risks_missing",
        fields=fields,
    )


def require_plain_claims(*, by: Actor, subject: Model, texts: tuple[str, ...], strict: bool) -> None:
    """Words that promise too much: refused where ``strict``, counted elsewhere (CS-008).

    Raises RuleRefused (``claims_exaggerated``, with the words).
    """
    found = exaggerations(*texts)
    gates.check(
        CLAIMS if strict else EXAGGERATION,
        by=by,
        subject=subject,
        ok=not found,
        message=_("This promises more than anybody can keep: %(words)s. Say it plainly.") % {"words": "、".join(found)},
        code="claims_exaggerated",
        fields={"advantages": ["、".join(found)]} if found else {},
    )


def refuse_unreviewed(text: str, reviewed: str) -> None:
    """Advantages are told in reviewed words or in the consultant's own, never left out. Raises RuleRefused
    (``content_missing``)."""
    if not (text.strip() or reviewed.strip()):
        sentence = _("Say what is done; the sheet of this item is empty or not reviewed yet.")
        raise RuleRefused("content_missing", sentence, fields={"content": [sentence]})
