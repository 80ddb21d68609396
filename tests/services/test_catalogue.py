"""The catalogue: prices by day, starter content, and who may see what an item costs."""

from datetime import date

import pytest

from kernel import context, parameters
from kernel.errors import Conflict, Forbidden, NotFound, RuleRefused, StaleVersion
from kernel.parameters import Scope, set_parameter
from services.catalogue import actions, selectors, starter
from services.catalogue.models import Category, Item, ItemPrice
from services.sites.models import Site
from tests.services.doors import SYSTEM, api, browser, person

DENTURE = 1_234_500


@pytest.fixture
def today(smile, at) -> date:
    at("2026-12-07 10:05")
    return date(2026, 12, 7)


@pytest.fixture
def denture(today) -> Item:
    return actions.ensure_item(
        by=SYSTEM,
        key="test-denture",
        name_zh="试验义齿",
        name_en="Test denture",
        category="fabrication",
        price_fen=DENTURE,
        units=3,
    )


# --- prices by day ----------------------------------------------------------------------------------------------------


def test_what_was_charged_keeps_its_price(denture, at):
    actions.set_price(by=SYSTEM, item=denture, price_fen=1_500_000, effective_from=date(2027, 1, 1))
    item = selectors.item_by_key("test-denture")

    assert selectors.price_at(item, date(2019, 1, 1)) == DENTURE
    assert selectors.price_at(item, date(2026, 12, 31)) == DENTURE
    assert selectors.price_at(item, date(2027, 1, 1)) == 1_500_000
    assert item.price_fen == DENTURE
    # The new year begins at local midnight, while it is still the old one in UTC.
    site = Site.objects.first()
    assert selectors.price_at(item, at("2026-12-31 23:59"), site=site) == DENTURE
    assert selectors.price_at(item, at("2027-01-01 00:00"), site=site) == 1_500_000
    assert selectors.item_by_key("test-denture").price_fen == 1_500_000


def test_an_item_without_a_price_has_none(today):
    category = Category.objects.get(key="treatment")
    item = actions.create_item(by=SYSTEM, key="test-free", name_zh="无价", category=category, price_fen=None)
    assert selectors.price_at(item) is None
    later = actions.create_item(by=SYSTEM, key="test-later", name_zh="日后", category=category, price_fen=100)
    assert selectors.price_at(later, date(2026, 12, 6)) is None
    assert selectors.price_at(later, date(2026, 12, 7)) == 100


def test_a_price_of_the_past_is_refused(denture):
    for code, facts in {
        "price_in_the_past": {"price_fen": 1, "effective_from": date(2026, 12, 6)},
        "price_negative": {"price_fen": -1},
    }.items():
        with pytest.raises(RuleRefused) as refused:
            actions.set_price(by=SYSTEM, item=denture, **facts)
        assert refused.value.code == code
    assert ItemPrice.objects.filter(item=denture).count() == 1


def test_two_prices_of_one_day_are_one(denture):
    actions.set_price(by=SYSTEM, item=denture, price_fen=100)
    actions.set_price(by=SYSTEM, item=denture, price_fen=200)
    assert selectors.item_by_key("test-denture").price_fen == 200
    assert ItemPrice.objects.filter(item=denture).count() == 2


def test_prices_of_a_list_take_two_queries(denture, django_assert_num_queries):
    with django_assert_num_queries(2):
        assert [item.price_fen for item in selectors.items(query="test-denture")] == [DENTURE]


# --- starter content --------------------------------------------------------------------------------------------------


@pytest.mark.ledger("CA-037")
def test_the_lines_of_the_daily_report_are_there_and_roll_up(today):
    assert {"orthodontic", "treatment", "fabrication", "scaling", "device", "registration"} <= set(
        Category.objects.values_list("key", flat=True)
    )
    for part in ("xray", "impression"):
        assert Category.objects.get(key=part).rolls_up_to.key == "treatment"
    with pytest.raises(LookupError):
        actions.ensure_item(by=SYSTEM, key="test-x", name_zh="x", category="nowhere", price_fen=1)
    assert not Item.objects.filter(key="test-x").exists()


def test_starter_content_is_loaded_once_and_leaves_what_a_tenant_changed(denture):
    Category.objects.filter(key="scaling").update(name_zh="洗牙")
    before = Category.objects.count()
    with context.bound(actor=SYSTEM):
        starter.load()
    again = actions.ensure_item(by=SYSTEM, key="test-denture", name_zh="other", category="device", price_fen=1)
    assert Category.objects.count() == before
    assert Category.objects.get(key="scaling").name_zh == "洗牙"
    assert (again.pk, again.name_zh, again.price_fen) == (denture.pk, "试验义齿", DENTURE)


def test_items_are_found_by_name_pinyin_and_key(denture):
    for typed in ("义齿", "shiyan", "sy", "Test den", "test-denture"):
        assert denture in selectors.items(query=typed), typed
    assert denture not in selectors.items(query="zzz")
    actions.update_item(by=SYSTEM, item=denture, is_active=False)
    assert denture not in selectors.items(query="义齿")
    assert denture in selectors.all_items(query="义齿")


def test_an_item_of_a_line_that_is_off_does_not_exist_here(today):
    item = actions.ensure_item(
        by=SYSTEM, key="test-elsewhere", name_zh="别处", category="treatment", vertical="elsewhere", price_fen=1
    )
    assert item not in selectors.all_items()
    with pytest.raises(NotFound):
        selectors.access_item(person("admin.smile"), item.code)


# --- who sees prices --------------------------------------------------------------------------------------------------


