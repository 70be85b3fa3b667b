"""The Explorer can be driven by its traits, as a browser would and as Python does, and never adds up currencies."""

from __future__ import annotations

import json
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import altair as alt
import polars as pl
import pytest

import callkit as ck
from callkit import cdr
from callkit.measures import MEASURES
from callkit.numbers import country
from callkit.widgets.explorer import Explorer
from callkit.widgets.explorer.charts import brushed
from callkit.widgets.explorer.cube import DIMENSIONS, Cube, Part
from callkit.widgets.explorer.outliers import odd_days, odd_members

TZ = "Asia/Kolkata"
DAY = 86_400_000


@pytest.fixture(scope="module")
def cdrs() -> pl.DataFrame:
    with ck.Sandbox(calls=1_500, seed=7) as sandbox, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the vendor's doubled ids are not the matter here
        itnio = sandbox.itnio_voice().fetch(*sandbox.period, progress=False)
        nx = sandbox.nx_whatsapp().fetch(sandbox.call_ids, progress=False)
        return ck.reconcile(pl.concat([itnio, nx])).cdrs


@pytest.fixture
def explorer(cdrs: pl.DataFrame) -> Explorer:
    return Explorer(cdrs, tz=TZ)


def browser_picks(chart: alt.JupyterChart, name: str, *points: dict[str, Any]) -> None:
    """Say what the browser says when points are clicked; none when the click is beside all of them."""
    value = {"vlPoint": {"or": list(points)}} if points else {}
    chart._vl_selections = {**chart._vl_selections, name: {"value": value, "store": [*points]}}


def browser_brushes(chart: alt.JupyterChart, *ends: float) -> None:
    value = {"start": list(ends)} if ends else {}
    chart._vl_selections = {**chart._vl_selections, "brush": {"value": value, "store": [*value]}}


def rows_of(chart: alt.JupyterChart, column: str) -> list[dict[str, Any]]:
    return [row for rows in chart.spec["datasets"].values() for row in rows if column in row]


def local(cdrs: pl.DataFrame) -> pl.DataFrame:
    at = pl.coalesce("submitted_at", "answered_at", "ended_at").dt.convert_time_zone(TZ)
    return cdrs.filter("found").with_columns(
        at.dt.date().alias("day"), at.dt.weekday().alias("weekday"), at.dt.hour().alias("hour")
    )


def milliseconds(day: date) -> int:
    return (day - date(1970, 1, 1)).days * DAY


def test_it_opens_with_everything(explorer: Explorer, cdrs: pl.DataFrame) -> None:
    """Without a choice all calls are counted, and all calls are the selection."""
    found = cdrs.filter("found")
    assert explorer.totals["calls"][0] == explorer.selection.height == found.height
    assert explorer.selection.equals(cdr.sort(found))
    assert explorer.totals["cost"][0] == found.filter(pl.col("currency") == "USD")["cost"].sum()


def test_a_brush_chooses_days_and_everything_follows(explorer: Explorer, cdrs: pl.DataFrame) -> None:
    """The days whose middle is brushed are chosen; hours, ranking, totals and selection follow; the days stay."""
    first, last = date(2026, 9, 8), date(2026, 9, 11)
    mounted, days = explorer.days, explorer.days.chart
    browser_brushes(explorer.days, milliseconds(first) + 0.3 * DAY, milliseconds(last) + 0.7 * DAY)
    due = local(cdrs).filter(pl.col("day").is_between(first, last))
    assert explorer.stretch == (first, last)
    assert explorer.days is mounted
    assert explorer.days.chart is days
    assert explorer.selection.height == explorer.totals["calls"][0] == due.height
    assert sum(row["calls"] for row in rows_of(explorer.hours, "when")) == 2 * due.height
    ranked = {row["rank"]: row["calls"] for row in rows_of(explorer.ranking, "rank")}
    assert sum(ranked.values()) == due.height
    assert "8 Sep 2026 to 11 Sep 2026 (4 days)" in explorer.told.value


