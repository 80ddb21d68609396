from django.urls import path

from services.confidentiality.api import views

urlpatterns = [
    path("documents/", views.Documents.as_view(), name="documents"),
    path("documents/<uuid:code>/", views.OneDocument.as_view(), name="document"),
    path("documents/<uuid:code>/open/", views.OpenDocument.as_view(), name="document-open"),
    path("documents/<uuid:code>/accesses/", views.Accesses.as_view(), name="document-accesses"),
    path("agreements/", views.Agreements.as_view(), name="agreements"),
    path("agreements/texts/", views.Texts.as_view(), name="texts"),
    path("agreements/<uuid:code>/", views.OneAgreement.as_view(), name="agreement"),
    path("agreements/<uuid:code>/end/", views.EndAgreement.as_view(), name="agreement-end"),
    path("devices/", views.Devices.as_view(), name="devices"),
    path("devices/<uuid:code>/", views.OneDevice.as_view(), name="device"),
    path("devices/<uuid:code>/check/", views.CheckDevice.as_view(), name="device-check"),
    path("education/", views.Educations.as_view(), name="education"),
]
