"""The options of `callkit reconcile`."""

from __future__ import annotations

import argparse
from pathlib import Path

from callkit.cli.values import amount, column, day, instant, out, result_out, severity, time_zone


def reconcile_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.set_defaults(parser=parser)
    parser.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="as `callkit fetch` writes it: .parquet, .csv or .xlsx",
    )
    parser.add_argument(
        "--out", type=result_out, action="append", metavar="FILE",
        help="what the ending says: .csv or .parquet, the findings; .xlsx, the dispute workbook; .html, the report; "
        ".txt, the claim letter; may be repeated (default: callkit-findings.csv); replaced if it is there",
    )  # fmt: skip
    parser.add_argument(
        "--claims", type=out, metavar="FILE", help="where the calls to dispute go, as a table"
    )
    parser.add_argument(
        "--mask", action="store_true", help="hide telephone numbers also in the tables that are written"
    )
    parser.add_argument(
        "--tolerance", type=amount, metavar="AMOUNT",
        help="how far a cost may be off and still be rounding (default: half a unit of the vendor's last decimal)",
    )  # fmt: skip
    parser.add_argument(
        "--period", nargs=2, type=instant, metavar=("FROM", "TO"),
        help="calls outside are findings; like 2026-10-01T00:00:00+08:00, TO not included",
    )  # fmt: skip
    parser.add_argument(
        "--tz", type=time_zone, metavar="ZONE",
        help="the zone to tell times in (default: UTC), and that of times in the files without an offset",
    )  # fmt: skip
    parser.add_argument(
        "--severity", action="append", default=[], type=severity, metavar="CHECK=LEVEL",
        help="error, warning, info or off, e.g. talk_time=off; may be repeated",
    )  # fmt: skip
    _cover(
        parser.add_argument_group("dispute pack", "what the records do not say; for .xlsx, .html and .txt")
    )
    _deck(parser.add_argument_group("rate deck", "what the contract says of prices and bill periods"))
    _invoice(parser.add_argument_group("invoice", "what is asked for; held against the calls, line by line"))


def _cover(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--customer", metavar="NAME", help="who disputes")
    group.add_argument(
        "--vendor", metavar="NAME", help="whose invoice it is (default: what the invoice says)"
    )
    group.add_argument(
        "--account", metavar="NAME", help="the account with it (default: what the invoice says)"
    )
    group.add_argument("--contact", metavar="NAME", help="who answers questions about the claims")
    group.add_argument(
        "--deadline",
        type=day,
        metavar="DAY",
        help="the last day to dispute, by the contract: like 2026-11-05",
    )
    group.add_argument(
        "--decisions", type=Path, metavar="FILE",
        help="an earlier workbook of the same dispute, whose decisions, notes and credits are carried on",
    )  # fmt: skip
    group.add_argument(
        "--vendor-copy", action="store_true",
        help="to be sent: telephone numbers in full, without decisions and notes (otherwise they are masked)",
    )  # fmt: skip


def _deck(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--deck", type=Path, metavar="FILE", help=".csv, .xlsx or .parquet")
    _table(
        group, "deck", "prefix, destination, rate, bill_period, initial, subsequent, valid_from, valid_to, …"
    )
    group.add_argument(
        "--deck-tz", type=time_zone, metavar="ZONE", help="the zone in which its days begin (default: UTC)"
    )


def _invoice(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--invoice", type=Path, metavar="FILE", help=".csv, .xlsx or .parquet")
    _table(group, "invoice", "period_start, period_end, destination, calls, charged_seconds, amount, kind, …")
    group.add_argument(
        "--invoice-tz", type=time_zone, metavar="ZONE",
        help="the zone that its period is cut in (default: the one in which it fits the calls best)",
    )  # fmt: skip
    group.add_argument(
        "--clock", choices=("submitted", "answered", "ended"),
        help="which instant of a call decides its period (default: the one that fits best)",
    )  # fmt: skip


def _table(group: argparse._ArgumentGroup, name: str, ours: str) -> None:
    group.add_argument(f"--{name}-currency", metavar="CODE", help="such as EUR, where the file does not tell")
    group.add_argument(
        f"--{name}-dates", metavar="FORMAT", help="such as %%d/%%m/%%Y, where 01/09/2026 could be two dates"
    )
    group.add_argument(
        f"--{name}-column", action="append", default=[], type=column, metavar="THEIRS=OURS",
        help=f"what a column of the file is: {ours}; may be repeated",
    )  # fmt: skip
