from kernel.registry import RoomConfig


class PaymentsConfig(RoomConfig):
    name = "services.payments"
    label = "payments"
