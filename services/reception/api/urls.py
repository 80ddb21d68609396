from django.urls import path

from services.reception.api import views

urlpatterns = [
    path("visits/", views.Visits.as_view(), name="visits"),
    path("waiting/", views.WaitingList.as_view(), name="waiting"),
    path("visits/<uuid:code>/", views.OneVisit.as_view(), name="visit"),
    path("visits/<uuid:code>/register/", views.Register.as_view(), name="register"),
    path("visits/<uuid:code>/class/", views.Class.as_view(), name="class"),
    path("visits/<uuid:code>/announce/", views.Announce.as_view(), name="announce"),
    path("visits/<uuid:code>/opinion/", views.Opinion.as_view(), name="opinion"),
    path("visits/<uuid:code>/seat/", views.Seat.as_view(), name="seat"),
    path("visits/<uuid:code>/explanations/", views.Explanations.as_view(), name="explanations"),
    path("visits/<uuid:code>/lead-in/", views.LeadIn.as_view(), name="lead-in"),
    path("visits/<uuid:code>/override/", views.OverrideChair.as_view(), name="override"),
    path("visits/<uuid:code>/in-chair/", views.InChair.as_view(), name="in-chair"),
    path("visits/<uuid:code>/finish/", views.Finish.as_view(), name="finish"),
    path("visits/<uuid:code>/leave/", views.Leave.as_view(), name="leave"),
    path("visits/<uuid:code>/close/", views.Close.as_view(), name="close"),
    path("visits/<uuid:code>/rebook/", views.Rebook.as_view(), name="rebook"),
    path("visits/<uuid:code>/left-unseen/", views.LeftUnseen.as_view(), name="left-unseen"),
    path("visits/<uuid:code>/emergency/", views.Emergency.as_view(), name="emergency"),
]
