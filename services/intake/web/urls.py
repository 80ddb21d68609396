from django.urls import path

from services.intake.web import acts, tablet, views

app_name = "intake"
urlpatterns = [
    path("", views.work_list, name="list"),
    path("visits/<uuid:code>/", views.of_visit, name="of-visit"),
    path("visits/<uuid:code>/override/", acts.override, name="override"),
    path("forms/<uuid:code>/", views.wording, name="wording"),
    path("fill/<str:token>/", tablet.tablet, name="tablet"),
    path("hand-overs/<uuid:code>/acknowledge/", acts.acknowledge, name="acknowledge"),
    path("<uuid:code>/", views.sheet, name="sheet"),
    path("<uuid:code>/answers/", acts.answer, name="answer"),
    path("<uuid:code>/reopen/", acts.reopen, name="reopen"),
    path("<uuid:code>/sign/", acts.sign, name="sign"),
    path("<uuid:code>/special/", acts.special, name="special"),
    path("<uuid:code>/special/<uuid:finding>/off/", acts.highlight_off, name="highlight-off"),
    path("<uuid:code>/alert/", acts.alert, name="alert"),
    path("<uuid:code>/hand-over/", acts.give, name="give"),
    path("<uuid:code>/link/", acts.link, name="link"),
]
