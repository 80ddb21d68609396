"""What happens to a plan when its call ends outside of a visit record."""

from __future__ import annotations

from dermatology import actions
from dermatology.models import SOURCE, ClassifiedPlan
from kernel import clock
from kernel.context import Actor
from kernel.outbox import Event
from services.followup.models import FollowUp

ENGINE = Actor.system("follow-up")


def call_ended(event: Event) -> None:
    """A call was closed on the follow-up list: the plan goes on."""
    found = _plan_of(event)
    if found is not None:
        plan, source_key = found
        actions.go_on(
            by=ENGINE,
            plan=plan,
            source_key=source_key,
            day=clock.local(event.occurred_at, plan.site.timezone).date(),
            unreached=event.payload.get("result") == FollowUp.Result.UNREACHED,
        )


def call_cancelled(event: Event) -> None:
    """A call was cancelled on the follow-up list."""
    found = _plan_of(event)
    if found is not None:
        plan, source_key = found
        actions.stop_asking(by=ENGINE, plan=plan, source_key=source_key)


def _plan_of(event: Event) -> tuple[ClassifiedPlan, str] | None:
    followup = FollowUp.objects.select_related("plan").filter(code=event.payload["followup"]).first()
    if followup is None or not followup.plan.source_key.startswith(SOURCE):
        return None
    source_key = followup.plan.source_key
    code, _separator, _round = source_key.removeprefix(SOURCE).partition(":")
    plan = ClassifiedPlan.objects.select_related("site").filter(code=code).first()
    return (plan, source_key) if plan is not None else None
