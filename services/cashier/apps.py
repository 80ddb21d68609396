from kernel.registry import RoomConfig


class CashierConfig(RoomConfig):
    name = "services.cashier"
    label = "cashier"
