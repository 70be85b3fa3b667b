from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest

import callkit as ck
from callkit import cdr
from reconciliation.calls import NOON, cdrs, itnio

pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")


def schema_with(**types: str) -> str:
    """The CDR frame's columns in Spark's words, some of them otherwise."""
    usual = {
        pl.String: "string",
        pl.Boolean: "boolean",
        pl.Int64: "bigint",
        cdr.INSTANT: "timestamp",
        cdr.MONEY: "decimal(38,10)",
    }
    names = {name: usual[dtype] for name, dtype in cdr.SCHEMA.items()} | types
    return ", ".join(f"`{name}` {kind}" for name, kind in names.items() if kind)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"rate": ""}, "column 'rate' missing: expected a CDR frame"),
        (
            {"cost": "double"},
            r"column 'cost': expected .*got Float64. Money in floats has already lost digits",
        ),
        ({"cost": "decimal(38,18)"}, r"column 'cost': expected .*, got Decimal\(precision=38, scale=18\)"),
        ({"call_duration": "string"}, "column 'call_duration': expected Int64, got String"),
        ({"caller": "struct<a:int>"}, "column 'caller': expected String, got Struct"),
        ({"answered_at": "string"}, "column 'answered_at': expected Datetime"),
        ({"answered_at": "timestamp_ntz"}, "column 'answered_at': expected timestamp, got timestamp_ntz"),
        ({"_own": "int"}, "column '_own': names that begin with an underscore"),
        ({"Cost": "int"}, "columns 'cost', 'Cost': Spark cannot tell their names apart"),
    ],
)
def test_a_wrong_frame_is_refused_by_name(spark, changed, said):
    """What is no CDR frame raises SchemaError before any job runs: column, what was expected, what came."""
    empty = spark.createDataFrame([], schema_with(**changed))
    with pytest.raises(ck.SchemaError, match=said):
        ck.spark.reconcile(empty)


def test_maps_are_refused(spark):
    """Rows with a map cannot be compared by Spark, so that copies could not be told: said before any job runs."""
    empty = spark.createDataFrame([], schema_with(own="map<string,int>"))
    with pytest.raises(ck.SchemaError, match=r"column 'own' is a map<string,int>: Spark cannot compare"):
        ck.spark.reconcile(empty)


def test_what_holds_the_same_is_taken_over(spark):
    """Shorter integers and decimals become the CDR frame's; what is nothing but nulls becomes what it should be."""
    from callkit.spark.arrow import collected  # noqa: PLC0415 - only where there is a Java
    from callkit.spark.frames import take  # noqa: PLC0415 - as above

    other = schema_with(call_duration="int", rate="decimal(12,4)", dtmf="void")
    call = itnio() | {"rate": Decimal("0.1333"), "base_cost": None}
    read = spark.createDataFrame([tuple(call[name] for name in cdr.SCHEMA)], other)
    taken = collected(take(read))
    assert taken.schema == cdr.SCHEMA
    assert taken.equals(cdrs(itnio()))


def test_the_remedy_for_times_without_a_zone_works(spark):
    """What the message advises makes an instant out of a naive time, whatever the session's zone."""
    from pyspark.sql import functions as F  # noqa: N812, PLC0415 - as the message has it

    read = spark.createDataFrame([(datetime(2026, 10, 5, 12),)], "answered_at timestamp_ntz")  # noqa: DTZ001 - naive on purpose
    with pytest.raises(ck.SchemaError) as caught:
        ck.spark.reconcile(read)
    remedy = str(caught.value).partition("for UTC: ")[2]
    made = eval(remedy, {"F": F})  # noqa: S307 - our own words
    found = read.select(made.alias("at")).toArrow()["at"].to_pylist()
    assert [value.astimezone(UTC) for value in found] == [NOON]


def test_frames_of_others_are_sent_to_the_other_function():
    """A Polars frame is refused with the name of the function that takes it."""
    with pytest.raises(TypeError, match=r"expected a Spark DataFrame, got polars\..*ck\.reconcile"):
        ck.spark.reconcile(cdr.empty())


@pytest.mark.parametrize("name", ["archive", "match", "period", "tz", "severity"])
def test_what_concerns_findings_is_refused(name):
    """An argument that could change nothing is not passed over in silence."""
    for function in (ck.spark.reconcile, ck.spark.bridge):
        with pytest.raises(TypeError, match=f"{name} decides what becomes a finding"):
            function(None, **{name: None})


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"tolerence": 0}, TypeError, "unexpected keyword argument 'tolerence'"),
        ({"tolerance": 0.1}, TypeError, "never a float"),
        ({"rating": "60+60"}, TypeError, "rating must be a callkit.Rating"),
        ({"rate_deck": "rates.csv"}, TypeError, "rate_deck must be a callkit.RateDeck"),
    ],
)
def test_bad_arguments_are_refused(arguments, error, said):
    """Arguments are checked by the code that checks them for Polars, before Spark is asked for anything."""
    with pytest.raises(error, match=said):
        ck.spark.reconcile(None, **arguments)


def test_a_bridge_by_what_is_not_there_is_refused(spark):
    """A group that is no column of the result raises before any job runs."""
    empty = spark.createDataFrame([], schema_with())
    with pytest.raises(ValueError, match="got 'destinations'"):
        ck.spark.bridge(empty, by="destinations")


def test_without_the_extra_all_the_rest_works():
    """Importing callkit loads no PySpark, and without it `ck.spark` says what to install."""
    code = (
        "import sys, callkit as ck; assert 'pyspark' not in sys.modules; sys.modules['pyspark'] = None\n"
        "try: ck.spark\nexcept ImportError as error: print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert said == "callkit.spark needs the extra: pip install 'callkit[spark]'\n"
