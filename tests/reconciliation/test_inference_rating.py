from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import callkit as ck
import reference
from callkit import cdr
from callkit.billing import Rating
from callkit.reconciliation.inference import RatingFit, evidence, infer_rating

COLUMNS = (
    "source",
    "currency",
    "bill_period",
    "direction",
    "call_duration",
    "charged_duration",
    "rate",
    "cost",
)
PERIODS = ("60+60", "6+6", "30+6", "60+1", "10+6", "7+5")
WHOLE_PERIODS = ("60+60", "6+6", "30+6", "60+1", "20+20")


def frame(calls: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(calls, schema={name: cdr.SCHEMA[name] for name in COLUMNS})


def call(talk: int | None, period: str | None, rate: Decimal | None, rating: Rating, **given: Any) -> dict:
    """One call, charged the slow way."""
    charged = reference.charged_duration(talk, period, rating)
    cost = reference.cost(charged, rate, rating, period)
    if talk is not None and talk <= 0:
        cost = Decimal(rating.attempt_fee)
    usual = {"source": "itnio-voice", "currency": "USD", "direction": "out", "bill_period": period}
    money = {"rate": rate, "cost": cost}
    return {**usual, "call_duration": talk, "charged_duration": charged, **money, **given}


def rates(chance: random.Random, rating: Rating, count: int, places: int | None = None) -> list[Decimal]:
    """Rates at which a minute costs some hundred units of the last digit."""
    unit = Decimal(1).scaleb(-rating.decimals)
    seconds = {"block": 20}.get(rating.per_seconds, rating.per_seconds)
    digits = min(10, rating.decimals + 2) if places is None else places
    some = [Decimal(chance.randint(300, 60_000)) * unit / 60 * seconds for _ in range(count)]
    return [round(rate, digits) for rate in some]


def calls_of(
    chance: random.Random,
    rating: Rating,
    count: int,
    periods: tuple[str, ...] = PERIODS,
    *,
    places: int | None = None,
    **given: Any,
) -> list[dict]:
    charged_by = rates(chance, rating, 12, places)
    return [
        call(chance.randint(1, 240), chance.choice(periods), chance.choice(charged_by), rating, **given)
        for _ in range(count)
    ]


def spoil(chance: random.Random, calls: list[dict], share: float) -> list[dict]:
    """Make some calls wrong: in their duration, their cost, or billed twice."""
    spoilt = [dict(one) for one in calls]
    for one in chance.sample(spoilt, int(len(spoilt) * share)):
        match chance.choice(["duration", "cost", "digits", "talk", "double"]):
            case "duration":
                one["charged_duration"] += int(one["bill_period"].split("+")[1])
            case "cost":
                one["cost"] = round(one["cost"] * Decimal("1.07"), 10)
            case "digits":
                one["cost"] = one["cost"] + Decimal(chance.randint(1, 10**9)).scaleb(-10)
            case "talk":
                one["call_duration"] = chance.randint(1, 240)
            case "double":
                one["cost"] *= 2
    chance.shuffle(spoilt)
    return spoilt


def differing(calls: list[dict], one: Rating, other: Rating) -> int:
    """At how many calls two ratings say something else, the slow way."""
    return sum(
        reference.cost(each["charged_duration"], each["rate"], one, each["bill_period"])
        != reference.cost(each["charged_duration"], each["rate"], other, each["bill_period"])
        or reference.charged_duration(each["call_duration"], each["bill_period"], one)
        != reference.charged_duration(each["call_duration"], each["bill_period"], other)
        for each in calls
    )


def only(fit: RatingFit) -> dict[str, Any]:
    assert fit.by.height == 1
    return fit.by.row(0, named=True)


RATINGS = st.builds(
    lambda unit, decimals, rounding, fee, meaning: Rating(
        unit, decimals, rounding, Decimal(fee).scaleb(-decimals), 0, meaning
    ),
    st.sampled_from([60, 1, 3600, "block"]),
    st.integers(2, 8),
    st.sampled_from(["half_up", "half_even", "up", "down"]),
    st.just(0) | st.integers(1, 400),
    st.sampled_from(["after_first", "total"]),
)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32), truth=RATINGS)
def test_the_rating_is_found(seed, truth):
    """Whatever made 1,500 calls, a tenth of them wrong: it is found, or a rating that only a few calls tell from it."""
    chance = random.Random(seed)
    block = truth.per_seconds == "block"
    right = calls_of(chance, truth, 1500, WHOLE_PERIODS if block else PERIODS)
    shown = spoil(chance, right, 0.09)
    fit = infer_rating(frame(shown))
    assert fit.explained > 0.9
    assert differing(right, fit.rating, truth) < 40
    if fit.decided:
        assert differing(shown, fit.rating, truth) == 0
    assert fit.rating.per_seconds == truth.per_seconds
    assert fit.rating.increments == ("after_first" if block else truth.increments)


