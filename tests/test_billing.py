from __future__ import annotations

import os
import pickle
import random
from collections.abc import Sequence
from dataclasses import FrozenInstanceError
from decimal import Decimal, localcontext
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import callkit as ck
import reference
from callkit.billing import Rating, seconds_charged

COLUMNS = {
    "call_duration": pl.Int64,
    "charged_duration": pl.Int64,
    "bill_period": pl.String,
    "rate": ck.MONEY,
}
WAYS = ["eager", "streaming", "in-memory"]


def run(frame: pl.DataFrame, expression: pl.Expr, way: str) -> pl.Series:
    if way == "eager":
        return frame.select(expression).to_series()
    return frame.lazy().select(expression).collect(engine=way).to_series()


def frame(**columns: Sequence[Any]) -> pl.DataFrame:
    return pl.DataFrame({name: pl.Series(name, values, COLUMNS[name]) for name, values in columns.items()})


VECTORS = [
    *[("6+6", talk, charged) for talk, charged in ((5, 6), (20, 24), (31, 36), (55, 60), (56, 60))],
    *[("20+20", talk, charged) for talk, charged in ((5, 20), (13, 20), (20, 20), (21, 40))],
    *[("30+6", talk, charged) for talk, charged in ((1, 30), (30, 30), (31, 36), (45, 48))],
    *[("60+60", talk, charged) for talk, charged in ((0, 0), (10, 60), (60, 60), (64, 120), (70, 120))],
    *[("60+10", 83, 90), ("60+6", 61, 66), ("60+1", 61, 61), ("10+6", 11, 16), ("10+6", 9, 10)],
    *[("6+6", 0, 0), ("6+6", -1, 0)],
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("period", "talk", "charged"), VECTORS)
def test_documented_durations(period, talk, charged, way):
    """Every charged duration that the vendors document comes out, and the reference knows it too."""
    calls = frame(call_duration=[talk], bill_period=[period])
    assert run(calls, ck.charged_duration(), way).to_list() == [charged]
    assert reference.charged_duration(talk, period, Rating()) == charged


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("period", "talk", "charged"),
    [("10+6", 11, 12), ("10+6", 9, 12), ("10+6", 6, 10), ("10+6", 0, 0), ("30+6", 45, 48), ("7+60", 8, 60)],
)
def test_total_increments(period, talk, charged, way):
    """The other meaning of a+b rounds the whole call up to steps of b, and charges at least a."""
    rating = Rating(increments="total")
    calls = frame(call_duration=[talk], bill_period=[period])
    assert run(calls, ck.charged_duration(rating=rating), way).to_list() == [charged]
    assert reference.charged_duration(talk, period, rating) == charged


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("rate", "seconds", "rating", "cost"),
    [
        ("0.05", 48, Rating(), "0.04"),
        ("0.055", 120, Rating(), "0.11"),
        ("1.2", 20, Rating(), "0.4"),
        ("0.1", 1, Rating(), "0.001667"),
        ("0.1", 1, Rating(rounding="down"), "0.001666"),
        ("-0.1", 1, Rating(), "-0.001667"),
        ("0.1", 1, Rating(per_seconds=1, decimals=2), "0.1"),
        ("0.36", 10, Rating(per_seconds=3600, decimals=3), "0.001"),
        ("0.03", 10, Rating(decimals=2), "0.01"),
        ("0.03", 10, Rating(decimals=2, rounding="half_even"), "0"),
        ("0.01", 1, Rating(decimals=0, rounding="up"), "1"),
        ("0.05", 48, Rating(connect_fee="0.01"), "0.05"),
        ("0.05", 0, Rating(connect_fee="0.01"), "0"),
    ],
)
def test_documented_costs(rate, seconds, rating, cost, way):
    """A cost is fee plus rate times units, in every unit, rounding and number of decimals."""
    calls = frame(charged_duration=[seconds], rate=[Decimal(rate)])
    assert run(calls, ck.call_cost(rating=rating), way).to_list() == [Decimal(cost)]
    assert reference.cost(seconds, Decimal(rate), rating) == Decimal(cost)


def test_rounds_once():
    """A quotient just under a half is not first rounded up to the half, as Polars' Decimals would."""
    calls = frame(charged_duration=[1], rate=[Decimal("0.0000299999")])
    assert calls.select(ck.call_cost()).item() == 0
    twice = (pl.col("rate") / 60).round(6, mode="half_away_from_zero")
    assert calls.select(twice).item() == Decimal("0.000001")