def test_a_click_chooses_members_and_a_click_beside_clears(explorer: Explorer, cdrs: pl.DataFrame) -> None:
    """Clicked destinations are chosen by their names; the days follow, the ranking keeps showing all."""
    names = explorer.table["destination"].to_list()
    ranking = explorer.ranking.chart
    key = {row["name"]: row["key"] for row in rows_of(explorer.ranking, "key") if not row["others"]}
    browser_picks(explorer.ranking, "member", {"key": key[names[0]]}, {"key": key[names[2]]})
    due = local(cdrs).filter(pl.col("destination").is_in([names[0], names[2]]))
    assert explorer.only == {"destination": [names[0], names[2]]}
    assert explorer.ranking.chart is ranking
    assert explorer.selection.height == due.height
    shown = {row["day"]: row["calls"] for row in rows_of(explorer.days, "day")}
    assert shown == {day.isoformat(): calls for day, calls in due["day"].value_counts().iter_rows()}
    browser_picks(explorer.ranking, "member")
    assert explorer.only == {}
    assert explorer.selection.height == local(cdrs).height


def test_a_choice_that_ranks_low_is_shown(explorer: Explorer) -> None:
    """A destination that is chosen has a bar of its own, however few calls it has."""
    last = explorer.table.drop_nulls("destination")["destination"][-1]
    before = {row["name"] for row in rows_of(explorer.ranking, "rank")}
    explorer.only = {"destination": [last]}
    assert last not in before
    assert last in {row["name"] for row in rows_of(explorer.ranking, "rank")}


def test_a_click_chooses_an_hour_of_the_week(explorer: Explorer, cdrs: pl.DataFrame) -> None:
    """An hour that is clicked is one of the stated zone."""
    row = max(rows_of(explorer.hours, "when"), key=lambda row: row["calls"])
    browser_picks(explorer.hours, "hour", {"weekday": row["weekday"], "hour": row["hour"]})
    weekday, hour = explorer.hour
    due = local(cdrs).filter(pl.col("weekday") == weekday, pl.col("hour") == hour)
    assert explorer.selection.height == due.height == row["calls"]


def test_what_is_set_from_python_is_shown_in_the_charts(explorer: Explorer) -> None:
    """Charts that are drawn anew begin with the choice, so that the browser shows it."""
    explorer.stretch = (date(2026, 9, 8), date(2026, 9, 9))
    explorer.hour = (2, 14)
    explorer.only = {"destination": [None]}
    begun = {
        param["name"]: param["value"]
        for chart in (explorer.days, explorer.hours, explorer.ranking)
        for param in chart.spec["params"]
    }
    assert begun["brush"] == {"x": [milliseconds(date(2026, 9, 8)), milliseconds(date(2026, 9, 10))]}
    assert begun["hour"] == [{"weekday": "Tue", "hour": 14}]
    assert [set(one) for one in begun["member"]] == [{"key"}]


def test_a_choice_that_the_chart_began_with_can_be_cleared(explorer: Explorer) -> None:
    """Clearing in the browser what Python had set reaches Python."""
    explorer.stretch = (date(2026, 9, 8), date(2026, 9, 9))
    browser_brushes(explorer.days)
    assert explorer.stretch is None


def test_choices_go_together_and_all_are_cleared_at_once(explorer: Explorer, cdrs: pl.DataFrame) -> None:
    """Reasons within a destination within some days: each choice narrows the others; the button undoes all."""
    explorer.stretch = (date(2026, 9, 1), date(2026, 9, 20))
    explorer.only = {"destination": ["Poland(Play)"]}
    explorer.by.value = "reason"
    due = local(cdrs).filter(
        pl.col("destination") == "Poland(Play)", pl.col("day").is_between(*explorer.stretch)
    )
    counts = dict(due["status_reason"].value_counts().iter_rows())
    assert dict(explorer.table.select("reason", "calls").iter_rows()) == counts
    explorer.clear()
    assert (explorer.stretch, explorer.hour, explorer.only) == (None, None, {})
    assert explorer.selection.height == local(cdrs).height


