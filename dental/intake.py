"""The first-visit form of a dental clinic: registration and enquiry in the order of the chart (FD-007, DE-014)."""

from __future__ import annotations

from typing import Any

from django.utils import translation

from dental import health
from services.patients.models import Sex

TITLE = ("初诊登记表", "First-visit form")
WHY = {
    "zh": "我们的诊疗按规范管理，您的资料多年以后仍可查到，这对您也是一份保障。登记后您可以享受免费口腔检查和治疗后一年免费随访。",
    "en": "Care here is documented by the rules: your data can be found again years later, which protects you too. "
    "It also gives you the free oral examination and one year of free follow-up after treatment.",
}
WHY_TRADITIONAL = "我們的診療依規範管理，您的資料多年後仍可查到，對您也是一份保障。登記後您可享有免費口腔檢查，以及治療後一年的免費回訪。"
OFFERS = [
    {"zh": "免费口腔检查", "en": "Free oral examination"},
    {"zh": "治疗后一年免费随访", "en": "One year of free follow-up after treatment"},
]
REGISTRATION: list[dict[str, Any]] = [
    {"key": "symptoms", "kind": "long", "zh": "主要症状，从什么时候开始", "en": "Main symptoms, and since when", "complaint": True},
    {"key": "address", "kind": "text", "zh": "住址", "en": "Address", "file": "address", "may_decline": True},
    {"key": "occupation", "kind": "text", "zh": "职业", "en": "Occupation", "file": "occupation", "may_decline": True},
    {"key": "heard_by", "kind": "source", "zh": "从哪里知道我们", "en": "How did you hear of us", "file": "media_source"},
]  # fmt: skip


def content() -> dict[str, Any]:
    """The form as data; the questions about health are those of ``health.QUESTIONS``, each yes a special circumstance."""
    return {
        "why": WHY,
        "offers": OFFERS,
        "sections": [
            {"key": "registration", "zh": "初诊登记", "en": "Registration", "questions": REGISTRATION},
            {"key": "enquiry", "zh": "初诊询问", "en": "First-visit enquiry", "questions": list(_enquiry())},
        ],
    }


def _enquiry() -> Any:
    for key, label in health.QUESTIONS.items():
        words = {}
        for language, tag in (("zh", "zh-hans"), ("en", "en")):
            with translation.override(tag):
                words[language] = str(label)
        yield {
            "key": key,
            "kind": "yes_no",
            **words,
            "special": True,
            "words": "needed" if key in health.NEEDS_WORDS else "optional",
            **({"not_for": Sex.MALE.value} if key in health.NOT_ASKED_OF_MEN else {}),
        }
