from kernel.registry import RoomConfig


class BillingConfig(RoomConfig):
    name = "tenants.billing"
    label = "billing"
