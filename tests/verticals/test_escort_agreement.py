"""A companion signs the confidentiality agreement before the first order; the dispatch gate knows its days."""

from __future__ import annotations

from typing import Any

import pytest

from escort.models import Qualification
from services.confidentiality.models import Agreement
from services.confidentiality.selectors import current_text
from tests.services.doors import api
from tests.verticals.agency import companion, offered, told

URL = "/api/v1/confidentiality/agreements/"


@pytest.fixture(autouse=True)
def afternoon(peiban: Any, at: Any) -> Any:
    at("2026-12-30 15:00")
    Qualification.objects.filter(companion=companion("rui.xin"), kind="confidentiality").delete()
    return at


@pytest.mark.ledger("CR-017", "ES-004")
def test_no_order_before_the_agreement_and_none_after_its_end(afternoon: Any) -> None:
    (offer,) = offered("rui.xin")
    accept = f"/api/v1/escort/offers/{offer.code}/accept/"
    refused = api("rui.xin").post(accept)
    assert (refused.status_code, refused.json()["facts"]["reasons"]) == (422, ["confidentiality_missing"])

    words = current_text()
    assert words is not None
    said = {"staff": str(companion("rui.xin").staff.code), "text_signed": str(words.code)}
    assert api("rui.xin").post(URL, said).status_code == 403
    signed = api("hao.zhi").post(URL, said)
    assert signed.status_code == 201, signed.content
    told()
    paper = Qualification.objects.get(companion=companion("rui.xin"), kind="confidentiality")
    assert (f"{paper.valid_from}", f"{paper.valid_until}") == ("2026-12-30", "2027-12-29")
    assert api("rui.xin").post(accept).status_code == 200

    one = f"{URL}{signed.json()['code']}/"
    manager = api("hao.zhi")
    tag = manager.get(one).headers["ETag"]
    assert manager.post(f"{one}end/", {"reason": "违反保密"}, headers={"If-Match": tag}).status_code == 200
    told()
    told()
    assert not Qualification.objects.filter(companion=companion("rui.xin"), kind="confidentiality").exists()
    (other,) = offered("rui.xin")
    late = api("rui.xin").post(f"/api/v1/escort/offers/{other.code}/accept/")
    assert late.json()["facts"]["reasons"] == ["confidentiality_missing"]
    assert Agreement.objects.get().end_reason == "违反保密"