@pytest.mark.parametrize("by", DIMENSIONS)
def test_every_dimension_is_told_apart(explorer: Explorer, cdrs: pl.DataFrame, by: str) -> None:
    """The table's calls and money by any dimension are those of plain Python over the frame."""
    found = cdrs.filter("found").with_columns(
        country=country(pl.when(pl.col("direction") == "in").then("caller").otherwise("callee")),
        reason=pl.col("status_reason"),
    )
    if by == "caller":
        found = ck.mask_numbers(found)
    calls, money = Counter(), defaultdict(Decimal)
    for row in found.iter_rows(named=True):
        name = row[by] if row[by] is not None or by != "caller" else "(no caller)"
        calls[name] += 1
        money[name] += row["cost"] if row["currency"] == "EUR" and row["cost"] is not None else 0
    explorer.currency.value = "EUR"
    explorer.by.value = by
    table = explorer.table.group_by(by).agg(pl.col("calls", "cost").sum())  # masked callers may look alike
    assert dict(table.select(by, "calls").iter_rows()) == dict(calls)
    assert dict(table.select(by, "cost").iter_rows()) == dict(money)


def test_a_measure_of_a_part_is_that_of_the_calls_in_it(explorer: Explorer) -> None:
    """The totals of a choice are the definitions over the chosen calls, for every measure there is."""
    explorer.stretch = (date(2026, 9, 5), date(2026, 9, 12))
    chosen = explorer.selection
    answered = chosen.filter(pl.col("call_duration") > 0)
    totals = explorer.totals.row(0, named=True)
    assert set(totals) == {"currency", *MEASURES}
    assert totals["minutes"] == pytest.approx(answered["call_duration"].sum() / 60)
    assert totals["asr"] == pytest.approx(100 * answered.height / chosen["call_duration"].count())
    assert (
        totals["overcharge"]
        == chosen.filter(pl.col("verdict") == "overcharged", pl.col("currency") == "USD")[
            "cost_difference"
        ].sum()
    )


def test_periods_are_compared(explorer: Explorer, cdrs: pl.DataFrame) -> None:
    """The days before, the same weekdays before and a month before are each their own calls."""
    first, last = date(2026, 9, 22), date(2026, 9, 24)
    explorer.stretch = (first, last)
    by_day = Counter(local(cdrs)["day"])
    for against, earlier in (
        ("days", (date(2026, 9, 19), date(2026, 9, 21))),
        ("weeks", (date(2026, 9, 15), date(2026, 9, 17))),
        ("month", (date(2026, 8, 22), date(2026, 8, 24))),
    ):
        explorer.against.value = against
        due = sum(by_day[earlier[0] + timedelta(days=at)] for at in range(3))
        assert (explorer.table["calls_before"].sum() or 0) == due
        assert f"against {earlier[0].day} {earlier[0]:%b}" in explorer.told.value
    explorer.against.value = "nothing"
    assert "calls_before" not in explorer.table.columns


def test_currencies_are_never_added_up(explorer: Explorer, cdrs: pl.DataFrame) -> None:
    """Money is that of the chosen currency; the calls are all calls."""
    for currency in ("USD", "EUR"):
        explorer.currency.value = currency
        due = cdrs.filter("found", pl.col("currency") == currency)["cost"].sum()
        assert explorer.totals["cost"][0] == due
        assert explorer.totals["currency"][0] == currency
        assert explorer.totals["calls"][0] == cdrs["found"].sum()
    assert explorer.currency.options == ("USD", "EUR")


def test_no_number_leaves_the_kernel(explorer: Explorer, cdrs: pl.DataFrame) -> None:
    """By caller, names are masked, clicks are answered by a code, and no number or id is in what is sent or printed."""
    explorer.by.value = "caller"
    code = rows_of(explorer.ranking, "key")[0]["key"]
    browser_picks(explorer.ranking, "member", {"key": code})
    assert explorer.selection["caller"].n_unique() == 1
    sent = json.dumps([explorer.days.spec, explorer.hours.spec, explorer.ranking.spec])
    sent += explorer.told.value + explorer.stands_out.value + explorer.listed.value
    secrets = cdrs.select("caller", "callee", "call_id").drop_nulls()
    assert not [text for row in secrets.iter_rows() for text in row if text in sent]


def test_hostile_text_stays_text(cdrs: pl.DataFrame) -> None:
    """A vendor's markup is escaped wherever it is shown."""
    hostile = "<img src=x onerror=alert(1)>"
    name = cdrs.filter("found")["destination"].drop_nulls().mode()[0]
    explorer = Explorer(cdrs.with_columns(pl.col("destination").replace(name, hostile)))
    explorer.only = {"destination": [hostile]}
    for shown in (explorer.told, explorer.stands_out, explorer.listed):
        assert "<img" not in shown.value
    assert "&lt;img" in explorer.told.value
    assert "&lt;img" in explorer.listed.value