@pytest.mark.parametrize("rounding", ["half_up", "half_even", "up", "down"])
@pytest.mark.parametrize("unit", [60, 1, 3600, "block"])
def test_enough_calls_decide(unit, rounding):
    """With ties, exact quotients and all others among 4,000 calls, every unit and rounding is decided."""
    chance = random.Random(f"{unit}{rounding}")
    truth = Rating(unit, 4, rounding, "0.003")
    rows = [
        call(talk, chance.choice(WHOLE_PERIODS), rate, truth)
        for rate in rates(chance, truth, 8, places=5)
        for talk in range(1, 501)
    ]
    fit = infer_rating(frame(rows))
    assert (fit.decided, fit.explained) == (True, 1)
    assert differing(rows, fit.rating, truth) == 0
    assert (fit.rating.per_seconds, fit.rating.connect_fee) == (unit, Decimal("0.003"))


def test_equal_candidates_are_one_class():
    """On 60+60 a minute and a block are one, and half up and half even are one without ties: the usual name wins."""
    chance = random.Random(1)
    truth = Rating("block", 6, "half_even")
    fit = infer_rating(frame(calls_of(chance, truth, 300, ("60+60",))))
    assert (fit.rating.per_seconds, fit.rating.rounding, fit.rating.increments) == (
        60,
        "half_up",
        "after_first",
    )
    assert (fit.decided, fit.explained) == (True, 1)
    verdicts = dict(
        fit.candidates.filter(part="cost", rounding="half_up").select("per_seconds", "verdict").rows()
    )
    assert (verdicts["60"], verdicts["block"], verdicts["1"]) == ("chosen", "same", "refuted")
    assert fit.money_between == {"USD": 0}


@pytest.mark.parametrize(("ties", "decided"), [(19, False), (20, True)])
def test_twenty_calls_decide(ties, decided):
    """Nineteen calls on which two roundings differ decide nothing, twenty do; the money between them is told."""
    truth = Rating(decimals=4, rounding="half_even")
    clear = [call(60, "60+60", Decimal(1000 + i).scaleb(-4), truth) for i in range(60)]
    clear += [call(20, "20+20", Decimal(1000 + i).scaleb(-4), truth) for i in range(60)]
    tied = [call(30, "30+30", Decimal(1001 + 4 * i).scaleb(-4), truth) for i in range(ties)]
    merged = [{**one, "bill_period": "10+10"} for one in (*clear, *tied)]
    fit = infer_rating(frame(merged))
    assert fit.decided is decided
    assert fit.rating.rounding == ("half_even" if decided else "half_up")
    assert fit.money_between == {"USD": Decimal(0 if decided else ties).scaleb(-4)}


@pytest.mark.parametrize(("against", "decided"), [(2, True), (3, False)])
def test_ninety_five_percent_decide(against, decided):
    """Of the calls that side with either, 95 % must side with the same one."""
    chance = random.Random(5)
    truth, other = Rating(), Rating(decimals=6, rounding="up")
    same = [call(60, "1+1", rate, truth) for rate in rates(chance, truth, 80, places=6)]
    odd = [Decimal(100_000 + 6 * i + 3).scaleb(-6) for i in range(60)]
    sides = [call(10, "1+1", rate, truth) for rate in odd[:40]]
    fit = infer_rating(
        frame([*same, *sides, *(call(10, "1+1", rate, other) for rate in odd[40 : 40 + against])])
    )
    verdicts = dict(fit.candidates.filter(part="cost", per_seconds="60").select("rounding", "verdict").rows())
    assert (verdicts["up"] == "refuted") is decided
    assert fit.rating == Rating()


