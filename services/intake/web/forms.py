"""Forms of the first visit: the questions as the wording in use asks them, the signature, the hand-over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kernel.web.fields import SegmentedRadios
from services.intake import definitions, selectors
from services.intake.models import IntakeSheet, Signature
from services.staff.models import StaffMember

FILLER = IntakeSheet.Filler


class VersionField(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class AnswersForm(VersionField):
    """Every question of a form. Nothing is required here: blanks are found by the check, and what is typed stays."""

    def __init__(self, data: Any = None, *, sheet: IntakeSheet, answers: definitions.Answers, **kwargs: Any) -> None:
        super().__init__(data, initial={"version": sheet.version}, **kwargs)
        self.sheet = sheet
        self.asked = definitions.asked(sheet.form.content, sheet.patient)
        for _section, rows in self.asked:
            for question in rows:
                self._add(question, answers.get(question["key"], {}))

    def _add(self, question: definitions.Question, said: dict[str, Any]) -> None:
        key, kind = question["key"], question["kind"]
        label = definitions.in_language(question)
        longest = definitions.LONGEST[kind]
        if kind in ("text", "long"):
            widget = (
                forms.Textarea(attrs={"rows": 2}) if kind == "long" else forms.TextInput(attrs={"autocomplete": "off"})
            )
            field: forms.Field = forms.CharField(label=label, max_length=longest, required=False, widget=widget)
        else:
            options = definitions.options_of(question)
            few = kind == "yes_no" or len(options) <= 4
            choices = list(options.items()) if few else [("", "—"), *options.items()]
            field = forms.ChoiceField(
                label=label, choices=choices, required=False, widget=SegmentedRadios if few else forms.Select
            )
        field.initial = said.get("value", "")
        self.fields[key] = field
        if question.get("words"):
            self.fields[f"{key}_words"] = forms.CharField(
                label=_("If yes, which"),
                max_length=definitions.LONGEST_WORDS,
                required=False,
                initial=said.get("words", ""),
            )
        if question.get("may_decline"):
            self.fields[f"{key}_declined"] = forms.BooleanField(
                label=_("Declines to say"), required=False, initial=said.get("declined", False)
            )

    @property
    def parts(self) -> Iterator[tuple[str, list[list[Any]]]]:
        """The title of each section with its questions, each a list of fields that belong together."""
        for section, rows in self.asked:
            yield (
                definitions.in_language(section),
                [
                    [
                        self[name]
                        for name in (one["key"], f"{one['key']}_words", f"{one['key']}_declined")
                        if name in self.fields
                    ]
                    for one in rows
                ],
            )

    def answers(self) -> definitions.Answers:
        """What ``save_answers`` takes."""
        return {
            one["key"]: {
                "value": self.cleaned_data.get(one["key"], ""),
                "words": self.cleaned_data.get(f"{one['key']}_words", ""),
                "declined": self.cleaned_data.get(f"{one['key']}_declined", False),
            }
            for _section, rows in self.asked
            for one in rows
        }

    def go_on_from(self, version: int) -> None:
        """The answers were kept and only the check was refused: what is sent next goes on from what was kept."""
        # One value a name: unpacked as it is, what was posted would be lists.
        self.data = {name: self.data[name] for name in self.data} | {"version": str(version)}

    def mark(self, fields: dict[str, Any]) -> None:
        """Say beside each question what is missing."""
        for name, messages in fields.items():
            for message in messages:
                self.add_error(name if name in self.fields else None, str(message))


class SignForm(VersionField):
    """Who signs, by name or by drawing. Under a drawing the page writes the name that the file knows for who signs; a name
    that stands alone is the signature itself, so it is typed."""

    signer = forms.ChoiceField(label=_("Who signs"), choices=Signature.Signer.choices, widget=SegmentedRadios)
    signer_name = forms.CharField(
        label=_("Name of who signs"),
        max_length=80,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    strokes = forms.CharField(required=False, max_length=60_000, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, sheet: IntakeSheet, **kwargs: Any) -> None:
        super().__init__(data, initial={"signer": selectors.signer_of(sheet), "version": sheet.version}, **kwargs)
        self.fields["signer_name"].widget.attrs["data-signer-names"] = json.dumps(
            selectors.signer_names(sheet), ensure_ascii=False
        )


class SpecialForm(forms.Form):
    words = forms.CharField(label=_("What was told besides"), max_length=500)


class AlertForm(forms.Form):
    text = forms.CharField(
        label=_("Alert"), max_length=200, required=False, help_text=_("Stands in the file, beside what is there.")
    )


class HandOverForm(VersionField):
    """To whom, and what was said besides."""

    receiver = forms.ChoiceField(label=_("To whom"))
    remark = forms.CharField(label=_("Said besides"), max_length=500, required=False)
    heard = forms.BooleanField(label=_("The receiver has repeated it"), required=False)

    def __init__(self, data: Any = None, *, people: list[StaffMember], by_giver: bool, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.people = {str(one.code): one for one in people}
        choices = [("", "—"), *((code, f"{one.name} · {one.post}") for code, one in self.people.items())]
        self.fields["receiver"].choices = choices
        if not by_giver:
            del self.fields["heard"]

    def clean_receiver(self) -> StaffMember:
        return self.people[self.cleaned_data["receiver"]]


class OverrideForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=300)


class ExplanationForm(VersionField):
    """Why the data is asked for, and what the desk offers: one offer a line."""

    why_zh = forms.CharField(
        label=_("Why we ask, in Chinese"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )
    why_en = forms.CharField(
        label=_("Why we ask, in English"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    offers_zh = forms.CharField(
        label=_("Offers in Chinese, one a line"),
        max_length=600,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    offers_en = forms.CharField(
        label=_("Offers in English, one a line"),
        max_length=600,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def offers(self) -> list[dict[str, str]]:
        """The lines side by side."""
        zh, en = (self.cleaned_data[name].splitlines() for name in ("offers_zh", "offers_en"))
        plain = [line.strip() for line in zh]
        other = [line.strip() for line in en]
        pairs = zip(plain, other + [""] * max(0, len(plain) - len(other)), strict=False)
        return [{"zh": one, "en": two} for one, two in pairs if one]
