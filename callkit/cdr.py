"""The CDR frame: one row per call detail record, whatever the vendor.

Every part of callkit takes this frame or makes it. `SCHEMA` is its columns in order; README's nomenclature
gives each one's meaning and unit. In short: instants are UTC, money is `MONEY` (exact, ten decimals),
durations are whole seconds, and whatever a vendor sends beside that is kept as JSON text in `extra`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from hashlib import sha256
from typing import Any, TypeVar

import polars as pl

from callkit.errors import SchemaError

__all__ = ["INSTANT", "MONEY", "SCHEMA", "as_lazy", "empty", "mask_numbers", "schema_of", "sort", "validate"]

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)

MONEY = pl.Decimal(38, 10)
"""The one dtype of money and rates: Polars rounds silently where Decimals of different scale meet."""

INSTANT = pl.Datetime("us", "UTC")


def schema_of(**columns: pl.DataType | type[pl.DataType]) -> pl.Schema:
    """Name the columns of a frame and their dtypes, in order."""
    return pl.Schema(columns)


SCHEMA = schema_of(
    source=pl.String,
    call_id=pl.String,
    found=pl.Boolean,
    direction=pl.String,
    caller=pl.String,
    callee=pl.String,
    destination=pl.String,
    submitted_at=INSTANT,
    called_at=INSTANT,
    ringing_at=INSTANT,
    answered_at=INSTANT,
    ended_at=INSTANT,
    call_duration=pl.Int64,
    charged_duration=pl.Int64,
    bill_period=pl.String,
    rate=MONEY,
    cost=MONEY,
    currency=pl.String,
    base_cost=MONEY,
    exchange_rate=MONEY,
    settle_rate=MONEY,
    settle_cost=MONEY,
    status_code=pl.String,
    status_reason=pl.String,
    hangup_by=pl.String,
    recording=pl.String,
    dtmf=pl.String,
    note=pl.String,
    extra=pl.String,
)


def empty() -> pl.DataFrame:
    """Make a CDR frame without rows: what a fetch of nothing returns.

    Examples
    --------
    >>> from callkit import cdr
    >>> cdr.empty().height, cdr.empty().schema == cdr.SCHEMA
    (0, True)
    """
    return pl.DataFrame(schema=SCHEMA)


def sort(frame: Frame) -> Frame:
    """Put CDRs in the stated order: by submitted_at (else answered_at), then source and call_id.

    Records without either instant come last.
    """
    return frame.sort(
        pl.coalesce("submitted_at", "answered_at"), "source", "call_id", nulls_last=True, maintain_order=True
    )


def as_lazy(frame: object) -> pl.LazyFrame:
    """Take any frame that can hand over Arrow data: Polars, pandas, pyarrow, DuckDB and others.

    Raises
    ------
    TypeError
        If `frame` is nothing of the kind.
    SchemaError
        If two of its columns have the same name.
    """
    if isinstance(frame, pl.LazyFrame):
        return frame
    if isinstance(frame, pl.DataFrame):
        return frame.lazy()
    if hasattr(frame, "__arrow_c_stream__"):
        try:
            return pl.DataFrame(frame).lazy()
        except pl.exceptions.DuplicateError as error:  # Arrow and pandas allow it
            raise SchemaError(f"{error}. Drop or rename one of them.") from None
    raise TypeError(
        f"expected a frame of CDRs (Polars, or anything with the Arrow C stream interface such as pandas, "
        f"pyarrow or DuckDB), got {type(frame).__name__}"
    )


def validate(frame: object, schema: pl.Schema = SCHEMA) -> pl.LazyFrame:
    """Check a frame against the CDR frame's columns and dtypes, where it enters the package.

    A dtype that holds the same values in another form is taken over (Int32 for Int64, Datetime in ms or ns, Decimal
    with fewer digits, Categorical for String, a column of nothing but nulls). Anything that could change a value
    is refused, above all money as floats. Of a frame that is not Polars', what pandas has no other form for is taken
    over, too: whole seconds as floats where some are missing, and nothing but nulls as text. Columns that callkit does
    not know are kept behind the known ones.

    Parameters
    ----------
    frame
        A Polars frame, eager or lazy, or any object with the Arrow C stream interface.
    schema
        The columns to check; the CDR frame's own by default.

    Returns
    -------
    pl.LazyFrame
        The columns of `schema` first, in its order and dtypes, then all others. Nothing is computed yet.

    Raises
    ------
    SchemaError
        Names every column that is missing or of the wrong dtype, what was expected and what came.

    Examples
    --------
    >>> import polars as pl
    >>> from callkit import cdr
    >>> try:
    ...     cdr.validate(cdr.empty().with_columns(pl.col("cost").cast(pl.Float64)))
    ... except cdr.SchemaError as error:
    ...     print(str(error).partition(". ")[0])
    column 'cost': expected Decimal(precision=38, scale=10), got Float64
    """
    lazy = as_lazy(frame)
    if not isinstance(frame, pl.DataFrame | pl.LazyFrame):
        lazy = _as_meant(lazy.collect(), schema).lazy()
    found = lazy.collect_schema()
    missing = [name for name in schema if name not in found]
    if missing:
        raise SchemaError(_missing(missing, found))
    problems = [
        f"column {name!r}: expected {dtype}, got {found[name]}.{_why(dtype, found[name])}"
        for name, dtype in schema.items()
        if not _holds_the_same(found[name], dtype)
    ]
    if problems:
        raise SchemaError("\n".join(problems))
    known = [_taken_over(name, found[name], dtype) for name, dtype in schema.items()]
    others = [pl.col(name) for name in found if name not in schema]
    return lazy.select(known + others)


def mask_numbers(frame: Frame) -> Frame:
    """Hide what identifies a person, so that a frame can be shown.

    Telephone numbers keep their first four digits (the destination stays readable) and their last two. WhatsApp call
    ids, which contain both numbers, become a short digest: the same id always the same one. In free text (notes,
    recordings, explanations, `extra`) every run of seven to fifteen digits is blotted out. Works on every frame that
    callkit returns; columns that cannot identify anyone are untouched.

    Parameters
    ----------
    frame : pl.DataFrame or pl.LazyFrame
        A CDR frame, findings, claims, or any other frame with columns of those names.

    Returns
    -------
    pl.DataFrame or pl.LazyFrame
        The same rows, columns and order. What was lazy stays lazy.

    Examples
    --------
    >>> import polars as pl
    >>> import callkit as ck
    >>> ck.mask_numbers(pl.DataFrame({"callee": ["4915112345678", None], "cost": [1, 2]}))["callee"].to_list()
    ['4915•••••••78', None]
    """
    if not isinstance(frame, pl.DataFrame | pl.LazyFrame):
        raise TypeError(f"expected a Polars frame, got {type(frame).__name__}")
    columns = frame.collect_schema()
    masked = [
        pl.col(name).map_batches(_each_distinct(mask), return_dtype=pl.String, is_elementwise=True)
        for name, mask in _MASKS.items()
        if columns.get(name) == pl.String
    ]
    return frame.with_columns(masked)


def _as_meant(frame: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    """Undo what pandas does to a column with missing values, where no value can have changed."""
    meant = []
    for name in frame.columns:
        column, dtype = frame[name], schema.get(name)
        if dtype is None or column.dtype == dtype:
            continue
        if column.null_count() == column.len():
            meant.append(pl.Series(name, [None] * column.len(), dtype=dtype))
        elif dtype == pl.Int64 and column.dtype == pl.Float64 and _are_whole(column):
            meant.append(column.cast(pl.Int64))
    return frame.with_columns(meant)


def _are_whole(numbers: pl.Series) -> bool:
    """Whether floats are whole numbers that are small enough to be the ones that were meant."""
    whole = (numbers.abs() <= 2**53) & (numbers.floor() == numbers)
    return bool(whole.all())  # nulls, which are no numbers at all, do not count


def _missing(missing: list[str], found: pl.Schema) -> str:
    names = ", ".join(repr(name) for name in missing)
    came = ", ".join(found) or "no column at all"
    return (
        f"{'column' if len(missing) == 1 else 'columns'} {names} missing: expected a CDR frame with the columns of "
        f"callkit.cdr.SCHEMA, got {came}. A frame fetched with callkit has them all; for one of your own, add what "
        f"you do not know as nulls."
    )


def _why(expected: pl.DataType, came: pl.DataType) -> str:
    if expected == MONEY and came.is_float():
        return " Money in floats has already lost digits: read it as text and cast it to callkit.MONEY."
    if expected == MONEY:
        return " Cast it to callkit.MONEY, after checking that no digit is lost."
    if expected == INSTANT and isinstance(came, pl.Datetime):
        return " Say which zone it is in (dt.replace_time_zone) and convert it to UTC (dt.convert_time_zone)."
    return ""


def _holds_the_same(came: pl.DataType, expected: pl.DataType) -> bool:
    """Whether every value of dtype `came` has exactly one equal in dtype `expected`."""
    if came in (expected, pl.Null):
        return True
    if expected == pl.Int64:
        return came in (pl.Int8, pl.Int16, pl.Int32, pl.UInt8, pl.UInt16, pl.UInt32)
    if expected == pl.String:
        return came in (pl.Categorical, pl.Enum)
    if isinstance(came, pl.Decimal) and isinstance(expected, pl.Decimal):
        return (
            came.scale <= expected.scale
            and came.precision - came.scale <= expected.precision - expected.scale
        )
    if isinstance(came, pl.Datetime) and expected == INSTANT:
        return came.time_zone is not None
    return False


def _taken_over(name: str, came: pl.DataType, expected: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if came == expected:
        return column
    if isinstance(came, pl.Datetime):
        return column.dt.convert_time_zone("UTC").cast(INSTANT)
    return column.cast(expected)


# At most 15 digits make a telephone number (E.164); longer runs are serial numbers, and fractions are money.
_TELEPHONE = re.compile(r"(?<!\d)(?<!\d\.)\d{7,15}(?!\d|\.\d)")
_WHATSAPP_ID = re.compile(r"(?<![0-9A-Za-z])(?:(?:outgoing|incoming):)?wacid\.[0-9A-Za-z+/=_-]+")


def _mask_number(number: str) -> str:
    digits = len(number)
    if digits < 8:
        return "•" * digits
    return number[:4] + "•" * (digits - 6) + number[-2:]


def _mask_id(call_id: str) -> str:
    """Vendors' serial numbers identify a call; anything else may spell out who talked to whom."""
    if call_id.isascii() and call_id.isdigit() and len(call_id) > 15:
        return call_id
    return "call-" + sha256(call_id.encode()).hexdigest()[:12]


