from django.urls import path

from tenants.billing.web import operate, views

urlpatterns = [
    path("", views.home, name="home"),
    path("next/", views.next_invoice, name="next"),
    path("start/", views.start, name="start"),
    path("change/", views.change, name="change"),
    path("cancel/", views.cancel, name="cancel"),
    path("resume/", views.resume, name="resume"),
    path("portal/", views.portal, name="portal"),
    path("payer/", views.payer, name="payer"),
    path("invoices/", views.invoices, name="invoices"),
    path("invoices/<uuid:code>/", views.invoice, name="invoice"),
    path("invoices/<uuid:code>/pay/", views.pay, name="pay"),
    path("accounts/", operate.accounts, name="accounts"),
    path("accounts/<uuid:code>/read-only/", operate.agree, name="agree"),
    path("accounts/<uuid:code>/transfers/", operate.transfer, name="transfer"),
]
