from django.urls import path

from services.treatment_area.api import views

urlpatterns = [
    path("visits/<uuid:code>/relatives/", views.Relatives.as_view(), name="relatives"),
    path("visits/<uuid:code>/relatives/refused/", views.RefusedRelatives.as_view(), name="refused-relatives"),
    path("visits/<uuid:code>/medical-needs/", views.MedicalNeeds.as_view(), name="medical-needs"),
    path("visits/<uuid:code>/take-over/", views.TakeOver.as_view(), name="take-over"),
    path("visits/<uuid:code>/feedback/", views.GiveFeedback.as_view(), name="feedback"),
    path("visits/<uuid:code>/notes/", views.SendNote.as_view(), name="send-note"),
    path("visits/<uuid:code>/priority/", views.RaisePriority.as_view(), name="priority"),
    path("relatives/<uuid:code>/out/", views.RelativeOutside.as_view(), name="relative-out"),
    path("notes/", views.Notes.as_view(), name="notes"),
    path("notes/<uuid:code>/reply/", views.Reply.as_view(), name="reply"),
    path("notes/<uuid:code>/withdraw/", views.WithdrawNote.as_view(), name="withdraw-note"),
    path("priorities/", views.Priorities.as_view(), name="priorities"),
    path("priorities/<uuid:code>/accompany/", views.Accompany.as_view(), name="accompany"),
    path("priorities/<uuid:code>/end/", views.EndPriority.as_view(), name="end-priority"),
    path("concerns/", views.Concerns.as_view(), name="concerns"),
    path("concerns/<uuid:code>/resolve/", views.Resolve.as_view(), name="resolve"),
]
