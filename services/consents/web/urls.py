from django.urls import path

from services.consents.web import views

urlpatterns = [
    path("templates/", views.template_list, name="templates"),
    path("templates/<uuid:code>/", views.template, name="template"),
    path("patients/<uuid:code>/", views.of_patient, name="of-patient"),
    path("patients/<uuid:code>/disclosures/", views.disclosures_of, name="disclosures-of"),
    path("<uuid:code>/withdraw/", views.withdraw, name="withdraw"),
    path("disclosures/", views.disclosures, name="disclosures"),
]
