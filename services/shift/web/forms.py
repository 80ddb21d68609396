"""Forms of the day of a site."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.web.fields import FenField, SegmentedRadios, SiteDateTimeField
from services.shift.models import Absence, Broadcast, HandOver, ItemEntry
from services.shift.selectors import cashiers_at, colleagues_at, zones_of
from services.sites.choosing import CodeChoiceField, offer
from services.sites.models import Site
from services.staff.models import StaffMember


def _who(staff: StaffMember) -> str:
    return f"{staff.number} {staff.name}"


def _words(label: Any, *, required: bool = True, longest: int = 500) -> forms.CharField:
    return forms.CharField(label=label, max_length=longest, required=required, widget=forms.Textarea(attrs={"rows": 2}))


class SiteForm(forms.Form):
    """A form about one site: colleagues, cashiers and zones are chosen among those of ``site``."""

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("host", "cover", "keeper", "assignee"):
            if name in self.fields:
                offer(self, name, colleagues_at(site))
        if "cashier" in self.fields:
            offer(self, "cashier", cashiers_at(site))
        if "zone" in self.fields:
            offer(self, "zone", zones_of(site))
        if "due_at" in self.fields:
            self.fields["due_at"].zone = site.timezone  # type: ignore[attr-defined]


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("reason"), max_length=300)


class ItemForm(SiteForm):
    direction = forms.ChoiceField(label=_("direction"), choices=ItemEntry.Direction.choices, widget=SegmentedRadios)
    kind = forms.ChoiceField(label=_("what kind"), choices=ItemEntry.Kind.choices, widget=SegmentedRadios)
    what = forms.CharField(label=_("what"), max_length=120, help_text=_("The thing and its number; no patient's name."))
    party = forms.CharField(label=_("from or to whom"), max_length=80)
    receiver = forms.CharField(label=_("received by"), max_length=80)
    remark = forms.CharField(label=_("remark"), max_length=500, required=False)


class WordsForm(forms.Form):
    words = _words(_("what is wrong"))


class VisitorForm(SiteForm):
    name = forms.CharField(label=_("name of the visitor"), max_length=80)
    company = forms.CharField(label=_("company"), max_length=80, required=False)
    host = CodeChoiceField(describe=_who, label=_("comes to see"))
    purpose = forms.CharField(label=_("purpose of the visit"), max_length=500)


class BroadcastForm(SiteForm):
    kind = forms.ChoiceField(label=_("kind of broadcast"), choices=Broadcast.Kind.choices, widget=SegmentedRadios)
    text = _words(_("text"))
    requested_by = forms.CharField(label=_("asked for by"), max_length=80)


class EntryForm(SiteForm):
    name = forms.CharField(label=_("who goes in"), max_length=80)
    reason = forms.CharField(label=_("special reason"), max_length=500)
    cashier = CodeChoiceField(describe=_who, label=_("accompanied by"))


class AwayForm(SiteForm):
    post = forms.ChoiceField(label=_("post"), choices=Absence.Post.choices)
    reason = forms.CharField(label=_("why away"), max_length=120)
    cover = CodeChoiceField(describe=_who, label=_("covered by"), required=False)


class IncidentForm(SiteForm):
    place = forms.CharField(label=_("where"), max_length=80)
    words = _words(_("what happens"), longest=1000)
    persons = forms.CharField(label=_("persons"), max_length=300, required=False)


class OutcomeForm(forms.Form):
    outcome = _words(_("outcome of the incident"), longest=1000)


class TicketForm(SiteForm):
    zone = CodeChoiceField(describe=lambda zone: zone.name, label=_("zone"), required=False)
    words = _words(_("what is dirty, and where"), longest=300)


class ZoneForm(SiteForm):
    name = forms.CharField(label=_("zone"), max_length=40)
    keeper = CodeChoiceField(describe=_who, label=_("kept clean by"), required=False)


class ErrandForm(SiteForm):
    assignee = CodeChoiceField(describe=_who, label=_("done by"))
    words = _words(_("what is to be done"))
    due_at = SiteDateTimeField(label=_("due"))


class ResultForm(forms.Form):
    result = _words(_("result"))


class NotesForm(forms.Form):
    notes = forms.CharField(label=_("notes"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 4}))


class BeginForm(forms.Form):
    kind = forms.ChoiceField(choices=HandOver.Kind.choices)


class PassOnForm(forms.Form):
    source = forms.CharField(max_length=60, widget=forms.HiddenInput)
    reason = forms.CharField(label=_("why it stays open"), max_length=300)


class SignForm(forms.Form):
    cash_fen = FenField(label=_("cash handed over"), required=False)
    remark = _words(_("remark"), required=False, longest=1000)


class DiscrepancyForm(forms.Form):
    words = _words(_("what does not agree"), longest=1000)


class ResolutionForm(forms.Form):
    resolution = _words(_("what was found and done"), longest=1000)


class ChecklistItemForm(forms.Form):
    """One line of a list; an empty line is none."""

    key = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)
    roles = forms.CharField(max_length=200, required=False, widget=forms.HiddenInput)
    zh = forms.CharField(label=pgettext_lazy("checklist", "item"), max_length=200, required=False)
    en = forms.CharField(label=pgettext_lazy("checklist", "item, English"), max_length=200, required=False)
    due = forms.RegexField(r"^([01]\d|2[0-3]):[0-5]\d$", label=_("until"), required=False)
    mandatory = forms.BooleanField(label=_("mandatory"), required=False)


class ChecklistForm(forms.Form):
    is_active = forms.BooleanField(label=_("in use"), required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


ChecklistItems = forms.formset_factory(ChecklistItemForm, extra=3, max_num=60)