NUMBERS = st.integers(1, 130) | st.integers(1, 10**15 - 1)
PADDED = st.builds(
    "{0}{1}{2}".format,
    st.text(" \t", max_size=2) | st.just("00"),
    NUMBERS,
    st.text(" \t", max_size=2),
)
BILL_PERIODS = st.one_of(
    st.sampled_from(["60+60", "6+6", "20+20", "60+1", "30+6", "10+6", "1+1"]),
    st.builds("{}+{}".format, PADDED, PADDED),
    st.text("0123456789+- \t\n٣६x.", max_size=8),
    st.none(),
)
RATES = st.none() | st.decimals(-20, 20, places=4) | st.decimals(-(10**15), 10**15, places=10)
RATINGS = st.builds(
    Rating,
    per_seconds=st.sampled_from([1, 60, 3600, "block"]) | st.integers(1, 10**15),
    decimals=st.integers(0, 10),
    rounding=st.sampled_from(["half_up", "half_even", "up", "down"]),
    connect_fee=st.just(0) | st.decimals(0, 10**9, places=10),
    increments=st.sampled_from(["after_first", "total"]),
)
TALKS = st.none() | st.integers(-5, 400) | st.integers(0, 10**15)
SECONDS = st.none() | st.integers(-5, 400) | st.integers(-(10**10), 10**10)


@pytest.mark.parametrize("way", WAYS)
@given(calls=st.lists(st.tuples(TALKS, BILL_PERIODS), max_size=8), rating=RATINGS)
def test_durations_agree_with_the_reference(calls, rating, way):
    """Whatever is asked, charged seconds are those of the reference, null for null."""
    talks, periods = [talk for talk, _ in calls], [period for _, period in calls]
    computed = run(
        frame(call_duration=talks, bill_period=periods), ck.charged_duration(rating=rating), way
    ).to_list()
    assert computed == [reference.charged_duration(talk, period, rating) for talk, period in calls]


@pytest.mark.parametrize("way", WAYS)
@given(calls=st.lists(st.tuples(SECONDS, RATES, BILL_PERIODS), max_size=8), rating=RATINGS)
def test_costs_agree_with_the_reference(calls, rating, way):
    """Whatever is asked, a cost is the reference's to the last of ten decimals, null for null."""
    seconds, rates, periods = ([call[at] for call in calls] for at in range(3))
    computed = run(
        frame(charged_duration=seconds, rate=rates, bill_period=periods), ck.call_cost(rating=rating), way
    ).to_list()
    assert computed == [reference.cost(second, rate, rating, period) for second, rate, period in calls]


def some_rating(chance: random.Random) -> Rating:
    return Rating(
        per_seconds=chance.choice([60, 60, 60, 1, 3600, "block", chance.randint(1, 10**4)]),
        decimals=chance.choice([6, 6, 4, 2, chance.randint(0, 10)]),
        rounding=chance.choice(["half_up", "half_even", "up", "down"]),
        connect_fee=chance.choice([Decimal(0), Decimal(chance.randint(0, 10**9)).scaleb(-10)]),
        increments=chance.choice(["after_first", "total"]),
    )


def some_calls(chance: random.Random, count: int) -> pl.DataFrame:
    usual = ["60+60", "6+6", "20+20", "60+1", "30+6", "10+6", "60+10", " 6 + 6", "0+6", "6+6\n", None]
    talks, seconds, periods, rates = [], [], [], []
    for _ in range(count):
        first, step = chance.randint(1, 130), chance.randint(1, 130)
        periods.append(chance.choice([*usual, f"{first}+{step}", f"{first}+{step}"]))
        # Mostly where the steps are, since that is where mistakes are.
        near = first + step * chance.randint(0, 5) + chance.randint(-1, 1)
        talks.append(chance.choice([near, near, chance.randint(-2, 130), int(chance.lognormvariate(4, 1.5))]))
        seconds.append(chance.choice([near, 60 * chance.randint(0, 9), chance.randint(0, 7200), 0]))
        places = chance.choice([2, 3, 4, 4, 5, 6, 6, 10])
        units = chance.randint(-9, 10**places)
        rates.append(Decimal(units).scaleb(-places) if chance.random() < 0.99 else None)
    return frame(call_duration=talks, charged_duration=seconds, bill_period=periods, rate=rates)


