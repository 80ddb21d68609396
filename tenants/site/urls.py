"""Pages of the base domain."""

from django.urls import path

from tenants.site import views

app_name = "site"

urlpatterns = [
    path("", views.landing, name="landing"),
    path("sign-in/", views.find, name="find"),
    path("sign-up/", views.sign_up, name="sign-up"),
    path("sign-up/address/", views.address, name="address"),
    path("sign-up/<uuid:code>/", views.progress, name="progress"),
]