@pytest.mark.ledger("FD-019")
def test_in_the_literal_profile_the_desk_sees_no_price(denture):
    assert parameters.value("desk_may_quote_price") is False
    for username, visible in {
        "bai.lan": False, "yao.jing": False, "mo.xiao": False, "mei.hua": False,
        "ye.fan": True, "dr.lin": True, "fang.li": True, "gao.wen": True,
    }.items():  # fmt: skip
        assert selectors.may_see_price(person(username), denture) is visible, username


@pytest.mark.ledger("FD-019")
def test_no_answer_to_the_desk_carries_the_price(denture):
    desk, consultant = browser("bai.lan"), browser("ye.fan")
    for path in (f"/catalogue/{denture.code}/", "/catalogue/?q=test-denture"):
        hidden, shown = desk.get(path), consultant.get(path)
        assert (hidden.status_code, shown.status_code) == (200, 200)
        assert "12,345.00" not in hidden.content.decode()
        assert "12,345.00" in shown.content.decode()
    url = f"/api/v1/catalogue/items/{denture.code}/"
    hidden, shown = api("bai.lan").get(url).json(), api("ye.fan").get(url).json()
    assert (hidden["price_visible"], hidden["price_fen"]) == (False, None)
    assert (shown["price_visible"], shown["price_fen"]) == (True, DENTURE)
    assert str(DENTURE) not in desk.get("/search/?q=test-denture").content.decode()


@pytest.mark.ledger("FD-019")
def test_where_the_desk_may_quote_it_sees_the_public_list_only(denture):
    set_parameter(by=SYSTEM, key="desk_may_quote_price", value=True, scope=Scope.tenant())
    secret = actions.ensure_item(
        by=SYSTEM, key="test-secret", name_zh="内部", category="treatment", price_fen=1, is_public=False
    )
    assert selectors.may_see_price(person("bai.lan"), denture)
    assert not selectors.may_see_price(person("bai.lan"), secret)
    assert selectors.may_see_price(person("ye.fan"), secret)
    assert not selectors.may_see_price(person("admin.smile").public("link"), denture)


@pytest.mark.ledger("FD-019")
def test_in_the_default_profile_the_public_list_is_visible(willow, at):
    assert parameters.value("desk_may_quote_price") is True


# --- who changes them -------------------------------------------------------------------------------------------------


def test_only_who_manages_the_catalogue_changes_it(denture):
    with pytest.raises(Forbidden):
        actions.set_price(by=person("gao.wen"), item=denture, price_fen=1)
    with pytest.raises(Forbidden):
        actions.update_item(by=person("dr.lin"), item=denture, name_zh="x")
    actions.update_item(by=person("admin.smile"), item=denture, version=1, name_zh="全口义齿")
    with pytest.raises(StaleVersion):
        actions.update_item(by=person("admin.smile"), item=denture, version=1, name_zh="x")
    with pytest.raises(Conflict):
        actions.create_item(
            by=SYSTEM, key="test-denture", name_zh="x", category=Category.objects.get(key="device"), price_fen=1
        )
    assert Item.objects.get(pk=denture.pk).initials == "qkyc"


def test_items_and_prices_are_kept_by_hand(denture):
    admin = browser("admin.smile")
    facts = {
        "name_zh": "新项目", "name_en": "", "key": "test-new", "units": 2, "order": 0, "is_public": "on", "price": "1,050.30",
        "category": Category.objects.get(key="device").code,
    }  # fmt: skip
    assert admin.post("/catalogue/new/", facts).status_code == 303
    item = selectors.item_by_key("test-new")
    assert (item.price_fen, item.units, item.category.key) == (105_030, 2, "device")
    assert admin.post("/catalogue/new/", facts).status_code == 422
    assert admin.post("/catalogue/new/", facts | {"key": "Bad Key"}).status_code == 422

    changed = facts | {"name_zh": "改名", "is_active": "on", "version": item.version}
    assert admin.post(f"/catalogue/{item.code}/edit/", changed).status_code == 303
    assert admin.post(f"/catalogue/{item.code}/edit/", changed | {"name_zh": "再改"}).status_code == 412
    assert (
        admin.post(f"/catalogue/{item.code}/price/", {"price_fen": "20", "effective_from": "2026-12-08"}).status_code
        == 303
    )
    assert (
        admin.post(f"/catalogue/{item.code}/price/", {"price_fen": "", "effective_from": "2026-12-08"}).status_code
        == 422
    )
    assert browser("gao.wen").post(f"/catalogue/{item.code}/price/", {"price_fen": "1"}).status_code == 403
    item = selectors.item_by_key("test-new")
    assert (item.name_zh, item.price_on(date(2026, 12, 8)), item.price_fen) == ("改名", 2000, 105_030)
    for path in ("", "new/", f"{item.code}/", f"{item.code}/edit/"):
        assert admin.get(f"/catalogue/{path}").status_code == 200


def test_the_api_changes_items_at_their_version(denture):
    admin, url = api("admin.smile"), f"/api/v1/catalogue/items/{denture.code}/"
    tag = admin.get(url).headers["ETag"]
    assert admin.patch(url, {"units": 4}, headers={"If-Match": tag}).json()["units"] == 4
    assert admin.patch(url, {"units": 5}, headers={"If-Match": tag}).status_code == 412
    assert admin.patch(url, {"price_fen": 5}, headers={"If-Match": tag}).status_code == 400
    assert admin.post(f"{url}prices/", {"price_fen": 9900}).status_code == 201
    assert admin.get(url).json()["price_fen"] == 9900
    assert api("ye.fan").post(f"{url}prices/", {"price_fen": 1}).status_code == 403
    listed = api("bai.lan").get("/api/v1/catalogue/items/?q=test-denture").json()["results"]
    assert [row["key"] for row in listed] == ["test-denture"]
