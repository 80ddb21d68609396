"""Starter content: the consents that every house asks for. Counsel confirms the words; a house publishes its own."""

from __future__ import annotations

from kernel import context
from services.consents.actions import ensure_template
from services.consents.models import ConsentTemplate

TREATMENT, PHOTO, SENSITIVE, DISCLOSURE = (purpose.value for purpose in ConsentTemplate.Purpose)
TEMPLATES = (
    (
        "treatment", TREATMENT, "诊疗知情同意书",
        ("医生已向我说明病情、拟行的检查和治疗、可供选择的其他方案、可能的风险和费用。我的提问已得到答复。"
        "我同意接受上述检查和治疗，并知道在治疗开始前可以随时撤回。"),
    ),
    (
        "photo", PHOTO, "影像资料使用同意书",
        "我同意门诊拍摄并保存与诊疗有关的影像，仅用于诊断、治疗和复诊对比。未经我另行书面同意，不得公开或用于宣传。",
    ),
    (
        "sensitive", SENSITIVE, "敏感个人信息处理单独同意书",
        ("我同意门诊为诊疗目的处理我的医疗健康信息、检验结果等敏感个人信息。门诊已告知处理的必要性和对我的影响。"
        "不满十四周岁的，由监护人签署。"),
    ),
    (
        "disclosure", DISCLOSURE, "向第三方提供资料同意书",
        "我同意门诊将本同意书所列的资料提供给所列的接收方，仅用于所列目的。我可以随时撤回；撤回不影响撤回前已提供的资料。",
    ),
)  # fmt: skip


def load() -> None:
    """Write the templates that are missing; what a house has changed stays."""
    for key, purpose, title, text in TEMPLATES:
        ensure_template(by=context.actor(), key=key, title=title, purpose=purpose, text=text)
