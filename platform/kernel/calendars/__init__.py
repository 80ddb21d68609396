"""Two calendars (PL-018): statutory working days for what the law counts, opening hours of a site for what people wait.

Both are values: the exceptions of a tenant and the hours of a site are passed in, nothing is read from the database.
"""

from kernel.calendars.hours import (
    NeverOpen,
    Span,
    WeeklyHours,
    add_business_minutes,
    business_minutes_between,
    is_open,
    last_opening_day_before,
    next_opening_day_after,
    open_spans,
    opening_days,
)
from kernel.calendars.months import add_months_clamped, first_of_month, last_of_month, months_between
from kernel.calendars.statutory import (
    WorkingDay,
    add_working_days,
    is_provisional,
    is_working_day,
    working_day,
    working_days_between,
)

__all__ = [
    "NeverOpen",
    "Span",
    "WeeklyHours",
    "WorkingDay",
    "add_business_minutes",
    "add_months_clamped",
    "add_working_days",
    "business_minutes_between",
    "first_of_month",
    "is_open",
    "is_provisional",
    "is_working_day",
    "last_of_month",
    "last_opening_day_before",
    "months_between",
    "next_opening_day_after",
    "open_spans",
    "opening_days",
    "working_day",
    "working_days_between",
]
