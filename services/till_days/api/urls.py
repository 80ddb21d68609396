from django.urls import path

from services.till_days.api import views

app_name = "api-till-days"
urlpatterns = [
    path("", views.Days.as_view(), name="days"),
    path("<uuid:code>/", views.OneDay.as_view(), name="day"),
    path("<uuid:code>/close/", views.Close.as_view(), name="close"),
    path("<uuid:code>/go-on/", views.GoOn.as_view(), name="go-on"),
    path("<uuid:code>/count/", views.CountIt.as_view(), name="count"),
    path("<uuid:code>/reconcile/", views.Reconcile.as_view(), name="reconcile"),
    path("<uuid:code>/map-item/", views.MapItem.as_view(), name="map-item"),
    path("<uuid:code>/deposits/", views.Deposits.as_view(), name="deposits"),
    path("differences/", views.Differences.as_view(), name="differences"),
    path("differences/<uuid:code>/cause/", views.Cause.as_view(), name="cause"),
    path("differences/<uuid:code>/recover/", views.Recover.as_view(), name="recover"),
    path("petty-cash/", views.Petty.as_view(), name="petty"),
    path("petty-cash/<uuid:code>/decision/", views.DecidePetty.as_view(), name="petty-decision"),
    path("petty-cash/<uuid:code>/payment/", views.PayPetty.as_view(), name="petty-payment"),
    path("admissions/", views.Admissions.as_view(), name="admissions"),
    path("leaves/", views.Leaves.as_view(), name="leaves"),
    path("leaves/<uuid:code>/decision/", views.DecideLeave.as_view(), name="leave-decision"),
    path("leaves/<uuid:code>/out/", views.GoOut.as_view(), name="leave-out"),
    path("leaves/<uuid:code>/back/", views.ComeIn.as_view(), name="leave-back"),
]
