"""How names are read: pinyin, initials, and the surnames that a dictionary reads wrongly."""

import pytest

from services.staff.names import normalise_query, read_name


@pytest.mark.parametrize(
    ("name", "pinyin", "initials"),
    [
        ("陈雨", "chenyu", "cy"),
        ("曾国华", "zengguohua", "zgh"),
        ("单雄信", "shanxiongxin", "sxx"),
        ("解晓东", "xiexiaodong", "xxd"),
        ("仇英", "qiuying", "qy"),
        ("区海伦", "ouhailun", "ohl"),
        ("查良镛", "zhaliangyong", "zly"),
        ("朴树", "piaoshu", "ps"),
        ("任盈盈", "renyingying", "ryy"),
        ("盖叫天", "gejiaotian", "gjt"),
        ("翟天临", "zhaitianlin", "ztl"),
        ("覃海洋", "qinhaiyang", "qhy"),
        ("吕布", "lvbu", "lb"),
        ("欧阳娜娜", "ouyangnana", "oynn"),
        ("尉迟恭", "yuchigong", "ycg"),
        ("万俟卨", "moqixie", "mqx"),
        ("單田芳", "shantianfang", "stf"),
    ],
)
def test_a_surname_has_its_own_reading(name, pinyin, initials):
    reading = read_name(name)
    assert (reading.pinyin, reading.initials) == (pinyin, initials)


def test_a_character_inside_a_given_name_keeps_its_ordinary_reading():
    # given a word whose surname reading differs, when it stands inside the given name, then it is read as a word
    assert read_name("陈解放").pinyin == "chenjiefang"
    assert read_name("李单").pinyin == "lidan"


def test_both_readings_of_a_surname_are_words_of_the_name():
    assert {"zengli", "cengli", "zl", "cl"} <= set(read_name("曾丽").words)


def test_latin_names_are_read_by_their_parts():
    reading = read_name("Bella Smith")
    assert (reading.pinyin, reading.initials, reading.given) == ("bellasmith", "bs", "smith")
    assert read_name("Renée").pinyin == "renee"


def test_names_with_a_dot_have_no_surname():
    assert read_name("阿依古丽·买买提").pinyin == "ayigulimaimaiti"


@pytest.mark.parametrize(
    ("typed", "wanted"), [("Chen Yu", "chenyu"), ("ＣＹ", "cy"), (" 陈 雨 ", "陈雨"), ("A-019417", "a019417")]
)
def test_a_query_is_read_like_a_name(typed, wanted):
    assert normalise_query(typed) == wanted


@pytest.mark.parametrize("nothing", ["", "   ", "·", "-"])
def test_an_empty_name_has_no_words(nothing):
    assert read_name(nothing).words == ()
