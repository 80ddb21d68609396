"""Secrets in links and tokens: made once, shown once, stored as a hash that is worth nothing in another tenant."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from django.conf import settings
from django.urls import reverse
from django.utils.module_loading import import_string

from kernel import tenancy


def new_secret() -> str:
    """43 URL-safe characters, 256 bits."""
    return secrets.token_urlsafe(32)


def secret_hash(purpose: str, secret: str) -> str:
    """What is stored of ``secret``. Purpose and tenant are part of it: a link of one tenant opens nothing in another.

    The secrets are random and long, so a plain hash suffices: there is nothing to guess.
    """
    salt = f"{purpose}:{tenancy.current().code}:"
    return hashlib.sha256(salt.encode() + secret.encode()).hexdigest()


def matches(purpose: str, secret: str, stored: str) -> bool:
    """Does ``secret`` belong to ``stored``? Takes the same time for every answer."""
    return hmac.compare_digest(secret_hash(purpose, secret), stored)


def absolute(url_name: str, *args: object) -> str:
    """The full address of a page of the current tenant, for a message."""
    scheme = "https" if settings.SESSION_COOKIE_SECURE else "http"
    return f"{scheme}://{_host()}{reverse(url_name, args=args, urlconf=_urlconf())}"


def _host() -> str:
    port = getattr(settings, "PUBLIC_PORT", "")
    return f"{tenancy.current().host}:{port}" if port else tenancy.current().host


def _urlconf() -> str:
    # Messages are also written by the worker, where no request has chosen the tenant's URLs.
    tenant = tenancy.current()
    return import_string(settings.TENANT_URLCONF_FACTORY)(tenant.family, tenant.verticals)
