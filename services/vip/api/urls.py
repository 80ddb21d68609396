from django.urls import path

from services.vip.api import views

app_name = "api-vip"
urlpatterns = [
    path("cards/", views.Cards.as_view(), name="cards"),
    path("cards/hand-over/", views.HandOver.as_view(), name="hand-over"),
    path("cards/<uuid:code>/", views.Card.as_view(), name="card"),
    path("cards/<uuid:code>/propose/", views.Propose.as_view(), name="propose"),
    path("cards/<uuid:code>/sign/", views.Sign.as_view(), name="sign"),
    path("cards/<uuid:code>/issue/", views.Issue.as_view(), name="issue"),
    path("cards/<uuid:code>/lost/", views.Lost.as_view(), name="lost"),
    path("cards/<uuid:code>/replace/", views.Replace.as_view(), name="replace"),
    path("cards/<uuid:code>/revoke/", views.Revoke.as_view(), name="revoke"),
    path("uses/", views.Uses.as_view(), name="uses"),
    path("packages/", views.Packages.as_view(), name="packages"),
    path("vouchers/", views.Vouchers.as_view(), name="vouchers"),
    path("vouchers/check/", views.Check.as_view(), name="voucher-check"),
    path("vouchers/<uuid:code>/withdraw/", views.WithdrawVoucher.as_view(), name="voucher-withdraw"),
    path("measures/", views.Measures.as_view(), name="measures"),
    path("measures/tell/", views.Tell.as_view(), name="tell"),
    path("measures/<uuid:code>/end/", views.EndMeasure.as_view(), name="measure-end"),
]
