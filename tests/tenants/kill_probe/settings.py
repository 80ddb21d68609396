"""The product's settings with one more room."""

from config.settings import *  # noqa: F403

TENANT_APPS = [*TENANT_APPS, "tests.tenants.kill_probe"]  # noqa: F405
INSTALLED_APPS = [*SHARED_APPS, *TENANT_APPS]  # noqa: F405
