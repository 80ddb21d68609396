from django.urls import path

from services.intake.api import views

urlpatterns = [
    path("visits/<uuid:code>/sheet/", views.Begin.as_view(), name="begin"),
    path("sheets/", views.Sheets.as_view(), name="sheets"),
    path("sheets/<uuid:code>/", views.OneSheet.as_view(), name="sheet"),
    path("sheets/<uuid:code>/answers/", views.Answer.as_view(), name="answers"),
    path("sheets/<uuid:code>/check/", views.Check.as_view(), name="check"),
    path("sheets/<uuid:code>/signature/", views.Sign.as_view(), name="signature"),
    path("sheets/<uuid:code>/special/", views.Special.as_view(), name="special"),
    path("sheets/<uuid:code>/alert/", views.Alert.as_view(), name="alert"),
    path("sheets/<uuid:code>/hand-overs/", views.Give.as_view(), name="hand-overs"),
    path("hand-overs/<uuid:code>/acknowledgement/", views.Acknowledge.as_view(), name="acknowledgement"),
]
