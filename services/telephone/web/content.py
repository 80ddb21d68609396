"""What is said: scripts and their versions, forbidden phrases, numbers that only disturb."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kernel.errors import DomainError
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.telephone import actions, scripts, selectors
from services.telephone.web.forms import NuisanceForm, PhraseForm, ScriptForm
from services.telephone.web.views import area_tabs, show_on_fields, working_place
from services.telephone.wording import VARIABLES

SHOWN = 200


@page(permission="telephone.view")
def script_list(request: HttpRequest) -> HttpResponse:
    site = working_place(request, "telephone.view")
    values = selectors.values_of(request.actor, site)
    context = {
        "rows": [(row, selectors.spoken(row, values)) for row in selectors.script_rows()],
        "parts": area_tabs("scripts"),
        "may_manage": request.actor.can("telephone.manage"),
    }
    return render_page(request, "telephone/scripts.html", context)


@page(permission={"GET": "telephone.view", "POST": "telephone.manage"}, methods=("GET", "POST"))
def script(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_script(request.actor, code)
    versions = list(found.versions.all()[:SHOWN])
    newest = versions[0] if versions else None
    initial = {
        "text_zh": newest.text_zh if newest else "",
        "text_hant": newest.text_hant if newest else "",
        "text_en": newest.text_en if newest else "",
        "is_active": found.is_active,
        "version": found.version,
    }
    form = ScriptForm(request.POST or None, initial=initial)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            scripts.write_script(by=request.actor, script=found, **form.cleaned_data)
        except DomainError as error:
            refusal = None if error.fields else error
            if error.fields:
                show_on_fields(form, error)
        else:
            flash(request, _("Script changed; the old words stay readable"))
            return redirect_after_post(request, "telephone:scripts")
    context = {
        "script": found,
        "versions": versions,
        "form": form,
        "refusal": refusal,
        "variables": VARIABLES,
        "may_manage": request.actor.can("telephone.manage"),
    }
    return render_page(
        request, "telephone/script.html", context, status=refusal.status if refusal else 200, invalid=form
    )


@page(permission={"GET": "telephone.view", "POST": "telephone.manage"}, methods=("GET", "POST"))
def phrases(request: HttpRequest) -> HttpResponse:
    form = PhraseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        scripts.forbid_phrase(by=request.actor, **form.cleaned_data)
        flash(request, _("The phrase is on the list"))
        return redirect_after_post(request, "telephone:phrases")
    context = {"form": form, "rows": selectors.phrases()[:SHOWN], "may_manage": request.actor.can("telephone.manage")}
    return render_page(request, "telephone/phrases.html", context, invalid=form)


@page(permission="telephone.manage", methods=("POST",))
def phrase_allow(request: HttpRequest, code: UUID) -> HttpResponse:
    scripts.allow_phrase(by=request.actor, phrase=selectors.access_phrase(request.actor, code))
    flash(request, _("The phrase is off the list"))
    return redirect_after_post(request, "telephone:phrases")


@page(permission={"GET": "telephone.view", "POST": "telephone.log"}, methods=("GET", "POST"))
def numbers(request: HttpRequest) -> HttpResponse:
    form = NuisanceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.mark_nuisance(by=request.actor, **form.cleaned_data)
        except DomainError as error:
            show_on_fields(form, error)
        else:
            flash(request, _("The number is marked"))
            return redirect_after_post(request, "telephone:numbers")
    context = {
        "form": form,
        "rows": selectors.marked_numbers()[:SHOWN],
        "may_mark": request.actor.can("telephone.log"),
        "may_lift": request.actor.can("telephone.manage"),
    }
    return render_page(request, "telephone/numbers.html", context, invalid=form)


@page(permission="telephone.manage", methods=("POST",))
def number_lift(request: HttpRequest, code: UUID) -> HttpResponse:
    actions.lift_nuisance(by=request.actor, number=selectors.access_nuisance(request.actor, code))
    flash(request, _("The mark is taken off"))
    return redirect_after_post(request, "telephone:numbers")
