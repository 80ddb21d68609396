from django.urls import path

from dental.web import health, lab, preparation, views

app_name = "dental"
urlpatterns = [
    path("patients/<uuid:code>/", views.teeth, name="teeth"),
    path("patients/<uuid:code>/findings/", views.finding, name="finding"),
    path("patients/<uuid:code>/preparations/", preparation.of_patient, name="preparations"),
    path("patients/<uuid:code>/health/", health.questions, name="health"),
    path("patients/<uuid:code>/models/new/", lab.new, name="model-new"),
    path("treatments/<uuid:code>/redo/", views.redo, name="redo"),
    path("card-guide/", views.card_guide, name="card-guide"),
    path("pairing/", views.pairing, name="pairing"),
    path("visit-classes/", views.visit_classes, name="visit-classes"),
    path("models/", lab.models, name="models"),
    path("models/<uuid:code>/", lab.model, name="model"),
    path("models/<uuid:code>/send/", lab.send, name="model-send"),
    path("models/<uuid:code>/receive/", lab.receive, name="model-receive"),
    path("models/<uuid:code>/check/", lab.check, name="model-check"),
    path("models/<uuid:code>/remake/", lab.remake, name="model-remake"),
    path("models/<uuid:code>/lose/", lab.lose, name="model-lose"),
    path("models/<uuid:code>/fit/", lab.fit, name="model-fit"),
    path("models/<uuid:code>/fitting/", lab.fitting, name="model-fitting"),
    path("preparations/<uuid:code>/tick/", preparation.tick, name="preparation-tick"),
    path("preparations/<uuid:code>/prepared/", preparation.prepared, name="preparation-prepared"),
    path("preparations/<uuid:code>/withdraw/", preparation.withdraw, name="preparation-withdraw"),
]
