from django.urls import path

from services.followup.web import views

urlpatterns = [
    path("", views.followups, name="list"),
    path("rules/", views.rule_list, name="rules"),
    path("rules/<slug:key>/", views.rule, name="rule"),
    path("<uuid:code>/", views.followup, name="followup"),
    path("<uuid:code>/attempt/", views.attempt, name="attempt"),
    path("<uuid:code>/result/", views.result, name="result"),
    path("<uuid:code>/answer/", views.answer, name="answer"),
    path("<uuid:code>/contact/", views.contact, name="contact"),
    path("<uuid:code>/opt-out/", views.opt_out, name="opt-out"),
    path("<uuid:code>/cancel/", views.cancel, name="cancel"),
]
