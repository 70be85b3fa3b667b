from __future__ import annotations

import random
from datetime import UTC, date, datetime
from decimal import Decimal
from textwrap import dedent
from typing import Any

import polars as pl
import pytest

import callkit as ck
from callkit import cdr
from reconciliation.calls import (
    NOON,
    RATINGS,
    cdrs,
    deck,
    itnio,
    numbered,
    random_calls,
    seconds,
    settled,
    whatsapp,
)

# PySpark says so of pandas 3 whenever Arrow batches are mapped; they never become pandas.
pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")


def ordered(frame: pl.DataFrame) -> pl.DataFrame:
    """Spark has no order, and some records of one id share every instant: by all plain columns."""
    return frame.sort(
        [name for name, dtype in frame.schema.items() if not dtype.is_nested()], nulls_last=True
    )


def same(given: pl.DataFrame, read: Any, **arguments: Any) -> ck.Reconciliation:
    """Hold Spark's frame against that of Polars, row for row."""
    from callkit.spark.arrow import collected  # noqa: PLC0415 - only where there is a Java

    expected = ck.reconcile(given, **arguments)
    found = collected(ck.spark.reconcile(read, **arguments))
    assert found.schema == expected.cdrs.schema
    assert ordered(found).equals(ordered(expected.cdrs))
    return expected


def said_by_the_page(begins: str, **known: Any) -> dict[str, Any]:
    """Run the example in the module's page that begins so, and give what it makes."""
    blocks = [block for block in (ck.spark.__doc__ or "").split("\n\n") if block.startswith(f"    {begins}")]
    assert len(blocks) == 1
    exec(dedent(blocks[0]), known)  # noqa: S102 - our own words
    return known


PRICES = deck(
    {"prefix": "49151", "rate": Decimal("0.3"), "bill_period": "60+60", "currency": "EUR"},
    {"prefix": "491510", "rate": Decimal("0.03"), "bill_period": None, "direction": "out"},
    {"prefix": "4915100", "rate": Decimal("0.12345"), "bill_period": "60+1", "valid_from": NOON},
    {"prefix": "8613", "rate": Decimal("0.7"), "currency": "EUR", "direction": "in"},
)


@pytest.mark.parametrize(
    ("seed", "made_by", "arguments"),
    [
        (1, RATINGS[0], {}),
        (2, RATINGS[3], {"rating": RATINGS[3], "tolerance": "0.000001"}),
        (3, RATINGS[0], {"rate_deck": PRICES}),
    ],
    ids=["inferred", "given", "deck"],
)
def test_random_calls_are_judged_as_by_polars(shuffled, seed, made_by, arguments):
    """Calls with everything wrong with them, shuffled over five files, have the same verdicts, costs and bridge."""
    calls = random_calls(1_500, seed, made_by)
    given = cdrs(*(call | {"team": at % 7} for at, call in enumerate(calls[:750])), *calls[750:], *calls[:40])
    read = shuffled(given)
    assert read.rdd.getNumPartitions() > 4
    expected = same(given, read, **arguments)
    assert ck.spark.bridge(read, **arguments).equals(expected.bridge)
    assert expected.cdrs["verdict"].n_unique() == 4
    assert expected.facts.doubles.height
    assert expected.records.rows > expected.cdrs.height


@pytest.mark.filterwarnings("ignore:ITNIO voice. the vendor lists")  # ids twice are one of its faults
def test_both_vendors_of_the_sandbox_by_its_deck(shuffled):
    """A month of both vendors with billing faults, by the contract's deck: the same money in every group."""
    with ck.Sandbox(calls=1_500, seed=5) as sandbox:
        voice = sandbox.itnio_voice().fetch(*sandbox.period, progress=False)
        whatsapp_ = sandbox.nx_whatsapp().fetch(sandbox.call_ids, progress=False)
        prices = sandbox.rate_deck()
    given = pl.concat([voice, whatsapp_])
    read = shuffled(given)
    expected = same(given, read, rate_deck=prices)
    assert set(expected.cdrs["source"]) == {"itnio-voice", "nx-whatsapp"}
    steps = set(expected.bridge.filter(pl.col("amount") != 0)["step"])
    assert {"double_billed", "duration", "rate"} <= steps
    assert ck.spark.bridge(read, rate_deck=prices).equals(expected.bridge)
    by = ("destination", "verdict")
    assert ck.spark.bridge(read, by=by, rate_deck=prices).equals(expected.bridge_by(*by))
    inferred, told = ck.spark.infer_rating(read), ck.infer_rating(given)
    assert inferred.by.equals(told.by)
    assert inferred.candidates.equals(told.candidates)


