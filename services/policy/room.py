"""What the gates contribute: the right to override, the exception report, and its figure."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import Kpi, NavItem, Param, Room

DECIDES = ("policy.override", "policy.view_exceptions", "policy.review_exceptions")

ROOM = Room(
    key="policy",
    label=pgettext_lazy("room", "Exceptions"),
    urls="services.policy.web.urls",
    api_urls="services.policy.api.urls",
    nav=(
        NavItem(
            key="policy",
            label=pgettext_lazy("nav", "Exceptions"),
            url_name="policy:exceptions",
            permission="policy.view_exceptions",
            icon="shield",
            order=820,
        ),
    ),
    permissions={
        "policy.override": _("Override a gate of one's role, with a reason"),
        "policy.view_exceptions": _("See the exception report"),
        "policy.review_exceptions": _("Review other people's overrides"),
    },
    role_grants={
        **dict.fromkeys(("supervisor", "higher_supervisor", "clinic_director", "dean", "duty_superior"), DECIDES),
        "doctor": ("policy.override",),
        "specialist": ("policy.override",),
        "chief_physician": ("policy.override", "policy.view_exceptions"),
        "doctor_supervisor": ("policy.override", "policy.view_exceptions"),
        "head_nurse": ("policy.override", "policy.view_exceptions"),
    },
    parameters=(
        Param(
            key="override_minutes",
            kind="minutes",
            default=120,
            minimum=5,
            maximum=24 * 60,
            unit="min",
            tightens="lower",
            label=_("How long an override waits to be used"),
        ),
        Param(
            key="small_site",
            kind="bool",
            default=False,
            label=_("Small site: the clinician concerned may override process gates"),
        ),
    ),
    kpis=(
        Kpi(
            key="gate_overrides",
            label=_("Overridden gates"),
            unit="count",
            direction="down",
            version=1,
            compute="services.policy.kpis.overrides",
            group=_("Rules"),
            definition=_("Overrides of gates granted at the site on the day."),
            aggregate="sum",
            order=190,
        ),
    ),
    slots={"tasks.subject.override": ("services.policy.selectors.task_subjects",)},
)
