"""What every environment shares. Addresses and secrets come from the environment variables of the contract."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.utils.translation import gettext_lazy as _

from kernel.identity.defaults import *  # noqa: F403  # how people sign in: allauth, second factor, sessions, tokens

ROOT = Path(__file__).resolve().parents[3]
VAR = Path(os.environ.get("LIANZHEN_VAR", ROOT / "var")).resolve()
ENVIRONMENT = os.environ.get("DJANGO_ENV", "demo")
DEMO = ENVIRONMENT == "demo"
DEBUG = False

BASE_DOMAIN = os.environ.get("BASE_DOMAIN", "localhost")
ALLOWED_HOSTS = ["*"]  # the tenant middleware is the list of hosts: unknown ones get a bare 404
PUBLIC_HOSTS = frozenset({BASE_DOMAIN, f"www.{BASE_DOMAIN}"})
HOSTLESS_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})  # probes come by address
USE_X_FORWARDED_HOST = False

# What the demo runs on; production refuses both.
DEMO_SECRET_KEY = "demo-only-secret-key-which-production-refuses"  # noqa: S105
DEMO_FIELD_KEYS = "demo:ZGVtby1maWVsZC1rZXktMzItYnl0ZXMtbG9uZyEhISE="

SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY", DEMO_SECRET_KEY)
SECRET_KEY_FALLBACKS = [key for key in os.environ.get("DJANGO_SECRET_KEY_FALLBACKS", "").split(",") if key]
# "id:base64,id:base64": the first encrypts, all decrypt.
FIELD_KEYS = os.environ.get("FIELD_KEYS", DEMO_FIELD_KEYS)

# --- apps -----------------------------------------------------------------------------------------------------------
ALL_VERTICALS = ("dental", "dermatology", "aesthetics", "escort")
VERTICALS = [
    key
    for key in (os.environ["VERTICALS"].split(",") if "VERTICALS" in os.environ else ALL_VERTICALS)
    if key and (ROOT / key / "vertical.py").exists()
]

SHARED_APPS = [
    "django_tenants",
    "django.contrib.postgres",
    "tenants",
    "tenants.billing",
    "kernel.schedule",
    "kernel.busy",
    "kernel.web",
    "kernel.observability",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "django_vite",
    "config.demo",
]
TENANT_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "kernel.identity",
    "allauth",  # behind identity, whose templates stand in place of its own
    "allauth.account",
    "allauth.mfa",
    "kernel.audit",
    "kernel.outbox",
    "kernel.timers",
    "kernel.parameters",
    "kernel.numbering",
    "kernel.files",
    "kernel.messaging",
    "kernel.api",
    "tenants.entitlements",
    "tenants.operators",
    "services.sites",
    "services.staff",
    "services.tasks",
    "services.policy",
    "services.rules",
    "services.documents",
    "services.search",
    "services.importing",
    "services.catalogue",
    "services.patients",
    "services.appointments",
    "services.reception",
    "services.treatment_area",
    "services.intake",
    "services.records",
    "services.confidentiality",
    "services.consents",
    "services.charts",
    "services.books",
    "services.discounts",
    "services.cashier",
    "services.seals",
    "services.corrections",
    "services.refunds",
    "services.inventory",
    "services.vip",
    "services.prepaid",
    "services.payments",
    "services.guest_care",
    "services.sterilisation",
    "services.equipment",
    "services.followup",
    "services.telephone",
    "services.shift",
    "services.till_days",
    "services.outage",
    "services.consultation",
    "services.complaints",
    "services.kpis",
    "services.headquarters",
    *VERTICALS,
]
INSTALLED_APPS = [*SHARED_APPS, *TENANT_APPS]

# --- tenants --------------------------------------------------------------------------------------------------------
TENANT_MODEL = "tenants.Tenant"
TENANT_DOMAIN_MODEL = "tenants.Domain"
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
SKIP_PG_EXTRA_VALIDATION = True  # it asks the database at every start; "ext" is no slug that a tenant can have
TENANT_LIMIT_SET_CALLS = False
TENANT_URLCONF_FACTORY = "config.urls.tenant_urlconf"
ROOT_URLCONF = "config.urls_nowhere"
PUBLIC_SCHEMA_URLCONF = "config.urls_public"
WRITE_GUARD = "tenants.billing.guard.refuse_writes_when_read_only"
CLOSED_WORDS = "tenants.billing.guard.closed_words"
OUTBOX_WAKE = "tenants.relay.wake"
OUTBOX_DELIVER_TO_HEADQUARTERS = "tenants.relay.deliver_to_headquarters"
OUTBOX_DELIVER_TO_HOUSES = "tenants.relay.deliver_to_houses"


def database_from(url: str) -> dict[str, Any]:
    """Read ``postgresql://user:password@host:port/name``."""
    parts = urlsplit(url)
    return {
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "127.0.0.1",
        "PORT": str(parts.port or 5432),
    }


