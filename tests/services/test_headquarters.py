"""Headquarters: what branches tell is kept by site and day, rolled up, compared, and leads to no patient."""

from __future__ import annotations

import csv
import io
import random
from dataclasses import replace
from datetime import date, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from kernel.audit.models import AuditEntry
from kernel.context import Actor
from kernel.ids import uuid7
from kernel.outbox import receive
from services.headquarters import definitions, selectors
from services.headquarters.handlers import take_in_day
from services.headquarters.judging import FEW
from services.headquarters.matrix import WINDOW_SITES, Cell, Period, build_matrix, period
from services.headquarters.models import BranchSite, BranchTenant, SiteDay, SiteFact, SiteMonth, SiteSpan
from services.headquarters.rollups import first_of, shifted
from tests.services.doors import api, browser, person, statements
from tests.services.figures import DAY, DENTAL, Branch
from tests.services.flow import clockwork, patient
from tests.services.till import charged, signed

API = "/api/v1/headquarters/"
DECEMBER = period("month", "2026-12", DAY)
QUARTER = period("quarter", "2026-12", DAY)
SPANS_TOLD = ("site__code", "length", "last", "key", "version", "numerator", "denominator", "n", "days", "spark")


@pytest.fixture
def december(orchid_hq, at):
    at("2026-12-07 20:00")
    return at


def cell_of(branch: Branch, key: str, wanted=DECEMBER) -> Cell:
    row = next(row for row in build_matrix(period=wanted).rows if row.kpi.key == key)
    return next(cell for cell in row.cells if cell.site.code == branch.site_code)


def chain_of(key: str, wanted=DECEMBER) -> Cell:
    return next(row for row in build_matrix(period=wanted).rows if row.kpi.key == key).chain


def month_of(branch: Branch, key: str, month: date = date(2026, 12, 1)) -> tuple[int, int | None, int, int] | None:
    row = SiteMonth.objects.filter(site=branch.site, key=key, month=month).first()
    return row and (row.numerator, row.denominator, row.n, row.days)


# --- taking in --------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("HQ-001")
def test_a_payment_in_the_branch_changes_the_cell_of_headquarters(smile, at, working_for):
    at("2026-12-07 10:00")
    clockwork()
    charged(signed(patient("蓝鲸壹")), owed={"filling": 50_000})
    for _round in range(3):
        at.advance(seconds=2)
        clockwork()

    with working_for("orchid"):
        site = BranchSite.objects.get(name="微笑口腔中心店")
        row = next(row for row in build_matrix(period=DECEMBER).rows if row.kpi.key == "takings")
        cell = next(cell for cell in row.cells if cell.site == site)
        assert (cell.kind, cell.value, cell.n) == ("value", 118_000.0, 1)
        assert SiteFact.objects.get(site=site, day=DAY, key="arrears").numerator == 50_000
        for model in apps.get_app_config("headquarters").get_models():
            assert "蓝鲸壹" not in str(list(model.objects.values_list()))
    with working_for("bamboo"):
        assert not BranchTenant.objects.exists()
        assert not SiteFact.objects.exists()


def test_an_older_message_changes_nothing(december):
    branch = Branch("明")
    old = branch.message(visits=(3, None, 3))
    branch.tells(visits=(5, None, 5), takings=(9_000, None, 2))
    branch.name = "新"
    branch.tells(DAY + timedelta(days=1), visits=(1, None, 1))

    take_in_day(old)

    assert SiteFact.objects.get(site=branch.site, day=DAY, key="visits").numerator == 5
    assert month_of(branch, "visits") == (6, None, 6, 2)
    assert month_of(branch, "takings") == (9_000, None, 2, 1)
    assert (branch.site.name, branch.site.tenant.name) == ("新店", "新口腔")


