"""Finding patients by what people type, and what it costs."""

import pytest
from django.db import connection

from services.patients import actions, selectors
from services.patients.models import Patient
from services.sites.models import Site
from tests.services.doors import SYSTEM

PEOPLE = (
    ("陈雨", "13812344417"),
    ("陈雨晴", "13912344418"),
    ("程颖", "13712340836"),
    ("蔡跃", "13612347725"),
    ("曾国华", "13512340001"),
    ("欧阳娜娜", "13512340002"),
    ("Bella Smith", "13512340003"),
    ("李雨晴", "13512340004"),
)


@pytest.fixture
def people(smile, at) -> dict[str, Patient]:
    at("2026-12-07 10:05")
    site = Site.objects.get(slug="center")
    return {
        name: actions.register_patient(
            by=SYSTEM, site=site, name=name, sex="female", stated_age=30 + number * 3, phone=phone
        )
        for number, (name, phone) in enumerate(PEOPLE)
    }


def names(query: str, **options: int) -> list[str]:
    return [patient.name for patient in selectors.find_patients(query, **options)]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("陈雨", ["陈雨", "陈雨晴"]),
        ("雨晴", ["陈雨晴", "李雨晴"]),
        ("陈", ["陈雨", "陈雨晴"]),
        ("cy", ["陈雨", "程颖", "蔡跃", "陈雨晴"]),
        ("CYQ", ["陈雨晴"]),
        ("chenyu", ["陈雨", "陈雨晴"]),
        ("chen yu", ["陈雨", "陈雨晴"]),
        ("yuqing", ["陈雨晴", "李雨晴"]),
        ("ouyang", ["欧阳娜娜"]),
        ("oynn", ["欧阳娜娜"]),
        ("zgh", ["曾国华"]),
        ("cengguohua", ["曾国华"]),
        ("4417", ["陈雨"]),
        ("138 1234 4417", ["陈雨"]),
        ("+86 13812344417", ["陈雨"]),
        ("bella", ["Bella Smith"]),
        ("Bella Smith", ["Bella Smith"]),
        ("smith", ["Bella Smith"]),
        ("guohu", ["曾国华"]),
        ("zzz", []),
        ("", []),
        ("%", []),
        ("_", []),
        ("4418%", []),
        ("\x00", []),
    ],
)
def test_everything_people_type_is_understood(people, typed, found):
    assert sorted(names(typed)) == sorted(found)


def test_what_is_meant_exactly_comes_first(people):
    assert names("陈雨")[0] == "陈雨"
    assert names("cyq")[0] == "陈雨晴"
    assert set(names("cy")[:3]) == {"陈雨", "程颖", "蔡跃"}
    assert names("cy", limit=2) == names("cy")[:2]


def test_a_record_number_is_found_with_and_without_its_letters_and_zeros(people):
    patient = people["程颖"]
    digits = patient.record_number.removeprefix("A-")
    for typed in (patient.record_number, patient.record_number.lower(), digits, f"A{digits}"):
        assert names(typed)[0] == "程颖", typed


def test_a_search_takes_one_or_two_queries(people, django_assert_max_num_queries):
    for typed in ("cy", "chen", "陈雨", "雨晴", "4417", "13812344417", "A-000001", "zzzz"):
        with django_assert_max_num_queries(2):
            names(typed)


def test_every_way_of_searching_has_an_index(people):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        plans = []
        for typed in ("cy", "陈雨", "4417", "13812344417"):
            plans.append(selectors._beginning(selectors.normalise_query(typed), typed).explain())
        for typed in ("guohua", "雨晴", "019417"):
            plans.append(selectors._inside(typed).explain())
    text = "\n".join(plans)
    assert "Seq Scan" not in text
    for index in (
        "patients_initials",
        "patients_pinyin",
        "patients_name",
        "phone_index",
        "phone_last_four",
        "patients_words",
    ):
        assert index in text, index
