"""Pages of the operators' console, at the root of its host."""

from django.urls import path

from tenants.operators.web import views

urlpatterns = [
    path("tenants/", views.tenants, name="tenants"),
    path("tenants/new/", views.new_tenant, name="new"),
    path("tenants/new/address/", views.address, name="address"),
    path("tenants/<slug:slug>/", views.tenant, name="tenant"),
    path("tenants/<slug:slug>/verticals/<slug:vertical>/", views.switch, name="switch"),
    path("tenants/<slug:slug>/suspension/", views.suspension, name="suspension"),
    path("tenants/<slug:slug>/domains/", views.add_domain, name="add-domain"),
    path("tenants/<slug:slug>/domains/remove/", views.remove_domain, name="remove-domain"),
    path("tenants/<slug:slug>/domains/primary/", views.primary_domain, name="primary-domain"),
    path("tenants/<slug:slug>/dead-letters/", views.requeue, name="requeue"),
    path("tenants/<slug:slug>/migration/", views.migration, name="migration"),
    path("jobs/", views.jobs, name="jobs"),
    path("jobs/<uuid:code>/", views.job, name="job"),
    path("jobs/<uuid:code>/resume/", views.resume, name="resume"),
    path("sign-ups/", views.sign_ups, name="sign-ups"),
    path("sign-ups/<uuid:code>/", views.decide, name="decide"),
    path("dead-letters/", views.dead_letters, name="dead-letters"),
    path("health/", views.health, name="health"),
]
