from django.urls import path

from services.prepaid.api import views

app_name = "api-prepaid"
urlpatterns = [
    path("offers/", views.Offers.as_view(), name="offers"),
    path("offers/packages/", views.NewPackage.as_view(), name="offer-package"),
    path("offers/stored-value/", views.NewStoredValue.as_view(), name="offer-stored-value"),
    path("holdings/", views.Holdings.as_view(), name="holdings"),
    path("holdings/<uuid:code>/", views.OneHolding.as_view(), name="holding"),
    path("holdings/<uuid:code>/statement/", views.Statement.as_view(), name="statement"),
    path("holdings/<uuid:code>/freeze/", views.Freeze.as_view(), name="freeze"),
    path("holdings/<uuid:code>/thaw/", views.Thaw.as_view(), name="thaw"),
    path("holdings/<uuid:code>/extend/", views.Extend.as_view(), name="extend"),
    path("holdings/<uuid:code>/share/", views.NewShare.as_view(), name="share"),
    path("holdings/<uuid:code>/transfer/", views.NewTransfer.as_view(), name="transfer"),
    path("holdings/<uuid:code>/quote/", views.Quoted.as_view(), name="quote"),
    path("holdings/<uuid:code>/refund/", views.AskRefund.as_view(), name="refund"),
    path("patients/<uuid:code>/", views.OfPatient.as_view(), name="patient"),
    path("uses/", views.Uses.as_view(), name="uses"),
    path("uses/<uuid:code>/take-back/", views.TakeBack.as_view(), name="take-back"),
    path("shares/<uuid:code>/end/", views.EndShare.as_view(), name="end-share"),
    path("sites/<uuid:code>/liability/", views.Liability.as_view(), name="liability"),
]
