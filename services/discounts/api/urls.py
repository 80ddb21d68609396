from django.urls import path

from services.discounts.api import views

app_name = "api-discounts"
urlpatterns = [
    path("policies/", views.Policies.as_view(), name="policies"),
    path("policies/<uuid:code>/end/", views.EndPolicy.as_view(), name="policy-end"),
    path("coupons/", views.Coupons.as_view(), name="coupons"),
    path("coupons/<uuid:code>/withdraw/", views.WithdrawCoupon.as_view(), name="coupon-withdraw"),
    path("requests/", views.Requests.as_view(), name="requests"),
    path("requests/<uuid:code>/", views.OneRequest.as_view(), name="request"),
    path("requests/<uuid:code>/decide/", views.Decide.as_view(), name="decide"),
]
