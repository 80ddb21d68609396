"""A load is run by one person and released by another; what failed reaches nobody, and who was treated is known (a13)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from kernel import clock
from kernel.audit.models import AuditEntry
from kernel.errors import Conflict, DomainError, Forbidden, NotFound, RuleRefused
from kernel.parameters import set_parameter
from services.policy.actions import override_gate
from services.reception.actions import lead_in, seat_in_chair
from services.reception.models import Visit
from services.sterilisation import actions, selectors
from services.sterilisation.models import Indicator, InstrumentSet, Load, Pack, PackUse, Steriliser
from services.tasks.models import Task
from tests.services.doors import SYSTEM, api, browser, person, statements
from tests.services.flow import center, chair, patient, walked_in

MO, TANG, MEI = "mo.xiao", "tang.rui", "mei.hua"
MOST_STATEMENTS = 12


@pytest.fixture(autouse=True)
def monday(smile: Any, at: Any) -> Any:
    at("2026-12-07 08:00")
    return at


@pytest.fixture
def machine() -> Steriliser:
    return actions.register_steriliser(by=person(MEI), site=center(), number="S1", name="高压锅", method="steam")


def a_set(number: str, packaging: str = "pouch") -> InstrumentSet:
    return actions.register_set(
        by=person(MEI), site=center(), number=number, name="检查包", packaging=packaging, contents="口镜 镊子 探针"
    )


def loaded(machine: Steriliser, *sets: InstrumentSet, **more: Any) -> Load:
    return actions.load_steriliser(
        by=person(MO), site=center(), steriliser=machine, programme="134 °C 4 min", sets=list(sets), **more
    )


def ran(load: Load, **said: Any) -> Load:
    actions.start_load(by=person(MO), site=center(), load=load)
    return actions.finish_load(by=person(MO), site=center(), load=load, **{"physical": True, "chemical": True, **said})


def released(load: Load) -> Load:
    return actions.release_load(by=person(TANG), site=center(), load=load)


def in_chair(name: str, room: str = "") -> Visit:
    where = chair(room) if room else chair_of_the_day()
    visit = lead_in(by=person("su.qi"), visit=walked_in(patient(name)), chair=where)
    return seat_in_chair(by=person(MO), visit=visit)


def chair_of_the_day() -> Any:
    taken = Visit.objects.filter(state__in=("led_in", "in_chair", "finished")).values("chair")
    return center().chairs.filter(is_active=True).exclude(pk__in=taken).select_related("room", "site").first()


def used(load: Load, visit: Visit, index: int = 0) -> PackUse:
    pack = load.packs.order_by("pk")[index]
    return actions.use_pack(by=person(MO), site=center(), pack=pack, visit=visit)


def refused(code: str, act: Any, error: type[DomainError] = RuleRefused) -> None:
    """Refused with ``code``; loads, packs and uses are as before, and the audit knows."""

    def now() -> Any:
        return (
            list(Load.objects.order_by("pk").values_list("pk", "state", "version")),
            list(Pack.objects.order_by("pk").values_list("pk", "state")),
            PackUse.objects.count(),
        )

    before = now()
    with pytest.raises(error, match=code):
        act()
    assert now() == before
    assert AuditEntry.objects.filter(verb="refused", data__code=code).exists()


@pytest.mark.ledger("IN-011")
def test_a_load_is_released_by_somebody_else_and_its_packs_are_opened_once(machine: Steriliser, at: Any) -> None:
    site, one, two = center(), a_set("A1"), a_set("A2", "cloth")
    refused("load_empty", lambda: loaded(machine))
    load = loaded(machine, one, two)
    assert load.number == "L-2026-000001"
    first, second = load.packs.order_by("pk")
    assert [str(first.expires_on), str(second.expires_on)] == ["2027-06-05", "2026-12-14"]
    refused("set_in_another_load", lambda: loaded(machine, one), Conflict)
    refused("invalid_transition", lambda: released(load), Conflict)
    ran(load)

    # whoever ran it does not release it, whatever other words they hold; a doctor has no such word
    refused("checker_is_operator", lambda: actions.release_load(by=person(MO), site=site, load=load))
    refused("permission_denied", lambda: actions.release_load(by=person("dr.lin"), site=site, load=load), Forbidden)
    released(load)
    load.refresh_from_db()
    assert (load.state, load.operator_name, load.checker_name) == ("released", "莫晓", "唐蕊")
    with pytest.raises(IntegrityError), transaction.atomic():
        Load.objects.filter(pk=load.pk).update(checker_by=load.operator_by)

    visit = in_chair("何青")
    use = used(load, visit)
    assert (use.visit, use.by_name) == (visit, "莫晓")
    refused("pack_used", lambda: used(load, visit), Conflict)
    # the last day counts, the day after does not
    at("2026-12-15 08:00")
    refused("pack_expired", lambda: used(load, visit, 1))
    refused("reason_missing", lambda: actions.return_pack(by=person(MO), site=site, pack=second, reason=" "))
    actions.return_pack(by=person(MO), site=site, pack=second, reason="过期")
    # used and returned sets are free for the next load, with a label of its own
    again = loaded(machine, one, two)
    assert {pack.number for pack in again.packs.all()} == {"P-2026-000003", "P-2026-000004"}


@pytest.mark.ledger("IN-011")
def test_a_failed_load_is_never_released_and_nobody_overrides_it(machine: Steriliser) -> None:
    site, load = center(), ran(loaded(machine, a_set("A1")), chemical=False)
    pack = load.packs.get()
    assert (load.state, pack.state) == ("failed", "blocked")
    refused("load_failed", lambda: released(load))
    for gate in ("load_released", "pack_usable", "set_available"):
        with pytest.raises(RuleRefused, match="gate_cannot_be_overridden"):
            override_gate(by=person("gao.wen"), gate=f"sterilisation.{gate}", subject=load, site=site, reason="急用")
    [task] = Task.objects.filter(kind=actions.FAILED)
    assert task.roles == ["head_nurse"]
    assert task.state == "open"
    refused(
        "permission_denied", lambda: actions.reprocess_load(by=person(MO), site=site, load=load, reason="重"), Forbidden
    )
    refused("reason_missing", lambda: actions.reprocess_load(by=person(MEI), site=site, load=load, reason=""))
    actions.reprocess_load(by=person(MEI), site=site, load=load, reason="门封圈漏气，已更换")
    task.refresh_from_db()
    assert task.state == "done"
    assert loaded(machine, pack.instrument_set).state == "loaded"


@pytest.mark.ledger("IN-011")
def test_a_late_biological_failure_recalls_what_nothing_proves_and_lists_who_was_treated(
    machine: Steriliser, at: Any
) -> None:
    site = center()
    proven = released(ran(loaded(machine, a_set("A1")), biological=True))
    at("2026-12-07 09:00")
    between = released(ran(loaded(machine, a_set("B1"), a_set("B2"))))
    at("2026-12-07 10:00")
    doubtful = released(ran(loaded(machine, a_set("C1"))))
    at("2026-12-07 11:00")
    after = released(ran(loaded(machine, a_set("D1")), biological=True))
    treated, healthy = in_chair("何青"), in_chair("宋倩")
    used(between, treated)
    used(after, healthy)

    actions.read_biological(by=person(MO), site=site, load=doubtful, passed=False)

    states = {load.pk: load.state for load in Load.objects.all()}
    assert [states[one.pk] for one in (proven, between, doubtful, after)] == [
        "released", "recalled", "failed", "released",
    ]  # fmt: skip
    assert list(Pack.objects.order_by("pk").values_list("state", flat=True)) == [
        "sterile", "used", "blocked", "blocked", "used",
    ]  # fmt: skip
    assert [one.visit for one in selectors.affected(doubtful)] == [treated]
    told = Task.objects.get(kind=actions.FAILED, key=str(between.code))
    assert "clinic_director" in told.roles
    refused("pack_blocked", lambda: used(doubtful, healthy))
    refused(
        "indicator_read",
        lambda: actions.read_biological(by=person(MO), site=site, load=doubtful, passed=True),
        Conflict,
    )
    page = browser(MEI).get(f"/sterilisation/loads/{doubtful.code}/").content.decode()
    assert "何青" in page
    assert "宋倩" not in page
    assert AuditEntry.objects.filter(verb="patients.listed", data__patients=[str(treated.patient.code)]).exists()


@pytest.mark.ledger("IN-011")
def test_implants_wait_for_the_biological_indicator(machine: Steriliser) -> None:
    load = ran(loaded(machine, a_set("I1"), implants=True))
    refused("biological_pending", lambda: released(load))
    actions.read_biological(by=person(MO), site=center(), load=load, passed=True)
    assert released(load).state == "released"


@pytest.mark.ledger("IN-011")
def test_no_chair_without_a_sterile_set_where_a_site_keeps_sterilisers(machine: Steriliser) -> None:
    visit = walked_in(patient("何青"))
    refused("no_sterile_set", lambda: lead_in(by=person("su.qi"), visit=visit, chair=chair_of_the_day()))
    load = ran(loaded(machine, a_set("A1")))
    refused("no_sterile_set", lambda: lead_in(by=person("su.qi"), visit=visit, chair=chair_of_the_day()))
    released(load)
    visit = lead_in(by=person("su.qi"), visit=visit, chair=chair_of_the_day())
    assert visit.state == "led_in"
    used(load, visit)
    # an emergency goes first; a house that asks for no set, or takes its steriliser out of use, goes on
    urgent = walked_in(patient("宋倩"), emergency="trauma")
    assert lead_in(by=person("su.qi"), visit=urgent, chair=chair_of_the_day()).state == "led_in"
    third = walked_in(patient("白雪"))
    refused("no_sterile_set", lambda: lead_in(by=person("su.qi"), visit=third, chair=chair_of_the_day()))
    set_parameter(by=SYSTEM, key="sterile_set_for_chair", value=False, effective_from=clock.now())
    assert lead_in(by=person("su.qi"), visit=third, chair=chair_of_the_day()).state == "led_in"


@pytest.mark.ledger("IN-011")
def test_packs_go_to_guests_of_the_house_who_sit_in_a_chair(machine: Steriliser) -> None:
    load = loaded(machine, a_set("A1"))
    waits = walked_in(patient("何青"))
    refused("pack_not_released", lambda: used(load, waits))
    released(ran(load))
    refused("guest_not_in_chair", lambda: used(load, waits), Conflict)
    foreign = in_chair("宋倩")
    foreign.site_id += 10_000
    refused("visit_not_found", lambda: used(load, foreign), NotFound)


def test_one_load_runs_at_a_time_and_a_cancelled_one_frees_its_sets(machine: Steriliser) -> None:
    one, two = loaded(machine, a_set("A1")), loaded(machine, a_set("A2"))
    actions.start_load(by=person(MO), site=center(), load=one)
    refused("steriliser_runs", lambda: actions.start_load(by=person(TANG), site=center(), load=two), Conflict)
    actions.cancel_load(by=person(MO), site=center(), load=two, reason="放错")
    assert list(selectors.free_sets(center()).values_list("number", flat=True)) == ["A2"]
    refused("number_taken", lambda: a_set("A1"), Conflict)


def test_the_pages_lead_from_the_load_over_label_and_scan_to_the_guest() -> None:
    visit = in_chair("何青")
    machine = actions.register_steriliser(by=person(MEI), site=center(), number="S1", name="高压锅", method="steam")
    mo, tang = browser(MO), browser(TANG)
    one = a_set("A1")
    assert mo.get("/sterilisation/new/").status_code == 200
    assert mo.post("/sterilisation/new/", {"steriliser": machine.code, "programme": ""}).status_code == 422
    made = mo.post("/sterilisation/new/", {"steriliser": machine.code, "programme": "134", "sets": [one.code]})
    assert made.status_code == 303
    load = Load.objects.get()
    here = f"/sterilisation/loads/{load.code}/"
    assert mo.post(f"{here}start/").status_code == 303
    assert mo.post(f"{here}result/", {"physical": "yes"}).status_code == 422
    assert mo.post(f"{here}result/", {"physical": "yes", "chemical": "yes", "biological": ""}).status_code == 303
    assert f"{here}release/" not in mo.get(here).content.decode()
    assert mo.post(f"{here}release/").status_code == 422
    assert f"{here}release/" in tang.get(here).content.decode()
    assert tang.post(f"{here}release/").status_code == 303
    pack = Pack.objects.get()
    labels = mo.get(f"{here}labels/").content.decode()
    assert f'data-label="{pack.number}"' in labels
    assert "<path d=" in labels

    found = mo.post("/sterilisation/scan/", {"label": pack.number.lower()})
    assert found["Location"] == f"/sterilisation/packs/{pack.code}/"
    assert mo.post("/sterilisation/scan/", {"label": "P-1"}).status_code == 404
    assert "何青" in mo.get(f"/sterilisation/packs/{pack.code}/").content.decode()
    assert mo.post(f"/sterilisation/packs/{pack.code}/use/", {"visit": visit.code}).status_code == 303
    assert mo.post(f"/sterilisation/visits/{visit.code}/", {"label": pack.number}).status_code == 409
    assert pack.number in mo.get(f"/sterilisation/visits/{visit.code}/").content.decode()
    assert pack.number in browser("gao.wen").get(f"/reception/visits/{visit.code}/").content.decode()
    assert mo.post(f"/sterilisation/packs/{pack.code}/use/", {"visit": visit.code}).status_code == 409


def test_the_head_nurse_keeps_the_stock_and_others_may_not(machine: Steriliser) -> None:
    mei, mo = browser(MEI), browser(MO)
    said = {"what": "set", "number": "A1", "name": "拔牙包", "packaging": "pouch"}
    assert mo.post("/sterilisation/stock/", said).status_code == 403
    assert mei.post("/sterilisation/stock/", said).status_code == 303
    assert mei.post("/sterilisation/stock/", said).status_code == 409
    held = InstrumentSet.objects.get()
    assert mei.post(f"/sterilisation/sets/{held.code}/in-use/", {"in_use": "0"}).status_code == 303
    assert not InstrumentSet.objects.get().is_active
    refused("set_not_found", lambda: loaded(machine, InstrumentSet.objects.get()), NotFound)
    assert (
        api(MO).post(f"/api/v1/sterilisation/sterilisers/{machine.code}/in-use/", {"in_use": False}).status_code == 403
    )


@pytest.mark.parametrize(
    "address", ["/sterilisation/", "/sterilisation/stock/", "/api/v1/sterilisation/loads/", "/api/v1/sterilisation/packs/",
                "/api/v1/sterilisation/sets/"]
)  # fmt: skip
def test_the_lists_cost_the_same_for_any_number_of_rows(machine: Steriliser, address: str) -> None:
    client = api(MEI) if address.startswith("/api") else browser(MEI)
    for number in range(3):
        load = released(ran(loaded(machine, a_set(f"A{number}"), a_set(f"B{number}"))))
        assert Indicator.objects.filter(load=load).count() == 2
    client.get(address)
    few = statements(lambda: client.get(address))
    for number in range(3, 9):
        released(ran(loaded(machine, a_set(f"A{number}"), a_set(f"B{number}"))))
    assert statements(lambda: client.get(address)) == few
    if address.startswith("/api"):
        assert few <= MOST_STATEMENTS
