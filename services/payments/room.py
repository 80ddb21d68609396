"""What payments by the payer's code contribute: the way to take money, the way back, and the match with the acquirer."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import Daily, NavItem, Param, Room

ROOM = Room(
    key="payments",
    label=pgettext_lazy("room", "Wallet payments"),
    urls="services.payments.web.urls",
    api_urls="services.payments.api.urls",
    nav=(
        NavItem(
            key="payments",
            label=pgettext_lazy("nav", "Wallet payments"),
            url_name="payments:attempts",
            permission="payments.view",
            icon="cash",
            order=53,
            badge="services.payments.selectors.open_count",
        ),
    ),
    permissions={
        "payments.view": _("See wallet payments, their refunds and the bills of the payment service"),
        "payments.take": _("Take money by the payer's code"),
        "payments.match": _("Match the bills of the payment service and resolve differences"),
    },
    role_grants={
        "cashier": ("payments.view", "payments.take"),
        # Whoever takes the money does not say that it is all there.
        "finance": ("payments.view", "payments.match"),
        "reconciler": ("payments.view", "payments.match"),
        "supervisor": ("payments.view",),
        "dean": ("payments.view",),
        "clinic_director": ("payments.view",),
    },
    parameters=(
        Param(
            key="payment_give_up_seconds",
            kind="int",
            default=60,
            unit="s",
            minimum=20,
            maximum=600,
            label=_("After so many seconds a wallet payment whose result is not known is given back"),
        ),
    ),
    machines=("services.payments.machines.ATTEMPT", "services.payments.machines.GIVE_BACK"),
    handlers={"payments.refund_wanted": ("services.payments.talking.send_refund",)},
    timers={
        "payments.ask": "services.payments.talking.ask",
        "payments.give_back": "services.payments.talking.ask_refund",
        "payments.bill": "services.payments.bills.fetch",
    },
    daily={"payments.bills": Daily(at="09:30", handler="services.payments.bills.plan_bills")},
    slots={
        "charge.ways": ("services.payments.web.slots.charge_way",),
        "cashier.take.wechat_pay": ("services.payments.noted.refuse_doubtful",),
        "cashier.take.alipay": ("services.payments.noted.refuse_doubtful",),
        "slip.notices": ("services.payments.web.slots.slip_notice",),
        "refund.notices": ("services.payments.web.slots.refund_notice",),
        "refunds.give.wechat_pay": ("services.payments.giving.by_wechat",),
        "refunds.give.alipay": ("services.payments.giving.by_alipay",),
    },
    always_open=("payments.view", "payments.take", "payments.match"),
)
