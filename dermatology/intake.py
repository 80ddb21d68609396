"""The first-visit form of a dermatology hospital: the booklet with the ask-list of reception (FD-006, FD-032)."""

from __future__ import annotations

from typing import Any

TITLE = ("病历本登记表", "Medical-record booklet")
WHY = {
    "zh": "这些内容会写进您的病历本，医生据此分诊和用药，以后复诊也查得到。",
    "en": "This goes into your medical record: the doctor sorts and treats by it, and it can be found again at your next visit.",
}
PLACES = (
    ("face", "面部", "Face"), ("scalp", "头皮", "Scalp"), ("trunk", "躯干", "Trunk"), ("limbs", "四肢", "Arms or legs"),
    ("hands_feet", "手足", "Hands or feet"), ("all_over", "全身", "All over"), ("elsewhere", "其他部位", "Elsewhere"),
)  # fmt: skip
RECEPTION: list[dict[str, Any]] = [
    {"key": "help", "kind": "choice", "zh": "需要什么帮助", "en": "What can we help you with", "options": [
        {"key": "see_doctor", "zh": "看病", "en": "See a doctor"},
        {"key": "test", "zh": "检查或取结果", "en": "A test or its result"},
        {"key": "treatment", "zh": "做治疗", "en": "A treatment"},
        {"key": "walking_aid", "zh": "行动不便，需要陪同", "en": "Walks with difficulty, needs company", "special": True},
    ]},
    {"key": "place", "kind": "choice", "zh": "哪里不舒服", "en": "Where is the discomfort",
     "options": [{"key": key, "zh": zh, "en": en} for key, zh, en in PLACES]},
    {"key": "condition", "kind": "long", "zh": "病情：什么样、多久了", "en": "The condition: how does it look, since when",
     "complaint": True},
    {"key": "source", "kind": "source", "zh": "媒体来源：从哪里知道我们", "en": "Media source: how did you hear of us",
     "file": "media_source"},
]  # fmt: skip
HISTORY: list[dict[str, Any]] = [
    {"key": "earlier", "kind": "long", "zh": "以前得过什么皮肤病，怎么治的", "en": "Earlier skin diseases and their treatment"},
    {"key": "medication", "kind": "yes_no", "zh": "正在用药（内服或外用）", "en": "Takes or applies medicine now", "words": "needed",
     "special": True},
    {"key": "allergy", "kind": "yes_no", "zh": "药物或食物过敏", "en": "Allergy to medicine or food", "words": "needed",
     "special": True},
    {"key": "fever", "kind": "yes_no", "zh": "现在发热", "en": "Has a fever now", "special": True},
    {"key": "pregnancy", "kind": "yes_no", "zh": "怀孕、备孕或哺乳", "en": "Pregnant, planning to be, or breastfeeding",
     "special": True, "not_for": "male"},
    {"key": "chronic", "kind": "yes_no", "zh": "慢性病（高血压、糖尿病、心脏病等）", "en": "Chronic disease", "words": "needed",
     "special": True},
]  # fmt: skip


def content() -> dict[str, Any]:
    """The form as data."""
    return {
        "why": WHY,
        "offers": [],
        "sections": [
            {"key": "reception", "zh": "接诊询问", "en": "Asked at reception", "questions": RECEPTION},
            {"key": "history", "zh": "病史", "en": "History", "questions": HISTORY},
        ],
    }
