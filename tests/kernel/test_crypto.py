"""Encrypted fields: nothing readable in the database, everything findable, keys that rotate and shred."""

import base64
import copy
import json
import pickle
from dataclasses import replace

import pytest
from django.core import serializers
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.db import connection, models
from hypothesis import given
from hypothesis import strategies as st

from kernel import tenancy
from kernel.crypto import (
    DecryptionFailed,
    EncryptedTextField,
    KeyUnavailable,
    SealedText,
    blind_candidates,
    blind_index,
    normalise,
    open_text,
    seal_text,
)
from kernel.crypto.rotation import reencrypt
from kernel.ids import uuid7
from tests.kernel.probe_models import Person

PHONE = "13812345678"
ID_NUMBER = "11010519491231002x"


def key(number: int) -> str:
    return base64.b64encode(bytes([number]) * 32).decode()


@pytest.fixture(autouse=True)
def keys(settings):
    settings.FIELD_KEYS = f"one:{key(1)}"


@pytest.fixture
def people(probe_tables, smile):
    return smile


def stored(person: Person) -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM probe_person WHERE id = %s", [person.pk])
        return dict(zip([column.name for column in cursor.description], cursor.fetchone(), strict=True))


def hire(**values: str) -> Person:
    return Person.objects.create(**{"name": "Liang Bo", "phone": PHONE, "id_number": ID_NUMBER} | values)


# --- the cipher -----------------------------------------------------------------------------------------------------


@pytest.mark.ledger("CR-005")
def test_a_sealed_text_opens_only_in_its_place(smile):
    token = seal_text(PHONE, "patients.patient", "phone", "a")
    assert token.startswith("e1:one:")
    assert PHONE not in token
    assert open_text(token, "patients.patient", "phone", "a") == PHONE
    for place in [
        ("patients.patient", "phone", "b"),
        ("patients.patient", "address", "a"),
        ("patients.patientphone", "", "a"),
    ]:
        with pytest.raises(DecryptionFailed):
            open_text(token, *place)


@pytest.mark.ledger("PL-001")
def test_another_tenant_cannot_open_it(smile, working_for):
    token = seal_text(PHONE, "patients.patient", "phone", "a")
    with working_for("willow") as willow, pytest.raises(DecryptionFailed):
        open_text(token, "patients.patient", "phone", "a")
    # Not even with this tenant's salt: the tenant's code is part of the place.
    with tenancy.activate(replace(willow, key_salt=smile.key_salt)), pytest.raises(DecryptionFailed):
        open_text(token, "patients.patient", "phone", "a")


def test_a_changed_token_does_not_open(smile):
    token = seal_text(PHONE, "a")
    head, body = token.rsplit(":", 1)
    raw = bytearray(base64.urlsafe_b64decode(body))
    for position in (0, 13, len(raw) - 1):
        changed = bytearray(raw)
        changed[position] ^= 1
        with pytest.raises(DecryptionFailed):
            open_text(f"{head}:{base64.urlsafe_b64encode(changed).decode()}", "a")
    for nonsense in ("", "x", "e1:one", "e1:one:%%%", "e2:one:" + body, PHONE):
        with pytest.raises(DecryptionFailed):
            open_text(nonsense, "a")


def test_equal_texts_are_sealed_differently(smile):
    assert seal_text(PHONE, "a") != seal_text(PHONE, "a")


def test_without_the_salt_everything_is_shredded(smile):
    token = seal_text(PHONE, "a")
    with tenancy.activate(replace(smile, key_salt=b"")), pytest.raises(KeyUnavailable):
        open_text(token, "a")


def test_an_unknown_key_id_says_so(smile, settings):
    token = seal_text(PHONE, "a")
    settings.FIELD_KEYS = f"two:{key(2)}"
    with pytest.raises(KeyUnavailable, match="one"):
        open_text(token, "a")


