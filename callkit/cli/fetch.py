"""`callkit fetch`: call records from a vendor's API into a file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from callkit.export import write
from callkit.fetch import ItnioVoice, NxWhatsApp
from callkit.files import read_ids

__all__ = ["client_of", "fetch"]


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


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"
