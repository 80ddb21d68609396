from django.urls import path

from services.refunds.api import views

app_name = "api-refunds"
urlpatterns = [
    path("", views.Refunds.as_view(), name="refunds"),
    path("patients/<uuid:code>/items/", views.Items.as_view(), name="items"),
    path("<uuid:code>/", views.OneRefund.as_view(), name="refund"),
    path("<uuid:code>/opinion/", views.Opinion.as_view(), name="opinion"),
    path("<uuid:code>/withdraw/", views.Withdraw.as_view(), name="withdraw"),
    path("<uuid:code>/pay/", views.Pay.as_view(), name="pay"),
    path("<uuid:code>/put-off/", views.PutOff.as_view(), name="put-off"),
    path("<uuid:code>/take-back/", views.TakeBack.as_view(), name="take-back"),
    path("<uuid:code>/payee-signature/", views.PayeeSignature.as_view(), name="payee-signature"),
    path("<uuid:code>/link/", views.SendLink.as_view(), name="link"),
    path("<uuid:code>/seal/", views.SealForm.as_view(), name="seal"),
]
