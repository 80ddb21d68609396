from django.urls import path

from aesthetics.web import views

app_name = "aesthetics"
urlpatterns = [
    path("", views.procedures, name="procedures"),
    path("patients/<uuid:code>/", views.of_patient, name="of-patient"),
    path("procedures/<uuid:code>/", views.procedure, name="procedure"),
    path("procedures/<uuid:code>/<slug:step>/", views.step, name="step"),
]