def test_an_old_message_about_another_day_counts_but_renames_nothing(december):
    branch = Branch("明")
    late = branch.message(DAY - timedelta(days=1), visits=(2, None, 2))
    branch.name = "新"
    branch.tells(visits=(5, None, 5))
    before = selectors.version_of_figures()

    receive(late)

    assert month_of(branch, "visits") == (7, None, 7, 2)
    assert (branch.site.name, branch.site.tenant.name) == ("新店", "新口腔")
    assert branch.site.first_day == DAY - timedelta(days=1)
    assert selectors.version_of_figures() != before, "an open page would go on showing the old figures"


def test_two_messages_of_one_moment_count_as_they_come(december):
    branch = Branch("明")
    moment = branch.clock
    branch.tells(at=moment, visits=(1, None, 1))
    branch.tells(at=moment, visits=(2, None, 2))
    assert month_of(branch, "visits") == (2, None, 2, 1)


def test_redelivery_changes_nothing(december):
    branch = Branch("明")
    event = branch.message(visits=(5, None, 5))
    receive(event)
    stored = list(SiteMonth.objects.values())
    receive(event)
    take_in_day(event)
    assert list(SiteMonth.objects.values()) == stored
    assert SiteDay.objects.count() == SiteFact.objects.count() == 1


def test_a_figure_that_is_no_longer_told_is_gone_from_day_and_month(december):
    branch = Branch("明")
    branch.tells(visits=(5, None, 5), no_show=(1, 4, 4))
    branch.tells(visits=(5, None, 5))
    assert month_of(branch, "no_show") is None
    assert cell_of(branch, "no_show").kind == "missing"


# --- months -----------------------------------------------------------------------------------------------------------


def test_a_month_adds_up_sums_and_parts_and_keeps_the_last_state(december):
    branch = Branch("明")
    branch.tells(
        date(2026, 12, 1), visits=(4, None, 4), no_show=(1, 4, 4), arrears=(900, None, 1), median_wait=(30, 3, 3)
    )
    branch.tells(
        date(2026, 12, 31), visits=(6, None, 6), no_show=(2, 6, 6), arrears=(0, None, 0), median_wait=(18, 1, 1)
    )
    branch.tells(date(2026, 11, 30), visits=(50, None, 50), arrears=(700, None, 2))

    assert month_of(branch, "visits") == (10, None, 10, 2)
    assert month_of(branch, "no_show") == (3, 10, 10, 2)
    assert month_of(branch, "arrears") == (0, None, 0, 2), "what is owed stood at zero at last"
    assert cell_of(branch, "median_wait").value == 12.0
    assert month_of(branch, "visits", date(2026, 11, 1)) == (50, None, 50, 1)
    # A quarter adds up what happened; a state stays the last one.
    assert cell_of(branch, "visits", QUARTER).value == 60
    assert cell_of(branch, "arrears", QUARTER).value == 0
    assert month_of(branch, "visits") is not None
    assert SiteMonth.objects.get(site=branch.site, key="visits", month=date(2026, 12, 1)).spark.startswith("M")


def test_the_chain_counts_every_state_once_and_every_site_that_told(december):
    first, second, third = Branch("甲"), Branch("乙"), Branch("丙")
    first.tells(date(2026, 11, 2), arrears=(100, None, 1), visits=(1, None, 1))
    second.tells(date(2026, 11, 2), arrears=(500, None, 1), visits=(2, None, 2))
    second.tells(date(2026, 12, 2), arrears=(300, None, 1), visits=(4, None, 4))
    third.tells(date(2026, 10, 2), arrears=(10, None, 1))

    rows = {row.kpi.key: row for row in build_matrix(period=QUARTER).rows}
    assert rows["arrears"].chain.value == 100 + 300 + 10
    assert (rows["arrears"].reporting, rows["arrears"].applicable) == (3, 3)
    assert (rows["visits"].chain.value, rows["visits"].reporting) == (7, 2)
    kpi = rows["arrears"].kpi
    told = {site.short_name: numerator for site, numerator, _d, _n in selectors.sites_of_figure(kpi, QUARTER)}
    assert told == {"甲": 100, "乙": 300, "丙": 10}