def test_small_costs_decide_nothing():
    """Costs of less than ten units of their last digit fit nearly everything: the convention stays, undecided."""
    chance = random.Random(2)
    truth = Rating(decimals=2, rounding="up")
    rows = [call(chance.randint(1, 60), "6+6", Decimal("0.0431"), truth) for _ in range(400)]
    fit = infer_rating(frame(rows))
    assert not fit.decided
    assert fit.rating == Rating(decimals=2)


def test_one_price_decides_nothing():
    """One rate with one charged duration: any unit explains it with a fee to go with it."""
    rows = [call(40, "60+60", Decimal("0.0613"), Rating()) for _ in range(200)]
    fit = infer_rating(frame(rows))
    assert (fit.decided, fit.rating.per_seconds, fit.rating.connect_fee) == (False, 60, 0)
    assert fit.explained == 1
    varied = [call(80, "60+60", Decimal("0.0613"), Rating()) for _ in range(20)]
    assert infer_rating(frame([*rows, *varied])).decided


def test_a_fee_at_one_price_is_not_decided():
    """A fee that is seen at a single price is used, because it explains the costs, but not called decided."""
    rows = [call(40, "60+60", Decimal("0.0613"), Rating(connect_fee="0.01")) for _ in range(200)]
    fit = infer_rating(frame(rows))
    assert (fit.decided, fit.rating, fit.explained) == (False, Rating(decimals=4, connect_fee="0.01"), 1)


@pytest.mark.parametrize("rounding", ["half_up", "up"])
def test_shortened_rates_refute_nothing(rounding):
    """Rates shown with fewer digits than used are explained, and do not speak for another rounding."""
    chance = random.Random(3)
    truth = Rating(rounding=rounding)
    full = calls_of(chance, truth, 600)
    for one in full:
        one["rate"] = round(one["rate"], 6)
    exact = [call(chance.randint(1, 240), "6+6", round(one["rate"], 6), truth) for one in full]
    hidden = [call(chance.randint(61, 240), "6+6", Decimal("0.1234564"), truth) for _ in range(100)]
    shown = [{**one, "rate": Decimal("0.123456")} for one in hidden]
    fit = infer_rating(frame([*exact, *shown]))
    assert fit.rating == truth
    assert fit.explained == 1
    assert fit.decided


def test_all_rates_shortened():
    """Where every rate is shown shortened, the unit is found all the same, and the rounding stays open."""
    chance = random.Random(4)
    hidden = calls_of(chance, Rating(3600), 400, ("60+1",))
    shown = [{**one, "rate": round(one["rate"], 3)} for one in hidden]
    fit = infer_rating(frame(shown))
    assert (fit.rating.per_seconds, fit.rating.rounding, fit.decided) == (3600, "half_up", False)
    assert fit.explained == 1


def test_records_without_rates():
    """NXCloud shows no rate: nothing is to be inferred of unit and rounding, and the fit says so."""
    rows = [{**one, "rate": None} for one in calls_of(random.Random(6), Rating(), 100)]
    fit = infer_rating(frame(rows))
    assert (fit.rating.per_seconds, fit.rating.rounding, fit.decided, fit.explained) == (
        60,
        "half_up",
        False,
        0,
    )
    assert set(fit.by["basis"]) == {"convention"}
    assert fit.by["explained"].null_count() == fit.by.height
    assert "no call shows a rate" in repr(fit)


@pytest.mark.parametrize("count", [0, 1, 5, 19])
def test_tiny_frames(count):
    """Too few calls decide nothing: the convention."""
    fit = infer_rating(frame(calls_of(random.Random(7), Rating(1), count)))
    assert (fit.rating, fit.decided) == (Rating(decimals=fit.rating.decimals), False)
    assert fit.rating.decimals >= 6
    assert fit.by.height <= count
    repr(fit), fit._repr_html_()


def test_no_call_at_all():
    """An empty CDR frame gives the convention and empty frames of the same schema."""
    fit, other = infer_rating(cdr.empty()), infer_rating(frame(calls_of(random.Random(8), Rating(), 50)))
    assert (fit.rating, fit.explained, fit.decided, fit.money_between) == (Rating(), 0, False, {})
    assert (fit.by.schema, fit.candidates.schema) == (other.by.schema, other.candidates.schema)
    assert fit.ratings == {}


