"""The sentences that the browser side speaks by itself, translated here so that one catalogue serves the product."""

from __future__ import annotations

from django.utils.translation import gettext as _


def browser_words() -> dict[str, str]:
    """Handed over as a data block; ``{x}`` stands for what the browser fills in."""
    return {
        "left": _("{gap} left"),
        "overdue": _("overdue {gap}"),
        "minutes": _("{n} min"),
        "days": _("{n} d"),
        "connection_lost": _("Connection lost. Showing the state of {time}; clocks go on."),
        "reconnect": _("Try again"),
        "offline": _("No network. Nothing you typed is lost."),
        "undo": _("Undo"),
        "undone": _("Undone"),
        "undo_failed": _("Could not be undone"),
        "close": _("Close"),
        "seconds": _("{n} s"),
        "error": _("The server did not answer. Nothing was stored; try again."),
        "forbidden": _("Your session has ended. Sign in again."),
        "draft_restored": _("Your unsaved entries of {time} are back."),
        "draft_discard": _("Discard"),
        "copied": _("Copied"),
        "keys_off": _("Single-letter keys are off"),
        "keys_on": _("Single-letter keys are on"),
        "no_keys": _("This page has no keys of its own."),
        "page_keys": _("On this page"),
        "everywhere": _("Everywhere"),
        "go_to": _("Go to"),
        "commands": _("Commands"),
        "nothing_found": _("Nothing found. Try initials, the last four digits or the record number."),
        "key_search": _("search, command"),
        "key_help": _("all keys of this page"),
        "key_rows": _("next, previous row"),
        "key_open": _("open the row, primary act"),
        "key_escape": _("one step back, content kept"),
        "key_submit": _("submit from inside a text field"),
        "key_cure": _("cure n of a refusal"),
        "key_undo": _("undo"),
        "wait_ask": _("ask in {gap}"),
        "wait_explain": _("explanation due in {gap}"),
        "wait_over": _("explanation required"),
        "almost": _("almost over"),
        "over": _("over"),
        "new_data": _("New state available"),
        "show": _("Show"),
        "row_of": _("Row {n} of {total}"),
        "move_hint": _("Arrows move, Enter drops, Esc gives up"),
        "scanned": _("Scanned {code}"),
    }
