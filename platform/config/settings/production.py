"""Production: https only, and no demo default survives."""

import os

from django.core.exceptions import ImproperlyConfigured

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
missing = [name for name in REQUIRED if not os.environ.get(name)]
if missing:
    raise ImproperlyConfigured(f"production does not start on demo defaults; set {', '.join(missing)}")
if os.environ["STRIPE_API_KEY"].startswith("sk_test_demo"):
    raise ImproperlyConfigured("production does not start on demo defaults; set STRIPE_API_KEY")

SECURE_SSL_REDIRECT = True
SECURE_HSTS_SECONDS = 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
