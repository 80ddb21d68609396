"""What every tenant has besides its rooms: sign-in, language, API description and health."""

from django.urls import include, path

urlpatterns = [
    path("", include("kernel.observability.urls")),
    path("", include("kernel.web.urls")),
    path("accounts/", include("kernel.identity.accounts_urls")),
    path("api/", include("kernel.api.urls")),
]
