"""Patients and families in a workbook: what each column means, and how a row becomes a file or a relation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kernel import clock
from kernel.context import Actor
from kernel.errors import Conflict
from services.importing.cells import CellFault, day, one_of, text, whole, yes_or_no
from services.importing.kinds import Candidate, Column, Desk, Pending, SheetKind, Values, Written
from services.importing.selectors import brought
from services.patients import actions, selectors
from services.patients.merging import references, room_label
from services.patients.models import Patient, PatientRelation
from services.patients.phones import canonical_phone
from services.patients.withdrawal import withdraw_patient
from services.staff.names import normalise_query, read_name

SEXES = {"female": ("女", "female", "f", "女性"), "male": ("男", "male", "m", "男性"), "other": ("其他", "other")}
ABSENT = {
    "declined": ("不愿提供", "不願提供", "declined"),
    "none": ("没有电话", "无", "沒有電話", "無", "none"),
    "unable": ("暂时无法提供", "暫時無法提供", "unable"),
    "through_family": ("通过家属联系", "透過家屬聯繫", "通過家屬聯繫", "through family"),
}
RELATIONS = {
    "mother": ("母亲", "妈妈", "母親", "媽媽", "mother"),
    "father": ("父亲", "爸爸", "父親", "father"),
    "guardian": ("监护人", "監護人", "guardian"),
    "spouse": ("配偶", "丈夫", "妻子", "spouse"),
    "child": ("子女", "儿子", "女儿", "兒子", "女兒", "child"),
    "sibling": ("兄弟姐妹", "sibling"),
    "grandparent": ("祖父母", "外祖父母", "grandparent"),
    "grandchild": ("孙辈", "孫輩", "grandchild"),
    "other": ("其他", "other"),
}


def phone(cell: str) -> str:
    """A phone in its one spelling. Raises CellFault (``phone_invalid``)."""
    found = canonical_phone(cell)
    if found is None:
        raise CellFault("phone_invalid")
    return found


def patient_column(
    key: str = "patient", *, zh: str = "患者病历号", en: str = "Patient number", hant: str = "患者病歷號"
) -> Column:
    """The column by which another sheet names a patient."""
    return Column(
        key=key,
        zh=zh,
        en=en,
        hant=hant,
        parse=text(40),
        required=key == "patient",
        help=gettext_lazy("The old number as in the sheet of patients, or the record number of this system."),
        example="A00123",
    )


def patient_of(number: str, desk: Desk, column: str = "patient") -> Patient | Pending:
    """The patient whom a row names by old number or record number; pending while their own row waits in this file.

    Raises CellFault (``patient_unknown``).
    """
    found = desk.find("patients", _by_number(number))
    if found is Pending.PENDING:
        return found
    rows = Patient.objects.select_related("site", "merged_into__site").filter(withdrawn_at__isnull=True)
    rows = rows.filter(code=found) if found is not None else rows.filter(record_number__iexact=number)
    patient = rows.first()
    if patient is None:
        raise CellFault("patient_unknown", column)
    return patient.merged_into or patient


def written_patient(number: str, desk: Desk, column: str = "patient") -> Patient:
    """The patient of a row that is being written. Raises CellFault (``patient_unknown``, ``patient_not_imported``)."""
    found = patient_of(number, desk, column)
    if isinstance(found, Pending):
        raise CellFault("patient_not_imported", column)
    return found


def _by_number(number: str) -> str:
    return f"no:{number}"


# --- patients ---------------------------------------------------------------------------------------------------------


def _identity(values: Values) -> str:
    if values["number"]:
        return _by_number(values["number"])
    return f"who:{normalise_query(values['name'])}|{values['birth_date'] or values['age']}|{values['phone'] or ''}"


def _check(values: Values, desk: Desk) -> None:
    if values["birth_date"] is None and values["age"] is None:
        raise CellFault("age_or_birth_date", "birth_date")
    if values["birth_date"] is not None and values["birth_date"] > clock.today(desk.site.timezone):
        raise CellFault("birth_in_future", "birth_date")
    if not values["phone"] and not values["no_phone"]:
        raise CellFault("phone_or_reason", "phone")


def _alike(rows: Sequence[Values], desk: Desk) -> Sequence[Sequence[Candidate]]:
    """Same name and year of birth, or same name and phone. A phone alone is shared by a family."""
    this_year = clock.today(desk.site.timezone).year
    described = []
    for values in rows:
        born = values["birth_date"]
        year = born.year if born else this_year - values["age"]
        described.append(selectors.Described(values["name"], year, born is not None, values["phone"] or ""))
    found = []
    for values, alike in zip(rows, selectors.possible_duplicates_of(described), strict=True):
        plain = normalise_query(values["name"])
        found.append(
            [
                Candidate(patient.code, patient.record_number, shared)
                for patient, shared in alike
                if "name" in shared or normalise_query(patient.name) == plain
            ]
        )
    return found


def _facts(values: Values) -> dict[str, Any]:
    """A row as the keywords of ``register_patient``."""
    consent = {} if values["message_consent"] is None else {"message_consent": values["message_consent"]}
    return {
        "name": values["name"],
        "sex": values["sex"],
        "birth_date": values["birth_date"],
        "stated_age": None if values["birth_date"] else values["age"],
        "phone": values["phone"] or "",
        "phone_absent_reason": values["no_phone"] or "",
        "address": values["address"] or "",
        "id_number": values["id_number"] or "",
        "occupation": values["occupation"] or "",
        "alert": values["alert"] or "",
        **consent,
    }


def _register(values: Values, desk: Desk) -> Written:
    return Written(actions.register_patient(by=desk.by, site=desk.site, confirmed_new=True, **_facts(values)).code)


def _register_all(rows: Sequence[Values], desk: Desk) -> Sequence[Written | None]:
    """Everybody at once, but for those whose name is read like that of somebody above: they may be doubles of one another,
    which is seen once the first of them has a file."""
    seen: set[str] = set()
    apart = []
    for values in rows:
        read = read_name(values["name"]).pinyin
        apart.append(read in seen)
        seen.add(read)
    together = [_facts(values) for values, alone in zip(rows, apart, strict=True) if not alone]
    opened = iter(actions.register_patients(by=desk.by, site=desk.site, files=together))
    return [None if alone else Written(next(opened).code) for alone in apart]


def _withdraw(by: Actor, code: UUID) -> None:
    """Take an imported file back. Raises Conflict (``worked_with_since``)."""
    patient = Patient.objects.select_for_update(of=("self",)).get(code=code)
    if patient.withdrawn_at is not None:
        return
    blocking = {room_label(Patient)} if patient.version > 1 or patient.merged_into_id is not None else set()
    for model, column in references():
        rows = model._base_manager.filter(**{column.name: patient})
        if any(one.name == "code" for one in model._meta.concrete_fields):
            codes = set(rows.values_list("code", flat=True))
            if codes and codes - brought(codes):
                blocking.add(room_label(model))
        elif rows.exists():
            blocking.add(room_label(model))
    if blocking:
        raise Conflict(
            "worked_with_since",
            _("Somebody has worked with this file since (%(rooms)s). Correct or merge it where it stands.")
            % {"rooms": "、".join(sorted(blocking))},
        )
    withdraw_patient(by=by, patient=patient)


PATIENTS = SheetKind(
    key="patients",
    order=10,
    label=pgettext_lazy("sheet", "Patients"),
    zh="患者",
    en="Patients",
    columns=(
        Column(
            key="number", zh="旧病历号", en="Old number", hant="舊病歷號", parse=text(40), example="A00123",
            help=gettext_lazy("The number in the former system: other sheets name the patient by it."),
        ),
        Column(key="name", zh="姓名", en="Name", parse=text(80), required=True, example="王小明"),
        Column(
            key="sex", zh="性别", en="Sex", hant="性別", parse=one_of(SEXES), required=True, example="男",
            help=gettext_lazy("男 or 女, M or F."),
        ),
        Column(
            key="birth_date", zh="出生日期", en="Date of birth", parse=day, example="1986-05-02",
            help=gettext_lazy("2026-01-05 or a date of the spreadsheet. Without it the age is needed."),
        ),
        Column(key="age", zh="年龄", en="Age", hant="年齡", parse=whole(0, 130), help=gettext_lazy("Only without a date of birth.")),
        Column(
            key="phone", zh="手机号", en="Phone", hant="手機號", parse=phone, example="138 0000 4417",
            help=gettext_lazy("A family may share one phone. Without it the reason is needed."),
        ),
        Column(
            key="no_phone", zh="无电话原因", en="Why no phone", hant="無電話原因", parse=one_of(ABSENT),
            help=gettext_lazy("不愿提供, 没有电话, 暂时无法提供 or 通过家属联系."),
        ),
        Column(key="id_number", zh="证件号", en="ID number", hant="證件號", parse=text(40)),
        Column(key="address", zh="地址", en="Address", parse=text(200)),
        Column(key="occupation", zh="职业", en="Occupation", hant="職業", parse=text(60)),
        Column(
            key="alert", zh="特别提醒", en="Alert", hant="特別提醒", parse=text(300), example="青霉素过敏",
            help=gettext_lazy("What everybody must see first, such as allergies."),
        ),
        Column(
            key="message_consent", zh="同意接收短信", en="Agrees to messages", hant="同意接收簡訊", parse=yes_or_no, example="是",
            help=gettext_lazy("Yes or no; empty where nobody has asked."),
        ),
    ),
    identity=_identity,
    check=_check,
    candidates=_alike,
    write=_register,
    write_all=_register_all,
    undo=_withdraw,
)  # fmt: skip


# --- families ---------------------------------------------------------------------------------------------------------


def _family_identity(values: Values) -> str:
    return f"{values['patient']}|{values['relation']}|{values['relative'] or values['relative_name'] or ''}"


def _family_check(values: Values, desk: Desk) -> None:
    if not values["relative"] and not values["relative_name"]:
        raise CellFault("relative_missing", "relative")
    patient_of(values["patient"], desk)
    if values["relative"]:
        patient_of(values["relative"], desk, "relative")


def _relate(values: Values, desk: Desk) -> Written:
    named = values["relative"]
    relation = actions.add_relation(
        by=desk.by,
        patient=written_patient(values["patient"], desk),
        kind=values["relation"],
        relative=written_patient(named, desk, "relative") if named else None,
        name=values["relative_name"] or "",
        phone=values["relative_phone"] or "",
        is_payer=bool(values["is_payer"]),
        is_guardian=bool(values["is_guardian"]),
    )
    return Written(relation.code)


def _unrelate(by: Actor, code: UUID) -> None:
    """Take a relation back; one that somebody has removed is gone already."""
    relation = PatientRelation.objects.filter(code=code).select_related("patient").first()
    if relation is not None:
        actions.remove_relation(by=by, relation=relation)


FAMILIES = SheetKind(
    key="families",
    order=20,
    label=pgettext_lazy("sheet", "Families"),
    zh="家属",
    hant="家屬",
    en="Families",
    columns=(
        patient_column(),
        Column(
            key="relation", zh="关系", en="Relation", hant="關係", parse=one_of(RELATIONS), required=True, example="母亲",
            help=gettext_lazy("What the relative is to the patient: 母亲, 父亲, 配偶, 子女 …"),
        ),
        patient_column("relative", zh="家属病历号", en="Relative's number", hant="家屬病歷號"),
        Column(
            key="relative_name", zh="家属姓名", en="Relative's name", hant="家屬姓名", parse=text(80),
            help=gettext_lazy("Only for a relative without a file."),
        ),
        Column(key="relative_phone", zh="家属手机号", en="Relative's phone", hant="家屬手機號", parse=phone),
        Column(key="is_payer", zh="付款人", en="Pays", parse=yes_or_no, example="是"),
        Column(key="is_guardian", zh="法定监护人", en="Legal guardian", hant="法定監護人", parse=yes_or_no, example="是"),
    ),
    identity=_family_identity,
    check=_family_check,
    write=_relate,
    undo=_unrelate,
)  # fmt: skip
