from django.urls import path

from services.prepaid.web import acts, views

app_name = "prepaid"
urlpatterns = [
    path("", views.register, name="register"),
    path("offers/", views.offers, name="offers"),
    path("offers/stored-value/", views.offer_stored_value, name="offer-stored-value"),
    path("liability/", views.liability, name="liability"),
    path("patients/<uuid:code>/", views.patient, name="patient"),
    path("visits/<uuid:code>/", views.visit, name="visit"),
    path("holdings/<uuid:code>/", views.holding, name="holding"),
    path("holdings/<uuid:code>/freeze/", acts.freeze, name="freeze"),
    path("holdings/<uuid:code>/thaw/", acts.thaw, name="thaw"),
    path("holdings/<uuid:code>/extend/", acts.extend, name="extend"),
    path("holdings/<uuid:code>/share/", acts.share, name="share"),
    path("holdings/<uuid:code>/transfer/", acts.transfer, name="transfer"),
    path("holdings/<uuid:code>/refund/", acts.refund, name="refund"),
    path("shares/<uuid:code>/end/", acts.end_share, name="end-share"),
    path("uses/<uuid:code>/take-back/", acts.take_back, name="take-back"),
]