@pytest.mark.parametrize(
    "configured",
    ["", "one", "one:notbase64!", f"one:{base64.b64encode(b'short').decode()}", f"one:{key(1)},one:{key(2)}"],
)
def test_unusable_keys_stop_everything(smile, settings, configured):
    settings.FIELD_KEYS = configured
    with pytest.raises(ImproperlyConfigured):
        seal_text(PHONE, "a")


# --- the field ------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("CR-005")
def test_the_row_holds_no_readable_value(people):
    person = hire()
    row = stored(person)
    text = json.dumps(row, default=str)
    for readable in (PHONE, PHONE[::-1], PHONE[-4:] + '"', ID_NUMBER, base64.b64encode(PHONE.encode()).decode()):
        assert readable not in text
    assert row["phone"].startswith("e1:one:")
    assert person.phone == PHONE
    assert Person.objects.get().phone == PHONE
    assert Person.objects.get().id_number == ID_NUMBER


def test_no_way_of_carrying_rows_about_shows_the_value(people):
    person = hire()
    loaded = Person.objects.get()
    fresh = Person(name="x", phone=PHONE)
    shown = [
        repr(loaded), repr(loaded.__dict__), repr(fresh.__dict__), repr(list(Person.objects.values())),
        repr(list(Person.objects.values_list("phone", flat=True))), serializers.serialize("json", [loaded, fresh]),
        repr(pickle.dumps(loaded)),
    ]  # fmt: skip
    assert not [text for text in shown if PHONE in text]
    with pytest.raises(TypeError):
        pickle.dumps(fresh)
    with pytest.raises(TypeError):
        json.dumps(Person.objects.values_list("phone", flat=True)[0])
    sealed = Person.objects.values_list("phone", flat=True)[0]
    assert str(sealed) == repr(sealed) == "<sealed>"
    assert sealed.open("probe.person", "phone", str(person.code)) == PHONE


def test_saving_an_unchanged_row_keeps_its_ciphertext_and_a_change_renews_it(people):
    person = hire()
    before = stored(person)
    loaded = Person.objects.get()
    loaded.name = "Liang Po"
    loaded.save()
    assert stored(person)["phone"] == before["phone"]
    loaded.phone = "13900001111"
    loaded.save(update_fields=["phone"])
    after = stored(person)
    assert after["phone"] != before["phone"]
    assert after["phone_index"] != before["phone_index"]
    assert Person.objects.filter(phone_index__marks="139 0000 1111").exists()
    assert not Person.objects.filter(phone_index__marks=PHONE).exists()


def test_empty_values_stay_empty_and_missing_ones_missing(people):
    person = hire(phone="", id_number=None)
    row = stored(person)
    assert (row["phone"], row["id_number"], row["phone_index"], row["id_index"]) == ("", None, "", "")
    loaded = Person.objects.get()
    assert (loaded.phone, loaded.id_number) == ("", None)
    assert Person.objects.filter(id_number__isnull=True).exists()


def test_deferred_and_refreshed_fields_open_too(people):
    hire()
    deferred = Person.objects.only("name").get()
    assert "phone" in deferred.get_deferred_fields()
    assert deferred.phone == PHONE
    deferred.phone = "1"
    deferred.refresh_from_db(fields=["phone"])
    assert deferred.phone == PHONE
    assert copy.deepcopy(deferred.__dict__["phone"]) is deferred.__dict__["phone"]


def test_bulk_creation_seals_and_bulk_change_is_refused(people):
    Person.objects.bulk_create([Person(name=str(number), phone=f"1380000000{number}") for number in range(3)])
    assert [person.phone for person in Person.objects.order_by("id")] == [f"1380000000{number}" for number in range(3)]
    assert Person.objects.filter(phone_tail__marks="0001").count() == 1
    with pytest.raises(TypeError):
        Person.objects.update(phone=PHONE)


@pytest.mark.parametrize("lookup", ["phone", "phone__contains", "phone__startswith", "phone__in"])
def test_an_encrypted_field_cannot_be_searched(people, lookup):
    with pytest.raises(FieldError):
        Person.objects.filter(**{lookup: [PHONE] if lookup.endswith("in") else PHONE}).exists()


