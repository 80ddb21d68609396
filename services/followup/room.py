"""What follow-ups contribute."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, pgettext_lazy

from kernel.registry import Daily, FollowUpRule, Kpi, NavItem, Param, Room

SEES = ("followup.view",)
CALLS = ("followup.view", "followup.call")
LEADS = (*CALLS, "followup.cancel", "followup.manage_rules")
PLAN = ("services.followup.handlers.plan",)

ROOM = Room(
    key="followup",
    label=pgettext_lazy("room", "Follow-up"),
    urls="services.followup.web.urls",
    api_urls="services.followup.api.urls",
    nav=(
        NavItem(
            key="followup",
            label=pgettext_lazy("nav", "Follow-up"),
            url_name="followup:list",
            permission="followup.view",
            icon="phone",
            order=50,
            daily_for=("follow_up_caller", "customer_service"),
        ),
    ),
    permissions={
        "followup.view": _("See follow-ups"),
        "followup.call": _("Make follow-up calls and record results"),
        "followup.answer": _("Answer problems that follow-ups found, as doctor"),
        "followup.cancel": _("Cancel follow-ups, with a reason"),
        "followup.manage_rules": _("Change the rules of follow-ups"),
    },
    role_grants={
        "front_desk": CALLS,
        "guide": CALLS,
        "follow_up_caller": CALLS,
        "phone_agent": CALLS,
        "customer_service": CALLS,
        "consultant": CALLS,
        "nurse": CALLS,
        "head_nurse": LEADS,
        "doctor": (*CALLS, "followup.answer"),
        "specialist": (*CALLS, "followup.answer"),
        "chief_physician": (*CALLS, "followup.answer"),
        "doctor_supervisor": (*LEADS, "followup.answer"),
        "supervisor": LEADS,
        "clinic_director": LEADS,
        "dean": SEES,
        "higher_supervisor": SEES,
    },
    parameters=(
        Param(
            key="followup_attempts",
            kind="int",
            default=3,
            minimum=1,
            maximum=20,
            tightens="higher",
            label=_("Different days on which a follow-up is tried"),
            ledger=("FU-016",),
        ),
    ),
    kpis=(
        Kpi(
            key="followups_on_time",
            label=_("Follow-ups on time"),
            unit="percent",
            direction="up",
            version=1,
            compute="services.followup.kpis.on_time",
            group=_("Follow-up and service"),
            definition=_("Follow-ups due on the day and done on it ÷ follow-ups due; cancelled ones do not count."),
            aggregate="ratio",
            clause="FU-020",
            order=70,
        ),
        Kpi(
            key="followup_opt_outs",
            label=_("Opted out of calls"),
            unit="count",
            direction="down",
            version=1,
            compute="services.followup.kpis.opt_outs",
            group=_("Follow-up and service"),
            definition=_("Patients who said on the day that they want no calls but those about their treatment."),
            clause="FU-018",
            order=72,
        ),
    ),
    followups=(
        FollowUpRule(
            key="same_day_call",
            label=_("Same-day call"),
            trigger="visit.finished",
            offsets=("D0",),
            assignee_roles=("follow_up_caller", "front_desk", "guide"),
            script=gettext_noop("Today you were treated here. How does it feel now?"),
            working_days=False,
            ledger=("FU-003",),
        ),
    ),
    handlers={
        "visit.finished": PLAN,
        "visit.left": PLAN,
        "visit.closed": PLAN,
        "records.treatment_recorded": PLAN,
        "records.treatment_voided": ("services.followup.handlers.drop",),
        "followup.opted_out": ("services.kpis.handlers.touched",),
    },
    slots={
        "followup.holds": ("services.followup.holding.opted_out",),
        "shift.leftovers": ("services.followup.leftovers.of_day",),
    },
    daily={"followup.open_due": Daily(at="06:00", handler="services.followup.handlers.open_due")},
    machines=("services.followup.machine.MACHINE",),
)
