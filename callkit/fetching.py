"""`callkit fetch`: call records from a vendor's API into a file."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from callkit.export import write
from callkit.fetch import ItnioVoice, NxWhatsApp

__all__ = ["client_of", "fetch", "read_ids"]


def fetch(arguments: argparse.Namespace) -> int:
    """Carry out the command: what it is given was checked by the parser, as far as that can tell."""
    out: Path = arguments.out
    # Looked at before anything is asked for: an hour of fetching should not end in a refusal.
    if out.exists() and not arguments.force:
        raise ValueError(f"{out} is there already: choose another name, or replace it with --force")
    if not out.parent.is_dir():
        raise ValueError(f"there is no folder {out.parent} to write to: make it first")
    client = client_of(arguments)
    if isinstance(client, ItnioVoice):
        frame = client.fetch(arguments.start, arguments.end)
        told = f"{frame.height:,} call records from {arguments.start} to {arguments.end}"
    else:
        frame = client.fetch(read_ids(arguments.call_ids, arguments.column))
        told = f"{frame.height:,} call ids, {frame['found'].sum():,} of them with a record"
    write(frame, out)
    print(f"{told}: {out} ({_size(out.stat().st_size)})")
    return 0


def client_of(arguments: argparse.Namespace) -> ItnioVoice | NxWhatsApp:
    """Make the client that the arguments ask for."""
    vendor = ItnioVoice if arguments.vendor == "itnio" else NxWhatsApp
    make = vendor.from_keyring if arguments.keyring else vendor.from_env
    return make(**_settings(arguments))


def _settings(arguments: argparse.Namespace) -> dict[str, Any]:
    given = {name: getattr(arguments, name) for name in ("base_url", "requests_per_second", "ca_bundle")}
    return {name: value for name, value in given.items() if value is not None}


def read_ids(path: Path, column: str | None) -> Iterable[str]:
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
                f"{path} has no column {name!r} of texts: name one with --column; there are: {there}"
            )
        ids = frame[name].drop_nulls().to_list()
    if not ids:
        raise ValueError(f"{path} holds no call id")
    return ids


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"
