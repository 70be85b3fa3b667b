from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import callkit as ck
from callkit import cdr

# An id as in the vendor's sample request: base64 that spells out both telephone numbers.
WHATSAPP_ID = (
    "outgoing:wacid."
    "HBgNODYxMzc2MzMzOTA3MBUCABIYIDAyQ0JGREQyNkM1Qjg0ODI3NTU3Q0JBOEYwRUZEM0I3HBgMNjIyMTUwOTgwMzY2FQIAFTgA"
)
NOON = datetime(2024, 5, 2, 12, tzinfo=UTC)


def cdrs(*rows: dict[str, Any]) -> pl.DataFrame:
    full: dict[str, Any] = {
        "source": "itnio-voice",
        "call_id": "1534852416384921600",
        "found": True,
        "caller": "8613800000000",
        "callee": "4915112345678",
        "submitted_at": NOON,
        "answered_at": NOON + timedelta(seconds=9),
        "call_duration": 31,
        "charged_duration": 36,
        "bill_period": "6+6",
        "rate": Decimal("0.1333"),
        "cost": Decimal("0.07998"),
        "currency": "USD",
        "extra": "{}",
    }
    known = [dict.fromkeys(cdr.SCHEMA) | full | row for row in rows or ({},)]
    return pl.DataFrame(
        {name: pl.Series([row[name] for row in known], dtype=dtype) for name, dtype in cdr.SCHEMA.items()}
    )


def test_the_documented_columns():
    """The columns, their order and dtypes are the ones that README's nomenclature promises."""
    assert pl.Decimal(38, 10) == ck.MONEY
    money = ["rate", "cost", "base_cost", "exchange_rate", "settle_rate", "settle_cost"]
    instants = ["submitted_at", "called_at", "ringing_at", "answered_at", "ended_at"]
    assert [name for name, dtype in cdr.SCHEMA.items() if dtype == ck.MONEY] == money
    assert [name for name, dtype in cdr.SCHEMA.items() if dtype == pl.Datetime("us", "UTC")] == instants
    seconds = [name for name, dtype in cdr.SCHEMA.items() if dtype == pl.Int64]
    assert seconds == ["call_duration", "charged_duration"]
    assert cdr.SCHEMA["found"] == pl.Boolean
    rest = set(cdr.SCHEMA) - {*money, *instants, *seconds, "found"}
    assert {cdr.SCHEMA[name] for name in rest} == {pl.String()}
    assert list(cdr.SCHEMA)[:3] == ["source", "call_id", "found"]
    assert list(cdr.SCHEMA)[-1] == "extra"


def test_nothing_has_the_same_columns():
    """A fetch of nothing is a frame like any other, without rows, and passes its own check."""
    assert cdr.empty().schema == cdr.SCHEMA
    assert cdr.validate(cdr.empty()).collect().equals(cdr.empty())


def test_a_right_frame_passes_as_it_is():
    """Validation changes nothing about a frame that is right, eager or lazy, and computes nothing yet."""
    frame = cdrs({}, {"call_id": "2"})
    for given in (frame, frame.lazy()):
        checked = cdr.validate(given)
        assert isinstance(checked, pl.LazyFrame)
        assert checked.collect().equals(frame)


def test_columns_come_in_order_and_others_are_kept():
    """Columns are put in the documented order, and ones of the user's own stay behind them."""
    frame = cdrs().with_columns(team=pl.lit("support")).select("team", *reversed(cdr.SCHEMA))
    checked = cdr.validate(frame).collect()
    assert checked.columns == [*cdr.SCHEMA, "team"]
    assert checked["team"].item() == "support"


@pytest.mark.parametrize(
    ("column", "dtype", "said"),
    [
        (
            "cost",
            pl.Float64,
            "expected Decimal(precision=38, scale=10), got Float64. Money in floats has already",
        ),
        (
            "rate",
            pl.Float32,
            "expected Decimal(precision=38, scale=10), got Float32. Money in floats has already",
        ),
        ("cost", pl.String, "expected Decimal(precision=38, scale=10), got String. Cast it to callkit.MONEY"),
        ("cost", pl.Decimal(38, 12), "got Decimal(precision=38, scale=12). Cast it to callkit.MONEY"),
        ("cost", pl.Decimal(38, 2), "got Decimal(precision=38, scale=2). Cast it to callkit.MONEY"),
        ("cost", pl.Int64, "expected Decimal(precision=38, scale=10), got Int64."),
        ("call_duration", pl.Float64, "expected Int64, got Float64."),
        ("call_duration", pl.String, "expected Int64, got String."),
        ("charged_duration", pl.UInt64, "expected Int64, got UInt64."),
        ("call_id", pl.Int64, "expected String, got Int64."),
        ("found", pl.String, "expected Boolean, got String."),
        ("bill_period", pl.Int32, "expected String, got Int32."),
    ],
)
def test_a_wrong_dtype_is_named(column, dtype, said):
    """A column of another dtype is refused with its name, what was expected, what came and what to do."""
    wrong = cdrs().with_columns(pl.lit(None).cast(dtype).alias(column))
    with pytest.raises(ck.SchemaError) as raised:
        cdr.validate(wrong)
    assert str(raised.value).startswith(f"column {column!r}: expected ")
    assert said in str(raised.value)


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_instants_without_a_zone_are_refused(unit):
    """A naive datetime is not guessed to be UTC: the message says how to state its zone."""
    naive = cdrs().with_columns(pl.col("answered_at").dt.replace_time_zone(None).dt.cast_time_unit(unit))
    with pytest.raises(ck.SchemaError, match=r"column 'answered_at': .*, got Datetime.*replace_time_zone"):
        cdr.validate(naive)


