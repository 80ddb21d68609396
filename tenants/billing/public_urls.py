"""Mounted at ``/billing/`` on the base domain."""

from django.urls import path

from tenants.billing import webhooks

urlpatterns = [path("stripe/webhook/", webhooks.receive, name="stripe-webhook")]
