"""Production: https only, and no demo default survives."""

import os

from django.core.exceptions import ImproperlyConfigured

from config.settings import base

PRODUCTION = True

REQUIRED = (
    "DATABASE_URL",
    "DATABASE_ADMIN_URL",
    "REDIS_URL",
    "BASE_DOMAIN",
    "DJANGO_SECRET_KEY",
    "FIELD_KEYS",
    "STRIPE_API_KEY",
    "STRIPE_WEBHOOK_SECRET",
    "EMAIL_URL",
    "SMS_URL",
    "MEDIA_STORAGE_URL",
)
SHORTEST_SECRET = 32


def _demo_defaults() -> list[str]:
    """The variables that are missing, or that repeat what the demo uses: everybody can read that in the code."""
    said = {name: os.environ.get(name, "") for name in REQUIRED}
    found = {name for name, value in said.items() if not value}
    if said["STRIPE_API_KEY"].startswith("sk_test_demo"):
        found.add("STRIPE_API_KEY")
    if said["STRIPE_WEBHOOK_SECRET"] in {"whsec_demo", "whsec_test"}:
        found.add("STRIPE_WEBHOOK_SECRET")
    if base.ACQUIRER_URL and base.ACQUIRER_KEY in {"", "acquirer_demo"}:
        found.add("ACQUIRER_KEY")
    if said["DJANGO_SECRET_KEY"] == base.DEMO_SECRET_KEY or len(said["DJANGO_SECRET_KEY"]) < SHORTEST_SECRET:
        found.add("DJANGO_SECRET_KEY")
    if base.DEMO_FIELD_KEYS.partition(":")[2] in said["FIELD_KEYS"]:
        found.add("FIELD_KEYS")
    if said["BASE_DOMAIN"] == "localhost" or said["BASE_DOMAIN"].endswith(".localhost"):
        found.add("BASE_DOMAIN")
    # A folder that nobody reads swallows codes and reminders; a folder for media is a real storage.
    found.update(name for name in ("EMAIL_URL", "SMS_URL") if said[name].startswith("file://"))
    return [name for name in (*REQUIRED, "ACQUIRER_KEY") if name in found]


if refused := _demo_defaults():
    raise ImproperlyConfigured(f"production does not start on demo defaults; set {', '.join(refused)}")

SECURE_SSL_REDIRECT = True
SECURE_HSTS_SECONDS = 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