def test_a_copied_row_cannot_carry_a_value_that_nobody_could_open(people):
    hire()
    person = Person.objects.get()
    person.pk, person.code, person._state.adding = None, uuid7(), True
    with pytest.raises(DecryptionFailed):
        person.save()


def test_a_model_without_a_code_or_without_its_index_base_is_reported():
    class Bare(models.Model):
        phone = EncryptedTextField()

        class Meta:
            app_label = "probe_bare"

    assert [problem.id for problem in Bare._meta.get_field("phone").check()] == ["crypto.E001"]
    assert [problem.id for field in Person._meta.get_fields() for problem in field.check()] == []


# --- the blind index ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "written", "plain"),
    [
        ("phone", "+86 138-1234-5678", PHONE),
        ("phone", "0086 13812345678", PHONE),
        ("phone", "８６１３８１２３４５６７８", PHONE),
        ("phone", "(021) 8612 3456", "02186123456"),
        ("phone", "8613812345678", PHONE),
        ("id_number", ID_NUMBER, ID_NUMBER.upper()),
        ("id_number", "110105 19491231 002X", ID_NUMBER.upper()),
        ("note", "  Straße  12 ", "strasse 12"),
    ],
)
def test_the_same_thing_written_differently_is_the_same(kind, written, plain):
    assert normalise(kind, written) == plain


@pytest.mark.ledger("FD-002")
def test_a_person_is_found_by_the_whole_number_and_by_its_last_four(people):
    person = hire()
    hire(phone="13900005679")
    assert Person.objects.get(phone_index__marks="+86 138 1234 5678") == person
    assert Person.objects.get(phone_tail__marks="5678") == person
    assert Person.objects.get(phone_tail__marks=PHONE) == person
    assert Person.objects.filter(id_index__marks=ID_NUMBER.upper()).count() == 2
    assert not Person.objects.filter(phone_index__marks="").exists()
    assert not Person.objects.filter(phone_tail__marks="678").exists()


@pytest.mark.ledger("PL-001")
def test_equal_numbers_of_two_tenants_have_different_marks(smile, working_for):
    here = blind_index("phone", PHONE)
    with working_for("willow"):
        assert blind_index("phone", PHONE) != here
    assert blind_index("phone", PHONE) == here
    marks = {here, blind_index("id_number", PHONE), blind_index("phone", PHONE, last=4), blind_index("phone", "5678")}
    assert len(marks) == 4


@given(st.text(max_size=40))
def test_normalising_twice_changes_nothing(text):
    for kind in ("phone", "id_number", "text"):
        once = normalise(kind, text)
        assert normalise(kind, once) == once or kind == "phone"


# --- rotation -------------------------------------------------------------------------------------------------------


def test_keys_rotate_while_everybody_reads_and_searches(people, settings):
    persons = [hire(phone=f"138000000{number:02d}") for number in range(25)]
    hire(phone="", id_number=None)
    settings.FIELD_KEYS = f"two:{key(2)},one:{key(1)}"
    fresh = hire(phone="13900000000")
    assert stored(fresh)["phone"].startswith("e1:two:")

    def everything_works() -> None:
        for number, person in enumerate(persons):
            assert Person.objects.get(pk=person.pk).phone == f"138000000{number:02d}"
            assert Person.objects.filter(phone_index__marks=f"138000000{number:02d}").get() == person

    everything_works()
    assert len(blind_candidates("phone", PHONE)) == 2
    assert reencrypt(Person, batch=10) == 25
    assert reencrypt(Person, batch=10) == 0
    everything_works()
    settings.FIELD_KEYS = f"two:{key(2)}"
    everything_works()


def test_a_sealed_value_compares_by_token_and_prints_nothing():
    assert SealedText("a") == SealedText("a")
    assert len({SealedText("a"), SealedText("a"), SealedText("b")}) == 2
    assert f"{SealedText('a')}" == "<sealed>"
