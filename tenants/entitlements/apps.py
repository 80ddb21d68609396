from kernel.registry import PlainConfig


class EntitlementsConfig(PlainConfig):
    name = "tenants.entitlements"
    label = "entitlements"
