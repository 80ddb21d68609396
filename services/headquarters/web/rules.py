"""Publishing rules to the houses: what was published and who adopted it, choosing rules, saying their values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel import tenancy
from kernel.access import holds
from kernel.errors import DomainError
from kernel.registry import Param
from kernel.web.fields import SiteDateTimeField
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.headquarters import publishing
from services.rules.fields import typed_value, value_field
from services.rules.selectors import write_published, write_value

SHOWN = 100
OPEN, LOCKED, WITHDRAWN = "open", "locked", "withdrawn"
LEEWAY = (
    (OPEN, gettext_lazy("Houses may change it")),
    (LOCKED, gettext_lazy("Houses may tighten it and not loosen it")),
    (WITHDRAWN, gettext_lazy("Withdraw: houses decide again")),
)


class PublicationForm(forms.Form):
    """What it is about, from when on, and for each chosen rule its value and what houses may do with it."""

    title = forms.CharField(label=gettext_lazy("What it is about"), max_length=120)
    effective_from = SiteDateTimeField(
        label=gettext_lazy("From when on"), required=False, help_text=gettext_lazy("Empty means now.")
    )

    def __init__(self, *args: Any, params: Sequence[Param], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params = params
        self.fields["effective_from"].zone = tenancy.current().timezone  # type: ignore[attr-defined]
        for param in params:
            value = value_field(param, param.default, label=param.label)
            # A withdrawn rule needs none; the action says what is missing for the others.
            value.required = False
            self.fields[f"value_{param.key}"] = value
            self.fields[f"leeway_{param.key}"] = forms.ChoiceField(label=gettext_lazy("Leeway"), choices=LEEWAY)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        for param in self.params:
            name = f"value_{param.key}"
            if name in said:
                try:
                    said[name] = typed_value(param, said[name])
                except forms.ValidationError as error:
                    self.add_error(name, error)
        return said

    @property
    def rules(self) -> list[dict[str, Any]]:
        """The rules as the action takes them."""
        return [
            {
                "key": param.key,
                "value": self.cleaned_data[f"value_{param.key}"],
                "locked": self.cleaned_data[f"leeway_{param.key}"] == LOCKED,
                "withdrawn": self.cleaned_data[f"leeway_{param.key}"] == WITHDRAWN,
            }
            for param in self.params
        ]

    @property
    def rows(self) -> list[tuple[Param, forms.BoundField, forms.BoundField]]:
        """Each rule with its two fields, as the page draws them."""
        return [(param, self[f"value_{param.key}"], self[f"leeway_{param.key}"]) for param in self.params]


@page(permission="headquarters.view")
def rules(request: HttpRequest) -> HttpResponse:
    """What was published, and how many houses adopted it."""
    context = {
        "rows": list(publishing.publications()[:SHOWN]),
        "may_publish": holds(request.actor, publishing.PUBLISH),
    }
    return render_page(request, "headquarters/rules.html", context)


@page(permission="headquarters.view")
def publication(request: HttpRequest, code: UUID) -> HttpResponse:
    """One publication: its rules, and what each house did with it."""
    found, known = publishing.access_publication(request.actor, code), publishing.publishable()
    shown = []
    for rule in found.rules:
        param = known[rule["key"]][1] if rule["key"] in known else None
        label = param.label if param is not None else rule["key"]
        shown.append({"label": label, "value": write_published(param, rule), "locked": rule["locked"]})
    context = {
        "publication": found,
        "rules": shown,
        "missing": publishing.houses_without(found),
        "counts": publishing.counts_still(found),
    }
    return render_page(request, "headquarters/publication.html", context)


@page(permission=publishing.PUBLISH, methods=("GET", "POST"))
def publish(request: HttpRequest) -> HttpResponse:
    """Choose rules; with chosen ones say their values; a POST publishes."""
    sent = request.POST if request.method == "POST" else request.GET
    params = publishing.chosen(sent.getlist("key"))
    if request.method != "POST":
        form = PublicationForm(params=params) if params else None
        return _drawn(request, form)
    form = PublicationForm(request.POST, params=params)
    if not form.is_valid():
        return _drawn(request, form)
    try:
        found = publishing.publish_rules(
            by=request.actor,
            title=form.cleaned_data["title"],
            rules=form.rules,
            effective_from=form.cleaned_data["effective_from"] or None,
        )
    except DomainError as refusal:
        for name, sentences in (refusal.fields or {}).items():
            at = f"value_{refusal.facts.get('parameter')}" if name == "value" else name
            for sentence in sentences:
                form.add_error(at if at in form.fields else None, str(sentence))
        if not form.errors:
            raise
        return _drawn(request, form)
    flash(request, _("Published; each house adopts it itself"))
    return redirect_after_post(request, "headquarters:publication", found.code)


def _drawn(request: HttpRequest, form: PublicationForm | None) -> HttpResponse:
    sections: dict[str, list[dict[str, Any]]] = defaultdict(list)
    if form is None:
        for label, param in publishing.publishable().values():
            written = write_value(param, param.default)
            sections[str(label)].append({"param": param, "base": written})
    context = {"form": form, "sections": dict(sections)}
    return render_page(request, "headquarters/publish.html", context, invalid=form)