def test_what_cannot_be_answered_stays_out():
    """Nulls, unanswered calls and unreadable bill periods are counted as calls, and as nothing else."""
    chance = random.Random(9)
    rows = calls_of(chance, Rating(1), 300, ("6+6",), places=6)
    blanks = [{**rows[0], name: None} for name in ("rate", "cost", "charged_duration", "call_duration")]
    blanks += [call(0, "6+6", Decimal("0.1"), Rating()), dict.fromkeys(COLUMNS)]
    fit = infer_rating(frame([*rows, *blanks]))
    assert (fit.rating.per_seconds, fit.decided, fit.explained) == (1, True, 1)
    assert fit.by.select("calls", "rows").rows() == [(305, 300), (1, 0)]
    unreadable = infer_rating(frame([{**one, "bill_period": "6 s"} for one in rows]))
    assert (unreadable.rating.per_seconds, unreadable.decided) == (1, True)


def test_fits_of_two_sources():
    """Two sources with different ratings: each group has its own, and the whole is that of the most calls."""
    chance = random.Random(10)
    one, other = Rating(60, 6, "half_up"), Rating(1, 5, "down", "0.002", 0, "total")
    rows = calls_of(chance, one, 1200, ("6+6", "60+1"))
    rows += calls_of(chance, other, 600, ("10+6",), source="other")
    fit = infer_rating(frame(rows))
    assert fit.decided
    assert fit.rating == one
    assert fit.ratings == {
        ("itnio-voice", "USD", "6+6", "out"): one,
        ("itnio-voice", "USD", "60+1", "out"): one,
        ("other", "USD", "10+6", "out"): other,
    }
    assert "other USD 10+6 out: a rate per second" in repr(fit)


def test_small_groups_borrow():
    """A group too small to decide is rated as the other calls of its source, also in another currency."""
    chance = random.Random(11)
    truth = Rating(3600, 4, "up")
    rows = calls_of(chance, truth, 800, ("6+6",))
    rows += calls_of(chance, truth, 5, ("60+1",)) + calls_of(chance, truth, 5, ("60+1",), currency="EUR")
    rows += calls_of(chance, truth, 5, ("60+1",), source="stranger")
    fit = infer_rating(frame(rows))
    told = fit.by.select("source", "currency", "per_seconds", "rounding", "basis", "decided").rows()
    assert told == [
        ("itnio-voice", "EUR", "3600", "up", "source", False),
        ("itnio-voice", "USD", "3600", "up", "own", True),
        ("itnio-voice", "USD", "3600", "up", "source", False),
        ("stranger", "USD", "60", "half_up", "convention", False),
    ]
    assert not fit.decided


def test_a_fee_is_known_in_another_currency():
    """A handful of calls in another currency is rated with the fee that the source's many calls show."""
    chance = random.Random(21)
    truth = Rating(60, 5, "down", "0.005")
    rows = calls_of(chance, truth, 800, ("60+1",)) + calls_of(chance, truth, 9, ("60+1",), currency="EUR")
    fit = infer_rating(frame(rows))
    assert fit.by.select("currency", "connect_fee", "basis", "explained").rows() == [
        ("EUR", Decimal("0.005"), "source", 1),
        ("USD", Decimal("0.005"), "own", 1),
    ]


def test_a_group_against_its_source():
    """A direction that is rated otherwise than the rest of its source keeps its own rating."""
    chance = random.Random(12)
    rows = calls_of(chance, Rating(), 900, ("6+6",))
    rows += calls_of(chance, Rating(1), 300, ("6+6",), places=6, direction="in")
    fit = infer_rating(frame(rows))
    assert fit.by.select("direction", "per_seconds", "basis").rows() == [
        ("in", "1", "own"),
        ("out", "60", "own"),
    ]


@pytest.mark.parametrize(
    ("fees", "found"),
    [(["0.02"] * 3, "0.02"), (["0.02"] * 2, "0"), (["0.02", "0.02", "0.03"], "0"), (["0", "0", "0"], "0")],
)
def test_attempt_fee(fees, found):
    """An equal amount on all failures of a source and currency is its attempt fee, if there are three of them."""
    rows = calls_of(random.Random(13), Rating(), 60)
    rows += [call(0, "6+6", Decimal("0.1"), Rating(attempt_fee=fee)) for fee in fees]
    fit = infer_rating(frame([*rows, call(0, "6+6", None, Rating(), currency="EUR")]))
    assert fit.rating.attempt_fee == Decimal(found)
    assert fit.by.filter(currency="EUR")["attempt_fee"].to_list() == [0]


