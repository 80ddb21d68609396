"""What dental patients are called for: recalls, the greeting after an extraction, how the treatment went (FU-004 to FU-011)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy, gettext_noop, pgettext_lazy

from kernel.registry import FollowUpRule

CALLERS = ("follow_up_caller", "front_desk", "guide")
TREATED = "records.treatment_recorded"
OPENING = (
    ("identity", pgettext_lazy("call", "said who calls, and made sure who answers")),
    ("permission", pgettext_lazy("call", "asked for two minutes, and got them")),
    ("treatment", pgettext_lazy("call", "named day and treatment; it was them")),
)

RULES = (
    FollowUpRule(
        key="dental-recall",
        label=gettext_lazy("Recall after six and twelve months"),
        trigger=TREATED,
        offsets=("M6", "M12"),
        assignee_roles=CALLERS,
        script=gettext_noop(
            "Good day, is this {patient}? This is {clinic}, {agent} speaking. May I take two minutes of your time?\n"
            "On {date} you had this done here: {item}. Is that right? How has it been since?\n"
            "(Listen, do not interrupt.)\n"
            "You can have your teeth checked free of charge, and within {warranty_months} months of the treatment we redo "
            "what was treated free of charge. Which day would suit you?"
        ),
        education=gettext_noop(
            "I am glad that all is well. Brush twice a day for three minutes, use floss, and have your teeth checked every "
            "half year: what is found early is small.\n"
            "The check is free of charge for you, and children and parents are welcome too: their teeth need it most.\n"
            "Within {warranty_months} months what we treated is redone free of charge if it makes trouble."
        ),
        steps=OPENING,
        promotional=True,
        supersedes=True,
        ledger=("FU-004", "FU-005", "FU-006", "FU-009"),
    ),
    FollowUpRule(
        key="dental-extraction",
        label=gettext_lazy("Greeting after an extraction"),
        trigger=TREATED,
        items=("dental-extraction",),
        offsets=("D1", "D7"),
        assignee_roles=CALLERS,
        script=gettext_noop(
            "Good day, is this {patient}? This is {clinic}, {agent} speaking. A tooth was taken out on {date}, and we would "
            "like to know how you are."
        ),
        education=gettext_noop(
            "Do not rinse or suck at the wound, eat soft and lukewarm, no alcohol and no smoking for some days. A little pink "
            "saliva on the first day is normal. If it bleeds, hurts more or swells, call us at once."
        ),
        steps=(("identity", pgettext_lazy("call", "said who calls, and made sure who answers")),),
        questions=(
            ("bleeding", gettext_lazy("Does it still bleed?")),
            ("pain", gettext_lazy("Does it hurt, more or less than yesterday?")),
            ("swelling", gettext_lazy("Is it swollen? Can the mouth be opened?")),
            ("gauze", gettext_lazy("When was the gauze taken out?")),
        ),
        ledger=("FU-010",),
    ),
    FollowUpRule(
        key="dental-consultant",
        label=gettext_lazy("The consultant asks how it went"),
        trigger="consultation.treated",
        offsets=("D7",),
        assignee_roles=("consultant",),
        script=gettext_noop(
            "Good day {patient}, this is {agent} of {clinic}. You were treated on {date}. Are you content with the result and "
            "with how you were looked after? Is there anything that we should do better?"
        ),
        ledger=("FU-011",),
    ),
)
