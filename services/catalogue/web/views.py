"""Pages of the catalogue: the price list and the items."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kernel import clock
from kernel.errors import DomainError
from kernel.web.views import flash, htmx_partial, page, redirect_after_post, render_page
from services.catalogue import actions, selectors
from services.catalogue.models import Item
from services.catalogue.web.forms import ItemForm, PriceForm

PER_PAGE = 100


@page(permission="catalogue.view")
def item_list(request: HttpRequest) -> HttpResponse:
    query = request.GET.get("q", "").strip()[:80]
    manages = request.actor.can("catalogue.manage")
    rows = selectors.all_items(query=query) if manages else selectors.items(query=query)
    page_of_rows = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page_of_rows,
        "rows": [_row(request, item) for item in page_of_rows.object_list],
        "query": query,
        "may_manage": manages,
    }
    return htmx_partial(request, "catalogue/list.html", "catalogue/_rows.html", context)


@page(permission="catalogue.view")
def item_detail(request: HttpRequest, code: UUID) -> HttpResponse:
    item = selectors.access_item(request.actor, code)
    return render_page(request, "catalogue/detail.html", _detail(request, item))


@page(permission="catalogue.manage", methods=("GET", "POST"))
def item_new(request: HttpRequest) -> HttpResponse:
    form = ItemForm(request.POST or None)

    def save(data: dict[str, Any]) -> Item:
        data.pop("version")
        return actions.create_item(by=request.actor, price_fen=data.pop("price"), **data)

    return _edit(request, form, save, title=_("New item"), done=_("Item added"))


@page(permission="catalogue.manage", methods=("GET", "POST"))
def item_edit(request: HttpRequest, code: UUID) -> HttpResponse:
    item = selectors.access_item(request.actor, code, "catalogue.manage")
    form = ItemForm(request.POST or None, instance=selectors.access_item(request.actor, code, "catalogue.manage"))

    def save(data: dict[str, Any]) -> Item:
        return actions.update_item(by=request.actor, item=item, **data)

    return _edit(request, form, save, title=item.name, done=_("Item changed"), item=item)


@page(permission="catalogue.manage", methods=("POST",))
def price_set(request: HttpRequest, code: UUID) -> HttpResponse:
    item = selectors.access_item(request.actor, code, "catalogue.manage")
    form = PriceForm(request.POST)
    if form.is_valid():
        actions.set_price(by=request.actor, item=item, **form.cleaned_data)
        flash(request, _("Price set"))
        return redirect_after_post(request, "catalogue:detail", code=item.code)
    return render_page(request, "catalogue/detail.html", _detail(request, item, form), invalid=form)


def _row(request: HttpRequest, item: Item) -> dict[str, Any]:
    visible = selectors.may_see_price(request.actor, item)
    return {"item": item, "visible": visible, "price": item.price_fen if visible else None}


def _detail(request: HttpRequest, item: Item, form: PriceForm | None = None) -> dict[str, Any]:
    visible = selectors.may_see_price(request.actor, item)
    today = clock.today()
    prices = [{"row": row, "coming": row.effective_from > today} for row in item.prices.all()] if visible else []
    return {
        **_row(request, item),
        "prices": prices,
        "current": next((price["row"] for price in prices if not price["coming"]), None),
        "minutes": item.units * 15,
        "form": form or PriceForm(initial={"effective_from": today}),
        "may_manage": request.actor.can("catalogue.manage"),
    }


def _edit(
    request: HttpRequest, form: ItemForm, save: Any, *, title: str, done: str, item: Item | None = None
) -> HttpResponse:
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            saved = save(dict(form.cleaned_data))
        except DomainError as error:
            refusal = error
        else:
            flash(request, done)
            return redirect_after_post(request, "catalogue:detail", code=saved.code)
    context = {"form": form, "title": title, "item": item, "refusal": refusal}
    return render_page(request, "catalogue/form.html", context, status=refusal.status if refusal else 200, invalid=form)
