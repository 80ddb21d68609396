from django.urls import path

from services.payments.api import views

app_name = "api-payments"
urlpatterns = [
    path("attempts/", views.Attempts.as_view(), name="attempts"),
    path("attempts/<uuid:code>/", views.OneAttempt.as_view(), name="attempt"),
    path("attempts/<uuid:code>/stop/", views.Stop.as_view(), name="stop"),
    path("refunds/", views.Refunds.as_view(), name="refunds"),
    path("refunds/<uuid:code>/again/", views.Again.as_view(), name="again"),
    path("bills/", views.Bills.as_view(), name="bills"),
    path("bills/<uuid:code>/differences/", views.Differences.as_view(), name="differences"),
    path("differences/<uuid:code>/resolve/", views.Resolve.as_view(), name="resolve"),
]
