from kernel.registry import PlainConfig


class ObservabilityConfig(PlainConfig):
    name = "kernel.observability"
    label = "observability"

    def ready(self) -> None:
        from django.conf import settings

        from kernel.observability import errors, logs, tasks

        logs.configure(level=getattr(settings, "LOG_LEVEL", "INFO"))
        errors.start(dsn=getattr(settings, "SENTRY_DSN", ""), environment=getattr(settings, "ENVIRONMENT", ""))
        tasks.connect()
