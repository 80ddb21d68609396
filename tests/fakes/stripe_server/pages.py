"""The pages a person clicks through: checkout, hosted invoice, customer portal. Their markup lies in ``html/``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from stripe_server import checkout, customers, invoicing, subscriptions
from stripe_server.paper import pdf
from stripe_server.shop import Shop
from stripe_server.store import Row
from stripe_server.texts import TEXTS, text
from stripe_server.wire import StripeFailure

CHINA = timedelta(hours=8)
FOLDER = Path(__file__).with_name("html")
SHOWN_CARDS = ("pm_card_visa", "pm_card_unionpay", "pm_card_chargeCustomerFail")


@dataclass(slots=True)
class Answer:
    """A page, a file or a redirect."""

    body: bytes = b""
    status: int = 200
    media_type: str = "text/html; charset=utf-8"
    location: str = ""


@cache
def _template(name: str) -> Template:
    return Template((FOLDER / name).read_text())


def fill(name: str, language: str, **values: object) -> str:
    """A piece of markup. ``$t_…`` are the texts of the language; values are markup already."""
    words = {f"t_{key}": text(key, language) for key in TEXTS}
    return _template(f"{name}.html").substitute(words | {key: str(value) for key, value in values.items()})


def page(title: str, content: str, language: str, status: int = 200) -> Answer:
    """A whole page."""
    html = fill(
        "page",
        language,
        title=text(title, language),
        html_language="zh-Hans" if language == "zh" else "en",
        other="en" if language == "zh" else "zh",
        style=(FOLDER / "style.css").read_text(),
        content=content,
    )
    return Answer(body=html.encode(), status=status)


def money(amount: int) -> str:
    """Yuan with two decimals and a real minus sign."""
    return f"{'−' if amount < 0 else ''}¥{abs(amount) / 100:,.2f}"


def day(moment: int | None) -> str:
    """The day in China."""
    return (datetime.fromtimestamp(moment, UTC) + CHINA).strftime("%Y-%m-%d") if moment else "—"


def answer(shop: Shop, method: str, path: str, query: dict[str, str], form: dict[str, str], accept: str) -> Answer:
    """Answer one page request."""
    parts = [part for part in path.split("/") if part]
    language = query.get("lang") or ("en" if accept.lower().startswith("en") else "zh")
    kind, view, identifier = _chosen(parts)
    with shop.store.lock:
        row = shop.store.find(identifier)
    if view is None or row is None or row["object"] != kind:
        return page(
            "no_such_page", fill("notice", language, title=text("no_such_page", language), hint=""), language, 404
        )
    if not query.get("lang") and row.get("locale") in ("zh", "zh-HK", "zh-TW", "en"):
        language = "en" if row["locale"] == "en" else "zh"
    if kind == "invoice" and parts[-1] == "pdf":
        return Answer(body=pdf(row), media_type="application/pdf")
    return view(shop, method, row, form, language)


View = Callable[[Shop, str, Row, dict[str, str], str], Answer]


def _chosen(parts: list[str]) -> tuple[str, View | None, str]:
    if parts[:2] == ["c", "pay"] and len(parts) > 2:
        return "checkout.session", _checkout, parts[2]
    if parts[:2] == ["p", "session"] and len(parts) > 2:
        return "billing_portal.session", _portal, parts[2]
    if parts[:1] == ["i"] and len(parts) > 1:
        return "invoice", _invoice, parts[1]
    return "", None, ""


def _press(shop: Shop, work: Callable[[], Any]) -> StripeFailure | None:
    """Do what a button asks; a refusal comes back, and leaves behind only what it says it keeps."""
    try:
        with shop.store.transaction():
            try:
                work()
            except StripeFailure as refusal:
                if not refusal.keep:
                    raise
                return refusal
    except StripeFailure as refusal:
        return refusal
    return None


def _error(failure: StripeFailure | None, language: str) -> str:
    if failure is None:
        return ""
    reason = str(failure.error.get("decline_code") or failure.error.get("code") or "generic_decline")
    words = text(reason if reason in TEXTS else "generic_decline", language)
    return f'<div class="error" role="alert">{words}</div>'


def _cards(language: str) -> str:
    rows = ""
    for position, token in enumerate(SHOWN_CARDS):
        brand, last4, _at_once, later = customers.CARDS[token]
        note = text(later, language) if later else ""
        rows += (
            f'<label class="pick"><input type="radio" name="card" value="{token}"{"" if position else " checked"}>'
            f'<span>{brand.title()} ···· {last4} <span class="dim">{note}</span></span></label>'
        )
    return fill("cards", language, rows=rows)


def _token(form: dict[str, str]) -> str:
    number = form.get("number", "").replace(" ", "")
    return customers.NUMBERS.get(number, "unknown") if number else form.get("card", "")


def _link(address: str | None, language: str) -> str:
    return f'<a class="button" href="{escape(address)}">{text("back", language)}</a>' if address else ""


def _checkout(shop: Shop, method: str, session: Row, form: dict[str, str], language: str) -> Answer:
    failure = None
    if method == "POST" and session["status"] == "open":
        token = "pm_card_chargeDeclined" if form.get("act") == "decline" else _token(form)
        failure = _press(shop, lambda: checkout.complete(shop, session["id"], token))
        if failure is None:
            return Answer(status=303, location=session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"]))
    if session["status"] != "open":
        closed = fill("notice", language, title=text("closed", language), hint=text("closed_hint", language))
        return page("closed", closed, language)
    setup = session["mode"] == "setup"
    trial = session["payment_status"] == "no_payment_required" and not setup
    button = text("save" if setup else "start_trial" if trial else "pay", language)
    total = money(session["amount_total"])
    content = fill(
        "checkout",
        language,
        heading=text("save_card" if setup else "subscribe", language),
        when=text("trial_days" if trial else "due_today", language),
        total=total,
        rows="".join(_order_row(line, language) for line in session["_line_items"]),
        error=_error(failure, language),
        cards=_cards(language),
        button=button if setup or trial else f"{button} {total}",
        back=_link(session["cancel_url"], language),
    )
    return page("subscribe", content, language)


def _order_row(line: Row, language: str) -> str:
    interval = (line["price"]["recurring"] or {}).get("interval", "month")
    rhythm = text(f"per_{interval}", language)
    unit = cost = ""
    if line["quantity"] is None:
        cost = text("by_usage", language)
    else:
        unit = f"{line['quantity']} × {money(int(float(line['price']['unit_amount_decimal'] or 0)))}"
        cost = money(line["amount_total"])
    words = f'{escape(line["description"])}<div class="dim">{unit} {rhythm}</div>'
    return f'<tr><td>{words}</td><td class="n">{cost}</td></tr>'


def _invoice(shop: Shop, method: str, invoice: Row, form: dict[str, str], language: str) -> Answer:
    failure = None
    if method == "POST" and invoice["status"] in ("open", "uncollectible"):
        out_of_band = form.get("act") == "transfer"
        params = {"paid_out_of_band": "true"} if out_of_band else {"payment_method": _token(form)}
        failure = _press(shop, lambda: invoicing.pay(shop, invoice["id"], params))
        if failure is None:
            return Answer(status=303, location=f"/i/{invoice['id']}?lang={language}")
        invoice = shop.store.get("invoice", invoice["id"])
    number = escape(invoice["number"] or "")
    payment = ""
    if invoice["status"] in ("open", "uncollectible"):
        payment = fill("payment", language, number=number, error=_error(failure, language), cards=_cards(language))
    due = f"<dt>{text('due_by', language)}</dt><dd>{day(invoice['due_date'])}</dd>" if invoice["due_date"] else ""
    content = fill(
        "invoice",
        language,
        id=invoice["id"],
        number=number,
        status=invoice["status"],
        status_words=text(invoice["status"], language),
        remaining=money(invoice["amount_remaining"]),
        customer=escape(invoice["customer_name"] or invoice["customer_email"] or ""),
        due=due,
        rows="".join(_line_row(line) for line in invoice["lines"]["data"]),
        total=money(invoice["total"]),
        footer=f'<p class="dim">{escape(invoice["footer"])}</p>' if invoice["footer"] else "",
        payment=payment,
    )
    return page("invoice", content, language)


def _line_row(line: Row) -> str:
    span = f"{day(line['period']['start'])} – {day(line['period']['end'])}"
    words = f'{escape(line["description"])}<div class="dim">{span}</div>'
    return f'<tr><td>{words}</td><td class="n">{line["quantity"] or ""}</td><td class="n">{money(line["amount"])}</td></tr>'


def _portal(shop: Shop, method: str, session: Row, form: dict[str, str], language: str) -> Answer:
    failure = None
    if method == "POST":
        failure = _press(shop, lambda: checkout.portal_act(shop, session, form | {"card": _token(form)}))
        if failure is None:
            return Answer(status=303, location=f"/p/session/{session['id']}?lang={language}")
    customer = shop.store.get("customer", session["customer"])
    chosen = customer["invoice_settings"]["default_payment_method"]
    own = {"customer": customer["id"]}
    none = f'<p class="dim">{text("none", language)}</p>'
    content = fill(
        "portal",
        language,
        customer=escape(customer["name"] or ""),
        back=_link(session["return_url"], language),
        plans="".join(_plan(shop, row, language) for row in subscriptions.list_subscriptions(shop, own)) or none,
        bills="".join(_bill(row, language) for row in invoicing.list_invoices(shop, own)),
        methods="".join(_method(row, chosen, language) for row in customers.methods_of(shop, own)) or none,
        error=_error(failure, language),
        cards=_cards(language),
    )
    return page("portal", content, language)


def _method(row: Row, chosen: str | None, language: str) -> str:
    label = f"{row['card']['brand'].title()} ···· {row['card']['last4']}"
    if row["id"] == chosen:
        return f'<div class="row"><span>{label}</span> <span class="tag">{text("default", language)}</span></div>'
    return fill("method", language, id=row["id"], label=label)


def _plan(shop: Shop, sub: Row, language: str) -> str:
    ends = sub["cancel_at_period_end"]
    products = [shop.store.get("product", item["price"]["product"])["name"] for item in sub["items"]["data"]]
    act = "keep" if ends else "end"
    return fill(
        "plan",
        language,
        names=" · ".join(escape(name) for name in products),
        words=text("ends_on" if ends else "renews_on", language),
        day=day(subscriptions.period_of(sub)[1]),
        act=act,
        button=text(f"{act}_plan", language),
    )


def _bill(row: Row, language: str) -> str:
    link = f'<a href="/i/{row["id"]}?lang={language}">{escape(row["number"] or text("draft", language))}</a>'
    act = text(row["status"], language)
    if row["status"] == "open":
        hidden = f'<input type="hidden" name="invoice" value="{row["id"]}">'
        button = f'<button class="small" name="act" value="pay">{text("pay", language)}</button>'
        act = f'<form method="post">{hidden}{button}</form>'
    when = f'{link}<div class="dim">{day(row["created"])}</div>'
    return f'<tr><td>{when}</td><td class="n">{money(row["total"])}</td><td class="n">{act}</td></tr>'