def told_by_days(branch: Branch, key: str, wanted: Period) -> tuple[int, int | None, int, int] | None:
    """The figure over the period as its days say it, without anything that was rolled up."""
    kpi = definitions.definition(key)
    facts = list(
        SiteFact.objects.filter(
            site=branch.site, key=key, version=kpi.version, day__gte=wanted.months[0], day__lt=shifted(wanted.last, 1)
        ).order_by("day")
    )
    if not facts:
        return None
    if kpi.aggregate == "last":
        month = sum(1 for fact in facts if first_of(fact.day) == first_of(facts[-1].day))
        return facts[-1].numerator, facts[-1].denominator, facts[-1].n, month
    known = [fact.denominator for fact in facts if fact.denominator is not None]
    numerators, numbers = sum(fact.numerator for fact in facts), sum(fact.n for fact in facts)
    return numerators, sum(known) if known else None, numbers, len(facts)


PERIODS = [
    *(period("year", f"{year}-12", DAY) for year in (2025, 2026, 2027)),
    *(period("quarter", f"{year}-{month:02}", DAY) for year in (2025, 2026, 2027) for month in (3, 6, 9, 12)),
    *(period("month", f"2026-{month:02}", DAY) for month in range(1, 13)),
]


@pytest.mark.ledger("HQ-003")
@pytest.mark.parametrize("seed", [7, 23, 101])
def test_months_quarters_and_years_say_what_their_days_say(december, seed):
    """Days told in any order, corrected, taken back, under an old version of a definition: every period adds up."""
    dice = random.Random(seed)
    branches = [Branch(name, order=number) for number, name in enumerate("甲乙丙")]
    days = [date(2025, 10, 1) + timedelta(days=dice.randrange(500)) for _ in range(14)]
    for _message in range(70):
        facts = {}
        for key in dice.sample(DENTAL, dice.randrange(1, len(DENTAL) + 1)):
            n = dice.randrange(10, 60)
            rate = definitions.definition(key).aggregate in ("ratio", "mean")
            facts[key] = (dice.randrange(n), n if rate else None, n)
        event = dice.choice(branches).message(dice.choice(days), **facts)
        if dice.random() < 0.2:
            event.payload["facts"][next(iter(facts))][0] = 99
        take_in_day(event)

    found = 0
    for wanted in PERIODS:
        for key in DENTAL:
            row = next(row for row in build_matrix(period=wanted).rows if row.kpi.key == key)
            told = [told_by_days(branch, key, wanted) for branch in branches]
            shown = [next(cell for cell in row.cells if cell.site.code == branch.site_code) for branch in branches]
            parts = [(c.numerator, c.denominator, c.n, c.days) if c.kind != "missing" else None for c in shown]
            assert parts == told, (wanted.label, key)
            known = [one for one in told if one is not None]
            assert row.reporting == len(known)
            if known:
                found += 1
                denominators = [one[1] for one in known if one[1] is not None]
                assert row.chain.numerator == sum(one[0] for one in known)
                assert row.chain.denominator == (sum(denominators) if denominators else None)
    assert found > 40
    # A span shows the course up to its last month that has facts.
    for span in SiteSpan.objects.all():
        first = shifted(span.last, -(11 if span.length == "year" else 2))
        months = SiteMonth.objects.filter(site=span.site, key=span.key, version=span.version)
        assert span.spark == months.filter(month__range=(first, span.last)).latest("month").spark
    # What the migration makes of the months is what the messages made.
    kept = sorted(SiteSpan.objects.values_list(*SPANS_TOLD))
    SiteSpan.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(import_module("services.headquarters.migrations.0002_quarters_and_years").FILL)
    assert sorted(SiteSpan.objects.values_list(*SPANS_TOLD)) == kept


