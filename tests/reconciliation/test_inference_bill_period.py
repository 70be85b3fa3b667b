from __future__ import annotations

import math
import random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import callkit as ck
import reference
from callkit.billing import Rating
from callkit.reconciliation.inference import infer_bill_period

SCHEMA = {"call_duration": pl.Int64, "charged_duration": pl.Int64}
USUAL, TOTAL = Rating(), Rating(increments="total")


def pairs(talks: list[int], period: str, rating: Rating = USUAL) -> list[tuple[int, int | None]]:
    return [(talk, reference.charged_duration(talk, period, rating)) for talk in talks]


def frame(rows: list[tuple[int, int | None]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def fitting(found: pl.DataFrame) -> list[tuple[str, str]]:
    return found.filter("fits").select("bill_period", "increments").rows()


def spoil(
    chance: random.Random, rows: list[tuple[int, int]], step: int, share: float
) -> list[tuple[int, int]]:
    """Make some charged durations wrong: a step too many, doubled, the talk time itself, or anything."""
    spoilt = list(rows)
    for i in chance.sample(range(len(rows)), int(len(rows) * share)):
        talk, charged = spoilt[i]
        spoilt[i] = (talk, chance.choice([charged + step, charged * 2, talk, chance.randint(0, 400)]))
    chance.shuffle(spoilt)
    return spoilt


def canonical(first: int, step: int, meaning: str) -> tuple[str, str]:
    """One name for one rule: a total of a below b is b+b, and both meanings are one where a is a multiple of b."""
    first = max(first, step) if meaning == "total" else first
    return f"{first}+{step}", "after_first" if first % step == 0 else meaning


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32),
    first=st.sampled_from([1, 6, 10, 20, 30, 60]) | st.integers(1, 90),
    step=st.sampled_from([1, 6, 10, 20, 30, 60]) | st.integers(1, 90),
    meaning=st.sampled_from(["after_first", "total"]),
)
def test_the_bill_period_is_found(seed, first, step, meaning):
    """Whatever a+b and meaning made 600 calls, a tenth of them wrong: it fits, and if one is decided on, it is this."""
    chance = random.Random(seed)
    talks = [chance.randint(1, first + 6 * step) for _ in range(600)]
    right = pairs(talks, f"{first}+{step}", Rating(increments=meaning))
    found = infer_bill_period(frame(spoil(chance, right, step, 0.1)))
    assert canonical(first, step, meaning) in fitting(found)
    assert found["explained"][0] >= 0.9
    assert found["decided"].sum() == (1 if len(fitting(found)) == 1 else 0)


@pytest.mark.parametrize("period", ["60+60", "6+6", "30+6", "60+1", "1+1", "20+20", "30+20", "10+6", "7+60"])
@pytest.mark.parametrize("meaning", ["after_first", "total"])
def test_enough_calls_decide(period, meaning):
    """Some hundred calls of up to five minutes decide for every usual bill period, in its meaning."""
    rows = pairs(list(range(1, 301)) * 5, period, Rating(increments=meaning))
    found = infer_bill_period(frame(rows))
    first, step = map(int, period.split("+"))
    decided = found.filter("decided").select("bill_period", "increments", "explained", "rows").rows()
    assert decided == [(*canonical(first, step, meaning), 1.0, 1500)]


def test_thirty_twenty_is_not_twenty_twenty():
    """200 calls made at 30+20 come back as that, with a call that refutes 20+20's like."""
    chance = random.Random(1)
    rows = pairs([chance.randint(1, 240) for _ in range(200)], "30+20")
    found = infer_bill_period(frame(rows))
    assert fitting(found) == [("30+20", "after_first")]
    assert found["decided"].to_list() == [True, *[False] * (found.height - 1)]
    for row in found.filter(~pl.col("fits")).iter_rows(named=True):
        talk, charged = row["example_call_duration"], row["example_charged_duration"]
        rating = Rating(increments=row["increments"])
        assert (talk, charged) in rows
        assert (
            reference.charged_duration(talk, row["bill_period"], rating) == row["example_expected"] != charged
        )


@pytest.mark.parametrize("period", ["30+20", "60+60", "1+1"])
def test_calls_shorter_than_the_first_step(period):
    """Calls that are all shorter than `a` show `a`, but not `b`: undecided."""
    first = int(period.split("+")[0])
    found = infer_bill_period(frame(pairs(list(range(1, first + 1)) * 40, period)))
    assert not found["decided"].any()
    assert set(found.filter("fits")["first"]) == {first}