def _mask_text(text: str) -> str:
    text = _WHATSAPP_ID.sub(lambda found: _mask_id(found[0]), text)
    return _TELEPHONE.sub(lambda found: "•" * len(found[0]), text)


def _mask_json(text: str) -> str:
    try:
        return json.dumps(_walk(json.loads(text, parse_float=str)), ensure_ascii=False)
    except (ValueError, RecursionError):  # not JSON, or nested too deep to walk
        return _mask_text(text)


def _walk(value: Any) -> Any:
    if isinstance(value, dict):
        return {_mask_text(key): _walk(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_walk(member) for member in value]
    if isinstance(value, str) or (isinstance(value, int) and abs(value) >= 1_000_000):
        return _mask_text(str(value))
    return value


def _each_distinct(mask: Callable[[str], str]) -> Callable[[pl.Series], pl.Series]:
    def masked(series: pl.Series) -> pl.Series:
        values = series.unique().drop_nulls().to_list()
        shown = [mask(value) for value in values]
        return series.replace_strict(values, shown, default=None, return_dtype=pl.String)

    return masked


_MASKS: dict[str, Callable[[str], str]] = {
    "caller": _mask_number,
    "callee": _mask_number,
    "call_id": _mask_id,
    "extra": _mask_json,
    **dict.fromkeys(
        ("recording", "dtmf", "note", "status_reason", "reported", "expected", "explanation"), _mask_text
    ),
}