def test_every_wrong_column_is_named_at_once():
    """Two wrong columns are told in one error, not one after the other."""
    wrong = cdrs().with_columns(pl.col("cost", "rate").cast(pl.Float64), call_duration=pl.lit("31"))
    with pytest.raises(ck.SchemaError) as raised:
        cdr.validate(wrong.lazy())
    named = [line.split("'")[1] for line in str(raised.value).splitlines()]
    assert named == ["call_duration", "rate", "cost"]


def test_missing_columns_are_named():
    """A frame without a column is refused with the missing names, what was expected and what came instead."""
    with pytest.raises(
        ck.SchemaError, match=r"^column 'cost' missing: expected a CDR frame .*, got source, "
    ):
        cdr.validate(cdrs().drop("cost"))
    with pytest.raises(ck.SchemaError, match=r"^columns 'rate', 'cost' missing"):
        cdr.validate(cdrs().drop("cost", "rate"))
    with pytest.raises(ck.SchemaError, match=r"got no column at all"):
        cdr.validate(pl.DataFrame())


def test_another_schema_can_be_asked_for():
    """The same check serves other documented frames."""
    schema = pl.Schema({"call_id": pl.String, "cost": ck.MONEY})
    assert cdr.validate(cdrs().select("cost", "call_id"), schema).collect().columns == ["call_id", "cost"]
    with pytest.raises(ck.SchemaError, match="column 'cost' missing"):
        cdr.validate(cdrs().select("call_id"), schema)


def test_dtypes_that_hold_the_same_values_are_taken_over():
    """Smaller integers, shorter Decimals, other clocks' zones and units, categories and empty columns lose nothing."""
    frame = cdrs()
    other = frame.with_columns(
        pl.col("call_duration").cast(pl.Int32),
        pl.col("charged_duration").cast(pl.UInt16),
        pl.col("cost").cast(pl.Decimal(12, 6)),
        pl.col("source").cast(pl.Categorical),
        pl.col("currency").cast(pl.Enum(["EUR", "USD"])),
        pl.col("submitted_at").dt.cast_time_unit("ns").dt.convert_time_zone("Asia/Shanghai"),
        pl.col("answered_at").dt.cast_time_unit("ms"),
        pl.lit(None).alias("settle_cost"),
        pl.lit(None).alias("ended_at"),
    )
    assert cdr.validate(other).collect().equals(frame)


def test_pandas_frames_are_accepted():
    """A pandas frame of the documented columns is as good, whatever pandas calls its dtypes."""
    frame = cdrs({}, {"call_id": "2", "callee": None})
    checked = cdr.validate(frame.to_pandas(use_pyarrow_extension_array=True)).collect()
    assert checked.equals(frame)


def test_pandas_default_dtypes_are_accepted():
    """Missing seconds, which make floats of all others in pandas, and columns of nothing but nulls cost no record."""
    frame = cdrs({}, {"call_id": "2", "call_duration": None, "rate": None}, {"call_id": "3", "rate": None})
    assert frame["exchange_rate"].null_count() == frame.height
    assert cdr.validate(frame.to_pandas()).collect().equals(frame)
    assert cdr.validate(frame.head(0).to_pandas()).collect().equals(frame.head(0))


@pytest.mark.parametrize("odd", [31.5, 2.0**54, float("inf")])
def test_pandas_floats_are_refused(odd):
    """Seconds that are no whole numbers, or too large for a float to tell apart, are refused by name."""
    seconds = pd.DataFrame({"call_duration": [odd, None]})
    with pytest.raises(ck.SchemaError, match="column 'call_duration': expected Int64, got Float64"):
        cdr.validate(seconds, pl.Schema({"call_duration": pl.Int64}))