def test_calls_longer_than_the_first_step():
    """Calls that are all longer than `a` show `b`, but not `a`: undecided."""
    found = infer_bill_period(frame(pairs(list(range(61, 400)), "60+20")))
    assert not found["decided"].any()
    assert set(found.filter("fits")["step"]) == {20}


def test_a_first_step_that_hardly_any_call_shows():
    """1+60 and 61+60 differ at calls of one second only: two of those among 600 do not decide between them."""
    chance = random.Random(10)
    right = pairs([1, 1, *(chance.randint(2, 361) for _ in range(598))], "1+60")
    found = infer_bill_period(frame(spoil(chance, right, 60, 0.1)))
    assert {("1+60", "after_first"), ("61+60", "after_first")} <= set(fitting(found))
    assert not found["decided"].any()


def test_only_calls_tell_apart():
    """60+60 and 60+1 are the same up to a minute; five longer calls tell them apart, four do not."""
    short = pairs(list(range(1, 61)) * 3, "60+60")
    for longer, told in ((4, False), (5, True)):
        found = infer_bill_period(frame([*short, *pairs([70 + 60 * i for i in range(longer)], "60+60")]))
        assert (("60+1", "after_first") not in fitting(found)) is told


def test_nothing_to_look_at():
    """Unanswered calls and nulls are no evidence; what is left of nothing is an empty frame of the same schema."""
    found = infer_bill_period(frame([(0, 0), (-1, 6)]))
    blank = infer_bill_period(pl.DataFrame({"call_duration": [None, 5], "charged_duration": [6, None]}))
    assert found.is_empty()
    assert blank.is_empty()
    assert found.schema == infer_bill_period(frame(pairs([31], "6+6"))).schema
    free = infer_bill_period(frame([(5, 0)] * 30))
    assert free.is_empty()


@pytest.mark.parametrize("count", [1, 4])
def test_few_calls_decide_nothing(count):
    """A handful of calls decides nothing, though some bill periods fit."""
    found = infer_bill_period(frame(pairs([7, 31, 64, 12][:count], "6+6")))
    assert ("6+6", "after_first") in fitting(found)
    assert not found["decided"].any()


def test_groups():
    """Each destination is looked at on its own, in order, nulls last; a stated bill period can be grouped by, too."""
    parts = [
        frame(pairs(list(range(1, 200)), period)).with_columns(
            destination=pl.lit(place, pl.String), bill_period=pl.lit("60+60")
        )
        for place, period in ((None, "6+6"), ("Kenya", "30+6"), ("Chad", "60+1"))
    ]
    found = infer_bill_period(pl.concat(parts), by=("destination",)).filter("decided")
    assert found.select("destination", "bill_period").rows() == [
        ("Chad", "60+1"),
        ("Kenya", "30+6"),
        (None, "6+6"),
    ]
    stated = infer_bill_period(parts[1].lazy(), by=("bill_period", "destination")).filter("decided")
    assert stated.select(stated.columns[:3]).rows() == [("60+60", "Kenya", "30+6")]


def test_order_does_not_matter():
    """The same rows in another order give the same frame, row by row."""
    chance = random.Random(3)
    rows = spoil(chance, pairs([chance.randint(1, 500) for _ in range(500)], "10+6", TOTAL), 6, 0.1)
    found = infer_bill_period(frame(rows))
    assert infer_bill_period(frame(rows[::-1])).equals(found)
    assert infer_bill_period(frame(rows).to_arrow()).equals(found)


def test_candidates_are_bounded():
    """Charged seconds without any rule cost no more than a moment, and nothing fits."""
    chance = random.Random(4)
    rows = [(chance.randint(1, 10**6), chance.randint(1, 10**9)) for _ in range(5_000)]
    found = infer_bill_period(frame(rows))
    assert not found["fits"].any()
    assert found.height <= 10


def test_what_is_asked_is_checked():
    """An unknown column, a column of floats, or no list of names is refused."""
    calls = frame(pairs([31], "6+6"))
    with pytest.raises(ValueError, match="no column 'place'"):
        infer_bill_period(calls, by=("place",))
    with pytest.raises(TypeError, match="names of columns"):
        infer_bill_period(calls, by=(1,))  # type: ignore[arg-type]  # on purpose
    with pytest.raises(TypeError, match="names of columns, got 3"):
        infer_bill_period(calls, by=3)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(ck.SchemaError, match="charged_duration"):
        infer_bill_period(calls.with_columns(charged_duration=pl.lit(math.pi)))
