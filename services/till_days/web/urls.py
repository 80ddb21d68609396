from django.urls import path

from services.till_days.web import views

app_name = "till_days"
urlpatterns = [
    path("", views.days, name="days"),
    path("open/", views.open_today, name="open"),
    path("petty-cash/", views.petty, name="petty"),
    path("petty-cash/<uuid:code>/decision/", views.decide, name="petty-decision"),
    path("petty-cash/<uuid:code>/payment/", views.pay_out, name="petty-payment"),
    path("admissions/", views.admissions, name="admissions"),
    path("leaves/", views.leaves, name="leaves"),
    path("leaves/<uuid:code>/decision/", views.decide_leave, name="leave-decision"),
    path("leaves/<uuid:code>/out/", views.go_out, name="leave-out"),
    path("leaves/<uuid:code>/back/", views.come_in, name="leave-back"),
    path("<uuid:code>/", views.day, name="day"),
    path("<uuid:code>/count/", views.count, name="count"),
    path("<uuid:code>/close/", views.close, name="close"),
    path("<uuid:code>/go-on/", views.go_on, name="go-on"),
    path("<uuid:code>/reconcile/", views.reconcile, name="reconcile"),
    path("<uuid:code>/map-item/", views.map_item, name="map-item"),
    path("<uuid:code>/deposits/", views.deposit, name="deposit"),
    path("<uuid:code>/cause/", views.cause, name="cause"),
    path("<uuid:code>/recover/", views.recover, name="recover"),
]
