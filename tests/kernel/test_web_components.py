"""Components: what they write, for eyes and for readers, and what they never write."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.template import Context, Template
from django.test import RequestFactory

from kernel import clock
from kernel.web import charts, formatting, icons
from kernel.web.board import Grid, laned
from kernel.web.board_block import draw_blocks
from kernel.web.fields import FenField, SegmentedRadios, SiteDateTimeField

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 12, 7, 4, 0, tzinfo=UTC)


def drawn(source: str, **values: object) -> str:
    """A template with the tags of the web base, rendered in English."""
    from django.utils import translation

    with translation.override("en"):
        return Template("{% load i18n web %}" + source).render(
            Context({"request": RequestFactory().get("/"), **values})
        )


@pytest.mark.parametrize(
    ("fen", "words"),
    [(105030, "1,050.30"), (0, "0.00"), (-60000, "−600.00"), (5, "0.05"), (-5, "−0.05"), (None, "—")],
)
def test_money_is_written_from_fen(fen: int | None, words: str) -> None:
    assert formatting.money(fen) == words


def test_a_phone_shows_three_and_four_digits() -> None:
    assert formatting.masked_phone("138 1234 4417") == "138****4417"
    assert formatting.masked_phone("+8613812344417") == "138****4417"
    assert formatting.masked_phone("88776655") == "****6655"
    assert formatting.masked_phone("") == "—"


def test_a_deadline_turns_at_the_second() -> None:
    with clock.frozen(NOON):
        assert formatting.deadline(NOON)[0] == "warn"
        assert formatting.deadline(NOON - timedelta(seconds=1))[0] == "late"
        assert formatting.deadline(NOON + timedelta(minutes=31))[0] == "plain"


@pytest.mark.parametrize(
    ("seconds", "stage"), [(15 * 60, "calm"), (15 * 60 + 1, "ask"), (20 * 60, "ask"), (20 * 60 + 1, "over")]
)
def test_a_wait_on_the_mark_is_still_within_it(seconds: int, stage: str) -> None:
    with clock.frozen(NOON):
        text = drawn("{% wait_bar since %}", since=NOON - timedelta(seconds=seconds))

    assert f"wait wait-{stage}" in text


def test_a_local_time_is_the_sites() -> None:
    assert drawn("{{ at|local_time:zone }}", at=NOON, zone="Asia/Shanghai") == "12:00"
    assert drawn("{{ at|local_time:zone }}", at=NOON, zone="Europe/Berlin") == "05:00"
    assert (
        drawn("{{ at|local_date:zone }}", at=datetime(2026, 12, 7, 17, 0, tzinfo=UTC), zone="Asia/Shanghai")
        == "2026-12-08"
    )


def test_a_locked_button_stays_visible_with_its_reason() -> None:
    text = drawn('{% button "Lead in" key="I" locked="Hand-over is missing" %}')

    assert 'aria-disabled="true"' in text
    assert "Hand-over is missing" in text
    assert "data-key" not in text


def test_a_button_carries_its_key_and_further_attributes() -> None:
    text = drawn(
        '{% button label kind="primary" key="Ctrl Enter" hx_post="/x/?a=1&b=2" data_code="7" %}', label="<Save>"
    )

    assert 'data-key="Ctrl Enter"' in text
    assert 'aria-keyshortcuts="Control+Enter"' in text
    assert 'hx-post="/x/?a=1&amp;b=2"' in text
    assert "&lt;Save&gt;" in text


def test_a_state_is_icon_and_word() -> None:
    text = drawn('{% state "in_chair" %}')

    assert "<svg" in text
    assert "In chair" in text


def test_an_unknown_icon_is_noticed() -> None:
    with pytest.raises(KeyError):
        icons.draw("no-such-drawing")


class Card(forms.Form):
    """A form with one field of each difficult kind."""

    name = forms.CharField(help_text="As in the passport")
    sex = forms.ChoiceField(choices=[("f", "Female"), ("m", "Male")], widget=SegmentedRadios)
    amount = FenField(required=False, max_value=100000)
    starts_at = SiteDateTimeField(timezone="Asia/Shanghai", required=False)


def test_an_error_is_tied_to_its_field() -> None:
    text = drawn("{% form_errors form %}{% fields form %}", form=Card({"amount": "12x"}))

    assert 'for="id_name"' in text
    assert 'aria-describedby="id_name-help id_name-error"' in text
    assert 'aria-invalid="true"' in text
    assert 'href="#id_name"' in text
    assert text.count('type="radio"') == 2


def test_typed_yuan_become_fen_and_site_time_becomes_a_moment() -> None:
    form = Card({"name": "Ann", "sex": "f", "amount": "1,000.00", "starts_at": "2026-12-07T12:00"})

    assert form.is_valid(), form.errors
    assert form.cleaned_data["amount"] == 100000
    assert form.cleaned_data["starts_at"] == NOON
    assert "1000.00" in drawn("{% field form.amount %}", form=Card(initial={"amount": 100000}))
    assert "2026-12-07T12:00" in drawn("{% field form.starts_at %}", form=Card(initial={"starts_at": NOON}))


@pytest.mark.parametrize("typed", ["1000.01", "-1", "1.234", "abc", "1e3"])
def test_an_amount_out_of_bounds_or_shape_is_refused(typed: str) -> None:
    assert "amount" in Card({"name": "Ann", "sex": "f", "amount": typed}).errors


def test_rows_of_the_board_fold_the_break() -> None:
    grid = Grid(start=time(8, 30), end=time(17, 30), folded=((time(12, 0), time(13, 30)),))

    assert grid.row(time(8, 30)) == 1
    assert grid.row(time(12, 0)) == 15
    assert grid.row(time(12, 45)) == 15
    assert grid.row(time(13, 30)) == 16
    assert grid.span(time(11, 45), time(13, 45)) == 3
    assert grid.rows == 31
    assert grid.now_row(time(9, 20)) == pytest.approx(3 + 1 / 3)
    assert grid.now_row(time(18, 0)) is None


def test_blocks_that_overlap_share_the_width_and_touching_ones_do_not() -> None:
    first, second, third = laned([{"row": 1, "span": 3}, {"row": 3, "span": 2}, {"row": 5, "span": 1}])

    assert (first["lane"], first["lanes"]) == (1, 3)
    assert (second["lane"], second["lanes"]) == (4, 3)
    assert (third["lane"], third["lanes"]) == (1, 6)


def test_a_chart_and_its_table_say_the_same() -> None:
    points = [charts.Point("Oct", 0.081), charts.Point("Nov", None), charts.Point("Dec", 0.0)]
    chart = charts.BarChart(title="No-show", points=points, write=formatting.percent)

    assert [row[1] for row in chart.table().rows] == ["8.1%", "—", "0.0%"]
    assert "8.1%" in chart.draw()
    assert chart.draw().count("<rect") == 2


def test_noise_looks_like_noise_in_a_spark() -> None:
    heights = [float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", charts.spark([100, 101, 99, 100]))]

    assert max(heights) - min(heights) < 1.5


def test_nothing_inline_that_the_policy_forbids() -> None:
    from pathlib import Path

    import kernel.web

    for path in Path(kernel.web.__file__).parent.rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"\sstyle=|\son[a-z]+=|hx-on|<style|javascript:", text), path
        assert not re.search(r"<script(?![^>]*application/json)", text), path


def test_what_people_wrote_is_no_markup_in_a_block() -> None:
    """The blocks of a board are written in Python: nothing of a booking may come through as markup."""
    evil = '"><script>x</script>'
    block = {
        "row": 1, "span": 2, "lane": 1, "lanes": 6, "state": "booked", "title": evil, "item": evil, "help": evil, "text": evil,
        "note": evil, "note_tone": evil, "url": evil, "code": evil, "move_url": evil, "word": evil, "attributes": {"data-x": evil},
    }  # fmt: skip

    drawn = draw_blocks([block, block | {"span": 1, "lanes": 3}])

    assert "<script" not in drawn
    assert '">x' not in drawn
    assert drawn.count("&lt;script&gt;") >= 15