def test_a_correction_long_after_reaches_its_quarter_and_its_year(december):
    branch = Branch("明")
    branch.tells(date(2026, 2, 3), visits=(8, None, 8), no_show=(1, 8, 8))
    branch.tells(visits=(5, None, 5))
    year = period("year", "2026-12", DAY)
    assert (cell_of(branch, "visits", year).value, cell_of(branch, "no_show", year).numerator) == (13, 1)

    branch.tells(date(2026, 2, 3), visits=(9, None, 9))

    assert cell_of(branch, "visits", year).value == 14
    assert cell_of(branch, "visits", period("quarter", "2026-03", DAY)).value == 9
    assert cell_of(branch, "no_show", year).kind == "missing"
    # The drill to the days is as it was.
    days = api("shen.lan").get(f"{API}sites/{branch.site_code}/figures/visits/days/?period=year&month=2026-12").json()
    assert {row["day"]: row["n"] for row in days["results"] if row["n"]} == {"2026-02-03": 9, "2026-12-07": 5}


def test_a_year_is_read_with_as_many_statements_as_a_month(december):
    for number in range(4):
        branch = Branch(f"店{number}", order=number)
        for month in (3, 7, 11, 12):
            branch.tells(date(2026, month, 5), visits=(5, None, 5), arrears=(7, None, 1), no_show=(1, 9, 9))
    year = period("year", "2026-12", DAY)
    assert statements(lambda: build_matrix(period=year)) == statements(lambda: build_matrix(period=DECEMBER)) <= 6


# --- cells ------------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("HQ-004")
def test_zero_measured_missing_and_not_applicable_are_four_things(december):
    dental, escort = Branch("牙"), Branch("陪", vertical="escort", applicable=("escort_on_time", "visits"))
    dental.tells(visits=(12, None, 12), no_show=(0, 9, 9))
    escort.tells(escort_on_time=(3, 4, 4))

    assert (cell_of(dental, "visits").kind, cell_of(dental, "visits").value) == ("value", 12.0)
    zero = cell_of(dental, "no_show")
    assert (zero.kind, zero.value, zero.numerator, zero.denominator) == ("value", 0.0, 0, 9)
    assert cell_of(dental, "escort_on_time").kind == "na"
    assert cell_of(dental, "takings").kind == "missing"
    assert cell_of(escort, "visits").kind == "missing"
    assert cell_of(escort, "no_show").kind == "na"
    assert chain_of("no_show").value == 0.0
    keys = {row.kpi.key for row in build_matrix(period=DECEMBER).rows}
    assert "postop_on_time" not in keys, "a figure that nobody has is no row"

    page = browser("shen.lan").get("/headquarters/").content.decode()
    assert page.count("mx-na") >= 2
    assert "0/9" in page


@pytest.mark.ledger("HQ-005")
def test_only_what_lies_outside_the_limits_is_marked(december):
    ordinary = [Branch(f"店{number}", order=number) for number in range(6)]
    for branch in ordinary:
        branch.tells(no_show=(20, 200, 200))
    bad, good, tiny = Branch("坏"), Branch("好"), Branch("小")
    bad.tells(no_show=(60, 200, 200))
    good.tells(no_show=(2, 200, 200))
    tiny.tells(no_show=(1, 2, 2))

    assert [cell_of(branch, "no_show").mark for branch in (ordinary[0], ordinary[5], tiny)] == [None] * 3
    assert (cell_of(bad, "no_show").mark.good, cell_of(bad, "no_show").mark.up) == (False, True)
    assert (cell_of(good, "no_show").mark.good, cell_of(good, "no_show").mark.up) == (True, False)
    sentences = build_matrix(period=DECEMBER).sentences
    assert [(sentence.site.short_name, sentence.tone) for sentence in sentences] == [("坏", "late"), ("好", "ok")]
    assert cell_of(bad, "visits").mark is None


