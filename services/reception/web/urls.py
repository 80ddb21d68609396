from django.urls import path

from services.reception.web import acts, views

urlpatterns = [
    path("", views.board, name="board"),
    path("check-in/", views.check_in, name="check-in"),
    path("doctor/", views.doctor, name="doctor"),
    path("chairs/", views.chairs, name="chairs"),
    path("visits/<uuid:code>/", views.visit, name="visit"),
    path("visits/<uuid:code>/register/", acts.register, name="register"),
    path("visits/<uuid:code>/class/", acts.classify, name="classify"),
    path("visits/<uuid:code>/announce/", acts.announce, name="announce"),
    path("visits/<uuid:code>/opinion/", acts.opinion, name="opinion"),
    path("visits/<uuid:code>/explain/", acts.explain, name="explain"),
    path("visits/<uuid:code>/lead-in/", acts.lead_in, name="lead-in"),
    path("visits/<uuid:code>/override/", acts.override, name="override"),
    path("visits/<uuid:code>/in-chair/", acts.in_chair, name="in-chair"),
    path("visits/<uuid:code>/finish/", acts.finish, name="finish"),
    path("visits/<uuid:code>/leave/", acts.leave, name="leave"),
    path("visits/<uuid:code>/close/", acts.close, name="close"),
    path("visits/<uuid:code>/rebook/", acts.rebook, name="rebook"),
    path("visits/<uuid:code>/left-unseen/", acts.left_unseen, name="left-unseen"),
    path("visits/<uuid:code>/emergency/", acts.emergency, name="emergency"),
    path("visits/<uuid:code>/card/", acts.card, name="card"),
]
