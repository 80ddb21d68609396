from django.utils.translation import gettext_lazy as _

from kernel.registry import Daily, Room

ROOM = Room(
    key="auth",
    label=_("Sign-in for apps"),
    families=frozenset({"business", "headquarters", "platform"}),
    api_urls="kernel.api.auth.urls",
    daily={"api.purge_idempotency": Daily(at="03:50", handler="kernel.api.idempotency.purge")},
)
