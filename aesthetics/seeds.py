"""Starter content of an aesthetics clinic: procedure templates with their aftercare, and the price list."""

from __future__ import annotations

from aesthetics import intake
from aesthetics.actions import ensure_template
from kernel.context import Actor
from kernel.parameters import Scope, history, set_parameter
from services.catalogue.actions import ensure_category, ensure_item
from services.guest_care.actions import ensure_care_item
from services.intake.actions import ensure_form

BY = Actor.system("starter-content")
QUOTES = "desk_may_quote_price"
OFFSETS = ("D1", "D3", "D7", "D14", "D30", "D90")

TEMPLATES = (
    (
        "eyelid", "重睑手术", "Double-eyelid surgery", OFFSETS,
        "保持切口干燥清洁，不揉眼；第七天来院拆线。", "两周内清淡饮食，不饮酒，不吃辛辣。",
        "抬高头部休息三天；一周内避免剧烈运动；演出和拍摄请先问医生。", "按医嘱使用抗生素眼膏；疼痛明显时服用开具的止痛药。",
    ),
    (
        "filler", "玻尿酸填充", "Hyaluronic acid filler", ("D1", "D3", "D7", "D30"),
        "四小时内不沾水、不按压；出现发白或剧痛立即联系我们。", "一周内不饮酒。", "两天内避免高温环境和剧烈运动。", "一般不用药；瘀青可按医嘱外敷。",
    ),
    (
        "laser", "激光焕肤", "Laser resurfacing", ("D1", "D3", "D7", "D30"),
        "结痂自然脱落，不要抠；严格防晒四周。", "一周内清淡饮食。", "避免出汗三天。", "按医嘱外用修复剂。",
    ),
)  # fmt: skip

ITEMS = (
    ("aesth-consultation", "医美面诊", "Aesthetic consultation", 20_000, 2, False),
    ("aesth-eyelid", "重睑手术", "Double-eyelid surgery", 1_200_000, 8, True),
    ("aesth-filler", "玻尿酸填充", "Hyaluronic acid filler", 380_000, 3, True),
    ("aesth-laser", "激光焕肤", "Laser resurfacing", 260_000, 3, True),
    ("aesth-skin-care", "术后护理", "Post-op skin care", 38_000, 2, False),
)

# Ready in the comfortable area before the guest arrives (FD-025).
PREPARED = (
    ("aesth-area", "舒适区整理就绪", "Comfortable area tidy"),
    ("aesth-drinks", "饮品备好", "Drinks prepared"),
    ("aesth-magazines", "杂志备好", "Magazines prepared"),
)


def load() -> None:
    """Load once; a repetition adds nothing (PL-019)."""
    for key, zh, en, offsets, wound, diet, rest, medication in TEMPLATES:
        ensure_template(
            by=BY,
            key=key,
            name_zh=zh,
            name_en=en,
            offsets=offsets,
            wound=wound,
            diet=diet,
            rest=rest,
            medication=medication,
        )
    ensure_category(by=BY, key="aesthetics", name_zh="医疗美容", name_en="Aesthetics", vertical="aesthetics", order=30)
    for order, (key, zh, en, price, units, invasive) in enumerate(ITEMS):
        ensure_item(
            by=BY, key=key, name_zh=zh, name_en=en, category="aesthetics", vertical="aesthetics", price_fen=price, units=units,
            is_invasive=invasive, order=order,
        )  # fmt: skip
    title_zh, title_en = intake.TITLE
    ensure_form(
        by=BY, key="first-visit", vertical="aesthetics", title_zh=title_zh, title_en=title_en, at_booking=True, content=intake.content()
    )  # fmt: skip
    for order, (key, zh, en) in enumerate(PREPARED):
        ensure_care_item(by=BY, key=key, moment="before", vertical="aesthetics", order=order, title_zh=zh, title_en=en)
    # Whoever receives guests here knows and names the prices, whatever the tenant's profile says (FD-019).
    scope = Scope.vertical("aesthetics")
    if not history(QUOTES, scope=scope).exists():
        set_parameter(by=BY, key=QUOTES, scope=scope, value=True)
