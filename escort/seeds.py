"""Starter content of an escort agency: what it sells and the hospitals everybody asks for first."""

from __future__ import annotations

from escort.models import Hospital
from kernel.context import Actor
from services.catalogue.actions import ensure_category, ensure_item

BY = Actor.system("starter-content")

SERVICES = (
    ("escort-half-day", "半天陪诊", "Half-day escort", 38_000, 16),
    ("escort-full-day", "全天陪诊", "Full-day escort", 68_000, 32),
    ("escort-registration", "单项取号", "Collecting a registration number", 9_800, 4),
    ("escort-report", "代取报告", "Collecting a report", 8_800, 4),
)
HOSPITALS = (
    ("市第一医院", "上海", "制造局路 639 号"),
    ("省妇幼保健院", "杭州", "学士路 1 号"),
    ("华西医院", "成都", "国学巷 37 号"),
)


def load() -> None:
    """Load once; a repetition adds nothing (PL-019, ES-048, ES-051)."""
    ensure_category(by=BY, key="escort", name_zh="陪诊服务", name_en="Escort services", vertical="escort", order=10)
    for order, (key, zh, en, price, units) in enumerate(SERVICES):
        ensure_item(
            by=BY,
            key=key,
            category="escort",
            name_zh=zh,
            name_en=en,
            vertical="escort",
            price_fen=price,
            units=units,
            order=order,
        )
    for name, city, address in HOSPITALS:
        Hospital.objects.get_or_create(name=name, defaults={"city": city, "address": address})
