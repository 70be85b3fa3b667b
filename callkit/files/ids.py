"""Call ids that somebody keeps in a file: a line each, or a column of a table."""

from __future__ import annotations

from pathlib import Path

import polars as pl

__all__ = ["read_ids"]


def read_ids(path: Path, column: str | None = None) -> list[str]:
    """Read call ids: a column of a CSV or Parquet file, or the lines of any other.

    Parameters
    ----------
    path
        The file.
    column
        The column's name; without it `call_id`, or the only one there is.

    Raises
    ------
    ValueError
        If there is no such column, no id, or the file is not what its name says.
    """
    kind = path.suffix.lower()
    if kind not in (".csv", ".parquet"):
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except UnicodeDecodeError:
            raise ValueError(
                f"{path} is not text in UTF-8: give one call id a line, or a .csv or .parquet file"
            ) from None
        ids = [line.strip() for line in lines if line.strip()]
    else:
        try:
            frame = pl.read_parquet(path) if kind == ".parquet" else pl.read_csv(path, infer_schema=False)
        except pl.exceptions.PolarsError as error:
            raise ValueError(f"{path} cannot be read as {kind[1:]}: {error}") from None
        name = column or ("call_id" if "call_id" in frame.columns or frame.width != 1 else frame.columns[0])
        if name not in frame.columns or frame.schema[name] != pl.String:
            there = ", ".join(name for name, dtype in frame.schema.items() if dtype == pl.String)
            raise ValueError(
                f"{path} has no column {name!r} of texts: call the one with the ids call_id, or name one with "
                f"--column; there are: {there}"
            )
        ids = frame[name].drop_nulls().to_list()
    if not ids:
        raise ValueError(f"{path} holds no call id")
    return ids