@pytest.fixture
def sensitive(december, monkeypatch):
    """No-shows as if they spoke of something that may point at a person."""
    known = definitions.definitions()
    made = {key: replace(kpi, sensitive=key == "no_show") for key, kpi in known.items()}
    for module in ("definitions", "matrix"):
        monkeypatch.setattr(f"services.headquarters.{module}.definitions", lambda: made)
    return made


def test_a_sensitive_figure_of_fewer_than_five_is_nowhere_to_be_read(sensitive):
    few, many = Branch("少"), Branch("多")
    few.tells(no_show=(3, FEW - 1, FEW - 1), visits=(3, None, 3))
    many.tells(no_show=(777, 4_001, 4_001))

    assert (cell_of(few, "no_show").kind, cell_of(many, "no_show").kind) == ("few", "value")
    assert cell_of(few, "no_show").mark is None
    assert cell_of(few, "visits").kind == "value", "not every figure is sensitive"
    web, client = browser("shen.lan"), api("shen.lan")
    query = "?period=month&month=2026-12"
    for path in (
        f"/headquarters/{query}", f"/headquarters/figures/no_show/{query}",
        f"/headquarters/sites/{few.site_code}/no_show/{query}", f"/headquarters/export.csv{query}",
    ):  # fmt: skip
        page = web.get(path).content.decode()
        assert "3/4" not in page, path
        assert "75.0" not in page, path
    told = client.get(f"{API}matrix/{query}").json()
    row = next(row for row in told["rows"] if row["key"] == "no_show")
    hidden = next(cell for cell in row["cells"] if cell["site"] == str(few.site_code))
    assert hidden == {
        "site": str(few.site_code), "kind": "few", "value": None, "numerator": None, "denominator": None, "n": None,
        "mark": "",
    }  # fmt: skip
    days = client.get(f"{API}sites/{few.site_code}/figures/no_show/days/{query}").json()["results"]
    assert all(day["numerator"] is None and day["n"] is None for day in days)


def test_a_chain_of_so_few_is_not_told_either(sensitive):
    Branch("少").tells(no_show=(3, FEW - 1, FEW - 1))
    assert chain_of("no_show").kind == "few"
    client = api("shen.lan")
    row = next(row for row in client.get(f"{API}matrix/?month=2026-12").json()["rows"] if row["key"] == "no_show")
    assert (row["chain"]["kind"], row["chain"]["numerator"]) == ("few", None)
    assert "3/4" not in browser("shen.lan").get("/headquarters/?month=2026-12").content.decode()


# --- drilling ---------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("HQ-001", "HQ-005", "HQ-010")
def test_from_figure_to_sites_to_days_and_no_further(december):
    branch, other = Branch("明"), Branch("陪", vertical="escort", applicable=("escort_on_time",))
    branch.tells(date(2026, 12, 3), takings=(118_000, None, 2), no_show=(1, 8, 8))
    branch.tells(takings=(50_000, None, 1))
    other.tells(escort_on_time=(3, 4, 4))
    web, query = browser("shen.lan"), "?period=month&month=2026-12"

    assert "1,680.00" in web.get(f"/headquarters/{query}").content.decode()
    sites = web.get(f"/headquarters/figures/takings/{query}").content.decode()
    assert f"/headquarters/sites/{branch.site_code}/takings/" in sites
    assert f"/headquarters/sites/{other.site_code}/takings/" not in sites
    days = web.get(f"/headquarters/sites/{branch.site_code}/takings/{query}").content.decode()
    assert "1,180.00" in days
    assert "500.00" in days
    links = {part.split('"')[0] for part in days.split('href="')[1:]}
    assert not any(link.startswith(("/patients", "/reception", "/cashier")) for link in links)
    assert AuditEntry.objects.filter(verb="read", purpose="headquarters.drill", target_code=branch.site_code).exists()
    assert web.get(f"/headquarters/figures/no_show/{query}").status_code == 200
    assert web.get("/headquarters/branches/").status_code == 200

    for missing in ("figures/nothing/", f"sites/{uuid7()}/takings/", f"sites/{branch.site_code}/nothing/"):
        assert web.get(f"/headquarters/{missing}").status_code == 404, missing
    told = api("shen.lan").get(f"{API}sites/{branch.site_code}/figures/takings/days/{query}").json()["results"]
    by_day = {row["day"]: row["numerator"] for row in told}
    assert (by_day["2026-12-03"], by_day["2026-12-07"], by_day["2026-12-05"]) == (118_000, 50_000, None)
    assert set(told[0]) == {"day", "numerator", "denominator", "n"}


