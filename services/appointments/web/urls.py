from django.urls import path

from services.appointments.web import booking, specialists, views

urlpatterns = [
    path("", views.board, name="board"),
    path("new/", booking.new, name="new"),
    path("slots/", booking.slots, name="slots"),
    path("patients/", booking.patients, name="patients"),
    path("blocks/", views.blocks, name="blocks"),
    path("blocks/<uuid:code>/remove/", views.unblock, name="unblock"),
    path("cards/", views.cards, name="cards"),
    path("shares/", views.shares, name="shares"),
    path("specialist/", specialists.cases, name="specialist"),
    path("specialist/<uuid:code>/", specialists.case, name="specialist-case"),
    path("<uuid:code>/preparation/", specialists.preparation, name="preparation"),
    path("<uuid:code>/", views.appointment, name="appointment"),
    path("<uuid:code>/move/", booking.move, name="move"),
    path("<uuid:code>/drop/", booking.drop, name="move-drop"),
    path("<uuid:code>/cancel/", views.cancel, name="cancel"),
    path("<uuid:code>/confirm/", views.confirm, name="confirm"),
    path("<uuid:code>/told/", views.told, name="told"),
    path("<uuid:code>/no-show/", views.no_show, name="no-show"),
]
