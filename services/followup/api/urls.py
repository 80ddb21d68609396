from django.urls import path

from services.followup.api import views

urlpatterns = [
    path("", views.FollowUps.as_view(), name="followups"),
    path("<uuid:code>/", views.OneFollowUp.as_view(), name="followup"),
    path("<uuid:code>/attempts/", views.Attempts.as_view(), name="attempts"),
    path("<uuid:code>/result/", views.Result.as_view(), name="result"),
    path("<uuid:code>/answer/", views.Answer.as_view(), name="answer"),
    path("<uuid:code>/contact/", views.Contact.as_view(), name="contact"),
    path("<uuid:code>/cancel/", views.Cancel.as_view(), name="cancel"),
]
