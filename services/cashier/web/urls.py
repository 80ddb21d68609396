from django.urls import path

from services.cashier.web import dispatch, goods, views

app_name = "cashier"
urlpatterns = [
    path("", views.till, name="till"),
    path("goods/", goods.goods, name="goods"),
    path("slips/new/", views.new_slip, name="new-slip"),
    path("slips/<uuid:code>/", views.charge, name="charge"),
    path("slips/<uuid:code>/preview/", views.charge_preview, name="charge-preview"),
    path("slips/<uuid:code>/ask-discount/", views.ask_discount, name="ask-discount"),
    path("slips/<uuid:code>/withdraw/", views.withdraw, name="withdraw"),
    path("receipts/<uuid:code>/", views.receipt, name="receipt"),
    path("receipts/<uuid:code>/report-arrears/", views.report, name="report-arrears"),
    path("patients/<uuid:code>/", views.of_patient, name="of-patient"),
    path("dispatch/", dispatch.slips, name="dispatch"),
    path("dispatch/new/", dispatch.new, name="dispatch-new"),
    path("dispatch/<uuid:code>/", dispatch.slip, name="dispatch-slip"),
    path("arrears/", views.arrears, name="arrears"),
    path("arrears/<uuid:code>/", views.settle, name="settle"),
]