def test_addresses_that_name_no_period_show_this_month(december):
    branch = Branch("明")
    branch.tells(visits=(5, None, 5))
    web = browser("shen.lan")
    for query in (
        "month=0001-01", "month=9999-12", "month=x", "period=decade", "window=99999", "window=x", "vertical=x",
        "period=year&month=2099-12", "period=quarter&month=2000-01", "month=2020-01",
    ):  # fmt: skip
        for path in ("", "figures/visits/", "figures/no_show/", f"sites/{branch.site_code}/visits/", "export.csv"):
            assert web.get(f"/headquarters/{path}?{query}").status_code == 200, (path, query)


def test_the_export_says_what_the_matrix_says_and_starts_no_formula(december):
    Branch("=坏").tells(no_show=(0, 9, 9), takings=(168_000, None, 3))
    answer = browser("shen.lan").get("/headquarters/export.csv?month=2026-12")
    assert answer.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert ["'=坏"] * (len(rows) - 1) == [row[3] for row in rows[1:]]
    told = [row[4:] for row in rows[1:]]
    assert ["1,680.00", "168000", "", "3", "value"] in told
    assert ["0.0 %", "0", "9", "9", "value"] in told
    assert AuditEntry.objects.filter(verb="headquarters.exported").exists()


# --- who sees what ----------------------------------------------------------------------------------------------------


@pytest.mark.ledger("HQ-010")
def test_an_analyst_does_not_get_into_a_branch_and_others_not_into_the_matrix(december, client_for, api_for):
    Branch("明").tells(visits=(5, None, 5))
    assert browser("qian.yun").get("/headquarters/").status_code == 403
    assert api("qian.yun").get(f"{API}matrix/").status_code == 403
    assert browser(None).get("/headquarters/").status_code == 302
    assert api(None).get(f"{API}matrix/").status_code == 401
    # Neither pages of a branch at headquarters, nor headquarters' pages at a branch, whatever the session.
    analyst = browser("shen.lan")
    for path in ("/patients/", "/cashier/", "/reception/", "/kpis/"):
        assert analyst.get(path).status_code == 404, path
    assert client_for("gao.wen", "smile").get("/headquarters/").status_code == 404
    analyst.defaults["HTTP_HOST"] = client_for(None, "smile").defaults["HTTP_HOST"]
    assert analyst.get("/cashier/").status_code in (302, 403)
    assert not person("shen.lan").can("cashier.view")
    assert not person("shen.lan").can("patients.view")


def test_another_chain_sees_nothing_of_it(december, client_for, api_for, working_for):
    branch = Branch("蓝鲸壹")
    branch.tells(visits=(5, None, 5))
    web, client = client_for("yu.zhu", "bamboo"), api_for("yu.zhu", "bamboo")
    assert "蓝鲸壹" not in web.get("/headquarters/").content.decode()
    assert web.get(f"/headquarters/sites/{branch.site_code}/visits/").status_code == 404
    assert client.get(f"{API}sites/{branch.site_code}/figures/visits/days/").status_code == 404
    assert client.get(f"{API}matrix/").json()["sites"] == []
    with working_for("bamboo"):
        assert not BranchSite.objects.exists()
        with pytest.raises(Exception, match="site_not_found"):
            selectors.access_branch_site(Actor.public("nobody"), branch.site_code)


