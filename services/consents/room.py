"""What consents contribute: forms, signatures, and the log of what third parties were told."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import Gate, NavItem, Param, Room

TAKES = (
    "front_desk", "consultant", "customer_service", "doctor", "specialist", "nurse", "assistant",
)  # fmt: skip
DISCLOSES = ("chief_physician", "doctor_supervisor", "head_nurse", "supervisor", "higher_supervisor")
RULES = ("clinic_director", "dean")
TAKE = ("consents.view", "consents.take")
DISCLOSE = (*TAKE, "consents.disclose")

ROOM = Room(
    key="consents",
    label=pgettext_lazy("room", "Consents"),
    urls="services.consents.web.urls",
    nav=(
        NavItem(
            key="consents",
            label=pgettext_lazy("nav", "Disclosures"),
            url_name="consents:disclosures",
            permission="consents.disclose",
            icon="shield",
            order=815,
        ),
    ),
    permissions={
        "consents.view": _("See what patients agreed to"),
        "consents.take": _("Take consents and note their withdrawal"),
        "consents.disclose": _("Tell third parties about patients, which is logged"),
        "consents.manage": _("Publish the words of consents"),
    },
    always_open=("consents.take", "consents.disclose"),
    role_grants={
        **dict.fromkeys(TAKES, TAKE),
        **dict.fromkeys(DISCLOSES, DISCLOSE),
        **dict.fromkeys(RULES, (*DISCLOSE, "consents.manage")),
        "doctor": DISCLOSE,
        "specialist": DISCLOSE,
    },
    parameters=(
        Param(
            key="disclosure_lawful_reasons",
            kind="list",
            default=["public_health", "court", "emergency"],
            label=_("Reasons for which third parties are told without consent"),
            ledger=("CR-005",),
        ),
    ),
    gates=(
        Gate(
            key="consents.disclosure",
            label=_("Disclosure on a consent or a lawful reason"),
            gate_class="law",
            ledger=("CR-005",),
        ),
    ),
    machines=("services.consents.machines.CONSENT",),
    slots={"patient.tabs": ("services.consents.web.slots.consents_tab",)},
    seeds=("services.consents.starter.load",),
)
