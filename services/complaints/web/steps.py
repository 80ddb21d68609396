"""The stepper of a case: what is done, what is now."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from services.complaints.models import Complaint

# The step that is now, by state; -1: none.
NOW = {
    "received": "given", "reopened": "given", "solved_on_spot": "followed", "assigned": "begun", "investigating": "found",
    "determined": "authorised", "authorised": "told", "replied": "content", "negotiating": "told", "mediating": "content",
    "satisfied": "followed", "followed_up": "closed", "closed": "", "analysed": "",
}  # fmt: skip


def steps_of(case: Complaint) -> list[dict[str, Any]]:
    """The steps in their order; on-the-spot solutions leave out what lies between (CP-029)."""
    handler = case.handler.name if case.handler is not None else ""
    rows: list[tuple[str, str, str, Any]] = [
        ("received", _("Received, a reply promised"), case.receiver_name, case.received_at)
    ]
    if case.solved_at is not None and case.assigned_at is None:
        rows.append(("given", _("Solved on the spot"), case.receiver_name, case.solved_at))
    else:
        rows += [
            ("given", _("Solved on the spot, or a handler chosen"), handler, case.assigned_at),
            ("begun", _("Investigation begun"), handler, case.investigating_at),
            ("found", _("Evidence, cause, responsibility"), handler, case.determined_at),
            ("authorised", _("What is offered, within the authority or approved"), "", case.authorised_at),
            ("told", _("Customer told"), handler, case.replied_at),
            ("content", _("Customer content"), "", case.satisfied_at),
        ]
    rows += [
        ("followed", _("Followed up"), "", case.followed_up_at),
        ("closed", _("Closed"), "", case.closed_at),
        ("analysed", _("Analysed"), "", case.analysed_at),
    ]
    now = NOW[case.state]
    steps, passed = [], False
    for key, title, who, at in rows:
        if key == now:
            state, passed = "now", True
        elif passed or at is None:
            state = "locked"
        else:
            state = "done"
        steps.append(
            {
                "key": key,
                "title": title,
                "who": who if state != "locked" else "",
                "at": at if state == "done" else None,
                "state": state,
            }
        )
    return steps
