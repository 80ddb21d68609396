from django.urls import path

from services.consents.api import views

urlpatterns = [
    path("templates/", views.Templates.as_view(), name="templates"),
    path("templates/<uuid:code>/", views.OneTemplate.as_view(), name="template"),
    path("templates/<uuid:code>/versions/", views.Versions.as_view(), name="versions"),
    path("forms/", views.Forms.as_view(), name="forms"),
    path("patients/<uuid:code>/", views.OfPatient.as_view(), name="of-patient"),
    path("patients/<uuid:code>/disclosures/", views.DisclosuresOfPatient.as_view(), name="disclosures-of"),
    path("disclosures/", views.Disclosures.as_view(), name="disclosures"),
    path("<uuid:code>/", views.OneConsent.as_view(), name="consent"),
    path("<uuid:code>/withdraw/", views.Withdraw.as_view(), name="withdraw"),
]