def test_arrow_tables_are_accepted():
    """A pyarrow table, or whatever else hands over an Arrow stream, is as good."""
    frame = cdrs({}, {"call_id": "2"})
    assert cdr.validate(frame.to_arrow()).collect().equals(frame)

    class Relation:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return frame.to_arrow().__arrow_c_stream__(requested_schema)

    assert cdr.validate(Relation()).collect().equals(frame)


@pytest.mark.parametrize("thing", [None, "calls.csv", [{"call_id": "1"}], {"call_id": ["1"]}, 5])
def test_what_is_no_frame_is_refused(thing):
    """A path, a list of records or None raises TypeError and says what would do."""
    with pytest.raises(TypeError, match=f"expected a frame of CDRs .*, got {type(thing).__name__}"):
        cdr.validate(thing)


def test_a_twice_named_column_is_refused():
    """Arrow allows two columns of one name, and a CDR frame does not."""
    twice = pa.table([pa.array([1]), pa.array([2])], names=["cost", "cost"])
    with pytest.raises(ck.SchemaError, match=r"more than once.*cost.*Drop or rename"):
        cdr.validate(twice)


@pytest.mark.parametrize("lazy", [False, True])
def test_sorted_by_submission_then_id(lazy):
    """Frames come by submitted_at, else answered_at, then source and id; without either instant last."""
    second = timedelta(seconds=1)
    frame = cdrs(
        {"call_id": "none", "submitted_at": None, "answered_at": None},
        {"call_id": "b", "submitted_at": NOON + second},
        {"call_id": "answered", "submitted_at": None, "answered_at": NOON},
        {"call_id": "a", "submitted_at": NOON + second},
        {"call_id": "z", "submitted_at": NOON + second, "source": "another"},
        {"call_id": "first", "submitted_at": NOON - second, "answered_at": NOON + 9 * second},
    )
    ordered = cdr.sort(frame.lazy()).collect() if lazy else cdr.sort(frame)
    assert ordered["call_id"].to_list() == ["first", "answered", "z", "a", "b", "none"]
    assert ordered["source"].to_list()[2:4] == ["another", "itnio-voice"]
    assert cdr.sort(frame.reverse()).equals(ordered)


def masked(column: str, value: str | None, *, lazy: bool = False) -> str | None:
    frame = pl.DataFrame({column: pl.Series([value], dtype=pl.String)})
    shown = ck.mask_numbers(frame.lazy()).collect() if lazy else ck.mask_numbers(frame)
    assert shown.schema == frame.schema
    text: str | None = shown[column].item()
    return text


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("4915112345678", "4915•••••••78"),
        ("12345678", "1234••78"),
        ("1234567", "•••••••"),
        ("110", "•••"),
        ("", ""),
        (None, None),
    ],
)
def test_numbers_keep_their_ends(number, shown, lazy):
    """A number keeps its first four and last two digits and its length; short ones keep nothing."""
    assert masked("callee", number, lazy=lazy) == shown
    assert masked("caller", number, lazy=lazy) == shown


def test_whatsapp_ids_become_digests():
    """An id that spells out both numbers becomes a short digest, the same wherever the id stands."""
    digest = masked("call_id", WHATSAPP_ID)
    assert digest is not None
    assert digest.startswith("call-")
    assert len(digest) == 17
    assert masked("call_id", WHATSAPP_ID) == digest
    assert masked("call_id", WHATSAPP_ID.swapcase()) != digest
    for column in ("explanation", "note", "recording"):
        assert masked(column, f"Call {WHATSAPP_ID}, 31 s") == f"Call {digest}, 31 s"
    assert masked("extra", json.dumps({"call_id": WHATSAPP_ID})) == json.dumps({"call_id": digest})


def test_serial_numbers_stay():
    """A vendor's serial number identifies a call and no person, so it stays, to be looked up."""
    assert masked("call_id", "1534852416384921600") == "1534852416384921600"
    assert masked("call_id", "4915112345678") != "4915112345678"
    assert masked("explanation", "call 1534852416384921600") == "call 1534852416384921600"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rang 4915112345678 twice", "rang ••••••••••••• twice"),
        ("+4915112345678, 1234567.", "+•••••••••••••, •••••••."),
        ("rec/4915112345678.wav", "rec/•••••••••••••.wav"),
        ("sip.4915112345678@host", "sip.•••••••••••••@host"),
        ("charged 0.0799800000 USD for 36 s", "charged 0.0799800000 USD for 36 s"),
        ("1234567.89 of 12345678.9012345678", "1234567.89 of 12345678.9012345678"),
        ("2024-05-02T12:00:00+00:00", "2024-05-02T12:00:00+00:00"),
        ("123456 and 1234567890123456", "123456 and 1234567890123456"),
    ],
)
def test_numbers_in_text_are_blotted_out(text, shown):
    """In free text every run of 7 to 15 digits goes; amounts, times, short and serial numbers stay."""
    for column in ("note", "recording", "dtmf", "status_reason", "explanation", "reported", "expected"):
        assert masked(column, text) == shown