def test_an_archives_files_are_read_as_they_lie(spark, tmp_path):
    """The files of an archive's Delta table, without the versions that have ended, are judged as the archive's scan."""
    given = cdrs(*random_calls(500, 6, ck.Rating()), settled(call_id="last"))
    archive = ck.Archive(tmp_path / "zwei Wörter", clock=lambda: NOON)
    archive.add(given)
    dearer = given.filter(pl.col("cost").is_between(0, 1)).with_columns(pl.col("cost") + Decimal("0.01"))
    assert archive.add(dearer.unique("call_id"), replace=True).changed
    known = said_by_the_page("held =", spark=spark, archive=archive, callkit=ck)
    assert 0 < known["cdrs"].count() < known["held"].count()
    same(archive.scan().collect(), known["cdrs"])


def test_doubles_are_found_across_every_minute(shuffled):
    """Two bills of one conversation are found wherever the clock's minutes, days and epochs cut between them."""
    random_ = random.Random(11)
    edges = [datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(1969, 1, 1, tzinfo=UTC), NOON]
    calls = []
    for at in range(240):
        first = edges[at % 3] + seconds(random_.randint(-3, 3) + random_.choice((0, 0.000001, 0.999999)))
        later = first + seconds(random_.choice((0, 1, 1.999999, 2, 2.000001, 3)))
        pair = {"callee": f"49151{at:08}", "direction": random_.choice(("in", "out", None))}
        calls += [
            itnio(call_id=f"{at}-{which}", answered_at=answered, **pair)
            for which, answered in enumerate((first, later))
        ]
    given = cdrs(*calls)
    expected = same(given, shuffled(given))
    assert 100 < expected.facts.doubles.height < 220


def test_the_page_of_advice_is_runnable(shuffled, spark, tmp_path):
    """The first example of the page does what it says: the money too much, by destination, and the bridge."""
    given = cdrs(*random_calls(80, 10, ck.Rating()))
    shuffled(given)
    (folder,) = tmp_path.iterdir()
    made = said_by_the_page("cdrs = spark", spark=spark, folder=str(folder), ck=ck)
    expected = ck.reconcile(given)
    too_much = expected.cdrs.filter(verdict="overcharged").group_by("destination", "currency")
    sums = too_much.agg(pl.col("cost_difference").sum()).rows()
    assert {tuple(row) for row in made["dearest"].collect()} == set(sums)
    assert made["bridge"].equals(expected.bridge_by("destination"))


def test_copies_beyond_counting_are_compared_whole(shuffled, monkeypatch):
    """Where too many ids occur twice to be told to every executor, exact copies are left out all the same."""
    calls = random_calls(120, 7, ck.Rating())
    given = cdrs(*calls, *calls)
    monkeypatch.setattr("callkit.spark.frames.MOST_REPEATED", 3)
    same(given, shuffled(given))


def test_nothing_in_nothing_out(shuffled):
    """A frame without rows gives one without rows, and a bridge without rows."""
    same(cdr.empty(), shuffled(cdr.empty()))


def test_own_columns_come_back_as_they_were(shuffled):
    """Columns of the user's own keep name, type and value: nested ones, naive times, and names that need quoting."""
    at = datetime(2026, 3, 1, 2, 30, 0, 123456)  # noqa: DTZ001 - naive on purpose
    own = {
        "a.b": ["x", None],
        "back`tick": [1.5, -0.0],
        "tags": [["a", "b"], []],
        "pair": [{"one": 1, "two": "zwei"}, {"one": None, "two": None}],
        "naive": [at, None],
        "seen": [at.replace(tzinfo=UTC), None],
        "day": [date(2026, 3, 1), None],
        "bytes": [b"\x00\xff", None],
    }
    given = numbered(itnio(), whatsapp()).hstack(pl.DataFrame(own))
    read = shuffled(given)
    expected = same(given, read, rate_deck=PRICES)
    by = ck.spark.bridge(read, by=["a.b", "back`tick", "seen"], rate_deck=PRICES)
    assert by.equals(expected.bridge_by("a.b", "back`tick", "seen"))


def test_the_answer_can_be_judged_again(shuffled):
    """The answer is a CDR frame again: what an earlier reconciliation added is left out first."""
    given = ck.reconcile(cdrs(*random_calls(60, 9, ck.Rating()))).cdrs
    same(given, shuffled(given))


def test_the_session_is_left_alone(shuffled, spark):
    """No setting of the session is changed, for however short a time it would be, and nothing is cached."""
    read = shuffled(cdrs(itnio()))
    before = {row.key: row.value for row in spark.sql("SET").collect()}
    answer = ck.spark.reconcile(read)
    answer.collect()
    assert {row.key: row.value for row in spark.sql("SET").collect()} == before
    assert spark.sparkContext._jsc.getPersistentRDDs().isEmpty()


def test_an_executor_of_another_release_is_told():
    """Facts of one version are not judged by another: the executor says which versions there are."""
    from callkit.spark.judging import judge  # noqa: PLC0415 - only where there is PySpark

    facts = ck.reconcile(cdrs(itnio())).facts
    with pytest.raises(
        RuntimeError, match=r"an executor has callkit .*, the driver 0\.0\.1: install the same"
    ):
        list(judge(facts, (), "0.0.1")(iter([])))
