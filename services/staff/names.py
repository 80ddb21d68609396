"""How names are read aloud: pinyin, initials, and where the surname ends.

A surname has its own reading (曾 is Zeng, 单 is Shan), which a dictionary of ordinary words gets wrong. Whoever
searches may type either, so both readings are kept among the words of a name.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

# Surnames whose reading differs from that of the word, by reading.
_SURNAMES_BY_READING = {
    "zeng": "曾", "shan": "单單", "xie": "解", "qiu": "仇", "ou": "区區", "zha": "查", "piao": "朴", "ge": "盖蓋",
    "yue": "乐樂", "zhai": "翟祭", "qin": "覃", "xian": "洗", "yun": "员員贠", "miao": "缪繆", "bi": "秘",
    "po": "繁", "chong": "种種", "she": "折", "he": "黑", "shao": "召", "wei": "隗", "nie": "乜", "bu": "卜",
    "gou": "句", "nai": "能佴", "bo": "薄", "du": "都", "kuo": "适", "mu": "牟", "zang": "藏",
}  # fmt: skip
_COMPOUNDS_BY_READING = {
    "ou yang": "欧阳 歐陽", "si ma": "司马 司馬", "shang guan": "上官", "zhu ge": "诸葛 諸葛",
    "dong fang": "东方 東方", "huang fu": "皇甫", "yu chi": "尉迟 尉遲", "gong sun": "公孙 公孫", "mu rong": "慕容",
    "ling hu": "令狐", "yu wen": "宇文", "zhang sun": "长孙 長孫", "si tu": "司徒", "si kong": "司空",
    "xia hou": "夏侯", "duan mu": "端木", "du gu": "独孤 獨孤", "nan gong": "南宫 南宮", "mo qi": "万俟 萬俟",
    "chan yu": "单于 單于", "tan tai": "澹台 澹臺", "gong ye": "公冶", "zong zheng": "宗政", "pu yang": "濮阳 濮陽",
    "chun yu": "淳于", "shen tu": "申屠", "xuan yuan": "轩辕 軒轅", "zhong li": "钟离 鍾離", "lv qiu": "闾丘",
    "qi guan": "亓官", "tuo ba": "拓跋", "hu yan": "呼延", "bai li": "百里", "dong guo": "东郭",
    "xi men": "西门 西門", "na lan": "纳兰", "he lian": "赫连", "wen ren": "闻人", "tai shi": "太史",
    "gong yang": "公羊", "xian yu": "鲜于 鮮于", "zuo qiu": "左丘", "liang qiu": "梁丘",
}  # fmt: skip
SURNAME_READINGS = {sign: reading for reading, signs in _SURNAMES_BY_READING.items() for sign in signs}
COMPOUND_SURNAMES = {name: reading for reading, names in _COMPOUNDS_BY_READING.items() for name in names.split()}


@dataclass(frozen=True, slots=True)
class Reading:
    """A name as it is typed to find it: all lower-case, without spaces and tone marks."""

    name: str
    given: str
    pinyin: str
    given_pinyin: str
    initials: str
    also: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """Everything that a search for this name may begin with, without repetitions."""
        known = (self.name, self.given, self.pinyin, self.given_pinyin, self.initials, *self.also)
        return tuple(dict.fromkeys(word for word in known if word))


def read_name(name: str) -> Reading:
    """How ``name`` is read. A name in Latin letters is read by its parts: "Bella Smith" has the initials "bs"."""
    parts = _plain(name).split()
    whole = "".join(parts)
    if not whole or not _is_chinese(whole[0]) or "·" in name:
        return _read_parts(parts, whole)
    surname_length = 2 if whole[:2] in COMPOUND_SURNAMES and len(whole) > 2 else 1
    surname, given = whole[:surname_length], whole[surname_length:]
    ordinary = _syllables(whole)
    given_syllables = _syllables(given)
    surname_syllables = _surname_syllables(surname)
    syllables = [*surname_syllables, *given_syllables]
    also = () if ordinary == syllables else ("".join(ordinary), _first_letters(ordinary))
    return Reading(
        name=whole,
        given=given,
        pinyin="".join(syllables),
        given_pinyin="".join(given_syllables),
        initials=_first_letters(syllables),
        also=also,
    )


def normalise_query(text: str) -> str:
    """What somebody typed, as the words of a name are stored."""
    return "".join(_plain(text).split())


def _read_parts(parts: list[str], whole: str) -> Reading:
    syllables = [syllable for part in parts for syllable in _syllables(part)]
    joined = "".join(syllables)
    last = parts[-1] if len(parts) > 1 else ""
    return Reading(name=whole, given=last, pinyin=joined, given_pinyin="", initials=_first_letters(syllables))


def _surname_syllables(surname: str) -> list[str]:
    if surname in COMPOUND_SURNAMES:
        return COMPOUND_SURNAMES[surname].split()
    return [SURNAME_READINGS.get(surname) or _syllables(surname)[0]]


def _syllables(text: str) -> list[str]:
    """One syllable per Chinese character; letters and digits stay together."""
    # Its dictionary takes 60 MB, which only a process that reads names has to carry.
    from pypinyin import Style, lazy_pinyin

    read = lazy_pinyin(text, style=Style.NORMAL, errors="default")
    return [clean for part in read if (clean := "".join(filter(str.isalnum, part.lower())))]


def _first_letters(syllables: list[str]) -> str:
    return "".join(syllable[0] for syllable in syllables)


def _plain(text: str) -> str:
    """Lower case, full-width as plain, without accents: "Ｂéll" is typed as "bell"."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text))
    kept = "".join(
        character
        for character in decomposed
        if not unicodedata.combining(character) and unicodedata.category(character) != "Cc"
    )
    return unicodedata.normalize("NFC", kept).lower().replace("·", " ").replace("-", " ")


def _is_chinese(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff" or "\U00020000" <= character <= "\U0003ffff"
