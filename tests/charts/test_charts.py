"""Charts say what the frames say, in a stated zone and one currency; nothing clips, leaks or asks a network."""

from __future__ import annotations

import json
import re
import struct
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import altair as alt
import polars as pl
import pytest

import callkit as ck
from callkit import cdr, charts

TZ = "Asia/Kolkata"  # half an hour off: neither a day nor an hour of UTC

DRAWN: dict[str, Callable[..., Any]] = {
    "staircase": lambda result, **how: charts.staircase(result.cdrs, bill_period="60+60", **how),
    "bridge": charts.bridge,
    "bridge settled": lambda result, **how: charts.bridge(result, basis="settled", **how),
    "daily": lambda result, **how: charts.daily(result.cdrs, "cost", tz=TZ, **how),
    "daily verdict": lambda result, **how: charts.daily(result.cdrs, "verdict", tz=TZ, **how),
    "daily difference": lambda result, **how: charts.daily(result.cdrs, "difference", tz=TZ, **how),
    "heatmap": lambda result, **how: charts.heatmap(result.cdrs, "asr", tz=TZ, **how),
    "destinations": lambda result, **how: charts.destinations(result.cdrs, "effective_rate", top=6, **how),
    "findings": charts.findings,
}
every_chart = pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)


def rows_of(chart: Any, column: str) -> list[dict[str, Any]]:
    return [row for rows in chart.to_dict()["datasets"].values() for row in rows if column in row]


def ranked(chart: Any) -> list[dict[str, Any]]:
    """One row per bar: several layers hold the same ones."""
    return list({row["rank"]: row for row in rows_of(chart, "rank")}.values())


def decimal_of(text: str) -> Decimal:
    return Decimal(text.split(" ", maxsplit=1)[0].replace(",", "").replace("−", "-"))


def local_instants(frame: pl.DataFrame) -> list[tuple[datetime, dict[str, Any]]]:
    found = []
    for row in frame.filter("found").iter_rows(named=True):
        at = row["submitted_at"] or row["answered_at"] or row["ended_at"]
        if at is not None:
            found.append((at.astimezone(ZoneInfo(TZ)), row))
    return found


def test_daily_is_every_local_day(result: ck.Reconciliation) -> None:
    """A bar holds the calls of its day in the stated zone, and each lies between that day's ends in UTC."""
    rows = rows_of(charts.daily(result.cdrs, tz=TZ), "day")
    due = Counter(at.date().isoformat() for at, _ in local_instants(result.cdrs))
    assert {row["day"]: row["calls"] for row in rows} == dict(due)
    for row in rows:
        first, last = (datetime.fromtimestamp(row[edge] / 1000, ZoneInfo("UTC")) for edge in ("start", "end"))
        assert first.date().isoformat() == last.date().isoformat() == row["day"]


def test_daily_money_is_exact_and_of_one_currency(result: ck.Reconciliation) -> None:
    """What a tooltip says of a day is that day's money in one currency, to the last digit."""
    due: dict[str, Decimal] = defaultdict(Decimal)
    for at, row in local_instants(result.cdrs):
        if row["currency"] == "EUR" and row["cost"] is not None:
            due[at.date().isoformat()] += row["cost"]
    rows = rows_of(charts.daily(result.cdrs, "cost", currency="EUR", tz=TZ), "day")
    assert {row["day"]: decimal_of(row["text"]) for row in rows if row["value"]} == {
        day: amount for day, amount in due.items() if amount
    }
    assert {row["text"].split(" ")[1] for row in rows} == {"EUR"}


def test_one_call_that_agrees_is_one_call(result: ck.Reconciliation) -> None:
    """A single call that agrees is told as one, beside others and alone."""
    agreeing, others = (result.cdrs.filter((pl.col("verdict") == "agrees") == same) for same in (True, False))
    beside = ck.charts.daily(pl.concat([agreeing.head(1), others]), "verdict").to_dict()["title"]["subtitle"]
    assert "1 call agrees, not shown" in beside
    assert "The one call agrees." in str(ck.charts.daily(agreeing.head(1), "verdict").to_dict())