DATABASE_URL = os.environ.get("DATABASE_URL", "postgresql://lianzhen_app@127.0.0.1:5432/lianzhen")
DATABASE_ADMIN = database_from(os.environ.get("DATABASE_ADMIN_URL", DATABASE_URL))
STATEMENT_TIMEOUT_SECONDS = int(os.environ.get("STATEMENT_TIMEOUT_SECONDS", "15"))
DATABASES = {
    "default": {
        "ENGINE": "tenants.database",
        **database_from(DATABASE_URL),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "options": f"-c statement_timeout={STATEMENT_TIMEOUT_SECONDS}s"
            " -c idle_in_transaction_session_timeout=60s -c lock_timeout=10s",
        },
    }
}
# Kept apart: the connection changes its own copy of the settings while it works as the owner.
DATABASE_APP_LOGIN: str = DATABASES["default"]["USER"]
# Part of every role's name, because roles belong to the whole cluster and databases may be copied in it.
DATABASE_ID = os.environ.get("DATABASE_ID") or hashlib.sha256(DATABASES["default"]["NAME"].encode()).hexdigest()[:8]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_FUNCTION": "tenants.cache.tenant_key",
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    }
}

# --- web ------------------------------------------------------------------------------------------------------------
MIDDLEWARE = [
    "kernel.observability.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "tenants.middleware.TenantMiddleware",
    "csp.middleware.CSPMiddleware",
    "kernel.identity.middleware.TenantSessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "kernel.identity.middleware.SessionGuardMiddleware",
    "kernel.identity.middleware.ActorMiddleware",
    "kernel.web.middleware.LanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "kernel.web.middleware.RefusalMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "kernel.web.context.page_context",
            ],
        },
    }
]
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
FORMS_URLFIELD_ASSUME_HTTPS = True
WSGI_APPLICATION = "config.wsgi.application"

STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
FRONTEND_DIR = Path(os.environ.get("FRONTEND_DIR", VAR / "frontend"))
# The Chinese font of the documents; without it a receipt would be empty boxes.
FONTS_DIR = Path(os.environ.get("FONTS_DIR", VAR / "fonts"))
STATICFILES_DIRS = [FRONTEND_DIR] if FRONTEND_DIR.exists() else []
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
DJANGO_VITE = {
    "default": {"dev_mode": False, "manifest_path": FRONTEND_DIR / ".vite" / "manifest.json", "static_url_prefix": ""}
}
MEDIA_ROOT = VAR / "media"
MEDIA_STORAGE_URL = os.environ.get("MEDIA_STORAGE_URL", f"file://{MEDIA_ROOT}")
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
COOKIE_PREFIX = "__Host-"
SESSION_COOKIE_NAME = "__Host-session"
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_DOMAIN = None
CSRF_COOKIE_NAME = "__Host-csrf"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_DOMAIN = None
CSRF_FAILURE_VIEW = "kernel.web.errors.csrf_failure"
SESSION_IDLE_MINUTES = 15
SESSION_ABSOLUTE_HOURS = 12
REAUTHENTICATION_MINUTES = 5

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "manifest-src": ["'self'"],
        "worker-src": ["'self'"],
    }
}

