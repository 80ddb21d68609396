"""Starter content of a dermatology hospital: what it charges."""

from __future__ import annotations

from dermatology import intake
from kernel.context import Actor
from kernel.parameters import Scope, history, set_parameter
from services.catalogue.actions import ensure_category, ensure_item
from services.intake.actions import ensure_form

BY = Actor.system("starter-content")
QUOTES = "desk_may_quote_price"

ITEMS = (
    ("derm-consultation", "皮肤科门诊", "Dermatology consultation", 6_000, 1, False),
    ("derm-dermoscopy", "皮肤镜检查", "Dermoscopy", 18_000, 1, False),
    ("derm-mycology", "真菌镜检", "Mycological microscopy", 8_000, 1, False),
    ("derm-phototherapy", "窄谱紫外线光疗", "Narrow-band UVB phototherapy", 15_000, 1, False),
    ("derm-cryotherapy", "冷冻治疗", "Cryotherapy", 22_000, 2, True),
    ("derm-laser", "激光治疗", "Laser treatment", 46_000, 2, True),
)


def load() -> None:
    """Load once; a repetition adds nothing (PL-019)."""
    ensure_category(
        by=BY, key="dermatology", name_zh="皮肤诊疗", name_en="Dermatology", vertical="dermatology", order=20
    )
    for order, (key, zh, en, price, units, invasive) in enumerate(ITEMS):
        ensure_item(
            by=BY, key=key, name_zh=zh, name_en=en, category="dermatology", vertical="dermatology", price_fen=price, units=units,
            is_invasive=invasive, order=order,
        )  # fmt: skip
    title_zh, title_en = intake.TITLE
    ensure_form(
        by=BY, key="first-visit", vertical="dermatology", title_zh=title_zh, title_en=title_en, content=intake.content()
    )  # fmt: skip
    # Whoever receives guests here knows and names the prices, whatever the tenant's profile says (FD-019).
    scope = Scope.vertical("dermatology")
    if not history(QUOTES, scope=scope).exists():
        set_parameter(by=BY, key=QUOTES, scope=scope, value=True)
