from django.urls import path

from services.charts.api import views

urlpatterns = [
    path("staging/", views.Staging.as_view(), name="staging"),
    path("staging/<uuid:code>/", views.Pull.as_view(), name="pull"),
    path("blanks/", views.Blanks.as_view(), name="blanks"),
    path("releases/", views.Releases.as_view(), name="releases"),
    path("releases/<uuid:code>/", views.OneRelease.as_view(), name="release"),
    path("releases/<uuid:code>/consent/", views.Consent.as_view(), name="consent"),
    path("releases/<uuid:code>/refuse/", views.Refuse.as_view(), name="refuse"),
    path("releases/<uuid:code>/hand-out/", views.HandOut.as_view(), name="hand-out"),
    path("releases/<uuid:code>/take-back/", views.TakeBack.as_view(), name="take-back"),
    path("prints/", views.Prints.as_view(), name="prints"),
    path("transcriptions/", views.Transcriptions.as_view(), name="transcriptions"),
    path("transcriptions/<uuid:code>/verify/", views.Verify.as_view(), name="verify"),
    path("transcriptions/<uuid:code>/differs/", views.Differs.as_view(), name="differs"),
    path("transcriptions/<uuid:code>/again/", views.Again.as_view(), name="again"),
    path("transcriptions/<uuid:code>/give-back/", views.GiveBack.as_view(), name="give-back"),
    path("patients/<uuid:code>/releases/", views.ReleasesOfPatient.as_view(), name="releases-of"),
    path("patients/<uuid:code>/prints/", views.PrintsOfPatient.as_view(), name="prints-of"),
    path("patients/<uuid:code>/transcriptions/", views.TranscriptionsOfPatient.as_view(), name="transcriptions-of"),
]