@pytest.mark.parametrize(
    ("extra", "shown"),
    [
        ({"wabaId": "4915112345678"}, {"wabaId": "•••••••••••••"}),
        ({"app_id": 4915112345678, "n": -4915112345678}, {"app_id": "•••••••••••••", "n": "-•••••••••••••"}),
        ({"4915112345678": [{"to": "4915112345678"}]}, {"•••••••••••••": [{"to": "•••••••••••••"}]}),
        (
            {"size": 12, "ok": True, "none": None, "name": "牛小信"},
            {"size": 12, "ok": True, "none": None, "name": "牛小信"},
        ),
        ({"unreadable": {"cost": "0.1x"}}, {"unreadable": {"cost": "0.1x"}}),
    ],
)
def test_extra_stays_json(extra, shown):
    """Numbers inside extra go, wherever they are nested, and what is left still parses."""
    text = masked("extra", json.dumps(extra))
    assert text is not None
    assert json.loads(text) == shown


def test_amounts_in_extra_keep_their_digits():
    """A price in extra keeps all its digits, trailing zeros too, which a float would drop."""
    text = masked("extra", '{"costs": [{"price": 0.0800000000}]}')
    assert text is not None
    assert json.loads(text) == {"costs": [{"price": "0.0800000000"}]}


@pytest.mark.parametrize("text", ["[4915112345678", "[" * 100_000 + "4915112345678", ""])
def test_extra_that_cannot_be_parsed_is_masked_as_text(text):
    """Text that is no JSON, or is nested too deep to read, is blotted out all the same."""
    assert masked("extra", text) == text.replace("4915112345678", "•" * 13)


@pytest.mark.parametrize("lazy", [False, True])
def test_only_what_identifies_is_masked(lazy):
    """Rows, order, columns and all amounts, times and labels of a CDR frame stay as they were."""
    frame = cdrs({"callee": None, "note": "rang 4915112345678"}, {}, {"call_id": WHATSAPP_ID})
    shown = ck.mask_numbers(frame.lazy() if lazy else frame)
    assert isinstance(shown, pl.LazyFrame) == lazy
    collected = shown.lazy().collect()
    assert collected.schema == cdr.SCHEMA
    personal = ("caller", "callee", "call_id", "note")
    assert collected.drop(personal).equals(frame.drop(personal))
    assert collected["callee"].to_list() == [None, "4915•••••••78", "4915•••••••78"]


def test_findings_are_masked_too():
    """Findings and claims have other columns; those that may hold a number are masked, amounts are not."""
    findings = pl.DataFrame(
        {
            "finding_id": ["0123456789"],
            "call_id": [WHATSAPP_ID],
            "amount": pl.Series([Decimal("1234567.8901234567")], dtype=ck.MONEY),
            "reported": ["1234567.89"],
            "expected": ["0.0799800000"],
            "explanation": [f"{WHATSAPP_ID} to 4915112345678: 31 s on 6+6 are 36 s"],
        }
    )
    shown = ck.mask_numbers(findings).row(0, named=True)
    digest = shown["call_id"]
    assert shown == findings.row(0, named=True) | {
        "call_id": digest,
        "explanation": f"{digest} to •••••••••••••: 31 s on 6+6 are 36 s",
    }


def test_masking_needs_a_polars_frame():
    """Anything but a Polars frame is refused by type, before a number could be shown."""
    with pytest.raises(TypeError, match="expected a Polars frame, got DataFrame"):
        ck.mask_numbers(pd.DataFrame({"callee": ["4915112345678"]}))


def test_columns_of_other_dtypes_are_left_alone():
    """A column that shares a name but is no text cannot be masked and is not touched."""
    frame = pl.DataFrame({"reported": [1], "expected": [Decimal("1.5")]})
    assert ck.mask_numbers(frame).equals(frame)


def test_instants_of_other_zones_are_the_same_instants():
    """An instant given in another zone stays that instant, shown in UTC."""
    shanghai = datetime(2024, 5, 2, 20, tzinfo=timezone(timedelta(hours=8)))
    frame = cdrs().with_columns(pl.lit(shanghai).dt.convert_time_zone("Asia/Shanghai").alias("submitted_at"))
    assert cdr.validate(frame).collect()["submitted_at"].item() == NOON
