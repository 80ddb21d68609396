from kernel.registry import PlainConfig


class AuditConfig(PlainConfig):
    name = "kernel.audit"
    label = "audit"