def test_daily_counts_what_does_not_agree(result: ck.Reconciliation) -> None:
    """Every call that does not agree is in a bar of its verdict; the ones that agree are counted in words."""
    chart = charts.daily(result.cdrs, "verdict", tz=TZ)
    due = Counter((at.date().isoformat(), row["verdict"]) for at, row in local_instants(result.cdrs))
    agreeing = sum(calls for (_, verdict), calls in due.items() if verdict == "agrees")
    shown = {(row["day"], row["verdict"]): row["calls"] for row in rows_of(chart, "verdict")}
    assert shown == {key: calls for key, calls in due.items() if key[1] != "agrees"}
    assert f"{agreeing:,} calls agree" in chart.to_dict()["title"]["subtitle"]


def test_daily_differences_add_up_to_the_totals(result: ck.Reconciliation) -> None:
    """Money above the line is all that was overcharged, money below it all that was undercharged."""
    rows = rows_of(charts.daily(result.cdrs, "difference", currency="USD"), "verdict")
    usd = result.totals.row(by_predicate=pl.col("currency") == "USD", named=True)
    assert sum(decimal_of(row["text"]) for row in rows if row["value"] > 0) == usd["overcharge"]
    assert sum(decimal_of(row["text"]) for row in rows if row["value"] < 0) == usd["undercharge"]


@pytest.mark.parametrize(("days", "unit"), [(190, "day"), (400, "week"), (4_000, "month")])
def test_long_periods_are_drawn_by_week_or_month(days: int, unit: str) -> None:
    """However long the period, a bar is wide enough to be seen and nothing is left out."""
    calls = (
        cdr.empty()
        .with_columns()
        .clear(days)
        .with_columns(
            found=pl.lit(value=True),
            submitted_at=pl.lit(0).cast(cdr.INSTANT)
            + pl.int_range(days) * pl.duration(days=1, time_unit="us"),
        )
    )
    chart = charts.daily(calls)
    rows = rows_of(chart, "day")
    assert chart.to_dict()["title"]["text"] == f"Calls per {unit}"
    assert sum(row["calls"] for row in rows) == days
    assert len(rows) <= 200


def test_the_heatmap_averages_over_weekdays(result: ck.Reconciliation) -> None:
    """A cell of calls is their number divided by how many of that weekday the period has."""
    instants = [at for at, _ in local_instants(result.cdrs)]
    days = {at.date() for at in instants}
    span = [min(days).fromordinal(at) for at in range(min(days).toordinal(), max(days).toordinal() + 1)]
    weekdays = Counter(day.weekday() for day in span)
    due = Counter((at.weekday(), at.hour) for at in instants)
    rows = rows_of(charts.heatmap(result.cdrs, tz=TZ), "weekday")
    shown = {(row["weekday"], row["hour"]): (row["calls"], row["value"]) for row in rows}
    names = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    assert shown == {
        (names[weekday], hour): (calls, pytest.approx(calls / weekdays[weekday]))
        for (weekday, hour), calls in due.items()
    }


def test_destinations_add_up(result: ck.Reconciliation) -> None:
    """The bars and the bar of all others together are the money billed in the currency."""
    rows = ranked(charts.destinations(result.cdrs, "cost", top=4, currency="USD"))
    usd = result.totals.row(by_predicate=pl.col("currency") == "USD", named=True)
    values = [row["value"] for row in rows if not row["others"]]
    assert sum(decimal_of(row["text"]) for row in rows) == usd["billed"]
    assert values == sorted(values, reverse=True)
    assert [row["others"] for row in rows] == [False] * 4 + [True]
    money = result.cdrs.filter(pl.col("currency") == "USD").group_by("destination").agg(pl.col("cost").sum())
    top = money.sort("cost", descending=True)["destination"].head(4).fill_null("(no destination)")
    assert [row["name"] for row in rows[:4]] == top.to_list()


