"""Two attendants at one chair at the same moment (QU-011, QU-010)."""

from __future__ import annotations

from datetime import date

import pytest

from kernel.errors import Conflict
from services.reception import actions as desk
from services.reception.models import Visit
from services.treatment_area import actions
from services.treatment_area.models import AccompanyingRelative, FloorEntry
from tests.kernel.probes import at_once
from tests.services.doors import person
from tests.services.flow import chair, patient, walked_in


@pytest.fixture
def inside(own_database, smile, at) -> Visit:
    at("2026-12-07 10:40")
    visit = walked_in(patient("阮欣", birth_date=date(2016, 1, 1)))
    return desk.lead_in(by=person("yao.jing"), visit=visit, chair=chair("3"))


def refused(function):
    def run() -> object:
        try:
            return function()
        except Conflict as refusal:
            return refusal.code

    return run


@pytest.mark.ledger("QU-011")
def test_mother_and_father_at_the_same_moment(smile, inside):
    def let_in(name: str, relation: str):
        return lambda: actions.admit_companion(by=person("su.qi"), visit=inside, name=name, relation=relation)

    results = at_once(smile, refused(let_in("阮母", "mother")), refused(let_in("阮父", "father")))

    assert results.count("companion_limit") == 1
    assert AccompanyingRelative.objects.filter(state="inside").count() == 1


@pytest.mark.ledger("QU-010")
def test_two_nurses_sign_at_the_same_moment(smile, inside):
    results = at_once(
        smile,
        refused(lambda: actions.sign_take_over(by=person("tang.rui"), visit=inside)),
        refused(lambda: actions.sign_take_over(by=person("mo.xiao"), visit=inside)),
    )
    assert results.count("already_taken_over") == 1
    assert FloorEntry.objects.count() == 1
