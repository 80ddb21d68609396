"""Starter content of a dental clinic: the items of its price list by category of the daily report."""

from __future__ import annotations

from dental import intake
from kernel.context import Actor
from services.catalogue.actions import ensure_item
from services.guest_care.actions import ensure_care_item
from services.intake.actions import ensure_form
from services.telephone.scripts import ensure_script

BY = Actor.system("starter-content")

# key, Chinese, English, category, fen, units of 15 minutes, invasive
ITEMS = (
    ("dental-registration", "挂号", "Registration", "registration", 1_000, 1, False),
    ("dental-free-exam", "免费口腔检查", "Oral examination, free of charge", "examination", 0, 1, False),
    ("dental-exam", "口腔检查", "Oral examination", "treatment", 5_000, 1, False),
    ("dental-scaling", "洁治", "Scaling", "scaling", 30_000, 3, False),
    ("dental-panoramic", "全景片", "Panoramic film", "xray", 12_000, 1, False),
    ("dental-filling", "补牙", "Filling", "treatment", 42_000, 2, True),
    ("dental-root-canal", "根管治疗", "Root canal treatment", "treatment", 126_000, 4, True),
    ("dental-extraction", "拔牙", "Extraction", "treatment", 38_000, 2, True),
    ("dental-impression", "取模", "Impression", "impression", 15_000, 1, False),
    ("dental-crown", "全瓷冠", "All-ceramic crown", "fabrication", 280_000, 3, True),
    ("dental-veneer", "贴面", "Veneer", "fabrication", 240_000, 3, True),
    ("dental-orthodontic-visit", "正畸复诊", "Orthodontic visit", "orthodontic", 20_000, 1, False),
    ("dental-implant-one", "种植一期", "Implant, first stage", "treatment", 680_000, 4, True),
    ("dental-sports-guard", "运动护齿", "Sports guard", "device", 60_000, 1, False),
)


def load() -> None:
    """Load once; a repetition adds nothing (PL-019)."""
    for order, (key, zh, en, category, price, units, invasive) in enumerate(ITEMS):
        ensure_item(
            by=BY, key=key, name_zh=zh, name_en=en, category=category, vertical="dental", price_fen=price, units=units,
            is_invasive=invasive, order=order,
        )  # fmt: skip
    title_zh, title_en = intake.TITLE
    ensure_form(
        by=BY, key="first-visit", vertical="dental", title_zh=title_zh, title_en=title_en, content=intake.content()
    )  # fmt: skip
    ensure_script(
        by=BY, key="why-data", vertical="dental", moment="help", purpose="booking", title_zh="为什么要留资料",
        title_hant="為什麼要留資料", title_en="Why we ask for your data", text_zh=intake.WHY["zh"],
        text_hant=intake.WHY_TRADITIONAL, text_en=intake.WHY["en"], order=50,
    )  # fmt: skip
    ensure_care_item(
        by=BY, key="dental-magazines", moment="waiting", vertical="dental", order=25,
        title_zh="口腔保健读物", title_en="Dental-care magazines",
        words_zh="这里有口腔保健的杂志和资料，您可以先看看。",
        words_en="Here are magazines and leaflets on dental care, if you would like to read.",
    )  # fmt: skip