def test_a_single_other_destination_is_named(result: ck.Reconciliation) -> None:
    """A bar for "1 other" would hide a name and save nothing."""
    known = result.cdrs.filter(pl.col("found"))["destination"].n_unique()
    rows = ranked(charts.destinations(result.cdrs, "calls", top=known - 1))
    assert [row["others"] for row in rows] == [False] * known


def test_the_bridge_is_the_bridge(result: ck.Reconciliation) -> None:
    """The waterfall runs from billed to expected by the frame's own amounts, and every step is drawn."""
    rows = rows_of(charts.bridge(result, currency="USD"), "step")
    frame = result.bridge.filter(
        pl.col("basis") == "quoted", pl.col("currency") == "USD", pl.col("amount") != 0
    )
    amounts = dict(frame.select("step", "amount").iter_rows())
    shown = {row["step"]: decimal_of(row["text"]) for row in rows}
    expected = amounts.pop("expected")
    assert shown.pop("expected") == expected
    assert shown.pop("Billed") == sum(amounts.values(), expected)
    assert {step: -amount for step, amount in shown.items()} == amounts


def test_a_cut_axis_says_so_and_shows_the_proportion(result: ck.Reconciliation) -> None:
    """Differences of a hundredth of the total take up most of the picture, and the axis says where it begins."""
    chart = charts.bridge(result, currency="USD").to_dict()
    whole, waterfall = chart["vconcat"]
    (bars,) = [layer for layer in waterfall["layer"] if layer["mark"]["type"] == "bar"]
    low, high = bars["encoding"]["x"]["scale"]["domain"]
    steps = [row for row in rows_of(charts.bridge(result, currency="USD"), "step") if row["kind"] != "total"]
    assert "the axis begins at" in bars["encoding"]["x"]["title"]
    assert sum(row["to"] - row["from"] for row in steps) > 0.5 * (high - low)
    assert any(
        layer.get("encoding", {}).get("x", {}).get("scale") == {"zero": True} for layer in whole["layer"]
    )


def bridge_of(**amounts: str) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "basis": "quoted",
            "currency": "EUR",
            "step": list(amounts),
            "calls": [1] * len(amounts),
            "amount": pl.Series([Decimal(amount) for amount in amounts.values()], dtype=cdr.MONEY),
        }
    )


def test_large_differences_keep_the_axis_at_zero() -> None:
    """Nothing is cut where the differences can be seen from zero."""
    chart = charts.bridge(bridge_of(duration="4", rate="-1", expected="5")).to_dict()
    assert "vconcat" not in chart
    assert not re.search("not at zero", json.dumps(chart))


def test_what_is_unverified_does_not_dwarf_the_steps() -> None:
    """A large unverified amount stays out of the waterfall, is drawn in proportion, and is told."""
    chart = charts.bridge(bridge_of(duration="0.5", unverified="40", expected="60"))
    steps = {row["step"]: row["text"] for row in rows_of(chart, "step")}
    assert steps == {"Billed, recomputed": "60.50", "duration": "−0.50", "expected": "60.00"}
    assert ("unverified", "40.00") in {(row["kind"], row["text"]) for row in rows_of(chart, "whole")}
    assert chart.to_dict()["title"]["subtitle"] == (
        "billed 100.50 = expected 60.00 + 0.50 billed too much + 40.00 unverified"
    )


def test_findings_count_all_and_sum_one_currency(result: ck.Reconciliation) -> None:
    """The numbers are those of the findings, the money that of the summary in the currency."""
    chart = charts.findings(result, currency="EUR")
    counts = dict(result.findings["check"].value_counts().iter_rows())
    assert {row["check"]: row["findings"] for row in rows_of(chart, "count")} == counts
    eur = result.summary.filter(pl.col("currency") == "EUR")
    for side, column in (("billed too much", "overcharge"), ("billed too little", "undercharge")):
        shown = {
            row["check"]: decimal_of(row["text"]) for row in rows_of(chart, "side") if row["side"] == side
        }
        due = dict(eur.filter(pl.col(column) != 0).select("check", column).iter_rows())
        assert shown == due