@pytest.mark.parametrize(("calls", "decided"), [(300, True), (12, False)])
def test_meaning_of_increments(calls, decided):
    """What a+b means is read off talk and charged seconds, where they differ often enough; else its worth is told."""
    chance = random.Random(14)
    truth = Rating(increments="total")
    rows = [call(chance.randint(11, 200), "10+6", Decimal("0.1234"), truth) for _ in range(calls)]
    rows += [call(chance.randint(1, 6), "10+6", Decimal(f"0.1{i:03}"), truth) for i in range(200)]
    fit = infer_rating(frame(rows))
    meant = only(fit)
    assert (meant["increments"], meant["decided"]) == ("total" if decided else "after_first", decided)
    if not decided:
        assert fit.money_between["USD"] > 0
        assert not fit.decided


def test_order_and_laziness_do_not_matter():
    """Shuffled, lazy or as Arrow: the same fit, to the last digit and row."""
    chance = random.Random(15)
    calls = frame(spoil(chance, calls_of(chance, Rating(3600, 5, "up", "0.01"), 700), 0.1))
    fit = infer_rating(calls)
    for other in (calls.reverse(), calls.sample(fraction=1, shuffle=True, seed=1).lazy(), calls.to_arrow()):
        again = infer_rating(other)
        assert (again.rating, again.money_between, repr(again)) == (fit.rating, fit.money_between, repr(fit))
        assert again.by.equals(fit.by)
        assert again.candidates.equals(fit.candidates)


def test_sampling_changes_no_answer(monkeypatch):
    """Weighed on a sample of the distinct charges, the answer is the same, and told of all the calls."""
    chance = random.Random(16)
    truth = Rating(60, 5, "down", "0.004")
    calls = frame(spoil(chance, calls_of(chance, truth, 4000, ("60+1",)), 0.05))
    whole = infer_rating(calls)
    monkeypatch.setattr(evidence, "MOST_CHARGES", 300)
    sampled = infer_rating(calls)
    assert sampled.rating == whole.rating == truth
    assert sampled.by.equals(whole.by)
    assert sampled.candidates.filter(part="cost")["rows"].max() < 1000
    assert infer_rating(calls.reverse()).candidates.equals(sampled.candidates)


def test_floats_are_refused():
    """Money in floats has lost its digits already."""
    calls = frame(calls_of(random.Random(17), Rating(), 3))
    with pytest.raises(ck.SchemaError, match="column 'cost'"):
        infer_rating(calls.with_columns(pl.col("cost").cast(pl.Float64)))
    with pytest.raises(ck.SchemaError, match="rate"):
        infer_rating(calls.drop("rate"))


def test_amounts_beyond_all_sense():
    """A rate or cost of thirty digits, or a billion seconds, neither overflows nor counts."""
    rows = calls_of(random.Random(18), Rating(1), 200, ("6+6",), places=6)
    wild = [{**rows[0], name: Decimal(10) ** 26} for name in ("cost", "rate")]
    fit = infer_rating(frame([*rows, *wild, {**rows[0], "charged_duration": 10**15}]))
    assert (fit.rating.per_seconds, fit.decided, only(fit)["rows"]) == (1, True, 200)


def test_ratings_as_mapping():
    """`ratings` has every group, nulls as None, with exactly the rating of its row in `by`."""
    rows = calls_of(random.Random(19), Rating(attempt_fee="0.01"), 100)
    rows += [call(0, None, None, Rating(attempt_fee="0.01"), direction=None) for _ in range(3)]
    fit = infer_rating(frame(rows))
    keys = fit.by.select("source", "currency", "bill_period", "direction").rows()
    assert list(fit.ratings) == keys
    assert fit.ratings["itnio-voice", "USD", None, None].attempt_fee == Decimal("0.01")
    assert {repr(rating) for rating in fit.ratings.values()} >= {repr(fit.rating)}


def test_what_is_shown_is_escaped():
    """A source's name is untrusted text: the HTML shows it, and does not run it; repr names the runners-up."""
    rows = calls_of(random.Random(20), Rating(1), 200, ("6+6",), source="<img src=x>")
    fit = infer_rating(frame(rows))
    html = fit._repr_html_()
    assert "&lt;img src=x&gt;" in html
    assert "<img" not in html
    assert repr(fit).startswith("RatingFit: a rate per second")
    assert "refuted by" in repr(fit)
