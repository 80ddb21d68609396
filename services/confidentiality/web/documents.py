"""Pages of the documents of the house. Every look is logged, and the reader's name stands across it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel.errors import DomainError
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.confidentiality import actions, selectors
from services.confidentiality.web.forms import EditForm, PublishForm

SHOWN = 100


@page(permission="confidentiality.read")
def documents(request: HttpRequest) -> HttpResponse:
    """The documents that are meant for one's role (CR-016)."""
    rows = selectors.documents_for(request.actor)
    context = {"rows": rows, "may_manage": request.actor.can(selectors.MANAGE), "parts": parts(request)}
    return render_page(request, "confidentiality/documents.html", context)


@page(permission="confidentiality.manage", methods=("GET", "POST"))
def new(request: HttpRequest) -> HttpResponse:
    form = PublishForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        facts = {name: value for name, value in form.cleaned_data.items() if name != "version"}
        try:
            made = actions.publish_document(by=request.actor, **facts)
        except DomainError as error:
            show(form, error)
        else:
            flash(request, _("Published"))
            return redirect_after_post(request, "confidentiality:document", made.code)
    return render_page(request, "confidentiality/edit.html", {"form": form, "document": None}, invalid=form)


@page(permission="confidentiality.read")
def document(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_document(request.actor, code)
    found = actions.open_document(by=request.actor, document=found)
    may_manage = request.actor.can(selectors.MANAGE)
    context = {
        "document": found,
        "mark": actions.mark_of(request.actor),
        "accesses": selectors.accesses_of(found)[:SHOWN] if may_manage else [],
        "may_manage": may_manage,
    }
    return render_page(request, "confidentiality/document.html", context)


@page(permission="confidentiality.read", methods=("POST",))
def download(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_document(request.actor, code)
    response = HttpResponse(actions.download_document(by=request.actor, document=found), content_type="application/pdf")
    response["Content-Disposition"] = 'attachment; filename="document.pdf"'
    return response


@page(permission="confidentiality.manage", methods=("GET", "POST"))
def edit(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_document(request.actor, code)
    known = {"text": found.text, "audience": found.audience, "may_download": found.may_download}
    form = EditForm(request.POST or None, initial={**known, "version": found.version})
    if request.method == "POST" and form.is_valid():
        try:
            actions.revise_document(by=request.actor, document=found, **form.cleaned_data)
        except DomainError as error:
            show(form, error)
        else:
            flash(request, _("Published"))
            return redirect_after_post(request, "confidentiality:document", found.code)
    return render_page(request, "confidentiality/edit.html", {"form": form, "document": found}, invalid=form)


@page(permission="confidentiality.manage", methods=("POST",))
def withdraw(request: HttpRequest, code: UUID) -> HttpResponse:
    actions.withdraw_document(by=request.actor, document=selectors.access_document(request.actor, code))
    flash(request, _("Nobody finds it any more"))
    return redirect_after_post(request, "confidentiality:documents")


def parts(request: HttpRequest) -> list[dict[str, Any]]:
    """The pages of this room that this person may see."""
    known = (
        ("documents", _("Company documents"), "lock", selectors.READ),
        ("agreements", _("Agreements"), "sign", selectors.KEEP),
        ("devices", _("Devices"), "clipboard", selectors.KEEP),
        ("education", _("Education"), "book", selectors.KEEP),
    )
    return [
        {"key": key, "label": label, "icon": icon, "url": reverse(f"confidentiality:{key}")}
        for key, label, icon, word in known
        if request.actor.can(word)
    ]


def show(form: forms.Form, error: DomainError) -> None:
    """Put a refusal beside the fields that it is about."""
    for field, messages in error.fields.items():
        for message in messages:
            form.add_error(field if field in form.fields else None, str(message))
    if not error.fields:
        form.add_error(None, str(error.message))