@every_chart
@pytest.mark.parametrize(("theme", "width"), [("light", 300), ("dark", 700)])
def test_nothing_touches_the_edge_of_the_picture(
    result: ck.Reconciliation, draw: Callable[..., Any], theme: str, width: int, tmp_path: Path
) -> None:
    """No text is cut off: around every chart, narrow or wide, there is a margin of background."""
    image = pixels(charts.save(draw(result, theme=theme, width=width), tmp_path / "chart.png", scale=1))
    edge = {*image[0], *image[-1], *(row[0] for row in image), *(row[-1] for row in image)}
    assert edge == {(255, 255, 255) if theme == "light" else (17, 17, 17)}
    assert len({pixel for row in image for pixel in row}) > 20


def pixels(path: Path) -> list[list[tuple[int, ...]]]:
    """Read a PNG of 8-bit RGBA, as the PNG specification says."""
    raw = path.read_bytes()
    width, height, depth, kind = struct.unpack(">IIBB", raw[16:26])
    assert (depth, kind) == (8, 6)
    at, packed = 8, b""
    while at < len(raw):
        (length,) = struct.unpack(">I", raw[at : at + 4])
        if raw[at + 4 : at + 8] == b"IDAT":
            packed += raw[at + 8 : at + 8 + length]
        at += 12 + length
    data, rows, before = zlib.decompress(packed), [], bytes(width * 4)
    for line in range(height):
        method, *encoded = data[line * (width * 4 + 1) : (line + 1) * (width * 4 + 1)]
        row = bytearray(encoded)
        for index in range(len(row)):
            left = row[index - 4] if index >= 4 else 0
            up = before[index]
            corner = before[index - 4] if index >= 4 else 0
            guess = left + up - corner
            paeth = min((left, up, corner), key=lambda near, guess=guess: abs(guess - near))
            row[index] = (row[index] + (0, left, up, (left + up) // 2, paeth)[method]) & 255
        before = bytes(row)
        rows.append([tuple(row[pixel : pixel + 3]) for pixel in range(0, len(row), 4)])
    return rows


@every_chart
def test_equal_input_gives_equal_bytes(result: ck.Reconciliation, draw: Callable[..., Any]) -> None:
    """A chart is the same each time it is drawn, to the last name in it."""
    assert json.dumps(draw(result).to_dict()) == json.dumps(draw(result).to_dict())


@every_chart
def test_a_chart_holds_few_rows_and_names_nobody(result: ck.Reconciliation, draw: Callable[..., Any]) -> None:
    """A chart can be sent on: aggregates, no telephone number, no call id."""
    chart = draw(result).to_dict()
    held = json.dumps(chart)
    secret = result.cdrs.select("caller", "callee", "call_id").drop_nulls()
    assert sum(len(rows) for rows in chart["datasets"].values()) <= 5_000
    assert not [text for row in secret.iter_rows() for text in row if text in held]


@every_chart
def test_a_click_selects_by_the_name_pick(result: ck.Reconciliation, draw: Callable[..., Any]) -> None:
    """Widgets can react: every chart has a point selection `pick` that names fields of its rows."""
    chart = draw(result).to_dict()
    (pick,) = [param for param in chart["params"] if param["name"] == "pick"]
    fields = set(pick["select"]["fields"])
    assert pick["select"]["type"] == "point"
    assert any(fields <= set(row) for rows in chart["datasets"].values() for row in rows)


@every_chart
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_to_draw_is_said(result: ck.Reconciliation, draw: Callable[..., Any], theme: str) -> None:
    """A result without calls gives charts that say so in words, in both themes."""
    nothing = ck.reconcile(result.cdrs.select(cdr.SCHEMA.names()).clear())
    (row,) = rows_of(draw(nothing, theme=theme), "said")
    assert re.match(r"(There (are|is) no|No |Nothing )", row["said"])


@every_chart
def test_a_width_and_a_theme_are_checked(result: ck.Reconciliation, draw: Callable[..., Any]) -> None:
    """What cannot be drawn is refused in words."""
    with pytest.raises(ValueError, match="width must be from 200"):
        draw(result, width=20)
    with pytest.raises(ValueError, match="theme must be 'light' or 'dark', got 'blue'"):
        draw(result, theme="blue")


@pytest.mark.parametrize("suffix", ["png", "svg", "html"])
def test_a_chart_is_saved_offline(result: ck.Reconciliation, tmp_path: Path, suffix: str) -> None:
    """Each file is whole by itself: it loads nothing from anywhere."""
    path = charts.save(charts.findings(result), tmp_path / f"findings.{suffix}")
    start = {"png": b"\x89PNG", "svg": b"<svg", "html": b"<!DOCTYPE html>"}[suffix]
    assert path.read_bytes().startswith(start)
    if suffix != "png":
        text = path.read_text()
        assert not re.findall(r"(?:src|href)\s*=\s*\"https?:|from\"https?:|import\(\"https?:|@import", text)


def test_other_files_are_refused(result: ck.Reconciliation, tmp_path: Path) -> None:
    """A suffix that is none of the three is an error that names them."""
    with pytest.raises(ValueError, match=r"saved as \.png, \.svg or \.html; got .*\.pdf"):
        charts.save(charts.bridge(result), tmp_path / "bridge.pdf")


def test_hostile_names_stay_text(result: ck.Reconciliation, tmp_path: Path) -> None:
    """A destination that closes the script, or is an expression, is drawn as what it is."""
    hostile = [
        "</script><script>alert(1)</script>",
        "'+alert(1)+'",
        "x" * 5_000,
        "\\u003c\n\x00",
        '=cmd|"/c"!A1',
    ]
    names = result.cdrs["destination"].drop_nulls().unique().sort().head(len(hostile)).to_list()
    frame = result.cdrs.with_columns(pl.col("destination").replace(names, hostile))
    chart = charts.destinations(frame, "calls", top=200)
    page = charts.save(chart, tmp_path / "page.html").read_text()
    shown = {row["destination"] for row in rows_of(chart, "rank")}
    assert set(hostile) <= shown
    assert page.count("<script") == page.count("</script>") == 2
    assert max(len(row["shown"]) for row in rows_of(chart, "rank")) <= 42
    assert charts.save(chart, tmp_path / "page.svg").stat().st_size > 1_000


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (lambda frame: charts.daily(frame, "aht"), "measure must be one of calls, minutes"),
        (
            lambda frame: charts.daily(frame, "cost", currency="XXX"),
            "nothing in 'XXX'; the currencies are USD, EUR",
        ),
        (lambda frame: charts.daily(frame, tz="Mars/Base"), "tz must be the name of a time zone"),
        (
            lambda frame: charts.daily(frame.drop("verdict"), "verdict"),
            "needs Reconciliation.cdrs; missing: verdict",
        ),
        (lambda frame: charts.daily(frame.drop("cost"), "cost"), "missing: cost"),
        (
            lambda frame: charts.heatmap(frame.drop("cost_difference"), "overcharge"),
            "cost_difference is missing",
        ),
        (lambda frame: charts.destinations(frame, top=0), "top must be from 1 to 200"),
        (charts.bridge, "bridge needs Reconciliation.bridge; missing: basis"),
        (charts.findings, "findings needs Reconciliation.findings; missing: check"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    result: ck.Reconciliation, draw: Callable[[pl.DataFrame], alt.Chart], said: str
) -> None:
    """An error names what is wrong and what there is instead."""
    with pytest.raises(ValueError, match=re.escape(said)):
        draw(result.cdrs)


def test_a_grouped_bridge_is_refused(result: ck.Reconciliation) -> None:
    """Bridges of several groups cannot be one waterfall."""
    with pytest.raises(ValueError, match="filter that of bridge_by to one group"):
        charts.bridge(result.bridge_by("destination"))
