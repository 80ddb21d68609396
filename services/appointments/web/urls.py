from django.urls import path

from services.appointments.web import (
    booking,
    doctors,
    groups,
    houses,
    links,
    referrals,
    remote,
    specialists,
    today,
    views,
)

urlpatterns = [
    path("", views.board, name="board"),
    path("new/", booking.new, name="new"),
    path("slots/", booking.slots, name="slots"),
    path("patients/", booking.patients, name="patients"),
    path("groups/new/", groups.new, name="group-new"),
    path("groups/slots/", groups.slots, name="group-slots"),
    path("groups/<uuid:code>/", groups.group, name="group"),
    path("groups/<uuid:code>/confirm/", groups.confirm, name="group-confirm"),
    path("groups/<uuid:code>/move/", groups.move, name="group-move"),
    path("groups/<uuid:code>/cancel/", groups.cancel, name="group-cancel"),
    path("blocks/", views.blocks, name="blocks"),
    path("blocks/<uuid:code>/remove/", views.unblock, name="unblock"),
    path("cards/", views.cards, name="cards"),
    path("shares/", views.shares, name="shares"),
    path("specialist/", specialists.cases, name="specialist"),
    path("specialist/<uuid:code>/", specialists.case, name="specialist-case"),
    path("doctors/", doctors.doctors, name="doctors"),
    path("sessions/", doctors.session_list, name="sessions"),
    path("sessions/<uuid:code>/capacity/", doctors.session_capacity, name="session-capacity"),
    path("houses/", houses.shared, name="houses"),
    path("houses/<uuid:code>/leave/", houses.leave, name="houses-leave"),
    path("waits/", doctors.wait_report, name="waits"),
    path("unplanned/", today.unplanned, name="unplanned"),
    path("unplanned/<uuid:code>/", today.unplanned_one, name="unplanned-one"),
    path("referrals/", referrals.referral_list, name="referrals"),
    path("referrals/new/", referrals.new, name="referral-new"),
    path("referrals/<uuid:code>/", referrals.referral, name="referral"),
    path("referrals/<uuid:code>/settle/", referrals.settle, name="referral-settle"),
    path("referrals/<uuid:code>/withdraw/", referrals.withdraw, name="referral-withdraw"),
    path("consultations/", remote.consultations, name="consultations"),
    path("consultations/new/", remote.new, name="consultation-new"),
    path("consultations/<uuid:code>/", remote.consultation, name="consultation"),
    *(
        path(f"consultations/<uuid:code>/{verb}/", remote.step, {"verb": verb}, name=f"consultation-{verb}")
        for verb in ("consent", "accept", "refuse", "schedule", "hold", "record", "cancel")
    ),
    path("answer/<uuid:code>/<str:secret>/", links.answer, name="answer"),
    *(
        path(f"arrangements/<uuid:code>/{verb}/", today.step, {"verb": verb}, name=f"arrangement-{verb}")
        for verb in ("arranged", "difficult", "told", "acknowledged")
    ),
    path("<uuid:code>/arrange/", today.ask, name="arrange"),
    path("<uuid:code>/said/", today.said, name="said"),
    path("<uuid:code>/link/", links.send, name="send-link"),
    path("<uuid:code>/preparation/", specialists.preparation, name="preparation"),
    path("<uuid:code>/", views.appointment, name="appointment"),
    path("<uuid:code>/move/", booking.move, name="move"),
    path("<uuid:code>/drop/", booking.drop, name="move-drop"),
    path("<uuid:code>/cancel/", views.cancel, name="cancel"),
    path("<uuid:code>/confirm/", views.confirm, name="confirm"),
    path("<uuid:code>/told/", views.told, name="told"),
    path("<uuid:code>/no-show/", views.no_show, name="no-show"),
]
