"""A vendor's records column by column: a tenth of the objects, and what becomes a frame is in one piece already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from callkit.fetch.exact import Json, to_json

__all__ = ["Record", "Table"]

Record = dict[str, Json]


class Table:
    """Records as they came, unread.

    Parameters
    ----------
    columns
        The values of each field of a vendor's field map, in the map's order; None where a record has none. The first
        is the record's id.
    rest
        For each record the fields that the map does not name; None if no record has any.
    typed
        Whether every value is known to be None or of the type that its field is documented to have.
    """

    __slots__ = ("columns", "rest", "typed")

    def __init__(
        self, columns: Sequence[Sequence[Json]], rest: Sequence[Record] | None = None, *, typed: bool = False
    ) -> None:
        self.columns = columns
        self.rest = rest
        self.typed = typed

    @classmethod
    def of(cls, records: Sequence[Record], fields: Collection[str]) -> Table:
        """Turn records over."""
        if not records:
            return cls([()] * len(fields))
        blank = dict.fromkeys(fields)
        # The map's fields come first and in its order, whatever a record lacks or has beside them.
        full = [blank | record for record in records]
        columns = list(zip(*[record.values() for record in full], strict=False))[: len(blank)]
        if all(len(record) == len(blank) for record in full):
            return cls(columns)
        return cls(columns, [{name: r[name] for name in r if name not in blank} for r in records])

    @classmethod
    def joined(cls, tables: Sequence[Table]) -> Table:
        """Put tables of the same fields under one another."""
        if len(tables) == 1:
            return tables[0]
        columns: list[list[Json]] = [[] for _ in tables[0].columns]
        for table in tables:
            for column, more in zip(columns, table.columns, strict=True):
                column.extend(more)
        if all(table.rest is None for table in tables):
            return cls(columns, typed=all(table.typed for table in tables))
        return cls(columns, [rest for table in tables for rest in table.rest or [{}] * len(table)])

    def __len__(self) -> int:
        return len(self.columns[0])

    @property
    def ids(self) -> Sequence[str]:
        """The records' ids, in order."""
        return self.columns[0]

    def take(self, rows: Iterable[int]) -> Table:
        """Give some of the records."""
        rows = list(rows)
        columns = [[column[row] for row in rows] for column in self.columns]
        return Table(columns, self.rest and [self.rest[row] for row in rows], typed=self.typed)

    def record(self, row: int) -> tuple[str, ...]:
        """One record as something to compare: equal only if every value is, and its type."""
        values: list[Any] = [column[row] for column in self.columns]
        if self.rest:
            values.append(self.rest[row])
        return tuple([to_json(value) if isinstance(value, dict | list) else repr(value) for value in values])

    def first_of_each(self) -> list[int]:
        """Rows without the exact copies of earlier ones. Only ids that come more than once are looked at."""
        times = Counter(self.ids)
        seen: set[tuple[str, ...]] = set()
        kept = []
        for row, name in enumerate(self.ids):
            if times[name] > 1:
                record = self.record(row)
                if record in seen:
                    continue
                seen.add(record)
            kept.append(row)
        return kept

    def same_records(self, other: Table) -> bool:
        """Whether both hold the same records, each as often, in whatever order."""
        if [*map(list, self.columns)] == [*map(list, other.columns)] and self.rest == other.rest:
            return True
        return len(self) == len(other) and self._counted() == other._counted()

    def _counted(self) -> Counter[tuple[str, ...]]:
        return Counter(map(self.record, range(len(self))))
