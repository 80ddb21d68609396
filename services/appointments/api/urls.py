from django.urls import path

from services.appointments.api import beside, groups, houses, specialists, views

urlpatterns = [
    path("", views.Appointments.as_view(), name="appointments"),
    path("slots/", views.Slots.as_view(), name="slots"),
    path("proposal/", views.WhoIsNext.as_view(), name="proposal"),
    path("assignments/", views.Assignments.as_view(), name="assignments"),
    path("specialist-cases/", specialists.SpecialistCases.as_view(), name="specialist-cases"),
    path("referrals/", beside.Referrals.as_view(), name="referrals"),
    path("referrals/<uuid:code>/settle/", beside.Settle.as_view(), name="referral-settle"),
    path("consultations/", beside.Consultations.as_view(), name="consultations"),
    path("<uuid:code>/preparation/", specialists.Preparation.as_view(), name="preparation"),
    path("groups/", groups.Groups.as_view(), name="groups"),
    path("groups/<uuid:code>/", groups.OneGroup.as_view(), name="group"),
    path("groups/<uuid:code>/move/", groups.MoveGroup.as_view(), name="group-move"),
    path("groups/<uuid:code>/cancel/", groups.CancelGroup.as_view(), name="group-cancel"),
    path("groups/<uuid:code>/confirm/", groups.ConfirmGroup.as_view(), name="group-confirm"),
    path("houses/", houses.Houses.as_view(), name="houses"),
    path("houses/<uuid:code>/", houses.HouseDoctor.as_view(), name="house-doctor"),
    path("cards/", views.Cards.as_view(), name="cards"),
    path("<uuid:code>/", views.OneAppointment.as_view(), name="appointment"),
    path("<uuid:code>/move/", views.Move.as_view(), name="move"),
    path("<uuid:code>/cancel/", views.Cancel.as_view(), name="cancel"),
    path("<uuid:code>/confirm/", views.Confirm.as_view(), name="confirm"),
    path("<uuid:code>/moves/", views.Moves.as_view(), name="moves"),
]
