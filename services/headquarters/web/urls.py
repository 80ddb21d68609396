from django.urls import path

from services.headquarters.web import doctors, rules, views

app_name = "headquarters"
urlpatterns = [
    path("", views.matrix, name="matrix"),
    path("branches/", views.branches, name="branches"),
    path("figures/<slug:key>/", views.figure, name="figure"),
    path("sites/<uuid:code>/<slug:key>/", views.site, name="site"),
    path("doctors/", doctors.doctors, name="doctors"),
    path("doctors/<uuid:code>/invite/", doctors.invite, name="doctor-invite"),
    path("doctors/<uuid:code>/close/", doctors.close, name="doctor-close"),
    path("doctors/<uuid:code>/members/<uuid:member>/end/", doctors.end, name="doctor-end"),
    path("rules/", rules.rules, name="rules"),
    path("rules/new/", rules.publish, name="publish"),
    path("rules/<uuid:code>/", rules.publication, name="publication"),
    path("export.csv", views.export, name="export"),
]
