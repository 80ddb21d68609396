"""Scripts in the reader's language: Simplified and Traditional Chinese, English."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from services.telephone import scripts, selectors
from services.telephone.models import Script, ScriptVersion
from services.telephone.starter import PHRASES, load
from services.telephone.starter_traditional import TRADITIONAL
from services.telephone.wording import VARIABLE
from tests.services.doors import person
from tests.services.flow import center

REN, GAO = "ren.tao", "gao.wen"


@pytest.fixture(autouse=True)
def tuesday(smile: Any, at: Any) -> Any:
    at("2026-12-08 14:00")
    return at


# Characters that are written in Simplified Chinese alone.
SIMPLIFIED = set(
    "这们请问师说话约给时为诊疗预联络处听讲应际档务员讯号码边办设备厅药术费钱币开关门间见观规视觉贵购买卖车进远还选边"
)


def test_every_starter_script_says_the_same_in_traditional_chinese():
    assert TRADITIONAL.keys() == {phrase.key for phrase in PHRASES}
    for phrase in PHRASES:
        title, words = TRADITIONAL[phrase.key]
        assert sorted(VARIABLE.findall(words)) == sorted(VARIABLE.findall(phrase.text_zh)), phrase.key
        assert len(words.splitlines()) == len(phrase.text_zh.splitlines()), phrase.key
        assert not SIMPLIFIED & set(title + words), phrase.key
        assert len(title) <= 60


@pytest.mark.parametrize(
    ("language", "title", "begins"),
    [("zh-hans", "接听开场", "您好，微笑"), ("zh-hant", "接聽開場", "您好，這裡是微笑"), ("en", "Opening", "Good day")],
)
def test_a_script_is_told_in_the_readers_language(language, title, begins):
    with translation.override(language):
        [opening] = [
            one for one in selectors.scripts_for("booking", selectors.values_of(person(REN), center()))
            if one.script.key == "opening"
        ]  # fmt: skip
        assert opening.title == title
        assert opening.text.startswith(begins)


def test_what_nobody_wrote_in_traditional_chinese_is_told_in_simplified():
    opening = Script.objects.get(key="opening")
    scripts.write_script(by=person(GAO), script=opening, text_zh="您好，{clinic}。", text_en="Hello.")
    with translation.override("zh-hant"):
        said = selectors.scripts_for("booking", {"clinic": "微笑"})
    assert [one.text for one in said if one.script.key == "opening"] == ["您好，微笑。"]


def test_a_house_that_stood_before_learns_the_traditional_words_of_what_it_left_unchanged():
    """Given scripts as an older house has them, one rewritten, when the starter content comes again, then the others alone
    get a version in Traditional Chinese; a repetition adds nothing."""
    by = person(GAO)
    for key in ("opening", "hold"):
        script = Script.objects.get(key=key)
        first = script.versions.get()
        scripts.write_script(by=by, script=script, text_zh=first.text_zh, text_en=first.text_en)
    changed = Script.objects.get(key="volume")
    scripts.write_script(by=by, script=changed, text_zh="请您大声一点。")
    before = ScriptVersion.objects.count()

    load()
    load()

    assert ScriptVersion.objects.count() == before + 2
    for key in ("opening", "hold"):
        newest = Script.objects.get(key=key).versions.first()
        assert (newest.number, newest.text_hant) == (3, TRADITIONAL[key][1])
    assert changed.versions.first().text_hant == ""