# --- people ---------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "identity.User"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "account_login"
SITE_CHOICES = "config.hooks.site_choices"
LOGIN_REDIRECT_URL = "/"

# --- languages and time ---------------------------------------------------------------------------------------------
USE_TZ = True
TIME_ZONE = os.environ.get("TIME_ZONE", "Asia/Shanghai")
USE_I18N = True
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("zh-hant", _("Traditional Chinese")), ("en", _("English"))]
LOCALE_PATHS = [ROOT / "locale"]
LANGUAGE_COOKIE_NAME = "language"
CLOCK_FILE = VAR / "clock.json"
CLOCK_MAY_MOVE = ENVIRONMENT != "production"

# --- background -----------------------------------------------------------------------------------------------------
CELERY = {
    "broker_url": REDIS_URL,
    "result_backend": None,
    "task_ignore_result": True,
    "task_serializer": "json",
    "accept_content": ["json"],
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "worker_prefetch_multiplier": 1,
    "task_time_limit": 600,
    "task_soft_time_limit": 540,
    "broker_transport_options": {"visibility_timeout": 900, "socket_timeout": 5, "socket_connect_timeout": 2},
    "broker_connection_retry_on_startup": True,
    "task_publish_retry": False,
    "timezone": "UTC",
    "worker_hijack_root_logger": False,
}
CELERY_APP = "config.celery.app"
TICK_SECONDS = 1.0
HEARTBEAT_AGES = "tenants.heartbeats.ages"
READINESS_CHECKS = {"migrations": "tenants.readiness.migrations"}
METRIC_GAUGES = {"due_backlog_seconds": "tenants.heartbeats.backlog"}

# --- ports ----------------------------------------------------------------------------------------------------------
EMAIL_URL = os.environ.get("EMAIL_URL", f"file://{VAR}/outbox/mail")
SMS_URL = os.environ.get("SMS_URL", f"file://{VAR}/outbox/sms")
STRIPE_API_KEY = os.environ.get("STRIPE_API_KEY", "sk_test_demo")
STRIPE_API_BASE = os.environ.get("STRIPE_API_BASE", "")
STRIPE_WEBHOOK_SECRET = os.environ.get("STRIPE_WEBHOOK_SECRET", "whsec_demo")
# Wallet payments by the payer's code; without an address none are offered.
ACQUIRER = "services.payments.acquirers.HttpAcquirer"
ACQUIRER_URL = os.environ.get("ACQUIRER_URL", "")
ACQUIRER_KEY = os.environ.get("ACQUIRER_KEY", "acquirer_demo")
# The operators say which site is which shop there: one key signs for all, so no tenant may name somebody else's.
ACQUIRER_MERCHANTS = dict(
    pair.strip().split("=", 1) for pair in os.environ.get("ACQUIRER_MERCHANTS", "").split(",") if "=" in pair
)
# An acquirer answers within five seconds, or says that the payer still types.
ACQUIRER_READ_SECONDS = 8.0
SENTRY_DSN = os.environ.get("SENTRY_DSN", "")
LOG_LEVEL = os.environ.get("LOG_LEVEL", "INFO")
EMAIL_BACKEND = "kernel.messaging.mail.PortBackend"
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", f"no-reply@{BASE_DOMAIN}")

# --- API ------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "kernel.api.authentication.DeviceTokenAuthentication",
        "kernel.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["kernel.api.permissions.DeclaredPermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "kernel.api.problems.exception_handler",
    "DEFAULT_SCHEMA_CLASS": "kernel.api.schema.ProblemSchema",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Lianzhen",
    "DESCRIPTION": "The API of Lianzhen (连诊). Every operation calls the same action as the page beside it.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [],  # choices stand where they are used; one name for all of them would have to be invented
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
}