@pytest.mark.parametrize(
    ("trait", "value", "said"),
    [
        ("stretch", (date(2026, 9, 2), date(2026, 9, 1)), "stretch ends before it begins"),
        ("stretch", "2026-09", "stretch must be the first and the last day"),
        ("hour", (8, 1), "hour must be a weekday"),
        ("only", {"planet": ["Mars"]}, "told apart by destination, country"),
        ("only", {"destination": "Poland(Play)"}, "needs a list of members"),
        ("only", {"destination": ["Elbonia"]}, "no call has the destination 'Elbonia'"),
    ],
)
def test_a_choice_that_makes_no_sense_is_refused(
    explorer: Explorer, trait: str, value: Any, said: str
) -> None:
    """An error says what a choice must be, and the choice before stays."""
    before = getattr(explorer, trait)
    with pytest.raises(ValueError, match=said):
        setattr(explorer, trait, value)
    assert getattr(explorer, trait) == before


@pytest.mark.parametrize(
    ("how", "said"),
    [({"theme": "blue"}, "theme must be"), ({"width": 10}, "width must be"), ({"tz": "X"}, "tz must be")],
)
def test_what_it_cannot_be_made_with_is_refused(cdrs: pl.DataFrame, how: dict[str, Any], said: str) -> None:
    """A theme, width or zone that does not exist is an error in words."""
    with pytest.raises(ValueError, match=said):
        Explorer(cdrs, **how)


@pytest.mark.parametrize("rows", [0, 1])
def test_few_calls_are_no_error(cdrs: pl.DataFrame, rows: int) -> None:
    """No call at all, and one alone, open and say so."""
    explorer = Explorer(cdrs.filter("found").head(rows))
    assert explorer.totals["calls"][0] == rows
    assert explorer.selection.height == rows
    assert explorer.outliers.is_empty()
    for name in DIMENSIONS:
        explorer.by.value = name
        assert explorer.table.height == rows
    explorer.beside.value = None
    assert explorer._repr_mimebundle_()["image/png"].startswith(b"\x89PNG")


def test_a_lazy_frame_and_a_plain_one_do(cdrs: pl.DataFrame) -> None:
    """CDRs that were not reconciled, read lazily, have all measures but those of a reconciliation."""
    explorer = Explorer(cdrs.select(cdr.SCHEMA.names()).lazy())
    names = {name for _, name in explorer.measure.options}
    assert names == set(MEASURES) - {"overcharge", "undercharge"}
    assert explorer.totals["calls"][0] == cdrs["found"].sum()


def test_it_follows_the_page(explorer: Explorer) -> None:
    """A page that turns dark or narrow is followed by the charts; a stated look is not changed."""
    explorer.surroundings.dark = True
    assert explorer.days.spec["config"]["background"] == "#111111"
    wide = explorer.days.spec["hconcat"][0]["width"]
    explorer.surroundings.width = 640
    assert explorer.days.spec["hconcat"][0]["width"] < wide
    fixed = Explorer(explorer.selection.head(50), theme="light", width=800)
    fixed.surroundings.dark, fixed.surroundings.width = True, 1_400
    assert fixed.days.spec["config"]["background"] == "#ffffff"
    assert fixed.days.spec["hconcat"][0]["width"] < 400


def test_a_saved_notebook_keeps_a_picture(explorer: Explorer) -> None:
    """Whoever opens the notebook without its widgets sees all charts in one PNG, with the choice in it."""
    explorer.stretch = (date(2026, 9, 8), date(2026, 9, 9))
    assert explorer._repr_mimebundle_()["image/png"].startswith(b"\x89PNG")


def test_few_bytes_are_sent(explorer: Explorer) -> None:
    """What the browser gets is aggregates: less than a quarter of a megabyte, even by caller."""
    explorer.by.value = "caller"
    sent = [json.dumps(chart.spec) for chart in (explorer.days, explorer.hours, explorer.ranking)]
    assert sum(map(len, sent)) + len(explorer.listed.value) < 250_000


