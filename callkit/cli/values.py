"""What may stand behind an option of the command line; each says what it wants."""

from __future__ import annotations

import argparse
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# They import what they need when they are asked, so that `callkit --help` answers at once.


def port(text: str) -> int:
    """Take a port of this machine, or 0."""
    if not (text.isascii() and text.isdigit() and int(text) <= 65_535):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no port: a whole number from 1 to 65535, or 0 for any free one"
        )
    return int(text)


def amount(text: str) -> Decimal:
    """Take an amount of money from 0 on."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount like 0.005")
    return value


def days(text: str) -> float:
    """Take a number of days from 0 on."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 36_500:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days")
    return value


def time_zone(text: str) -> str:
    """Take the name of a time zone."""
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise argparse.ArgumentTypeError(f"{text!r} is no time zone such as Asia/Shanghai") from None
    return text


def instant(text: str) -> str:
    """Take an instant in ISO 8601, with an offset."""
    from callkit.fetch.windows import period  # noqa: PLC0415 - see above

    try:
        period(text, text)
    except ValueError as error:
        said = str(error).removeprefix("start ").replace("datetime(…, tzinfo=timezone.utc) or ", "")
        raise argparse.ArgumentTypeError(said) from None
    return text


def day(text: str) -> date:
    """Take a day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day like 2026-10-31") from None


def out(text: str) -> Path:
    """Take a file that a frame can be written to."""
    from callkit.export import ENDINGS  # noqa: PLC0415 - see above

    if Path(text).suffix.lower() not in ENDINGS:
        raise argparse.ArgumentTypeError(f"{text!r} must end in one of {', '.join(ENDINGS)}")
    return Path(text)


def result_out(text: str) -> Path:
    """Take a file that a result can be written to, in one of its forms."""
    if Path(text).suffix.lower() not in (".csv", ".parquet", ".xlsx", ".html", ".txt"):
        raise argparse.ArgumentTypeError(
            f"{text!r} must end in .csv or .parquet (the findings), .xlsx (the dispute workbook), "
            f".html (the report) or .txt (the claim letter)"
        )
    return Path(text)


def column(text: str) -> tuple[str, str | None]:
    """Take `theirs=ours`: what a column of a file is; nothing behind the sign leaves it out."""
    theirs, sign, ours = text.rpartition("=")
    if not sign or not theirs.strip():
        raise argparse.ArgumentTypeError(f"{text!r} should be the file's name of a column, =, and callkit's")
    return theirs.strip(), ours.strip() or None


def severity(text: str) -> tuple[str, str]:
    """Take `check=level`."""
    from callkit.reconciliation.checks import CHECKS  # noqa: PLC0415 - see above
    from callkit.reconciliation.findings import SEVERITIES  # noqa: PLC0415 - see above

    check, _, level = text.partition("=")
    known = list(dict.fromkeys(each.name for each in CHECKS))
    if check not in known:
        raise argparse.ArgumentTypeError(f"no check named {check!r}; there are {', '.join(known)}")
    if level not in SEVERITIES:
        raise argparse.ArgumentTypeError(f"{text!r} should be {check}= and one of {', '.join(SEVERITIES)}")
    return check, level
