"""The cards of the waiting list, drawn in Python: a hundred people may wait, and a template takes ten times as long for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.urls import reverse
from django.utils.html import conditional_escape as esc
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from kernel.web import formatting, icons
from kernel.web.addresses import addresses
from kernel.web.tags.basic import badge, button
from kernel.web.tags.common import hidden_keys, key_attributes
from kernel.web.waiting import draw_wait
from services.reception.models import Visit, WaitExplanation
from services.reception.selectors import Waiting


def draw_cards(lines: Iterable[Waiting], *, may: Mapping[str, bool], token: str, now: datetime) -> SafeString:
    """One card per waiting person, in the order given. ``may`` holds the words of the front desk that the reader has,
    ``token`` goes with what is sent from a card."""
    pen = _Pen(may, token, now)
    return mark_safe("".join(pen.card(line) for line in lines))  # noqa: S308  # every part of a card is escaped


class _Pen:
    """What all cards of one page have in common, written once."""

    def __init__(self, may: Mapping[str, bool], token: str, now: datetime) -> None:
        self.may, self.now = may, now
        self.visit_url, lead_in = addresses("reception:visit"), addresses("reception:lead-in")
        self.special = badge(_("special circumstances"), tone="warn", icon="warn")
        self.emergency = badge(_("emergency"), tone="late", icon="sos")
        self.untold = _call("warn", "clock", esc(_("The expected wait has not been told yet.")))
        self.unasked = _call("late", "warn", esc(_("More than announced without asking: ask the patient.")))
        self.unexplained = _call("late", "warn", esc(_("Over the limit: explain it face to face.")))
        self.explain = _act("#explain", _("Record the explanation"), "E", "btn-primary")
        self.tell = _act("#wait", _("Tell the wait"), "E", "btn-primary")
        self.locked = _act("#lead-in", _("Lead in"), "I", "btn-locked", icons.draw("lock", size="s"))
        self.rebook = _act("#rebook", _("Rebook"), "B", "btn-quiet")
        fields = (
            f'<input type="hidden" name="csrfmiddlewaretoken" value="{esc(token)}">'
            f'<input type="hidden" name="next" value="{esc(reverse("reception:board"))}">'
        )
        press = button(_("Lead in"), size="s", key="I")
        self.lead_in = lambda code: f'<form method="post" action="{lead_in(code)}">{fields}{press}</form>'

    def card(self, line: Waiting) -> str:
        visit = line.visit
        to = self.visit_url(visit.code)
        assert visit.registered_at is not None
        bar = draw_wait(visit.registered_at, until=self.now, ask=line.ask, limit=line.limit)
        return (
            f'<article class="wait-card" data-row data-code="{visit.code}" tabindex="-1">{self._who(visit, to)}{bar}'
            f'{"" if line.needs_announcement else _told(visit)}<div class="wait-calls">{self._calls(line)}</div>'
            f'<div class="wait-acts">{self._acts(line, to)}</div></article>\n'
        )

    def _who(self, visit: Visit, to: str) -> str:
        chair = visit.appointment.chair if visit.appointment is not None else visit.chair
        place = f"{chair.name if chair is not None else ''} {visit.doctor.name}"
        marks = f" {self.special}" if visit.patient.is_special else ""
        marks += f" {self.emergency}" if visit.emergency else ""
        return (
            f'<p class="wait-who"><a href="{to}" data-row-open><strong>{esc(visit.patient.name)}</strong></a> '
            f'<span class="wait-note">{esc(place)}</span>{marks}</p>'
        )

    def _calls(self, line: Waiting) -> str:
        """What the wait asks for, and what has been done about it."""
        calls = self.untold if line.needs_announcement else self.unasked if line.needs_opinion else ""
        if line.explained is not None:
            calls += _explained(line.explained, line.visit)
        elif line.needs_explanation:
            calls += self.unexplained
        if line.blocked_by is not None:
            name = {"name": line.blocked_by.patient.name}
            left = line.blocked_by.state == "finished"
            words = _("%(name)s has not left the area") % name if left else _("%(name)s is being treated") % name
            calls += _call("warn", "lock", esc(words))
        return calls

    def _acts(self, line: Waiting, to: str) -> str:
        acts = ""
        if line.needs_explanation and self.may["explain"]:
            acts = self.explain % to
        elif (line.needs_announcement or line.needs_opinion) and self.may["check_in"]:
            acts = self.tell % to
        if self.may["lead_in"]:
            acts += self.locked % to if line.blocked_by is not None else self.lead_in(line.visit.code)
        return acts + (self.rebook % to if self.may["check_in"] else "")


def _told(visit: Visit) -> str:
    """What was announced to the guest, and what they said to it."""
    words = _("%(n)s min announced") % {"n": visit.announced_wait_minutes}
    if visit.opinion:
        words += f" · {formatting.hhmm(visit.opinion_at, visit.site)} {Visit.Opinion(visit.opinion).label}"
        if visit.education_topic:
            words += f" · {visit.education_topic}"
    return f'<p class="wait-note">{esc(words)}</p>'


def _explained(said: WaitExplanation, visit: Visit) -> str:
    words = _("Explained %(at)s by %(who)s") % {"at": formatting.hhmm(said.at, visit.site), "who": said.by_name}
    return _call("ok", "check", esc(f"{words} · {WaitExplanation.Reason(said.reason).label}"))


def _call(tone: str, icon: str, words: str) -> str:
    return f'<p class="wait-call tone-{tone}">{icons.draw(icon, size="s")}{words}</p>'


def _act(part: str, words: str, key: str, look: str, icon: str = "") -> str:
    """A link to one ``part`` of the page of the visit, whose address (``%s``) is filled in per card."""
    return (
        f'<a class="btn btn-s {look}" href="%s{part}"{key_attributes(key)}>{icon}'
        f'<span class="btn-word">{esc(words).replace("%", "%%")}</span>{hidden_keys(key)}</a>'
    )
