from django.urls import path

from services.discounts.web import views

app_name = "discounts"
urlpatterns = [
    path("", views.policy_list, name="policies"),
    path("policies/<uuid:code>/end/", views.policy_end, name="policy-end"),
    path("coupons/", views.coupon_list, name="coupons"),
    path("coupons/<uuid:code>/withdraw/", views.coupon_withdraw, name="coupon-withdraw"),
    path("requests/", views.approval_list, name="approvals"),
    path("requests/<uuid:code>/", views.approval, name="approval"),
    path("requests/<uuid:code>/decide/", views.decide, name="decide"),
]
