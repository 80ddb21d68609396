"""Starter content: what a clinic keeps at least (ledger 15, CK-15: emergency kit and materials); names and units only."""

from __future__ import annotations

from kernel import context
from services.inventory.supply import ensure_item

ITEMS = (
    ("adrenaline-1mg", "肾上腺素注射液", "Adrenaline injection", "1 mg/1 ml", "支", "medicine"),
    ("articaine", "阿替卡因肾上腺素注射液", "Articaine with adrenaline", "1.7 ml", "支", "medicine"),
    ("nitroglycerin", "硝酸甘油片", "Nitroglycerin tablets", "0.5 mg", "片", "medicine"),
    ("oxygen-mask", "一次性氧气面罩", "Oxygen mask, single use", "", "个", "device"),
    ("gloves-m", "一次性检查手套", "Examination gloves", "M", "双", "material"),
    ("impression-alginate", "藻酸盐印模材", "Alginate impression material", "454 g", "袋", "material"),
    ("blank-charts", "空白病历", "Blank charts", "", "份", "stationery"),
    ("blank-receipts", "空白收据", "Blank receipts", "", "张", "stationery"),
)


def load() -> None:
    """Write the items that are missing; what a tenant changed stays as it is."""
    for key, name_zh, name_en, spec, unit, kind in ITEMS:
        ensure_item(by=context.actor(), key=key, name_zh=name_zh, name_en=name_en, spec=spec, unit=unit, kind=kind)
