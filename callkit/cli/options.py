"""The options of the commands; those of `callkit reconcile` are in a module of their own."""

from __future__ import annotations

import argparse
from pathlib import Path

from callkit.cli.values import days, instant, out


def traffic_arguments(parser: argparse.ArgumentParser) -> None:
    """Add how much the sandbox plays."""
    parser.add_argument(
        "--calls", type=int, default=5_000, help="calls in the month, both vendors (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=7, help="another seed, another month (%(default)s)")


def fetch_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `callkit fetch` takes."""
    vendors = parser.add_subparsers(dest="vendor", required=True, metavar="VENDOR", title="vendors")
    keys = "CALLKIT_ITNIO_API_KEY and CALLKIT_ITNIO_API_SECRET"
    itnio = vendors.add_parser(
        "itnio", help="ITNIO Tech voice: the calls of a period", epilog=f"Needs {keys}."
    )
    itnio.add_argument(
        "--from", dest="start", required=True, type=instant, metavar="TIME", help="first instant"
    )
    itnio.add_argument(
        "--to", dest="end", required=True, type=instant, metavar="TIME",
        help="first instant that is not wanted any more; both like 2026-10-01T00:00:00+08:00",
    )  # fmt: skip
    keys = "CALLKIT_NX_ACCESS_KEY, CALLKIT_NX_ACCESS_SECRET, CALLKIT_NX_APP_KEY and CALLKIT_NX_BUSINESS_PHONE"
    nx = vendors.add_parser("nx", help="NXCloud WhatsApp calling: calls by id", epilog=f"Needs {keys}.")
    nx.add_argument(
        "--call-ids", required=True, type=Path, metavar="FILE",
        help="one id a line; of a .csv or .parquet file the column call_id, or the only one",
    )  # fmt: skip
    nx.add_argument("--column", metavar="NAME", help="another column with the ids")
    for vendor in (itnio, nx):
        vendor.set_defaults(parser=vendor)
        vendor.add_argument(
            "--out", required=True, type=out, metavar="FILE", help="ends in .parquet, .csv or .xlsx"
        )
        vendor.add_argument("--force", action="store_true", help="replace FILE if it is there")
        _client_arguments(vendor)


def _client_arguments(vendor: argparse.ArgumentParser) -> None:
    vendor.add_argument(
        "--keyring", action="store_true", help="credentials from the system's keyring, not the environment"
    )
    vendor.add_argument("--base-url", metavar="URL", help="another address of the API, e.g. a sandbox's")
    vendor.add_argument("--requests-per-second", type=float, metavar="N", help="at most so many")
    vendor.add_argument("--ca-bundle", metavar="FILE", help="certificates to verify the server with")


def sync_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `callkit sync` takes."""
    codes = "Exit codes: 0 done, 1 failed, 2 wrong arguments, 75 another sync is running (try again later)."
    vendors = parser.add_subparsers(dest="vendor", required=True, metavar="VENDOR", title="vendors")
    itnio = vendors.add_parser("itnio", help="ITNIO Tech voice: the calls of a period", epilog=codes)
    itnio.add_argument("archive", metavar="ARCHIVE", help="a folder, made if need be, or an address (s3://…)")
    itnio.add_argument(
        "--from", dest="start", type=instant, metavar="TIME", help="default: as far back as the vendor shows"
    )
    itnio.add_argument(
        "--to", dest="end", type=instant, metavar="TIME",
        help="default: five minutes ago; both like 2026-10-01T00:00:00+08:00",
    )  # fmt: skip
    nx = vendors.add_parser("nx", help="NXCloud WhatsApp calling: calls by id", epilog=codes)
    nx.add_argument("archive", metavar="ARCHIVE", help="a folder, made if need be, or an address (s3://…)")
    nx.add_argument(
        "--call-ids", type=Path, metavar="FILE",
        help="one id a line, the column call_id of a .csv or .parquet file, or a .json or .jsonl dump of the vendor's "
        "webhook; ids without a record yet are remembered and need not be given again",
    )  # fmt: skip
    nx.add_argument("--column", metavar="NAME", help="another column with the ids")
    for vendor in (itnio, nx):
        vendor.set_defaults(parser=vendor)
        vendor.add_argument(
            "--look-back", type=days, default=7.0, metavar="DAYS",
            help="calls younger than this are read again, because records are filled in late (%(default)g)",
        )  # fmt: skip
        vendor.add_argument(
            "--keep-raw", action="store_true", help="keep every answer as it came, as evidence"
        )
        vendor.add_argument("--account", metavar="NAME", help="a name for the account (default: a digest)")
        vendor.add_argument(
            "--wait", type=float, default=0.0, metavar="SECONDS", help="for another sync to end (%(default)g)"
        )
        _client_arguments(vendor)


def status_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `callkit status` takes."""
    parser.add_argument("archive", metavar="ARCHIVE", help="the folder or address that `callkit sync` keeps")
    parser.add_argument(
        "--verify", action="store_true", help="read all of it again; exit code 1 if it does not hold"
    )
    parser.add_argument(
        "--fail-within",
        type=days,
        metavar="DAYS",
        help="exit code 1 if the vendor forgets something so soon",
    )
