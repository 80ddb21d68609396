"""What staff does by the clock."""

from __future__ import annotations

from kernel import clock
from kernel.context import Actor
from kernel.identity.actions.people import deactivate_user
from kernel.timers.models import Timer
from services.staff.models import StaffMember


def close_account_of_leaver(timer: Timer) -> None:
    """Close the account of somebody whose last day is over; a person who came back or stays longer keeps it."""
    staff = StaffMember.objects.select_related("user", "home_site").filter(code=timer.payload["staff"]).first()
    if staff is None or staff.user is None or staff.left_on is None:
        return
    if staff.left_on < clock.today(staff.home_site.timezone):
        deactivate_user(by=Actor.system("staff.leaver"), user=staff.user, reason="left")
