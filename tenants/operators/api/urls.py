"""Mounted at ``/api/v1/operators/``."""

from django.urls import path

from tenants.operators.api import views

urlpatterns = [
    path("tenants/", views.Tenants.as_view(), name="tenants"),
    path("tenants/<slug:slug>/", views.OneTenant.as_view(), name="tenant"),
    path("tenants/<slug:slug>/verticals/<slug:vertical>/", views.Switch.as_view(), name="switch"),
    path("tenants/<slug:slug>/suspension/", views.Suspension.as_view(), name="suspension"),
    path("tenants/<slug:slug>/domains/", views.Domains.as_view(), name="domains"),
    path("tenants/<slug:slug>/domains/<str:host>/", views.OneDomain.as_view(), name="domain"),
    path("tenants/<slug:slug>/dead-letters/", views.DeadLetters.as_view(), name="dead-letters"),
    path("jobs/", views.Jobs.as_view(), name="jobs"),
    path("jobs/<uuid:code>/", views.OneJob.as_view(), name="job"),
    path("jobs/<uuid:code>/resume/", views.Resumption.as_view(), name="resume"),
    path("sign-ups/", views.SignUps.as_view(), name="sign-ups"),
    path("sign-ups/<uuid:code>/decision/", views.Decision.as_view(), name="decision"),
    path("health/", views.Health.as_view(), name="health"),
]
