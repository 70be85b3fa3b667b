"""Headers of a user's table into the names that callkit gives its columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from callkit.errors import SchemaError

ColumnMap = Mapping[str, str | None]
"""The file's names against callkit's: `{"Price": "rate"}`; `{"Old price": None}` leaves a column out."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the columns of a kind of table are called.

    Attributes
    ----------
    what
        The kind of table, for messages: "rate deck".
    known
        Each of callkit's names against the usual headers: a regular expression that a plain header matches as a whole.
        A header is made plain by `plain`.
    harmless
        Names of which the first column that matches is taken, because no money depends on them.

    Examples
    --------
    >>> from callkit.files.columns import Names
    >>> names = Names("price list", {"prefix": "prefix|(dial )?code", "rate": "rate|price"})
    >>> names.recognised(["Dial-Code", "PRICE", "Remark"])
    {'prefix': 'Dial-Code', 'rate': 'PRICE'}
    >>> names.recognised(["Code", "Price 1", "Price 2"], {"Price 2": "rate"})
    {'rate': 'Price 2', 'prefix': 'Code'}
    """

    what: str
    known: Mapping[str, str]
    harmless: frozenset[str] = frozenset()

    @property
    def one(self) -> str:
        """One such table, with its article: "a rate deck", "an invoice"."""
        return f"{'an' if self.what[0] in 'aeio' else 'a'} {self.what}"

    def meant(self, header: str) -> list[str]:
        """Every name that a header may stand for; its own where it is one already."""
        told = plain(header)
        if told.replace(" ", "_") in self.known:
            return [told.replace(" ", "_")]
        return [name for name, usual in self.known.items() if re.fullmatch(usual, told)]

    def checked(self, columns: ColumnMap | None) -> dict[str, str | None]:
        """Check the user's own map.

        Raises
        ------
        ValueError, TypeError
            If it names a column that such a table does not have, or names one twice.
        """
        if columns is not None and not isinstance(columns, Mapping):
            raise TypeError(
                f"columns must be a mapping like {{'Price': {next(iter(self.known))!r}}}, got {columns!r}"
            )
        own = dict(columns or {})
        for theirs, ours in own.items():
            if ours is not None and ours not in self.known:
                close = get_close_matches(str(ours), self.known, n=1)
                meant = f"did you mean {close[0]!r}?" if close else f"it has {', '.join(self.known)}"
                raise ValueError(f"columns: {self.one} has no column {ours!r} for {theirs!r}; {meant}")
        named = [ours for ours in own.values() if ours is not None]
        twice = sorted({ours for ours in named if named.count(ours) > 1})
        if twice:
            raise ValueError(f"columns: {twice[0]!r} is named for more than one of the file's columns")
        return own

    def recognised(
        self, found: Sequence[str], columns: ColumnMap | None = None, where: str = "the table"
    ) -> dict[str, str]:
        """Say which of the found columns is which; what the user states goes before what is recognised.

        Returns
        -------
        dict
            callkit's names against the file's. A column that is neither stated nor recognised is left out.

        Raises
        ------
        SchemaError
            If a header could be two things, or two headers the same thing: with the argument to pass.
        """
        own = {theirs: ours for theirs, ours in self.checked(columns).items() if theirs in found}
        of = {ours: theirs for theirs, ours in own.items() if ours is not None}
        candidates: dict[str, list[str]] = {}
        for header in found:
            if header in own:
                continue
            meant = [name for name in self.meant(header) if name not in of]
            if len(meant) > 1:
                raise SchemaError(
                    f"{where}: column {header!r} could be {' or '.join(meant)}. Say which: "
                    f"columns={{{header!r}: {meant[0]!r}}}, or columns={{{header!r}: None}} to leave it out."
                )
            for name in meant:
                candidates.setdefault(name, []).append(header)
        for name, headers in candidates.items():
            if len(headers) > 1 and name not in self.harmless:
                raise SchemaError(
                    f"{where}: columns {', '.join(map(repr, headers))} could each be the {name.replace('_', ' ')}. "
                    f"Say which one is: columns={{{headers[0]!r}: {name!r}}}."
                )
            of[name] = headers[0]
        return of


def plain(header: str) -> str:
    """A header in small letters and digits, one blank between words.

    Examples
    --------
    >>> from callkit.files.columns import plain
    >>> plain(" Effective_Date (UTC) ")
    'effective date utc'
    """
    return re.sub(r"[\W_]+", " ", header.casefold()).strip()
