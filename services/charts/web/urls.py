from django.urls import path

from services.charts.web import paper, views

urlpatterns = [
    path("", views.staging, name="staging"),
    path("appointments/<uuid:code>/pull/", views.pull, name="pull"),
    path("appointments/<uuid:code>/back/", views.back, name="back"),
    path("blanks/", views.count, name="blanks"),
    path("writing/", views.writing, name="writing"),
    path("prints/", views.prints, name="prints"),
    path("releases/", views.releases, name="releases"),
    path("patients/<uuid:code>/", paper.of_patient, name="of-patient"),
    path("patients/<uuid:code>/request/", paper.request_chart, name="request"),
    path("patients/<uuid:code>/print/", paper.log_print, name="print"),
    path("patients/<uuid:code>/transcribe/", paper.transcribe, name="transcribe"),
    path("releases/<uuid:code>/consent/", paper.consent, name="consent"),
    path("releases/<uuid:code>/refuse/", paper.refuse, name="refuse"),
    path("releases/<uuid:code>/hand-out/", paper.hand_out, name="hand-out"),
    path("releases/<uuid:code>/take-back/", paper.take_back, name="take-back"),
    path("transcriptions/", views.transcriptions, name="transcriptions"),
    path("transcriptions/<uuid:code>/", paper.transcription, name="transcription"),
    path("transcriptions/<uuid:code>/verify/", paper.verify, name="verify"),
    path("transcriptions/<uuid:code>/differs/", paper.differs, name="differs"),
    path("transcriptions/<uuid:code>/again/", paper.again, name="again"),
    path("transcriptions/<uuid:code>/give-back/", paper.give_back, name="give-back"),
]
