from django.urls import path

from dermatology.web import views, watching

app_name = "dermatology"
urlpatterns = [
    path("", views.plans, name="plans"),
    path("patients/<uuid:code>/", views.of_patient, name="of-patient"),
    path("plans/<uuid:code>/", views.plan, name="plan"),
    path("plans/<uuid:code>/class/", views.change_class, name="class"),
    path("plans/<uuid:code>/end/", views.end, name="end"),
    path("visits/<uuid:code>/changes/", watching.changes_of, name="changes-of"),
    path("changes/<uuid:code>/<slug:step>/", watching.step, name="change-step"),
]