def test_many_random_calls_agree_with_the_reference():
    """Batch after batch of call-like data comes out the same in both engines: CALLKIT_CASES says how many."""
    cases, size = int(os.environ.get("CALLKIT_CASES", "20000")), 5_000
    for seed in range(-(-cases // size)):
        chance = random.Random(seed)
        rating, calls = some_rating(chance), some_calls(chance, size)
        both = calls.lazy().select(ck.charged_duration(rating=rating), ck.call_cost(rating=rating))
        talks, seconds, periods, rates = (calls[name].to_list() for name in calls.columns)
        known = pl.DataFrame(
            {
                "charged_duration": pl.Series(
                    [reference.charged_duration(*call, rating) for call in zip(talks, periods, strict=True)],
                    dtype=pl.Int64,
                ),
                "cost": pl.Series(
                    [
                        reference.cost(second, rate, rating, period)
                        for second, rate, period in zip(seconds, rates, periods, strict=True)
                    ],
                    dtype=ck.MONEY,
                ),
            }
        )
        for engine in ("streaming", "in-memory"):
            computed = both.collect(engine=engine)
            if not computed.equals(known):
                wrong = pl.concat(
                    [
                        calls,
                        computed.select(pl.all().name.suffix("_computed")),
                        known.select(pl.all().name.suffix("_known")),
                    ],
                    how="horizontal",
                ).filter(
                    pl.col("charged_duration_computed").ne_missing(pl.col("charged_duration_known"))
                    | pl.col("cost_computed").ne_missing(pl.col("cost_known"))
                )
                pytest.fail(
                    f"seed {seed}, {rating}, {engine}: {wrong.height} differ, such as {wrong.row(0, named=True)}"
                )


UNREADABLE = [
    *["", "   ", "6", "+", "6+", "+6", "6+6+6", "6 6", "6-6", "6/6", "a+b", "6+6s", "6+6 per call", "null"],
    *[
        "0+6",
        "6+0",
        "0+0",
        "00+6",
        "-6+6",
        "6+-6",
        "++6",
        "6++6",
        "6.0+6",
        "6+6.5",
        "6e1+6",
        "0x6+6",
        "1_0+6",
    ],
    *["6+6\n", "\n6+6", "6\n+6", "6+6\r", "6+6\u00a0", "6+6\u2009", "6\v+6", "6+6\x00"],
    *["٦+٦", "६+६", "６+６", "6＋6", "²+²", "６+6", "⑥+6"],
]


@pytest.mark.parametrize("way", WAYS)
def test_unreadable_bill_periods_are_null(way):
    """What is not two whole numbers from 1 on in ASCII digits is null for every talk time, never a guess."""
    for talk in (5, 0, None):
        calls = frame(call_duration=[talk] * len(UNREADABLE), bill_period=UNREADABLE)
        charged = run(calls, ck.charged_duration(), way)
        assert dict(zip(UNREADABLE, charged, strict=True)) == dict.fromkeys(UNREADABLE)
    assert [reference.bill_period(text) for text in UNREADABLE] == [None] * len(UNREADABLE)


def test_blanks_and_leading_zeros_are_readable():
    """Blanks around the numbers and zeros before them change nothing."""
    periods = ["6+6", " 6+6 ", "6 + 6", "\t6\t+\t6", "06+006", "0" * 20 + "6+6"]
    calls = frame(call_duration=[31] * len(periods), bill_period=periods)
    assert calls.select(ck.charged_duration()).to_series().to_list() == [36] * len(periods)


@pytest.mark.parametrize("increments", ["after_first", "total"])
def test_numbers_beyond_all_sense_are_null(increments):
    """Up to 15 digits of seconds are exact, and what is longer is null instead of an overflow."""
    most, rating = 10**15 - 1, Rating(increments=increments)
    rows = [
        (most, f"{most}+{most}", most),
        (10**15, f"{most}+{most}", 2 * most),
        (10**15, "1+1", 10**15),
        (10**15 + 1, "1+1", None),
        (2**63 - 1, "6+6", None),
        (-(2**63), "6+6", 0),
        (5, "1000000000000000+6", None),
        (5, "6+1000000000000000", None),
        (5, "6+9999999999999999999999999999", None),
    ]
    calls = frame(call_duration=[row[0] for row in rows], bill_period=[row[1] for row in rows])
    computed = calls.select(ck.charged_duration(rating=rating)).to_series().to_list()
    assert computed == [row[2] for row in rows]


@pytest.mark.parametrize("rounding", ["half_up", "half_even", "up", "down"])
@pytest.mark.parametrize("decimals", [0, 10])
@pytest.mark.parametrize("per", [1, 10**15, "block"])
def test_the_largest_amounts_are_exact(rounding, decimals, per):
    """At the stated limits of rate, seconds, fee and unit nothing wraps around; beyond them the cost is null."""
    rating = Rating(per_seconds=per, decimals=decimals, rounding=rounding, connect_fee=10**9)
    most = Decimal(10**15)
    within = [(most, 10**10), (-most, 10**10), (most - Decimal("1e-10"), -(10**10)), (Decimal("1e-10"), 1)]
    over = most + Decimal("1e-10")
    beyond = [(over, 1), (-over, 1), (Decimal(1), 10**10 + 1), (Decimal(1), -(10**10) - 1)]
    rates, seconds = zip(*within, *beyond, strict=True)
    periods = ["999999999999999+999999999999999"] * len(rates)
    known = [
        reference.cost(second, rate, rating, period)
        for second, rate, period in zip(seconds, rates, periods, strict=True)
    ]
    calls = frame(charged_duration=seconds, rate=rates, bill_period=periods)
    assert calls.select(ck.call_cost(rating=rating)).to_series().to_list() == [*known[:4], *[None] * 4]


@pytest.mark.parametrize("way", WAYS)
def test_nulls_stay_null(way):
    """What is unknown stays unknown, except that no seconds cost nothing, at a rate known or not."""
    talks = frame(call_duration=[None, None, 5], bill_period=["6+6", None, None])
    assert run(talks, ck.charged_duration(), way).to_list() == [None, None, None]
    costs = frame(charged_duration=[None, 6, None, 0], rate=[Decimal(1), None, None, None])
    assert run(costs, ck.call_cost(), way).to_list() == [None, None, None, 0]


@pytest.mark.parametrize("increments", ["after_first", "total"])
def test_half_known_increments_are_unknown(increments):
    """Increments that come as numbers, as from a rate deck, give nothing when only one of them is known."""
    steps = pl.DataFrame({"a": [6, None, 6], "b": [6, 6, None]})
    charged = seconds_charged(pl.lit(31), pl.col("a"), pl.col("b"), increments)
    assert steps.select(charged).to_series().to_list() == [36, None, None]


def test_columns_of_nothing_but_nulls():
    """A column that Polars could give no dtype, because it holds only nulls, is taken as unknown."""
    calls = pl.DataFrame(
        {"call_duration": [None], "bill_period": [None], "charged_duration": [None], "rate": [None]}
    )
    result = calls.select(ck.charged_duration(), ck.call_cost())
    assert result.schema == {"charged_duration": pl.Int64, "cost": ck.MONEY}
    assert result.rows() == [(None, None)]


@pytest.mark.parametrize("way", WAYS)
def test_no_calls(way):
    """A frame without rows gives a column without rows, of the stated dtype."""
    calls = frame(call_duration=[], charged_duration=[], bill_period=[], rate=[])
    assert run(calls, ck.charged_duration(), way).dtype == pl.Int64
    assert run(calls, ck.call_cost(), way).dtype == ck.MONEY


@pytest.mark.parametrize("way", WAYS)
def test_block_rates(way):
    """A rate per block is the price of a step of b, and has no meaning where a is not a multiple of b."""
    rating = Rating(per_seconds="block")
    calls = frame(
        charged_duration=[36, 120, 16, 6, 0],
        rate=[Decimal("0.01")] * 5,
        bill_period=["6+6", "60+60", "10+6", "?", "10+6"],
    )
    known = [Decimal("0.06"), Decimal("0.02"), None, None, 0]
    assert run(calls, ck.call_cost(rating=rating), way).to_list() == known


def test_bill_period_is_read_only_for_block_rates():
    """Without a block rate the cost needs no bill period, and no such column."""
    calls = frame(charged_duration=[60], rate=[Decimal("0.5")])
    assert calls.select(ck.call_cost()).item() == Decimal("0.5")
    with pytest.raises(pl.exceptions.ColumnNotFoundError, match="bill_period"):
        calls.select(ck.call_cost(rating=Rating(per_seconds="block")))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("values", "expression", "said"),
    [
        (pl.Series([0.1]), ck.call_cost(pl.lit(6), "x"), "rate must be .* got Float64"),
        (pl.Series([0.1], dtype=pl.Float32), ck.call_cost(pl.lit(6), "x"), "rate must be .* got Float32"),
        (pl.Series(["0.1"]), ck.call_cost(pl.lit(6), "x"), "rate must be .* got String"),
        (pl.Series([True]), ck.call_cost(pl.lit(6), "x"), "rate must be .* got Boolean"),
        (
            pl.Series([Decimal("0.1")], dtype=pl.Decimal(38, 11)),
            ck.call_cost(pl.lit(6), "x"),
            "at most 10 decimals",
        ),
        (pl.Series([6.0]), ck.call_cost("x", pl.lit(1)), "charged_duration must be .* got Float64"),
        (pl.Series(["6"]), ck.call_cost("x", pl.lit(1)), "charged_duration must be .* got String"),
        (pl.Series([5.0]), ck.charged_duration("x", pl.lit("6+6")), "call_duration must be .* got Float64"),
        (
            pl.Series([Decimal(5)]),
            ck.charged_duration("x", pl.lit("6+6")),
            "call_duration must be .* got Decimal",
        ),
        (pl.Series([6]), ck.charged_duration(pl.lit(5), "x"), "bill_period must be text .* got Int64"),
        (
            pl.Series([6]),
            ck.call_cost(pl.lit(6), pl.lit(1), Rating(per_seconds="block"), "x"),
            "bill_period must be text .* got Int64",
        ),
    ],
)
def test_dtypes_that_cannot_be_exact_are_refused(values, expression, said, way):
    """A float never becomes money or seconds: the query raises SchemaError and names what came."""
    with pytest.raises(ck.SchemaError, match=said):
        run(values.alias("x").to_frame(), expression, way)


@pytest.mark.parametrize("bad", [None, 6, Decimal("0.1"), ["rate"]])
def test_arguments_that_are_no_columns_are_refused(bad):
    """A number where a column is meant raises at once, before any query runs."""
    with pytest.raises(TypeError, match="rate must be a column name or an expression"):
        ck.call_cost("charged_duration", bad)
    with pytest.raises(TypeError, match="call_duration must be a column name or an expression"):
        ck.charged_duration(bad)


@pytest.mark.parametrize("bad", [None, "60", 60])
def test_what_is_no_rating_is_refused(bad):
    """A rating that is none raises at once and says what came."""
    with pytest.raises(TypeError, match=r"rating must be a callkit\.Rating, got"):
        ck.charged_duration(rating=bad)
    with pytest.raises(TypeError, match=r"rating must be a callkit\.Rating, got"):
        ck.call_cost(rating=bad)


def test_other_dtypes_that_hold_the_same_are_taken():
    """Smaller integers, categorical text, and Decimals of fewer digits or whole numbers as rates are as good."""
    calls = pl.DataFrame(
        {
            "call_duration": pl.Series([31], dtype=pl.UInt16),
            "bill_period": pl.Series(["6+6"], dtype=pl.Categorical),
            "charged_duration": pl.Series([36], dtype=pl.Int8),
            "rate": pl.Series([Decimal("0.05")], dtype=pl.Decimal(6, 2)),
            "whole": [5],
        }
    )
    row = calls.select(ck.charged_duration(), ck.call_cost(), whole=ck.call_cost(rate="whole")).row(0)
    assert row == (36, Decimal("0.03"), 3)


@pytest.mark.parametrize("way", WAYS)
def test_expressions_combine(way):
    """Both take expressions as well as names, feed one another, and work inside filters and groups."""
    calls = frame(call_duration=[31, 5, 64], bill_period=["6+6", "6+6", "60+60"], rate=[Decimal("0.06")] * 3)
    charged = ck.charged_duration(pl.col("call_duration") + 0, pl.col("bill_period").str.strip_chars())
    cost = ck.call_cost(charged, pl.col("rate") * 2)
    assert run(calls, cost, way).to_list() == [Decimal("0.072"), Decimal("0.012"), Decimal("0.24")]
    by_period = calls.lazy().filter(charged > 6).group_by("bill_period", maintain_order=True).agg(cost.sum())
    assert by_period.collect(engine="auto" if way == "eager" else way).rows() == [
        ("6+6", Decimal("0.072")),
        ("60+60", Decimal("0.24")),
    ]


def test_results_are_named_and_typed():
    """The columns are called charged_duration and cost, Int64 and MONEY, known before anything runs."""
    schema = frame(call_duration=[1], charged_duration=[6], bill_period=["6+6"], rate=[None]).lazy()
    result = schema.select(ck.charged_duration(), ck.call_cost()).collect_schema()
    assert result == {"charged_duration": pl.Int64, "cost": ck.MONEY}


@pytest.mark.parametrize(
    ("stated", "error", "said"),
    [
        ({"per_seconds": 0}, ValueError, 'per_seconds must be from 1 to 1000000000000000 or "block", got 0'),
        ({"per_seconds": -60}, ValueError, "per_seconds"),
        ({"per_seconds": 10**15 + 1}, ValueError, "per_seconds"),
        ({"per_seconds": 60.0}, TypeError, "per_seconds must be a whole number"),
        ({"per_seconds": "minute"}, TypeError, "or \"block\", got 'minute'"),
        ({"per_seconds": True}, TypeError, "per_seconds"),
        ({"per_seconds": None}, TypeError, "per_seconds"),
        ({"decimals": -1}, ValueError, "decimals must be from 0 to 10, got -1"),
        ({"decimals": 11}, ValueError, "decimals must be from 0 to 10, got 11"),
        ({"decimals": 2.0}, TypeError, "decimals"),
        ({"rounding": "nearest"}, ValueError, "rounding must be one of 'half_up', 'half_even', 'up', 'down'"),
        ({"rounding": None}, ValueError, "rounding"),
        ({"increments": "first"}, ValueError, "increments must be one of 'after_first', 'total'"),
        ({"connect_fee": 0.01}, TypeError, "connect_fee must be .* never a float; got 0.01"),
        ({"connect_fee": True}, TypeError, "connect_fee"),
        ({"connect_fee": None}, TypeError, "connect_fee"),
        ({"connect_fee": "free"}, ValueError, "connect_fee must be an amount like '0.01', got 'free'"),
        ({"connect_fee": "NaN"}, ValueError, "connect_fee"),
        ({"connect_fee": Decimal("sNaN")}, ValueError, "connect_fee"),
        ({"connect_fee": "Infinity"}, ValueError, "connect_fee"),
        ({"connect_fee": -1}, ValueError, "connect_fee must be from 0 to 10\\^9 with at most 10 decimals"),
        ({"connect_fee": 10**9 + 1}, ValueError, "connect_fee"),
        ({"attempt_fee": "0.00000000001"}, ValueError, "attempt_fee must be .* at most 10 decimals"),
        ({"attempt_fee": 0.5}, TypeError, "attempt_fee"),
    ],
)
def test_a_rating_that_makes_no_sense_is_refused(stated, error, said):
    """A rating says at once which of its terms is wrong, what may stand there and what came."""
    with pytest.raises(error, match=said):
        Rating(**stated)


def test_a_rating_is_a_value():
    """Ratings compare by what they state, however it was written, and can be keys, pickled and not changed."""
    rating = Rating(connect_fee="0.010", attempt_fee=1)
    assert rating == Rating(connect_fee=Decimal("0.01"), attempt_fee="1")
    assert {rating: "a"}[Rating(connect_fee="0.01", attempt_fee=Decimal(1))] == "a"
    assert pickle.loads(pickle.dumps(rating)) == rating  # noqa: S301 - our own bytes
    with pytest.raises(FrozenInstanceError):
        rating.decimals = 2


def test_a_rating_tells_what_differs():
    """The repr names only what differs from the convention, and makes the same rating again."""
    assert repr(Rating()) == "Rating()"
    rating = Rating(per_seconds="block", decimals=4, rounding="up", connect_fee="0.01", increments="total")
    assert repr(rating) == (
        "Rating(per_seconds='block', decimals=4, rounding='up', connect_fee=Decimal('0.01'), increments='total')"
    )
    assert eval(repr(rating)) == rating  # noqa: S307 - our own text


def test_the_decimal_context_changes_nothing():
    """Whatever precision the caller's decimal context has, fees and costs keep every digit."""
    calls = frame(charged_duration=[60], rate=[Decimal("0.5")])
    with localcontext() as context:
        context.prec = 3
        rating = Rating(connect_fee="123456.0123456789", decimals=10)
        assert calls.select(ck.call_cost(rating=rating)).item() == Decimal("123456.5123456789")
