"""Two people at one complaint: one handler, one decision, one round, whoever was first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kernel.errors import DomainError
from services.complaints import cases, remedies, results
from services.complaints.models import Complaint, Involved, Remedy, Round
from tests.kernel.probes import at_once
from tests.services.complaining import DOU, GAO, SHEN, YE, complained, determined
from tests.services.doors import person, staff


@pytest.fixture(autouse=True)
def tuesday(own_database, smile, at):
    at("2026-12-08 14:20")
    return at


def outcome(act: Callable[[], Any]) -> Callable[[], object]:
    def run() -> object:
        try:
            return act()
        except DomainError as refusal:
            return refusal

    return run


def codes(results_: list[object]) -> list[str]:
    """The refusals among what came back; anything broken fails."""
    broken = [one for one in results_ if isinstance(one, BaseException) and not isinstance(one, DomainError)]
    assert not broken, broken
    return sorted(one.code for one in results_ if isinstance(one, DomainError))


def test_a_case_that_two_people_give_away_at_once_has_one_handler(smile):
    case = complained()
    gao, shen = person(GAO), person(SHEN)

    back = at_once(
        smile,
        outcome(lambda: cases.assign(by=gao, complaint=Complaint.objects.get(pk=case.pk), handler=staff("112"))),
        outcome(lambda: cases.assign(by=shen, complaint=Complaint.objects.get(pk=case.pk), handler=staff("109"))),
    )

    # Whoever comes second hands over a case in hand, which needs words.
    assert codes(back) == ["words_missing"]
    handlers = Involved.objects.filter(complaint=case, part="handler", until_at__isnull=True)
    assert [one.staff_id for one in handlers] == [Complaint.objects.get(pk=case.pk).handler_id]


@pytest.mark.ledger("CP-009")
def test_a_remedy_is_decided_once(smile):
    case = determined()
    offered = remedies.offer(by=person(YE), complaint=case, kind="compensation", amount_fen=80_000)
    dou, shen = person(DOU), person(SHEN)

    back = at_once(
        smile,
        outcome(lambda: remedies.decide(by=dou, remedy=Remedy.objects.get(pk=offered.pk), approve=True)),
        outcome(lambda: remedies.decide(by=shen, remedy=Remedy.objects.get(pk=offered.pk), approve=True)),
    )

    assert codes(back) == ["remedy_decided"]
    assert Complaint.objects.get(pk=case.pk).state == "authorised"
    assert Involved.objects.filter(complaint=case, part="approver").count() == 1


@pytest.mark.ledger("CP-016")
def test_a_customer_who_is_told_twice_at_once_was_told_once(smile):
    case = determined()
    ye = person(YE)
    remedies.offer(by=ye, complaint=case, kind="redo")
    remedies.authorise(by=ye, complaint=case)

    def telling() -> Any:
        return results.reply(by=ye, complaint=Complaint.objects.get(pk=case.pk), words="免费重做")

    back = at_once(smile, outcome(telling), outcome(telling))

    assert codes(back) == ["invalid_transition"]
    assert [one.number for one in Round.objects.filter(complaint=case)] == [1]


@pytest.mark.ledger("CP-023")
def test_who_is_named_as_concerned_while_getting_the_case_stands_on_one_side(smile):
    case = complained(accused=None)
    gao, shen = person(GAO), person(SHEN)

    back = at_once(
        smile,
        outcome(lambda: cases.assign(by=gao, complaint=Complaint.objects.get(pk=case.pk), handler=staff("112"))),
        outcome(lambda: cases.name_concerned(by=shen, complaint=Complaint.objects.get(pk=case.pk), staff=staff("112"))),
    )

    assert codes(back) in (["accused_works_on_it"], ["handler_is_accused"])
    assert set(Involved.objects.filter(complaint=case, staff=staff("112")).values_list("side", flat=True)) in ({0}, {1})