# --- the window and its queries ---------------------------------------------------------------------------------------


def test_the_matrix_shows_windows_of_thirty_sites_and_the_chain_counts_all(december):
    for number in range(WINDOW_SITES + 2):
        Branch(f"店{number:02}", order=number).tells(visits=(1, None, 1))
    first, second = (build_matrix(period=DECEMBER, window=window) for window in (1, 2))
    assert (len(first.sites), len(second.sites), first.windows) == (WINDOW_SITES, 2, 2)
    assert {site.pk for site in first.sites}.isdisjoint(site.pk for site in second.sites)
    row = next(row for row in second.rows if row.kpi.key == "visits")
    assert (row.chain.value, row.reporting, row.applicable) == (32.0, 32, 32)
    page = browser("shen.lan").get("/headquarters/?month=2026-12&window=2").content.decode()
    poll = page.split('data-poll-url="')[1].split('"')[0].replace("&amp;", "&")
    assert "window=2" in poll
    assert "店31" in browser("shen.lan").get(poll, headers={"X-Poll": "1"}).content.decode()


def test_the_queries_depend_neither_on_sites_nor_on_figures(december):
    one = Branch("一")
    one.tells(visits=(1, None, 1), no_show=(1, 9, 9), arrears=(5, None, 1))
    web = browser("shen.lan")
    paths = ("/headquarters/?month=2026-12", "/headquarters/figures/no_show/?month=2026-12", "/headquarters/branches/")

    def counted() -> list[int]:
        return [statements(lambda path=path: web.get(path)) for path in paths]

    counted()
    few, api_few = counted(), statements(lambda: build_matrix(period=QUARTER))
    for number in range(12):
        branch = Branch(f"店{number}", order=number)
        for day in (date(2026, 10, 5), date(2026, 11, 5), DAY):
            branch.tells(
                day, visits=(5, None, 5), no_show=(1, 9, 9), takings=(1_000, None, 1), median_wait=(9, 3, 3),
                first_visit_share=(1, 5, 5), arrears=(7, None, 1), unexplained_waits=(0, 9, 9),
            )  # fmt: skip
    assert counted() == few
    assert statements(lambda: build_matrix(period=QUARTER)) == api_few <= 8
    assert max(few) <= 12


def test_an_unchanged_matrix_is_not_read_again(december):
    branch = Branch("明")
    receive(branch.message(visits=(5, None, 5)))
    web, path = browser("shen.lan"), "/headquarters/?month=2026-12"
    tag = web.get(path, headers={"X-Poll": "1"}).headers["ETag"]
    ask = {"X-Poll": "1", "If-None-Match": tag}
    assert web.get(path, headers=ask).status_code == 304
    assert statements(lambda: web.get(path, headers=ask)) < statements(lambda: web.get(path, headers={"X-Poll": "1"}))
    receive(branch.message(visits=(6, None, 6)))
    assert web.get(path, headers=ask).status_code == 200


def test_the_api_gives_the_matrix_as_numbers(december):
    branch = Branch("明")
    branch.tells(no_show=(1, 8, 8))
    told = api("shen.lan").get(f"{API}matrix/?period=month&month=2026-12").json()
    row = next(row for row in told["rows"] if row["key"] == "no_show")
    assert told["sites"] == [{"code": str(branch.site_code), "name": "明店", "tenant": "明"}]
    assert (row["cells"][0]["value"], row["cells"][0]["numerator"], row["cells"][0]["denominator"]) == (12.5, 1, 8)
    assert (row["reporting"], row["applicable"]) == (1, 1)
    assert api("shen.lan").get(f"{API}matrix/?period=decade").status_code == 400
    assert api("shen.lan").get(f"{API}matrix/?window=0").status_code == 400
