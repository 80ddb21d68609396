"""SC-17, the devices: a failed autoclave batch is not released and comes to no chair; a lost handpiece goes to the dean."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.over_http import Clinic


@pytest.fixture
def clinic(smile: Any, at: Any) -> Clinic:
    at("2026-12-07 09:00")
    return Clinic()


@pytest.mark.ledger("IN-011")
def test_a_failed_autoclave_batch_is_not_released_and_not_chosen_for_a_chair(clinic: Clinic) -> None:
    mei, mo, tang = (clinic.who(name) for name in ("mei.hua", "mo.xiao", "tang.rui"))
    machine = mei.does("sterilisation/sterilisers/", site=clinic.site, number="S1", name="高压锅", method="steam")
    sets = [
        mei.does("sterilisation/sets/", site=clinic.site, number=number, name="手机包", packaging="pouch")["code"]
        for number in ("A1", "A2")
    ]

    def batch(one: str, *, chemical: bool) -> dict[str, Any]:
        said = {"site": clinic.site, "steriliser": machine["code"], "programme": "134 °C 4 min", "sets": [one]}
        load = mo.does("sterilisation/loads/", **said)
        mo.does(f"sterilisation/loads/{load['code']}/start/")
        return mo.does(f"sterilisation/loads/{load['code']}/result/", physical=True, chemical=chemical)

    # Given a batch whose indicator failed, when anybody releases it, then it is refused
    failed = batch(sets[0], chemical=False)
    assert failed["state"] == "failed"
    assert [pack["state"] for pack in failed["packs"]] == ["blocked"]
    tang.is_refused(f"sterilisation/loads/{failed['code']}/release/", "load_failed")
    # and nobody comes to a chair on its strength
    guest = clinic.walks_in(clinic.patient("何青"))
    clinic.who("su.qi").is_refused(f"reception/visits/{guest}/lead-in/", "no_sterile_set", chair=clinic.chair("2"))

    # When another batch passes, its operator does not release it; a second person does
    passed = batch(sets[1], chemical=True)
    mo.is_refused(f"sterilisation/loads/{passed['code']}/release/", "checker_is_operator")
    released = tang.does(f"sterilisation/loads/{passed['code']}/release/")
    assert (released["operator"], released["checker"]) == ("莫晓", "唐蕊")
    clinic.leads_in(guest, "2")
    mo.does(f"reception/visits/{guest}/in-chair/")
    # Then an instrument of the failed one cannot be chosen for the chair, and one of the released one once
    bad, good = failed["packs"][0]["code"], released["packs"][0]["code"]
    mo.is_refused(f"sterilisation/packs/{bad}/use/", "pack_blocked", visit=guest)
    opened = mo.does(f"sterilisation/packs/{good}/use/", visit=guest)
    assert opened["visit"] == guest
    mo.is_refused(f"sterilisation/packs/{good}/use/", "pack_used", 409, visit=guest)
    # The failed batch goes through cleaning again by the head nurse's word
    mei.does(f"sterilisation/loads/{failed['code']}/reprocess/", reason="门封圈漏气，已更换")
    assert batch(sets[0], chemical=True)["state"] == "passed"


@pytest.mark.ledger("IN-008")
def test_a_lost_turbine_handpiece_needs_meis_opinion_and_goes_to_the_dean(clinic: Clinic) -> None:
    mei, mo, dean = (clinic.who(name) for name in ("mei.hua", "mo.xiao", "dou.heng"))
    kinds = {row["key"]: row["code"] for row in mei.lists("equipment/types/")}
    device = mei.does("equipment/devices/", site=clinic.site, type=kinds["handpiece"], number="H3")
    said = {
        "kind": "lost",
        "device": device["code"],
        "happened_on": "2026-12-07",
        "event": "清点时不见",
        "person": "莫晓",
    }

    # When a turbine handpiece is lost, then the report needs Mei's preliminary opinion
    report = mo.does("equipment/damage/", site=clinic.site, **said)["code"]
    decision = {"outcome": "write_off", "decision": "报废，另购一支"}
    dean.is_refused(f"equipment/damage/{report}/decision/", "opinion_first", **decision)
    mei.does(f"equipment/damage/{report}/opinion/", opinion="交接时未清点，建议补购")
    # and goes to the dean, whom nobody replaces
    mei.is_refused(f"equipment/damage/{report}/decision/", "permission_denied", 403, **decision)
    assert dean.does(f"equipment/damage/{report}/decision/", **decision)["decided_by"] == "窦恒"
    done = mei.does(f"equipment/damage/{report}/executed/", done="已注销，已补购")
    assert (done["state"], done["opinion_by"]) == ("executed", "梅华")
    assert mei.asks(f"equipment/devices/{device['code']}/")["state"] == "written_off"
