"""The library that reads and writes Delta tables: an extra, imported when it is needed."""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from deltalake import DeltaTable

__all__ = ["library", "table_class"]


def library() -> Any:
    """Import deltalake, or say which extra has it."""
    try:
        return import_module("deltalake")
    except ImportError:
        raise ImportError("an archive needs the extra: pip install 'callkit[archive]'") from None


@cache
def table_class() -> type[DeltaTable]:
    """Give a DeltaTable that names the files of a folder as they are called on the disk.

    delta-rs gives the folder percent-encoded, as in an address (`/data/M%C3%BCller`), and Polars and Spark take that
    for its name. What follows the folder is called so on the disk, too.
    """
    library()
    from deltalake import DeltaTable  # noqa: PLC0415 - as above

    class Table(DeltaTable):
        @property
        def table_uri(self) -> str:
            told = super().table_uri
            return unquote(told) if told.startswith("file://") else told

        def file_uris(self, *arguments: Any, **named: Any) -> list[str]:
            root = super().table_uri.removeprefix("file://")
            if os.name == "nt":
                root = root.lstrip("/")
            files = super().file_uris(*arguments, **named)
            return [
                unquote(root) + file.removeprefix(root) if file.startswith(root) else file for file in files
            ]

    return Table