def test_the_cube_adds_up_whatever_it_is_cut_by(cdrs: pl.DataFrame) -> None:
    """Cells without callers and rows with them give the same sums."""
    cube = Cube(cdrs, TZ)
    part = Part(days=(date(2026, 9, 3), date(2026, 9, 20)))
    for by in (["day"], ["weekday", "hour"], ["destination"]):
        keys = pl.exclude(by)
        one = cube.added(part, by, "USD").select(keys.sum())
        other = cube.added(part, [*by, "caller"], "USD").select(pl.exclude(*by, "caller").sum())
        assert one.equals(other)


@pytest.mark.parametrize(
    ("ends", "due"),
    [
        ((0.0, 1.0), (0, 0)),
        ((0.4, 2.6), (0, 2)),
        ((0.6, 0.9), None),
        ((2.2, 0.2), (0, 1)),
        ((-9.0, 99.0), (0, 9)),
        ((20.0, 30.0), None),
    ],
)
def test_a_brush_means_the_days_whose_middle_it_covers(
    ends: tuple[float, float], due: tuple[int, int] | None
) -> None:
    """Half days do not count, directions do not matter, and nothing lies outside of the records."""
    begin = date(2026, 9, 1)
    days = (begin, begin + timedelta(days=9))
    found = brushed([milliseconds(begin) + end * DAY for end in ends], days)
    assert found == (
        None if due is None else (begin + timedelta(days=due[0]), begin + timedelta(days=due[1]))
    )


def quiet_weekends(odd: dict[int, int]) -> pl.DataFrame:
    days = [date(2026, 9, 1) + timedelta(days=at) for at in range(42)]
    usual = [40 + at % 3 if day.weekday() >= 5 else 200 + at % 7 for at, day in enumerate(days)]
    return pl.DataFrame({"day": days, "calls": [odd.get(at, calls) for at, calls in enumerate(usual)]})


def test_a_quiet_weekend_is_no_outlier_and_a_loud_one_is() -> None:
    """A day is compared with its own weekday: 40 calls on a Saturday are usual, 200 are not."""
    calls = [MEASURES["calls"]]
    assert odd_days(quiet_weekends({}), calls, None).is_empty()
    (row,) = odd_days(quiet_weekends({4: 200}), calls, None).iter_rows(named=True)
    assert row["sentence"] == "Sat 5 Sep 2026: 200 calls, where 42 would be usual"


def test_the_edges_of_the_records_are_named() -> None:
    """A first day with few calls may be half a day: the sentence says that it is the first."""
    days = quiet_weekends({0: 30})
    edges = (days["day"][0], days["day"][-1])
    (row,) = odd_days(days, [MEASURES["calls"]], None, edges).iter_rows(named=True)
    assert row["sentence"].startswith("Tue 1 Sep 2026 (the first day of the records): 30 calls")


def test_a_member_unlike_the_others_is_named() -> None:
    """A destination with half the usual ASR stands out, one with few calls does not, and sums never do."""
    members = pl.DataFrame(
        {
            "name": [f"Land {at}" for at in range(10)] + ["Odd", "Few"],
            "calls": [500] * 11 + [3],
            "asr": [45.0 + at / 5 for at in range(10)] + [20.0, 0.0],
        }
    )
    (row,) = odd_members(members, "destination", [MEASURES["calls"], MEASURES["asr"]], None).iter_rows(
        named=True
    )
    assert row["sentence"] == "Odd: Answer-seizure ratio (ASR) 20.0 %, where 45.8 % is in the middle"


def test_every_control_redraws_without_mounting_again(explorer: Explorer) -> None:
    """Each mounted chart brings its own renderer along: charts are swapped, never replaced."""
    mounted = (explorer.days, explorer.hours, explorer.ranking)
    changes: list[Callable[[], None]] = [
        lambda: setattr(explorer.measure, "value", "asr"),
        lambda: setattr(explorer.beside, "value", "effective_rate"),
        lambda: setattr(explorer.by, "value", "country"),
        lambda: setattr(explorer.currency, "value", "EUR"),
        lambda: setattr(explorer.against, "value", "days"),
    ]
    for change in changes:
        before = explorer.ranking.chart
        change()
        assert (explorer.days, explorer.hours, explorer.ranking) == mounted
        assert explorer.ranking.chart is not before
