"""What refunds contribute: the register, the form, their signatures, and the money on its way back."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import NavItem, Param, Room

DOCTORS = ("doctor", "specialist", "chief_physician", "doctor_supervisor")

ROOM = Room(
    key="refunds",
    label=pgettext_lazy("room", "Refunds"),
    urls="services.refunds.web.urls",
    api_urls="services.refunds.api.urls",
    nav=(
        NavItem(
            key="refunds",
            label=pgettext_lazy("nav", "Refunds"),
            url_name="refunds:register",
            permission="refunds.view",
            icon="undo",
            order=52,
        ),
    ),
    permissions={
        "refunds.view": _("See the refund register"),
        "refunds.request": _("Begin changes and refunds of one's patients"),
        "refunds.approve": _("Give the supervisor's opinion on refunds"),
        "refunds.pay": _("Pay refunds out, let the payee sign and seal the form"),
    },
    role_grants={
        **dict.fromkeys(DOCTORS, ("refunds.view", "refunds.request")),
        "cashier": ("refunds.view", "refunds.pay"),
        "supervisor": ("refunds.view", "refunds.approve"),
        "higher_supervisor": ("refunds.view",),
        # Where a site has no supervisor they give the opinion.
        "clinic_director": ("refunds.view", "refunds.approve"),
        "dean": ("refunds.view", "refunds.approve"),
        "finance": ("refunds.view",),
        "reconciler": ("refunds.view",),
    },
    parameters=(
        Param(
            key="refund_guardian_allowed",
            kind="bool",
            default=True,
            literal=False,
            label=_("A guardian takes the refund of a minor; somebody with a written proxy that of who cannot come"),
            ledger=("CA-027",),
        ),
        Param(
            key="refund_confirm_by_link",
            kind="bool",
            default=True,
            literal=False,
            label=_("What goes back the way it came is confirmed by link on the patient's phone"),
            ledger=("CA-027",),
        ),
    ),
    machines=("services.refunds.machines.REFUND",),
    slots={
        "shift.leftovers": ("services.refunds.leftovers.of_day",),
        "chart.holds": ("services.refunds.selectors.in_dispute",),
        "followup.holds": ("services.refunds.selectors.holds_calls",),
        "patient.revenue": ("services.refunds.selectors.given_back",),
        "patient.tabs": ("services.refunds.web.slots.patient_tab",),
        "patient.timeline": ("services.refunds.web.slots.patient_timeline",),
        "receipt.acts": ("services.refunds.web.slots.receipt_act",),
    },
    # Whoever is owed money gets it back in every state of the account (ledger 17 "Subscription").
    always_open=("refunds.view", "refunds.request", "refunds.approve", "refunds.pay"),
)
