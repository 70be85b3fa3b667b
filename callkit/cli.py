"""The terminal's side of callkit: `callkit demo`, `fetch`, `sync`, `status`, `reconcile`, `sandbox` and `lab`."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

from callkit.cli_reconcile import reconcile_arguments
from callkit.cli_types import days, instant, out, port
from callkit.errors import CallkitError

_ABOUT = """\
Fetch voice call detail records (CDRs) from ITNIO Tech and NXCloud, recompute every charge
from the bill periods, and see what was overcharged, by how much and why.

New here? `callkit demo` shows the whole job on a built-in sandbox of both vendors' APIs, no account needed.
Then `callkit lab` opens the notebooks."""

_AFTER = """\
In Python the same takes two lines:
  import callkit as ck
  result = ck.reconcile(ck.ItnioVoice.from_env().fetch("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"))"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Exit code 0: done; 1: it failed, as the message says; 2: wrong arguments; 130: Ctrl-C."""
    arguments = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = arguments.run
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("always", category=UserWarning)
            warnings.showwarning = _note
            code = run(arguments)
            sys.stdout.flush()
            return code
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # What is buffered still has nobody to go to, and Python would complain about it once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        what = (
            "what reads the output has ended, so this ended, too: files that it did not name are not written"
        )
        print(f"callkit {arguments.command}: {what}", file=sys.stderr)
        return 1
    except (CallkitError, OSError, ValueError) as error:
        print(f"callkit {arguments.command}: {_sentence(error)}", file=sys.stderr)
        return 1


def _sentence(error: Exception) -> str:
    """Say what the system says of a file without its number."""
    if isinstance(error, OSError) and error.strerror and isinstance(error.filename, str):
        missing = isinstance(error, FileNotFoundError)
        return f"there is no file {error.filename}" if missing else f"{error.filename}: {error.strerror}"
    return str(error)


def _note(message: Warning | str, *_: object, **__: object) -> None:
    """Show a warning as a sentence: where in the code it was raised helps nobody in a terminal."""
    print(f"Note: {message}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="callkit",
        description=_ABOUT,
        epilog=_AFTER,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"callkit {version('callkit')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", title="commands")

    demo = _command(
        commands, "demo", _demo, "the whole job on the sandbox: fetch a month, recompute, explain"
    )
    _traffic(demo)
    demo.add_argument(
        "--out",
        type=Path,
        default=Path("callkit-findings.csv"),
        metavar="FILE",
        help="where the findings go (default: %(default)s; replaced if it is there)",
    )

    _fetch_arguments(_command(commands, "fetch", _fetch, "call records from a vendor's API into a file"))

    _sync_arguments(
        _command(commands, "sync", _sync, "read what an archive does not hold yet from a vendor, and keep it")
    )
    _status_arguments(
        _command(commands, "status", _status, "what an archive holds, and what the vendor will forget next")
    )

    reconcile_arguments(
        _command(commands, "reconcile", _reconcile, "recompute every charge of the call records in files")
    )

    sandbox = _command(commands, "sandbox", _sandbox, "serve both vendors' APIs on 127.0.0.1 until Ctrl-C")
    _traffic(sandbox)
    sandbox.add_argument("--port", type=port, default=0, help="default: any free one")

    lab = _command(commands, "lab", _lab, "copy the notebooks here and open JupyterLab on them")
    lab.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path("callkit-notebooks"),
        help="where the notebooks go (default: %(default)s); a notebook that is there already is left as it is",
    )
    lab.add_argument(
        "--no-browser", action="store_true", help="print the address instead of opening a browser"
    )
    return parser


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    run: Callable[[argparse.Namespace], int],
    what: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
    parser.set_defaults(run=run)
    return parser


def _traffic(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--calls", type=int, default=5_000, help="calls in the month, both vendors (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=7, help="another seed, another month (%(default)s)")


def _fetch_arguments(parser: argparse.ArgumentParser) -> None:
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


def _sync_arguments(parser: argparse.ArgumentParser) -> None:
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


def _status_arguments(parser: argparse.ArgumentParser) -> None:
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


# The commands import what they need when they run, so that `callkit --help` answers at once.


def _demo(arguments: argparse.Namespace) -> int:
    from callkit.demo import demo  # noqa: PLC0415 - see above

    return demo(calls=arguments.calls, seed=arguments.seed, out=arguments.out)


def _fetch(arguments: argparse.Namespace) -> int:
    from callkit.fetch.windows import period  # noqa: PLC0415 - see above
    from callkit.fetching import fetch  # noqa: PLC0415 - see above

    if arguments.vendor == "itnio":
        try:
            period(arguments.start, arguments.end)
        except ValueError as error:
            arguments.parser.error(str(error).replace("start", "--from").replace("end", "--to"))
    return fetch(arguments)


def _sync(arguments: argparse.Namespace) -> int:
    from callkit.fetch.windows import period  # noqa: PLC0415 - see above
    from callkit.syncing import sync  # noqa: PLC0415 - see above

    if arguments.vendor == "itnio" and arguments.start and arguments.end:
        try:
            period(arguments.start, arguments.end)
        except ValueError as error:
            arguments.parser.error(str(error).replace("start", "--from").replace("end", "--to"))
    return sync(arguments)


def _status(arguments: argparse.Namespace) -> int:
    from callkit.syncing import status  # noqa: PLC0415 - see above

    return status(arguments)


def _sandbox(arguments: argparse.Namespace) -> int:
    from callkit.sandbox import Sandbox, serve  # noqa: PLC0415 - see above

    serve(Sandbox(calls=arguments.calls, seed=arguments.seed, port=arguments.port))
    return 0


def _reconcile(arguments: argparse.Namespace) -> int:
    from callkit.fetch.windows import period  # noqa: PLC0415 - see above
    from callkit.reconciling import reconcile_files  # noqa: PLC0415 - see above

    if arguments.period is not None:
        try:
            period(*arguments.period)
        except ValueError as error:
            arguments.parser.error(f"--period: {error}")
    return reconcile_files(arguments)


def _lab(arguments: argparse.Namespace) -> int:
    from callkit.lab import lab  # noqa: PLC0415 - see above

    return lab(arguments.folder, browser=not arguments.no_browser)
