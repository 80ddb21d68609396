"""Starter content: the lines of the daily report (ledger 14, CA-036). Lines of business add their own."""

from __future__ import annotations

from typing import NamedTuple

from kernel import context
from services.catalogue import actions


class Line(NamedTuple):
    """A category as data: its stable key, its names, and the line whose total includes it."""

    key: str
    name_zh: str
    name_en: str
    rolls_up_to: str = ""


# Where an item stands until somebody says on which line of the report it counts; it blocks the close (CA-037).
UNMAPPED = "unmapped"
# What is sold in advance. It is no income until it is used, so its line comes into being with the first such item.
PREPAID = "prepaid"
LINES = (
    Line("orthodontic", "正畸", "Orthodontics"),
    Line("treatment", "治疗", "Treatment"),
    Line("xray", "X光", "X-ray", "treatment"),
    Line("impression", "取模", "Impression", "treatment"),
    Line("examination", "检查", "Examination", "treatment"),
    Line("fabrication", "制作", "Fabrication"),
    Line("scaling", "洁牙", "Scaling"),
    Line("device", "器械", "Devices"),
    Line("medicine", "药品", "Medicine"),
    Line("registration", "挂号", "Registration"),
    Line(UNMAPPED, "未归类", "On no line yet"),
)


def load() -> None:
    """Write the lines that are missing; what a tenant renamed stays as it is."""
    for order, line in enumerate(LINES):
        actions.ensure_category(
            by=context.actor(),
            key=line.key,
            name_zh=line.name_zh,
            name_en=line.name_en,
            order=order * 10,
            rolls_up_to=line.rolls_up_to,
        )
