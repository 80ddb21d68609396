from django.urls import path

from services.cashier.api import views

app_name = "api-cashier"
urlpatterns = [
    path("slips/", views.Slips.as_view(), name="slips"),
    path("slips/<uuid:code>/", views.Slip.as_view(), name="slip"),
    path("slips/<uuid:code>/withdraw/", views.Withdraw.as_view(), name="withdraw"),
    path("slips/<uuid:code>/charge/", views.Charge.as_view(), name="charge"),
    path("slips/<uuid:code>/ask-discount/", views.AskDiscount.as_view(), name="ask-discount"),
    path("sales/", views.Sales.as_view(), name="sales"),
    path("receipts/", views.Receipts.as_view(), name="receipts"),
    path("receipts/<uuid:code>/", views.ReceiptDetail.as_view(), name="receipt"),
    path("receipts/<uuid:code>/report-arrears/", views.ReportArrears.as_view(), name="report-arrears"),
    path("dispatch-slips/", views.DispatchSlips.as_view(), name="dispatch-slips"),
    path("dispatch-slips/<uuid:code>/", views.OneDispatchSlip.as_view(), name="dispatch-slip"),
    path("arrears/", views.Arrears.as_view(), name="arrears"),
    path("arrears/<uuid:code>/settle/", views.Settle.as_view(), name="settle"),
]
