from django.urls import path

from services.refunds.web import views

app_name = "refunds"
urlpatterns = [
    path("", views.register, name="register"),
    path("register.xlsx", views.workbook, name="workbook"),
    path("patients/<uuid:code>/", views.begin, name="begin"),
    path("<uuid:code>/", views.refund, name="refund"),
    path("<uuid:code>/opinion/", views.opinion, name="opinion"),
    path("<uuid:code>/withdraw/", views.withdraw, name="withdraw"),
    path("<uuid:code>/pay/", views.pay, name="pay"),
    path("<uuid:code>/put-off/", views.put_off, name="put-off"),
    path("<uuid:code>/take-back/", views.take_back, name="take-back"),
    path("<uuid:code>/payee/", views.payee, name="payee"),
    path("<uuid:code>/link/", views.send_link, name="link"),
    path("<uuid:code>/seal/", views.seal, name="seal"),
    path("confirm/<uuid:code>/<str:secret>/", views.confirm, name="confirm"),
]
