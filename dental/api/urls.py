from django.urls import path

from dental.api import lab, views

app_name = "api-dental"
urlpatterns = [
    path("patients/<uuid:code>/teeth/", views.Teeth.as_view(), name="teeth"),
    path("patients/<uuid:code>/findings/", views.Findings.as_view(), name="findings"),
    path("patients/<uuid:code>/warranty/", views.WarrantyCheck.as_view(), name="warranty"),
    path("patients/<uuid:code>/visit-class/", views.VisitClassOf.as_view(), name="visit-class"),
    path("patients/<uuid:code>/health/", views.HealthOf.as_view(), name="health"),
    path("patients/<uuid:code>/preparations/", lab.Preparations.as_view(), name="preparations"),
    path("treatments/<uuid:code>/redo/", views.Redo.as_view(), name="redo"),
    path("visit-classes/", views.ClassStatistics.as_view(), name="visit-classes"),
    path("models/", lab.Models.as_view(), name="models"),
    path("models/<uuid:code>/", lab.OneModel.as_view(), name="model"),
    path("models/<uuid:code>/send/", lab.Send.as_view(), name="model-send"),
    path("models/<uuid:code>/receive/", lab.Receive.as_view(), name="model-receive"),
    path("models/<uuid:code>/check/", lab.Check.as_view(), name="model-check"),
    path("models/<uuid:code>/remake/", lab.Remake.as_view(), name="model-remake"),
    path("models/<uuid:code>/lose/", lab.Lose.as_view(), name="model-lose"),
    path("models/<uuid:code>/fit/", lab.Fit.as_view(), name="model-fit"),
    path("models/<uuid:code>/fitting/", lab.Fitting.as_view(), name="model-fitting"),
    path("preparations/<uuid:code>/tick/", lab.Tick.as_view(), name="preparation-tick"),
    path("preparations/<uuid:code>/prepared/", lab.Prepared.as_view(), name="preparation-prepared"),
    path("preparations/<uuid:code>/withdraw/", lab.Withdraw.as_view(), name="preparation-withdraw"),
]
