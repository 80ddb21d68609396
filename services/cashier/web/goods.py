"""Selling goods with keyboard and scanner only: the buyer, what is scanned, the money (CA-001, CA-053)."""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from kernel import clock, money, registry
from kernel.errors import DomainError
from kernel.web.views import code_or_404, flash, page, redirect_after_post, render_page
from services.cashier import actions
from services.cashier.web.forms import MoneyForm
from services.catalogue.models import Item
from services.catalogue.selectors import items
from services.patients.reading import note_listing
from services.patients.selectors import access_patient, find_patients
from services.sites.models import Site
from services.sites.web.current import site_for

# The slot of the room that keeps stock: what is sold under a scanned code.
SCANNED = "cashier.scanned"
MOST = actions.MOST_OF_ONE_ITEM
SHOWN = 12


@page(permission={"GET": "cashier.charge", "POST": "cashier.charge"}, methods=("GET", "POST"))
def goods(request: HttpRequest) -> HttpResponse:
    """One field for buyer and packages, one for the money. The basket lies in the address, so nothing is kept before it is
    paid; a name or record number finds the buyer, a barcode or a name adds one piece."""
    site = site_for(request, "cashier.charge")
    asked = request.POST if request.method == "POST" else request.GET
    buyer = access_patient(request.actor, code_or_404(asked["patient"])) if asked.get("patient") else None
    basket = _basket(asked)
    text = request.GET.get("q", "").strip()[:120]
    people, found = [], []
    if text and buyer is None:
        people = find_patients(text)
        note_listing(request.actor, people)
        if len(people) == 1:
            return _here(people[0].code, basket)
    elif text and buyer is not None:
        found = _goods(site, text)
        if len(found) == 1:
            basket[found[0].code] = min(basket[found[0].code] + 1, MOST)
            return _here(buyer.code, basket)
    rows = _rows(site, basket)
    due = sum(row["amount_fen"] or 0 for row in rows)
    form = MoneyForm(request.POST if request.method == "POST" else None, initial={"tender": "cash"})
    refusal: DomainError | None = None
    if request.method == "POST" and buyer is not None and form.is_valid():
        try:
            receipt = actions.sell_goods(
                by=request.actor,
                site=site,
                patient=buyer,
                goods=[actions.SlipLine(item=row["item"], quantity=row["quantity"]) for row in rows],
                handed_over=form.handed_over(exact_fen=due),
            )
        except DomainError as error:
            refusal = error
        else:
            flash(request, _("Sold; receipt %(number)s") % {"number": receipt.number})
            return redirect_after_post(request, "cashier:receipt", receipt.code)
    context = {
        "site": site,
        "buyer": buyer,
        "people": people[:SHOWN],
        "found": [(one, _with(basket, one.code, 1, buyer)) for one in found[:SHOWN]],
        "nothing": bool(text) and not people and not found,
        "rows": [
            {
                **row,
                "less": _with(basket, row["item"].code, -1, buyer),
                "more": _with(basket, row["item"].code, 1, buyer),
            }
            for row in rows
        ],
        "kept": [(code, number) for code, number in basket.items()],
        "due_fen": due,
        "form": form,
        "refusal": refusal,
    }
    status = refusal.status if refusal is not None else 200
    return render_page(request, "cashier/goods.html", context, status=status, invalid=form)


def _basket(asked: QueryDict) -> Counter[UUID]:
    """What the address or the form holds: ``i=<code>:<quantity>``, as often as there are items."""
    basket: Counter[UUID] = Counter()
    for text in asked.getlist("i")[:40]:
        code, _sep, number = text.partition(":")
        if number.isascii() and number.isdigit() and len(number) < 4:
            basket[code_or_404(code)] += min(int(number), MOST)
    return basket


def _goods(site: Site, text: str) -> list[Item]:
    """What is sold under a code; else goods on offer by name, initials or key."""
    for room in registry.active_rooms():
        for path in room.slots.get(SCANNED, ()):
            found = import_string(path)(site=site, text=text)
            if found is not None:
                return [found[0]]
    return list(items(query=text).filter(is_goods=True)[:SHOWN])


def _rows(site: Site, basket: Counter[UUID]) -> list[dict[str, Any]]:
    """The basket with today's prices, in the order in which it was filled."""
    day = clock.today(site.timezone)
    known = {one.code: one for one in items().filter(code__in=list(basket), is_goods=True)}
    rows = []
    for code, number in basket.items():
        if code in known and number > 0:
            price = known[code].price_on(day)
            rows.append(
                {
                    "item": known[code],
                    "quantity": number,
                    "price_fen": price,
                    "amount_fen": None if price is None else money.times(price, number),
                }
            )
    return rows


def _here(patient: UUID, basket: Counter[UUID]) -> HttpResponse:
    return HttpResponseRedirect(_address(patient, basket))


def _with(basket: Counter[UUID], code: UUID, more: int, buyer: Any) -> str:
    changed = Counter(basket)
    changed[code] = max(0, min(changed[code] + more, MOST))
    return _address(buyer.code, changed) if buyer is not None else ""


def _address(patient: UUID, basket: Counter[UUID]) -> str:
    kept = [("patient", str(patient)), *(("i", f"{code}:{number}") for code, number in basket.items() if number > 0)]
    return f"{reverse('cashier:goods')}?{urlencode(kept)}"
