from django.urls import path

from services.vip.web import beside, views

app_name = "vip"
urlpatterns = [
    path("", views.register, name="register"),
    path("register.xlsx", views.workbook, name="workbook"),
    path("cards/<uuid:code>/", views.card, name="card"),
    path("cards/<uuid:code>/sign/", views.sign, name="sign"),
    path("cards/<uuid:code>/issue/", views.issue, name="issue"),
    path("cards/<uuid:code>/lost/", views.lost, name="lost"),
    path("cards/<uuid:code>/replace/", views.replace, name="replace"),
    path("cards/<uuid:code>/revoke/", views.revoke, name="revoke"),
    path("receipts/<uuid:code>/", views.use, name="use"),
    path("patients/<uuid:code>/", beside.patient, name="patient"),
    path("patients/<uuid:code>/tell/", beside.tell, name="tell"),
    path("patients/<uuid:code>/check/", beside.check, name="check"),
    path("vouchers/", beside.voucher_list, name="vouchers"),
    path("packages/", beside.package_new, name="packages"),
    path("vouchers/<uuid:code>/withdraw/", beside.voucher_withdraw, name="voucher-withdraw"),
    path("measures/", beside.measure_list, name="measures"),
    path("measures/<uuid:code>/end/", beside.measure_end, name="measure-end"),
]
