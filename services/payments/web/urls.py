from django.urls import path

from services.payments.web import views

app_name = "payments"
urlpatterns = [
    path("", views.attempts, name="attempts"),
    path("slips/<uuid:code>/", views.start, name="start"),
    path("attempts/<uuid:code>/", views.attempt, name="attempt"),
    path("attempts/<uuid:code>/stop/", views.stop, name="stop"),
    path("refunds/", views.refunds, name="refunds"),
    path("refunds/<uuid:code>/again/", views.again, name="again"),
    path("bills/", views.bill_list, name="bills"),
    path("bills/fetch/", views.fetch, name="fetch"),
    path("bills/<uuid:code>/", views.bill, name="bill"),
    path("differences/<uuid:code>/resolve/", views.resolve, name="resolve"),
]
