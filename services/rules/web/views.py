"""The rules of the house: what stands, why, since when, and changing it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kernel.errors import DomainError
from kernel.parameters import resolve, set_parameter, withdraw_parameter
from kernel.registry import Param
from kernel.web.views import flash, page, redirect_after_post, render_page, site_code
from services.rules import selectors
from services.rules.web.forms import RuleForm
from services.sites.models import Site
from services.sites.selectors import working_site


@page(permission="parameters.view")
def rule_list(request: HttpRequest) -> HttpResponse:
    query, site = request.GET.get("q", "")[:80], _site(request)
    sections = selectors.rules(site=site, query=query)
    adopted = [one is not None for one in selectors.publications().values_list("adopted_at", flat=True)]
    context = {
        "sections": sections,
        "q": query,
        "site": site,
        "total": sum(len(rows) for _label, rows in sections),
        "published": len(adopted),
        "to_adopt": adopted.count(False),
    }
    return render_page(request, "rules/list.html", context)


@page(permission={"GET": "parameters.view", "POST": "parameters.set"}, methods=("GET", "POST"))
def rule_detail(request: HttpRequest, key: str) -> HttpResponse:
    param = selectors.access_rule(key)
    may_set = request.actor.can("parameters.set")  # type: ignore[attr-defined]
    if request.method != "POST":
        return _detail(request, param, _form(request, param) if may_set else None)
    form = _form(request, param, request.POST)
    if not form.is_valid():
        return _detail(request, param, form)
    kind, code = form.chosen_scope
    try:
        row = set_parameter(
            by=request.actor,  # type: ignore[attr-defined]
            key=key,
            value=form.cleaned_data["value"],
            scope=selectors.access_scope(request.actor, kind, code),  # type: ignore[attr-defined]
            effective_from=form.cleaned_data["effective_from"],
            locked=form.cleaned_data["locked"],
        )
    except DomainError as refusal:
        for field, sentences in (refusal.fields or {}).items():
            if field in form.fields:
                for sentence in sentences:
                    form.add_error(field, str(sentence))
        if not form.errors:
            raise
        return _detail(request, param, form)
    flash(request, _("Planned") if row.effective_from > row.set_at else _("Changed"))
    return redirect_after_post(request, "rules:detail", key)


@page(permission="parameters.set", methods=("POST",))
def withdraw(request: HttpRequest, key: str) -> HttpResponse:
    selectors.access_rule(key)
    scope = selectors.access_scope(request.actor, *request.POST.get("scope", "").partition(":")[::2])  # type: ignore[attr-defined]
    withdraw_parameter(by=request.actor, key=key, scope=scope)  # type: ignore[attr-defined]
    flash(request, _("The wider rule counts again"))
    return redirect_after_post(request, "rules:detail", key)


def _site(request: HttpRequest) -> Site | None:
    return working_site(request.actor, site_code(request), "parameters.view")  # type: ignore[attr-defined]


def _form(request: HttpRequest, param: Param, data: Any = None) -> RuleForm:
    current = resolve(param.key, site=_site(request)).stored
    return RuleForm(data, param=param, actor=request.actor, current=current)  # type: ignore[attr-defined]


def _detail(request: HttpRequest, param: Param, form: RuleForm | None) -> HttpResponse:
    site = _site(request)
    context = {
        "rule": selectors.rule(param, site=site),
        "param": param,
        "site": site,
        "base": selectors.write_value(param, param.default),
        "literal": selectors.write_value(param, param.base("literal")),
        "changes": selectors.changes(request.actor, param),  # type: ignore[attr-defined]
        "form": form,
    }
    return render_page(request, "rules/detail.html", context, invalid=form)
