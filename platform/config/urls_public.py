"""URLs of the base domain: the platform's public site, the webhooks, and the probes."""

from django.urls import include, path

urlpatterns = [
    path("", include("kernel.observability.urls")),
    # Before the frame's own pages: what stands at the root of this host is nobody's work.
    path("", include("tenants.site.urls")),
    path("billing/", include(("tenants.billing.public_urls", "billing"))),
    path("", include("kernel.web.urls")),
]
handler400 = "kernel.web.errors.bad_request"
handler403 = "kernel.web.errors.permission_denied"
handler404 = "kernel.web.errors.page_not_found"
handler500 = "kernel.web.errors.server_error"
