"""What is told to everybody: the knowledge base, the sheets of services; and the success rate."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from kernel import clock
from kernel.calendars import add_months_clamped
from kernel.errors import DomainError
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.catalogue.selectors import access_item
from services.consultation import claims, knowledge, selectors, success
from services.consultation.models import KnowledgeItem
from services.consultation.web.forms import KnowledgeForm, RemarkForm, SheetForm, WordingForm
from services.consultation.web.views import area_tabs, show_on_fields, vertical_choices, working_place

EARLIEST = date(2000, 1, 1)


@page(permission="consultation.view")
def knowledge_list(request: HttpRequest) -> HttpResponse:
    rows = [(item, _newest(item), _in_force(item)) for item in selectors.knowledge(request.actor)]
    context = {
        "rows": rows,
        "awaiting": selectors.awaiting_approval(request.actor),
        "parts": area_tabs("knowledge"),
        "may_write": request.actor.can("consultation.write_knowledge"),
    }
    return render_page(request, "consultation/knowledge.html", context)


@page(permission="consultation.write_knowledge", methods=("GET", "POST"))
def knowledge_new(request: HttpRequest) -> HttpResponse:
    form = KnowledgeForm(request.POST or None, verticals=vertical_choices())
    if request.method == "POST" and form.is_valid():
        try:
            item = knowledge.add_question(by=request.actor, **form.cleaned_data)
        except DomainError as error:
            show_on_fields(form, error)
        else:
            flash(request, _("Written; somebody else approves it"))
            return redirect_after_post(request, "consultation:knowledge-item", item.code)
    return render_page(request, "consultation/knowledge_new.html", {"form": form}, invalid=form)


@page(permission={"GET": "consultation.view", "POST": "consultation.write_knowledge"}, methods=("GET", "POST"))
def knowledge_item(request: HttpRequest, code: UUID) -> HttpResponse:
    item = selectors.access_knowledge(request.actor, code)
    newest = _newest(item)
    initial = (
        {"answer_zh": newest.answer_zh, "answer_en": newest.answer_en, "reference": newest.reference} if newest else {}
    )
    form = WordingForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        knowledge.write_answer(by=request.actor, item=item, **form.cleaned_data)
        flash(request, _("Written; somebody else approves it"))
        return redirect_after_post(request, "consultation:knowledge-item", code)
    return render_page(request, "consultation/knowledge_item.html", _item(request, item, form), invalid=form)


@page(permission="consultation.write_knowledge", methods=("POST",))
def knowledge_in_use(request: HttpRequest, code: UUID) -> HttpResponse:
    item = selectors.access_knowledge(request.actor, code)
    knowledge.set_in_use(by=request.actor, item=item, is_active=not item.is_active)
    return redirect_after_post(request, "consultation:knowledge-item", code)


@page(permission="consultation.approve", methods=("POST",))
def answer_approve(request: HttpRequest, code: UUID) -> HttpResponse:
    version = selectors.access_version(request.actor, code)
    knowledge.approve_answer(by=request.actor, version=version)
    flash(request, _("In force; the search finds it now"))
    return redirect_after_post(request, "consultation:knowledge-item", version.item.code)


@page(permission="consultation.approve", methods=("POST",))
def answer_reject(request: HttpRequest, code: UUID) -> HttpResponse:
    version = selectors.access_version(request.actor, code)
    form = RemarkForm(request.POST)
    if not form.is_valid():
        context = _item(request, version.item, WordingForm(), remark_form=form)
        return render_page(request, "consultation/knowledge_item.html", context, invalid=form)
    knowledge.reject_answer(by=request.actor, version=version, **form.cleaned_data)
    flash(request, _("Sent back"))
    return redirect_after_post(request, "consultation:knowledge-item", version.item.code)


@page(permission="consultation.view")
def sheet_list(request: HttpRequest) -> HttpResponse:
    context = {"rows": selectors.sheets(request.actor), "parts": area_tabs("sheets")}
    return render_page(request, "consultation/sheets.html", context)


@page(permission={"GET": "consultation.view", "POST": "consultation.write_knowledge"}, methods=("GET", "POST"))
def sheet(request: HttpRequest, code: UUID) -> HttpResponse:
    item = access_item(request.actor, code)
    known = selectors.sheet_of(item)
    initial = {name: getattr(known, name) for name in (*knowledge.SHEET, "version")} if known else {}
    form = SheetForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            knowledge.write_sheet(by=request.actor, item=item, **form.cleaned_data)
        except DomainError as error:
            show_on_fields(form, error)
        else:
            flash(request, _("Written; somebody else reviews it"))
            return redirect_after_post(request, "consultation:sheet", code)
    context = {
        "item": item,
        "sheet": known,
        "form": form,
        "demands": claims.demands_of(item.vertical),
        "may_write": request.actor.can("consultation.write_knowledge"),
        "may_review": known is not None
        and known.reviewed_at is None
        and request.actor.can("consultation.approve")
        and known.written_by_id != request.actor.user_id,
    }
    return render_page(request, "consultation/sheet.html", context, invalid=form)


@page(permission="consultation.approve", methods=("POST",))
def sheet_review(request: HttpRequest, code: UUID) -> HttpResponse:
    known = selectors.sheet_of(access_item(request.actor, code))
    if known is not None:
        knowledge.review_sheet(by=request.actor, sheet=known)
        flash(request, _("Reviewed; consultants take its words now"))
    return redirect_after_post(request, "consultation:sheet", code)


@page(permission="consultation.see_success")
def success_rate(request: HttpRequest) -> HttpResponse:
    site = working_place(request, "consultation.see_success")
    month = _month(request.GET.get("month", ""), clock.today(site.timezone))
    whole, rows = success.rates_of_month(site, month)
    following = add_months_clamped(month, 1)
    context = {
        "site": site,
        "month": month,
        "before": add_months_clamped(month, -1),
        "after": following if following <= clock.today(site.timezone) else None,
        "whole": whole,
        "rows": rows,
        "definition": success.definition_of(site, month),
        "parts": area_tabs("success"),
    }
    return render_page(request, "consultation/success.html", context)


def _item(request: HttpRequest, item: KnowledgeItem, form: WordingForm, **given: Any) -> dict[str, Any]:
    newest = _newest(item)
    waits = newest is not None and newest.state == "draft"
    return {
        "item": item,
        "versions": list(item.versions.all()),
        "newest": newest,
        "form": form,
        "remark_form": RemarkForm(),
        "may_write": request.actor.can("consultation.write_knowledge"),
        "may_approve": waits
        and request.actor.can("consultation.approve")
        and (newest.written_by_id is None or newest.written_by_id != request.actor.user_id),
        **given,
    }


def _newest(item: KnowledgeItem) -> Any:
    return max(item.versions.all(), key=lambda version: version.number, default=None)


def _in_force(item: KnowledgeItem) -> Any:
    return next((version for version in item.versions.all() if version.state == "approved"), None)


def _month(text: str, today: date) -> date:
    """The first day of the month that an address asks for, of this month when it asks for none that could be counted."""
    try:
        day = parse_date(f"{text}-01") or today
    except ValueError:
        day = today
    return (day if EARLIEST <= day <= today else today).replace(day=1)
