"""`read_cdrs()`: a file of call records in, a CDR frame out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

import polars as pl

from callkit import cdr
from callkit.arguments import time_zone
from callkit.cdr import INSTANT, SCHEMA
from callkit.errors import SchemaError
from callkit.files import webhook
from callkit.files.cells import Unreadable, converted, listed, placed
from callkit.files.tables import Table, table

FORMATS = ("callkit", "nx-webhook")


def read_cdrs(
    path: str | Path,
    format: str = "callkit",  # noqa: A002 - the design's name, and pandas' and Polars' habit
    columns: Mapping[str, str] | None = None,
    tz: str | None = None,
) -> pl.DataFrame:
    r"""Read call records from a file: Parquet, CSV or an Excel workbook, as its ending says.

    What `callkit fetch` and `callkit.export` write comes back as it was. Every cell is read exactly, or the whole file
    is refused, with a list of what cannot be read.

    Parameters
    ----------
    path
        A `.parquet`, `.csv` (UTF-8, separated by commas, semicolons or tabs) or `.xlsx` file, whose first row names the
        columns. Of a workbook the first sheet that has one of them is read; that needs the extra `callkit[excel]`.
    format
        "callkit": the columns of the CDR frame. "nx-webhook": what NXCloud's `calls` webhook pushed, as
        `callkit.files.webhook` describes it.
    columns
        The file's names of columns against the CDR frame's: `{"B-number": "callee"}`. With it, also with `{}`, what
        columns of the CDR frame the file does not have are missing values. Without it, a file that lacks one is
        refused: it may be cut off, or not be a file of call records at all. A call_id there must be.
    tz
        The zone of times that are written without an offset, such as "Asia/Shanghai". Without it they are refused,
        but for the columns of a workbook whose name ends in " (UTC)", as callkit writes them. A time that the clock
        shows twice or never in the zone, because summer time begins or ends, is refused.

    Returns
    -------
    pl.DataFrame
        The CDR frame's columns first, then all others, rows in the file's order. Columns that callkit does not know
        are text where the file does not say otherwise. Rows without any value are left out.

    Raises
    ------
    SchemaError
        If columns are missing or cells unreadable: up to twenty are named, by row and column, with what was expected.
    ValueError
        If the format, the ending, a name in `columns` or the zone is none that there is.
    ImportError
        If a workbook is to be read without the extra.

    Notes
    -----
    In CSV an empty cell is missing, `""` an empty text, and the apostrophe in front of `'=…` that keeps a spreadsheet
    from running a text is taken off again. In a workbook, text is taken as it is and a number by its shortest decimal
    text; a number of more than 15 digits is refused in every column, because a workbook does not keep its digits: ids
    and long amounts must be text there. Amounts have at most ten decimals and a point.

    Examples
    --------
    >>> import callkit as ck
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "calls.csv")
    ...     _ = file.write_text("id;seconds;price;call_id\n7;31;0.07998;a1\n")
    ...     cdrs = ck.read_cdrs(file, columns={"seconds": "call_duration", "price": "cost"})
    >>> cdrs.select("call_id", "call_duration", "cost", "id").row(0)
    ('a1', 31, Decimal('0.0799800000'), '7')
    """
    _known_format(format)
    if format == "nx-webhook":
        return webhook.read(Path(path))
    zone = None if tz is None else time_zone(tz)
    names = _mapped(columns or {})
    file = Path(path)
    read = table(file, [*names, *SCHEMA])
    of_file = _of_file(file, read.frame.columns, names, partial=columns is not None)
    frame, unreadable = _converted(read, of_file, zone)
    unreadable += read.unreadable
    if unreadable:
        placed_cells = [replace(cell, place=read.place) for cell in unreadable]
        raise SchemaError(listed(str(file), sorted(placed_cells, key=lambda cell: cell.row)))
    return cdr.validate(frame).collect()


def _converted(
    read: Table, of_file: Mapping[str, str], zone: str | None
) -> tuple[pl.DataFrame, list[Unreadable]]:
    """Turn the text of every known column into its values; what is typed already is left to `cdr.validate`."""
    known: dict[str, pl.Series] = {}
    unreadable: list[Unreadable] = []
    for name, dtype in SCHEMA.items():
        if name not in of_file:
            known[name] = pl.Series(name, [None] * read.frame.height, dtype=dtype)
            continue
        column = of_file[name]
        cells = read.frame[column].rename(name)
        own_zone = "UTC" if column != name and column == _in_utc(name) else zone
        bad: list[Unreadable] = []
        if cells.dtype == pl.String:
            cells, bad = converted(cells, dtype, own_zone, read.rows, column)
        elif (
            dtype == INSTANT
            and isinstance(cells.dtype, pl.Datetime)
            and not cells.dtype.time_zone
            and own_zone
        ):
            cells, bad = placed(cells, own_zone, read.rows, column)
        known[name] = cells
        unreadable += bad
    used = set(of_file.values())
    others = {name: read.frame[name] for name in read.frame.columns if name not in used}
    return pl.DataFrame(known | others), unreadable


def _of_file(file: Path, found: Sequence[str], names: Mapping[str, str], *, partial: bool) -> dict[str, str]:
    """Say which of the file's columns each of the CDR frame's is; refuse what is missing or there twice."""
    absent = [name for name in names if name not in found]
    if absent:
        raise ValueError(
            f"columns: {file} has no column {', '.join(map(repr, absent))}; it has {', '.join(found)}"
        )
    of_file: dict[str, str] = {}
    for column in found:
        plain = next(
            (name for name, dtype in SCHEMA.items() if dtype == INSTANT and column == _in_utc(name)), column
        )
        name = names.get(column, plain)
        if name in SCHEMA:
            if name in of_file:
                raise SchemaError(
                    f"{file}: columns {of_file[name]!r} and {column!r} would both be {name}. Say with columns= which "
                    f"one is, and rename the other in the file."
                )
            of_file[name] = column
    missing = [name for name in SCHEMA if name not in of_file and (not partial or name == "call_id")]
    if missing:
        raise SchemaError(_missing(file, missing, found, partial=partial))
    return of_file


def _missing(file: Path, missing: Sequence[str], found: Sequence[str], *, partial: bool) -> str:
    which = f"{'column' if len(missing) == 1 else 'columns'} {', '.join(map(repr, missing))} missing"
    if partial:
        return f"{file}: {which}: say which of its columns it is, e.g. columns={{{found[0]!r}: 'call_id'}}."
    return (
        f"{file}: {which}; it has {', '.join(map(repr, found))}. For a file of your own say which of its columns are "
        f"which, e.g. columns={{{found[0]!r}: {missing[0]!r}}}; what it does not have is then taken as not known."
    )


def _in_utc(name: str) -> str:
    """Name a column of instants as a workbook of callkit's does, whose dates have no zone of their own."""
    return f"{name} (UTC)"


def _mapped(columns: Mapping[str, str]) -> dict[str, str]:
    for theirs, ours in columns.items():
        if ours not in SCHEMA:
            close = get_close_matches(str(ours), SCHEMA.names(), n=1)
            meant = f"; did you mean {close[0]!r}?" if close else f"; it has {', '.join(SCHEMA)}"
            raise ValueError(f"columns: the CDR frame has no column {ours!r} for {theirs!r}{meant}")
    return dict(columns)


def _known_format(name: str) -> None:
    if name not in FORMATS:
        raise ValueError(f"format: there is no {name!r}; there is {', '.join(map(repr, FORMATS))}")
