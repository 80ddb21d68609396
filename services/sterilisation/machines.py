"""The life of a steriliser load and of each pack in it (state machine a13)."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kernel.context import Actor
from kernel.errors import DomainError, RuleRefused
from kernel.states import StateMachine, Transition

# A pack that is one of these holds its set: the set cannot go into another load.
LIVE = ("packed", "sterile", "blocked")
# A load whose packs may be with patients or on the shelf.
OUT = ("passed", "released")


def _starts(row: Any, by: Actor, **facts: Any) -> None:
    """who started the run is its operator"""
    row.operator_by, row.operator_name = by.code, by.name


def _another(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """neither who loaded nor who started the run; no implants without a biological indicator that passed"""
    if by.code is not None and by.code in (row.loaded_by, row.operator_by):
        return RuleRefused(
            "checker_is_operator", _("You ran this load yourself. Somebody else checks its result and releases it.")
        )
    if row.implants and not row.indicators.filter(kind="biological", passed=True).exists():
        return RuleRefused(
            "biological_pending", _("Implants are released only when the biological indicator has passed.")
        )
    return None


def _checks(row: Any, by: Actor, **facts: Any) -> None:
    """the sets are usable"""
    row.checker_by, row.checker_name = by.code, by.name


def _recalls(row: Any, by: Actor, *, because: Any, **facts: Any) -> None:
    """the failed load stands with it"""
    row.recalled_because = because


def _says_why(row: Any, by: Actor, *, reason: str, **facts: Any) -> None:
    """reason and name are kept"""
    row.ended_reason, row.ended_by_name = reason, by.name


LOAD = StateMachine(
    name="sterilisation.load",
    initial="loaded",
    states={
        "loaded": pgettext_lazy("load", "Loaded"),
        "running": pgettext_lazy("load", "Running"),
        "passed": pgettext_lazy("load", "Passed, to be released"),
        "failed": pgettext_lazy("load", "Failed"),
        "released": pgettext_lazy("load", "Released"),
        "recalled": pgettext_lazy("load", "Recalled"),
        "reprocessed": pgettext_lazy("load", "Reprocessed"),
        "cancelled": pgettext_lazy("load", "Cancelled"),
    },
    transitions=(
        Transition(
            source="loaded",
            target="running",
            who=("sterilisation.operate",),
            effect=_starts,
            stamp="started_at",
            ledger=("IN-011",),
        ),
        Transition(
            source="loaded",
            target="cancelled",
            who=("sterilisation.operate",),
            effect=_says_why,
            stamp="ended_at",
            ledger=("IN-011",),
        ),
        Transition(
            source="running",
            target="passed",
            who=("sterilisation.operate",),
            stamp="finished_at",
            guard_note=gettext_lazy("every indicator that was read has passed"),
            ledger=("IN-011",),
        ),
        Transition(
            source="running",
            target="failed",
            who=("sterilisation.operate",),
            stamp="finished_at",
            effect_note=gettext_lazy("its packs are blocked; the head nurse has it"),
            ledger=("IN-011",),
        ),
        Transition(
            source="passed",
            target="released",
            who=("sterilisation.release",),
            guard=_another,
            effect=_checks,
            stamp="released_at",
            ledger=("IN-011",),
        ),
        Transition(
            source=OUT,
            target="failed",
            who=("sterilisation.operate",),
            effect_note=gettext_lazy("the biological indicator failed: packs blocked, treated patients listed"),
            ledger=("IN-011",),
        ),
        Transition(
            source=OUT,
            target="recalled",
            who=("sterilisation.operate",),
            guard_note=gettext_lazy(
                "another load of this steriliser failed, and nothing since the last pass proves this one"
            ),
            effect=_recalls,
            ledger=("IN-011",),
        ),
        Transition(
            source=("failed", "recalled"),
            target="reprocessed",
            who=("sterilisation.reprocess",),
            effect=_says_why,
            stamp="ended_at",
            effect_note=gettext_lazy("the sets go through cleaning again"),
            ledger=("IN-011",),
        ),
    ),
)

PACK = StateMachine(
    name="sterilisation.pack",
    initial="packed",
    states={
        "packed": pgettext_lazy("pack", "In the load"),
        "sterile": pgettext_lazy("pack", "Sterile"),
        "used": pgettext_lazy("pack", "Used"),
        "blocked": pgettext_lazy("pack", "Blocked"),
        "reprocessed": pgettext_lazy("pack", "Back to cleaning"),
    },
    transitions=(
        Transition(
            source="packed",
            target="sterile",
            who=("sterilisation.release",),
            effect_note=gettext_lazy("with its load"),
            ledger=("IN-011",),
        ),
        Transition(
            source="sterile",
            target="used",
            who=("sterilisation.use",),
            guard_note=gettext_lazy("not expired; once, for one visit"),
            ledger=("IN-011",),
        ),
        Transition(
            source=("packed", "sterile"),
            target="blocked",
            who=("sterilisation.operate",),
            effect_note=gettext_lazy("its load failed or was recalled"),
            ledger=("IN-011",),
        ),
        Transition(
            source=("packed", "sterile", "blocked"),
            target="reprocessed",
            who=("sterilisation.operate", "sterilisation.reprocess"),
            effect_note=gettext_lazy("expired, torn or wet; or with its load"),
            ledger=("IN-011",),
        ),
    ),
)
