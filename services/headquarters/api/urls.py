from django.urls import path

from services.headquarters.api import doctors, rules, views

app_name = "api-headquarters"
urlpatterns = [
    path("doctors/", doctors.Doctors.as_view(), name="doctors"),
    path("doctors/<uuid:code>/", doctors.Doctor.as_view(), name="doctor"),
    path("matrix/", views.MatrixView.as_view(), name="matrix"),
    path("rules/", rules.Publications.as_view(), name="rules"),
    path("rules/<uuid:code>/", rules.Publication.as_view(), name="publication"),
    path("sites/<uuid:code>/figures/<slug:key>/days/", views.SiteDays.as_view(), name="days"),
]
