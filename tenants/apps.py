from django.conf import settings
from django.utils.module_loading import import_string

from kernel.registry import PlainConfig


class TenantsConfig(PlainConfig):
    name = "tenants"
    label = "tenants"

    def ready(self) -> None:
        from tenants import checks  # noqa: F401  # registers the system checks

        # Web processes and commands send tasks too; without this they would send them to an application of nobody's.
        import_string(settings.CELERY_APP)
