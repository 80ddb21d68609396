from django.urls import path

from services.shift.api import views

urlpatterns = [
    path("days/", views.Days.as_view(), name="days"),
    path("days/<uuid:code>/items/", views.Ticks.as_view(), name="ticks"),
    path("days/<uuid:code>/open/", views.Open.as_view(), name="open"),
    path("days/<uuid:code>/arrive/", views.Arrive.as_view(), name="arrive"),
    path("day-items/<uuid:code>/answer/", views.Answer.as_view(), name="answer"),
    path("items/", views.Items.as_view(), name="items"),
    path("visitors/", views.Visitors.as_view(), name="visitors"),
    path("broadcasts/", views.Broadcasts.as_view(), name="broadcasts"),
    path("incidents/", views.Incidents.as_view(), name="incidents"),
    path("absences/", views.Absences.as_view(), name="absences"),
    path("absences/<uuid:code>/back/", views.Back.as_view(), name="back"),
    path("handovers/", views.HandOvers.as_view(), name="handovers"),
    path("handovers/<uuid:code>/", views.OneHandOver.as_view(), name="handover"),
    path("handovers/<uuid:code>/pass-on/", views.PassOn.as_view(), name="pass-on"),
    path("handovers/<uuid:code>/sign/", views.Sign.as_view(), name="sign"),
    path("handovers/<uuid:code>/receive/", views.Receive.as_view(), name="receive"),
]
