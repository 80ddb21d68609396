"""The basic-information form of an aesthetics clinic: occupation, need, and what a doctor must know (FD-005, AE-001)."""

from __future__ import annotations

from typing import Any

TITLE = ("顾客基本信息登记表", "Basic-information form")
WHY = {
    "zh": "职业和需求决定方案和恢复安排，健康情况关系到您的安全；资料只给为您服务的咨询师和医生看。",
    "en": "Your occupation and your wish decide on the plan and the time of recovery, your health on your safety; only the "
    "consultant and the doctor who serve you see it.",
}
BASIC: list[dict[str, Any]] = [
    {"key": "occupation", "kind": "text", "zh": "职业", "en": "Occupation", "file": "occupation"},
    {"key": "need", "kind": "long", "zh": "美容需求", "en": "What you would like to change", "complaint": True},
    {"key": "on_camera", "kind": "yes_no", "zh": "近期有演出、拍摄或重要活动", "en": "Performance, shooting or event soon",
     "words": "optional"},
    {"key": "source", "kind": "source", "zh": "从哪里知道我们", "en": "How did you hear of us", "file": "media_source"},
]  # fmt: skip
HEALTH: list[dict[str, Any]] = [
    {"key": "earlier", "kind": "yes_no", "zh": "做过医美项目", "en": "Earlier aesthetic procedures", "words": "needed"},
    {"key": "keloid", "kind": "yes_no", "zh": "瘢痕体质", "en": "Tends to keloids", "special": True},
    {"key": "allergy", "kind": "yes_no", "zh": "药物或麻药过敏", "en": "Allergy to medicine or anaesthetics", "words": "needed",
     "special": True},
    {"key": "medication", "kind": "yes_no", "zh": "正在服药（抗凝药、维A酸等）", "en": "Takes medicine now", "words": "needed",
     "special": True},
    {"key": "pregnancy", "kind": "yes_no", "zh": "怀孕、备孕、哺乳或月经期", "en": "Pregnant, breastfeeding or menstruating",
     "special": True, "not_for": "male"},
    {"key": "chronic", "kind": "yes_no", "zh": "慢性病或凝血问题", "en": "Chronic disease or bleeding disorder", "words": "needed",
     "special": True},
]  # fmt: skip


def content() -> dict[str, Any]:
    """The form as data."""
    return {
        "why": WHY,
        "offers": [],
        "sections": [
            {"key": "basic", "zh": "基本信息", "en": "Basic information", "questions": BASIC},
            {"key": "health", "zh": "健康情况", "en": "Health", "questions": HEALTH},
        ],
    }
