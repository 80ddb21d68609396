from django.urls import path

from tenants.billing.api import views

urlpatterns = [
    path("subscription/", views.SubscriptionDetail.as_view(), name="subscription"),
    path("invoices/", views.Invoices.as_view(), name="invoices"),
    path("invoices/next/", views.Next.as_view(), name="next"),
    path("invoices/<uuid:code>/", views.Invoice.as_view(), name="invoice"),
    path("preview/", views.Preview.as_view(), name="preview"),
]
