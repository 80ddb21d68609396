"""The pages a person clicks through: checkout, hosted invoice, customer portal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

from stripe_server import checkout, customers, invoicing, subscriptions
from stripe_server.paper import pdf
from stripe_server.shop import Shop
from stripe_server.store import Row
from stripe_server.texts import text
from stripe_server.wire import StripeFailure

CHINA = timedelta(hours=8)

STYLE = """
:root{--ink:#14211c;--dim:#5d6b64;--line:#dfe6e2;--paper:#f5f7f6;--jade:#14785a;--red:#b42318;--tint:#e6f4ee}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);
font:15px/1.55 system-ui,-apple-system,"PingFang SC","Noto Sans SC","Microsoft YaHei",sans-serif}
.bar{background:#fff4d6;color:#6b4d00;text-align:center;padding:6px 12px;font-size:13px}
main{max-width:960px;margin:32px auto;padding:0 16px;display:grid;gap:20px;grid-template-columns:1fr 1fr;align-items:start}
main.one{grid-template-columns:1fr;max-width:760px}@media(max-width:760px){main{grid-template-columns:1fr;margin:16px auto}}
.card{background:#fff;border:1px solid var(--line);border-radius:12px;padding:22px}
h1{font-size:17px;margin:0 0 4px}h2{font-size:15px;margin:0 0 10px}.dim{color:var(--dim);font-size:13px}
.big{font-size:32px;font-weight:650;font-variant-numeric:tabular-nums;margin:6px 0 16px}
table{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}td,th{padding:9px 0;border-top:1px solid var(--line);
text-align:left;vertical-align:top;font-weight:400}th{color:var(--dim);font-size:13px;border:0}td.n,th.n{text-align:right}
tr.sum td{border-top:2px solid var(--ink);font-weight:650}label.pick{display:flex;gap:10px;align-items:center;border:1px solid var(--line);
border-radius:8px;padding:10px 12px;margin-bottom:8px;cursor:pointer}label.pick:has(input:checked){border-color:var(--jade);background:var(--tint)}
input[type=text]{width:100%;padding:11px 12px;border:1px solid var(--line);border-radius:8px;font:inherit;margin:4px 0 14px}
button,.button{display:inline-block;font:inherit;font-weight:600;border-radius:8px;padding:11px 18px;border:1px solid var(--line);
background:#fff;color:var(--ink);cursor:pointer;text-decoration:none}button.main{background:var(--jade);border-color:var(--jade);color:#fff;width:100%}
button.small{padding:5px 10px;font-size:13px;font-weight:500}.row{display:flex;gap:10px;margin-top:10px;flex-wrap:wrap;align-items:center}
.error{background:#fdecea;color:var(--red);border-radius:8px;padding:10px 12px;margin-bottom:12px}.tag{display:inline-block;padding:1px 9px;
border-radius:99px;background:var(--tint);color:var(--jade);font-size:13px}.tag.open{background:#fff4d6;color:#6b4d00}a{color:var(--jade)}
:focus-visible{outline:3px solid #7cc4aa;outline-offset:2px}dl{display:grid;grid-template-columns:auto 1fr;gap:4px 16px;margin:10px 0}dt{color:var(--dim)}dd{margin:0}
"""


@dataclass(slots=True)
class Answer:
    """A page, a file or a redirect."""

    body: bytes = b""
    status: int = 200
    media_type: str = "text/html; charset=utf-8"
    location: str = ""


def answer(shop: Shop, method: str, path: str, query: dict[str, str], form: dict[str, str], accept: str) -> Answer:
    """Answer one page request."""
    parts = [part for part in path.split("/") if part]
    language = query.get("lang") or ("en" if accept.lower().startswith("en") else "zh")
    known = {
        ("c", "pay"): ("checkout.session", _checkout),
        ("p", "session"): ("billing_portal.session", _portal),
    }
    if len(parts) >= 3 and tuple(parts[:2]) in known:
        kind, view = known[parts[0], parts[1]]
        identifier = parts[2]
    elif len(parts) >= 2 and parts[0] == "i":
        kind, view, identifier = "invoice", _invoice, parts[1]
    else:
        return _page(404, "no_such_page", _empty("no_such_page", "", language), language)
    with shop.store.lock:
        row = shop.store.find(identifier)
    if row is None or row["object"] != kind:
        return _page(404, "no_such_page", _empty("no_such_page", "", language), language)
    if not query.get("lang") and row.get("locale") in ("zh", "zh-HK", "zh-TW", "en"):
        language = "en" if row["locale"] == "en" else "zh"
    if kind == "invoice" and parts[-1] == "pdf":
        return Answer(body=pdf(row), media_type="application/pdf")
    return view(shop, method, row, form, language)


def money(amount: int) -> str:
    """Yuan with two decimals and a real minus sign."""
    return f"{'−' if amount < 0 else ''}¥{abs(amount) / 100:,.2f}"


def day(moment: int | None) -> str:
    """The day in China."""
    return (datetime.fromtimestamp(moment, UTC) + CHINA).strftime("%Y-%m-%d") if moment else "—"


def _page(status: int, title: str, content: str, language: str) -> Answer:
    other = "en" if language == "zh" else "zh"
    html = (
        f'<!doctype html><html lang="{"zh-Hans" if language == "zh" else "en"}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{escape(text(title, language))}</title>'
        f'<style>{STYLE}</style></head><body><div class="bar">{text("test_mode", language)} · '
        f'<a href="?lang={other}" hreflang="{other}">{text("language", language)}</a></div>{content}</body></html>'
    )
    return Answer(body=html.encode(), status=status)


def _empty(title: str, hint: str, language: str) -> str:
    return f'<main class="one"><div class="card"><h1>{text(title, language)}</h1><p class="dim">{text(hint, language)}</p></div></main>'


def _error(failure: StripeFailure | None, language: str) -> str:
    if failure is None:
        return ""
    reason = failure.error.get("decline_code") or failure.error.get("code") or "generic_decline"
    return f'<div class="error" role="alert">{text(reason, language)}</div>'


def _cards(language: str) -> str:
    shown = ["pm_card_visa", "pm_card_unionpay", "pm_card_chargeCustomerFail"]
    rows = ""
    for position, token in enumerate(shown):
        brand, last4, at_once, later = customers.CARDS[token]
        note = text(later, language) if later and not at_once else ""
        rows += (
            f'<label class="pick"><input type="radio" name="card" value="{token}"{" checked" if not position else ""}>'
            f'<span>{brand.title()} ···· {last4} <span class="dim">{note}</span></span></label>'
        )
    return (
        f'<fieldset style="border:0;padding:0;margin:0"><legend class="dim">{text("card_hint", language)}</legend>{rows}</fieldset>'
        f'<label>{text("card_number", language)}<input type="text" name="number" inputmode="numeric" autocomplete="off" '
        'placeholder="4242 4242 4242 4242"></label>'
    )


def _token(form: dict[str, str]) -> str:
    number = form.get("number", "").replace(" ", "")
    return customers.NUMBERS.get(number, "unknown") if number else form.get("card", "")


def _checkout(shop: Shop, method: str, session: Row, form: dict[str, str], language: str) -> Answer:
    failure = None
    if method == "POST" and session["status"] == "open":
        token = "pm_card_chargeDeclined" if form.get("act") == "decline" else _token(form)
        try:
            with shop.store.transaction():
                session = checkout.complete(shop, session["id"], token)
            return Answer(status=303, location=session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"]))
        except StripeFailure as refusal:
            failure = refusal
    if session["status"] != "open":
        return _page(200, "closed", _empty("closed", "closed_hint", language), language)
    rows = ""
    for line in session["_line_items"]:
        recurring = line["price"]["recurring"] or {}
        rhythm = text(f"per_{recurring.get('interval', 'month')}", language)
        cost = text("by_usage", language) if line["quantity"] is None else money(line["amount_total"])
        unit = (
            ""
            if line["quantity"] is None
            else f"{line['quantity']} × {money(int(float(line['price']['unit_amount_decimal'] or 0)))}"
        )
        rows += f'<tr><td>{escape(line["description"])}<div class="dim">{unit} {rhythm}</div></td><td class="n">{cost}</td></tr>'
    trial = session["payment_status"] == "no_payment_required" and session["mode"] == "subscription"
    button = "save" if session["mode"] == "setup" else "start_trial" if trial else "pay"
    amount = "" if session["mode"] == "setup" else f" {money(session['amount_total'])}" if not trial else ""
    back = (
        f'<a class="button" href="{escape(session["cancel_url"])}">{text("back", language)}</a>'
        if session["cancel_url"]
        else ""
    )
    left = (
        f'<section class="card"><h1>{text("save_card" if session["mode"] == "setup" else "subscribe", language)} · Lianzhen</h1>'
        f'<p class="dim">{text("trial_days" if trial else "due_today", language)}</p>'
        f'<div class="big">{money(session["amount_total"])}</div><table>{rows}</table></section>'
    )
    right = (
        f'<section class="card"><h2>{text("card", language)}</h2>{_error(failure, language)}<form method="post">{_cards(language)}'
        f'<button class="main" name="act" value="pay">{text(button, language)}{amount}</button>'
        f'<div class="row"><button name="act" value="decline">{text("decline", language)}</button>{back}</div></form></section>'
    )
    return _page(200, "subscribe", f"<main>{left}{right}</main>", language)


def _invoice(shop: Shop, method: str, invoice: Row, form: dict[str, str], language: str) -> Answer:
    failure = None
    if method == "POST" and invoice["status"] in ("open", "uncollectible"):
        try:
            with shop.store.transaction():
                params: dict[str, Any] = (
                    {"paid_out_of_band": "true"} if form.get("act") == "transfer" else {"payment_method": _token(form)}
                )
                try:
                    invoicing.pay(shop, invoice["id"], params)
                except StripeFailure as refusal:
                    if not refusal.keep:
                        raise
                    failure = refusal
        except StripeFailure as refusal:
            failure = refusal
        if failure is None:
            return Answer(status=303, location=f"/i/{invoice['id']}?lang={language}")
        invoice = shop.store.get("invoice", invoice["id"])
    rows = "".join(
        f'<tr><td>{escape(line["description"])}<div class="dim">{day(line["period"]["start"])} – {day(line["period"]["end"])}</div></td>'
        f'<td class="n">{line["quantity"] or ""}</td><td class="n">{money(line["amount"])}</td></tr>'
        for line in invoice["lines"]["data"]
    )
    status = f'<span class="tag {invoice["status"]}">{text(invoice["status"], language)}</span>'
    due = f"<dt>{text('due_by', language)}</dt><dd>{day(invoice['due_date'])}</dd>" if invoice["due_date"] else ""
    footer = f'<p class="dim">{escape(invoice["footer"])}</p>' if invoice["footer"] else ""
    body = (
        f'<main class="one"><section class="card"><h1>{text("invoice", language)} {escape(invoice["number"] or "")} {status}</h1>'
        f'<div class="big">{money(invoice["amount_remaining"])}</div><dl><dt>{text("to", language)}</dt>'
        f"<dd>{escape(invoice['customer_name'] or invoice['customer_email'] or '')}</dd>{due}</dl>"
        f'<table><tr><th>{text("item", language)}</th><th class="n">{text("quantity", language)}</th>'
        f'<th class="n">{text("amount", language)}</th></tr>{rows}<tr class="sum"><td>{text("total", language)}</td><td></td>'
        f'<td class="n">{money(invoice["total"])}</td></tr></table>{footer}'
        f'<div class="row"><a class="button" href="/i/{invoice["id"]}/pdf">{text("download", language)}</a></div></section>'
    )
    if invoice["status"] in ("open", "uncollectible"):
        body += (
            f'<section class="card"><h2>{text("bank_transfer", language)}</h2><p class="dim">{text("bank_hint", language)}</p><dl>'
            f"<dt>{text('bank_holder', language)}</dt><dd>{text('bank_holder_value', language)}</dd>"
            f"<dt>{text('bank_name', language)}</dt><dd>{text('bank_name_value', language)}</dd>"
            f"<dt>{text('bank_account', language)}</dt><dd>3100 6610 0012 8812 004</dd>"
            f"<dt>{text('reference', language)}</dt><dd>{escape(invoice['number'] or '')}</dd></dl>"
            f'<form method="post"><button class="main" name="act" value="transfer">{text("mark_paid", language)}</button></form></section>'
            f'<section class="card"><h2>{text("card", language)}</h2>{_error(failure, language)}<form method="post">{_cards(language)}'
            f'<button class="main" name="act" value="card">{text("pay_by_card", language)}</button></form></section>'
        )
    return _page(200, "invoice", body + "</main>", language)


def _portal(shop: Shop, method: str, session: Row, form: dict[str, str], language: str) -> Answer:
    failure = None
    if method == "POST":
        try:
            with shop.store.transaction():
                try:
                    checkout.portal_act(shop, session, form | {"card": _token(form)})
                except StripeFailure as refusal:
                    if not refusal.keep:
                        raise
                    failure = refusal
        except StripeFailure as refusal:
            failure = refusal
        if failure is None:
            return Answer(status=303, location=f"/p/session/{session['id']}?lang={language}")
    customer = shop.store.get("customer", session["customer"])
    chosen = customer["invoice_settings"]["default_payment_method"]
    methods = "".join(
        _method_row(row, chosen, language) for row in customers.methods_of(shop, {"customer": customer["id"]})
    )
    plans = "".join(
        _plan_row(shop, row, language) for row in subscriptions.list_subscriptions(shop, {"customer": customer["id"]})
    )
    bills = "".join(_bill_row(row, language) for row in invoicing.list_invoices(shop, {"customer": customer["id"]}))
    none = f'<p class="dim">{text("none", language)}</p>'
    back = (
        f'<a class="button" href="{escape(session["return_url"])}">{text("back", language)}</a>'
        if session["return_url"]
        else ""
    )
    content = (
        f'<main><div><section class="card"><h1>{escape(customer["name"] or "")}</h1><p class="dim">{text("portal", language)}</p>{back}</section>'
        f'<section class="card" style="margin-top:20px"><h2>{text("plan", language)}</h2>{plans or none}</section>'
        f'<section class="card" style="margin-top:20px"><h2>{text("invoices", language)}</h2><table>{bills}</table>{"" if bills else none}</section></div>'
        f'<div><section class="card"><h2>{text("methods", language)}</h2>{_error(failure, language)}{methods or none}</section>'
        f'<section class="card" style="margin-top:20px"><h2>{text("add_card", language)}</h2><form method="post">{_cards(language)}'
        f'<button class="main" name="act" value="add">{text("save", language)}</button></form></section></div></main>'
    )
    return _page(200, "portal", content, language)


def _method_row(row: Row, chosen: str | None, language: str) -> str:
    label = f"{row['card']['brand'].title()} ···· {row['card']['last4']}"
    if row["id"] == chosen:
        return f'<div class="row"><span>{label}</span> <span class="tag">{text("default", language)}</span></div>'
    return (
        f'<form method="post" class="row"><input type="hidden" name="method" value="{row["id"]}"><span>{label}</span>'
        f'<button class="small" name="act" value="choose">{text("make_default", language)}</button>'
        f'<button class="small" name="act" value="drop">{text("remove", language)}</button></form>'
    )


def _plan_row(shop: Shop, sub: Row, language: str) -> str:
    names = " · ".join(
        escape(shop.store.get("product", item["price"]["product"])["name"]) for item in sub["items"]["data"]
    )
    end = subscriptions.period_of(sub)[1]
    words = text("ends_on" if sub["cancel_at_period_end"] else "renews_on", language)
    act = "keep" if sub["cancel_at_period_end"] else "end"
    return (
        f'<p>{names}<br><span class="dim">{words} {day(end)}</span></p><form method="post">'
        f'<button class="small" name="act" value="{act}">{text(f"{act}_plan", language)}</button></form>'
    )


def _bill_row(row: Row, language: str) -> str:
    link = f'<a href="/i/{row["id"]}?lang={language}">{escape(row["number"] or text("draft", language))}</a>'
    pay = (
        f'<form method="post"><input type="hidden" name="invoice" value="{row["id"]}"><button class="small" name="act" value="pay">'
        f"{text('pay', language)}</button></form>"
        if row["status"] == "open"
        else text(row["status"], language)
    )
    return f'<tr><td>{link}<div class="dim">{day(row["created"])}</div></td><td class="n">{money(row["total"])}</td><td class="n">{pay}</td></tr>'
