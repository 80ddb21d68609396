"""Starter content: the words of the agreement. Counsel confirms them; a house publishes its own."""

from __future__ import annotations

from kernel import context
from services.confidentiality.actions import publish_text
from services.confidentiality.selectors import current_text

TEXT = """一、保密范围：客户的身份、联系方式、健康与就诊信息；本单位的经营数据、价格、内部制度、培训资料和业务文件。
二、义务：只为工作需要查看和使用；不拍照、不复制、不转发、不带离；不与无关人员谈论；设备和存储介质须登记并加密，离岗时交还。
三、离岗后：保密义务在离职或合作结束后继续有效。
四、责任：违反本协议的，按内部制度处理；造成损失的，依法承担赔偿责任；涉嫌违法的，移交有关机关。
五、期限：自签署之日起按单位规定的期限有效，到期重新签署；内容更新后签署新版本。"""


def load() -> None:
    """Publish the first words where there are none yet; what a house has published stays."""
    if current_text() is None:
        publish_text(by=context.actor(), text=TEXT)
