"""The states that people see, each as icon, word and look together."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True, slots=True)
class State:
    """``look`` is the modifier of ``.state-…`` in the style sheet."""

    key: str
    label: str | Promise
    icon: str
    look: str


STATES: dict[str, State] = {
    state.key: state
    for state in (
        State("booked", pgettext_lazy("state", "Booked"), "booked", "booked"),
        State("confirmed", pgettext_lazy("state", "Confirmed"), "confirmed", "confirmed"),
        State("arrived", pgettext_lazy("state", "Arrived"), "pin", "arrived"),
        State("waiting", pgettext_lazy("state", "Waiting"), "clock", "waiting"),
        State("in_chair", pgettext_lazy("state", "In chair"), "chair", "in-chair"),
        State("finished", pgettext_lazy("state", "Finished"), "check", "finished"),
        State("left", pgettext_lazy("state", "Left"), "left", "left"),
        State("no_show", pgettext_lazy("state", "Not arrived"), "no-show", "no-show"),
        State("cancelled", pgettext_lazy("state", "Cancelled"), "close", "left"),
        State("overdue", pgettext_lazy("state", "Overdue"), "warn", "overdue"),
        State("help", pgettext_lazy("state", "Mutual help"), "people", "help"),
        State("locked", pgettext_lazy("state", "Locked"), "lock", "locked"),
        State("refused", pgettext_lazy("state", "Refused"), "refuse", "refused"),
        State("done", pgettext_lazy("state", "Done"), "check", "finished"),
        State("open", pgettext_lazy("state", "Open"), "booked", "booked"),
        State("draft", pgettext_lazy("state", "Draft"), "pencil", "booked"),
        State("signed", pgettext_lazy("state", "Signed"), "sign", "arrived"),
        State("paused", pgettext_lazy("state", "Paused"), "pause", "left"),
    )
}


def state(key: str) -> State:
    """A state by key; one that nobody drew looks like "booked" and is called by its key, never invisible."""
    found = STATES.get(key)
    return found or State(key, key.replace("_", " "), "booked", "booked")
