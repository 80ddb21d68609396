from django.urls import path

from services.confidentiality.web import documents, registers

urlpatterns = [
    path("", documents.documents, name="documents"),
    path("documents/new/", documents.new, name="document-new"),
    path("documents/<uuid:code>/", documents.document, name="document"),
    path("documents/<uuid:code>/file/", documents.download, name="document-file"),
    path("documents/<uuid:code>/edit/", documents.edit, name="document-edit"),
    path("documents/<uuid:code>/withdraw/", documents.withdraw, name="document-withdraw"),
    path("agreements/", registers.agreements, name="agreements"),
    path("agreements/text/", registers.text, name="text"),
    path("agreements/<uuid:code>/end/", registers.end, name="agreement-end"),
    path("devices/", registers.devices, name="devices"),
    path("devices/<uuid:code>/", registers.device, name="device"),
    path("education/", registers.education, name="education"),
]
