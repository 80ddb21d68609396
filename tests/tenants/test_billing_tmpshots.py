import re, pathlib
from tests.tenants.test_billing_pages import *  # noqa
OUT = pathlib.Path("/tmp/var-billing/html"); OUT.mkdir(exist_ok=True)
CSS = next(pathlib.Path("/tmp/var-billing/frontend/assets").glob("app-*.css"))
def dump(client, path, name, method="get", data=None, lang="zh-hans"):
    client.cookies["language"] = lang
    r = getattr(client, method)(path, data or {})
    t = r.content.decode()
    if "/billing/next/" in t:
        n = client.get("/billing/next/", headers={"HX-Request": "true"}).content.decode()
        t = re.sub(r'(<div hx-get="/billing/next/"[^>]*>).*?</div>\s*</div>|(<div hx-get="/billing/next/"[^>]*>).*?</section>', lambda m: '<div>'+n+'</div></section>', t, count=1, flags=re.S)
    t = re.sub(r"<script.*?</script>", "", t, flags=re.S)
    t = re.sub(r'<link[^>]*stylesheet[^>]*>', "", t)
    t = t.replace("</head>", f'<link rel="stylesheet" href="file://{CSS}"></head>')
    (OUT / f"{name}.html").write_text(t)
    print(name, r.status_code, len(t))
def test_shots(clerk, orchid, at, stripe, post):
    stripe.live_at(at("2026-12-06 09:00"))
    dump(clerk, "/billing/", "home-zh")
    dump(clerk, "/billing/", "home-en", lang="en")
    form = {"plan": "chain", "interval": "month", "smile__site": "3", "smile__vertical-dental": "on", "derma__site": "4", "lumen__site": "2", "peiban__site": "1"}
    dump(clerk, "/billing/change/", "change-en", "post", form, lang="en")
    actions_order = form | {"confirm": "1"}
    clerk.post("/billing/change/", actions_order)
    stripe.live_at(at("2027-01-01 02:00")); post.deliver(orchid.stripe_customer)
    dump(clerk, "/billing/", "home-en-jan", lang="en")
    with public_schema():
        inv = InvoiceMirror.objects.filter(account=orchid).order_by("-issued_at").first()
    dump(clerk, f"/billing/invoices/{inv.code}/", "invoice-en", lang="en")
    stripe.api.customers.update(orchid.stripe_customer, {"invoice_settings": {"default_payment_method": "pm_card_insufficientFundsLater"}})
    sub = stripe.api.subscriptions.list({"customer": orchid.stripe_customer}).data[0]
    stripe.api.subscriptions.update(sub.id, {"default_payment_method": stripe.api.customers.retrieve(orchid.stripe_customer).invoice_settings.default_payment_method})
    stripe.live_at(at("2027-02-05 02:00")); post.deliver(orchid.stripe_customer)
    tenant_of("orchid")
    dump(clerk, "/billing/", "home-due-en", lang="en")
    (OUT/"links.txt").write_text("\n".join([InvoiceMirror.objects and inv.hosted_url]))
    print(inv.hosted_url)
    import time; 
def test_start(client_for, data, stripe, post):
    actions.sync_catalogue(); chain_account("orchid")
    clerk = client_for("qian.yun", "orchid")
    dump(clerk, "/billing/start/", "start-en", lang="en")
