from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal, localcontext
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callkit import Rating, cdr
from callkit.reconciliation.checks import CHECKS
from callkit.reconciliation.facts import Asked
from callkit.reconciliation.held import MATCHED, Held
from callkit.reconciliation.provenance import Provenance, digest, provenance, rules
from reconciliation.calls import cdrs, deck, itnio, random_calls, whatsapp

USUAL = {(check.name, check.grade): check.severity for check in CHECKS}
NOTHING = Asked(None, None, "UTC", None)
MATCH = pl.DataFrame([("itnio-voice", "1", None, None, None)], MATCHED, orient="row")
HELD = Held(matched=MATCH)


def of(frame: pl.DataFrame | pl.LazyFrame) -> str:
    lazy = frame.lazy()
    return digest(lazy, lazy.select(pl.len()).collect().item())


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    return cdrs(*random_calls(500, 11, Rating()))


def test_neither_order_nor_chunks_matter(frame, tmp_path):
    """Shuffled, in chunks, with its columns in another order, or read back from Parquet: the same digest."""
    expected = of(frame)
    assert of(frame.sample(fraction=1, shuffle=True, seed=3)) == expected
    assert of(pl.concat([frame.slice(at, 7) for at in range(0, frame.height, 7)], rechunk=False)) == expected
    assert of(frame.select(reversed(frame.columns))) == expected
    frame.write_parquet(tmp_path / "calls.parquet", row_group_size=50)
    assert of(pl.scan_parquet(tmp_path / "calls.parquet")) == expected


def test_another_process_finds_the_same(frame, tmp_path):
    """Nothing depends on a process: neither on its hash seed nor on its number of threads."""
    frame.write_parquet(tmp_path / "calls.parquet")
    script = (
        "import polars as pl; from callkit.reconciliation.provenance import digest; "
        f"print(digest(pl.scan_parquet({str(tmp_path / 'calls.parquet')!r}), {frame.height}))"
    )
    for seed, threads in (("1", "1"), ("2", "3")):
        environment = {
            **os.environ,
            "PYTHONHASHSEED": seed,
            "POLARS_MAX_THREADS": threads,
            "PYTHONPATH": str(Path(cdr.__file__).parents[1]),
        }
        said = subprocess.run(
            [sys.executable, "-c", script], check=True, capture_output=True, text=True, env=environment
        )
        assert said.stdout.strip() == of(frame)


def test_the_digest_is_what_it_was():
    """A digest that was noted down with an earlier version still holds: this one must never change."""
    assert of(cdrs(itnio(), whatsapp(note="é|~\n"))) == (
        "15bd451c24a7e4f596b56e21b5f8de42f71688f516c2eaefdf866a40c881783a"
    )
    assert of(cdr.empty()) == "f82e4713a0d15671a19220424519a45d769cd9c85a1910063de5ecb5e331cec6"


@given(
    name=st.sampled_from([name for name, dtype in cdr.SCHEMA.items() if dtype == pl.String]),
    texts=st.lists(st.one_of(st.none(), st.text(alphabet="1:|~a\x00", max_size=4)), min_size=2, max_size=2),
)
def test_texts_are_told_apart(name, texts):
    """No text, whatever it holds, can be taken for another, for a missing one, or for its neighbour."""
    one, other = (of(cdrs(itnio(**{name: text}))) for text in texts)
    assert (one == other) == (texts[0] == texts[1])


def _some(dtype):
    return pl.lit("x") if dtype == pl.String else pl.lit(1).cast(dtype)


def test_every_column_counts(frame):
    """A change of any cell changes the digest, and so do a copy, a missing row and a column of one's own."""
    row = frame.filter(pl.col("found") & pl.col("cost").is_not_null()).head(1)
    digests = [of(row), of(pl.concat([row, row])), of(row.head(0)), digest(row.lazy(), 2)]
    for column, dtype in frame.schema.items():
        other = row[column][0]
        another = pl.lit(None, dtype) if other is not None else _some(dtype)
        digests.append(of(row.with_columns(another.alias(column))))
    digests.append(of(row.with_columns(mine=pl.lit("x"))))
    digests.append(of(row.with_columns(mine=pl.lit(None, pl.String))))
    assert len(set(digests)) == len(digests)


def test_columns_of_any_dtype_can_be_digested():
    """Columns of the user's own may be of any dtype; order and chunks do not matter there either."""
    own = pl.DataFrame(
        {
            "call_id": ["a", "b"],
            "float": [1.5, None],
            "list": [[1, None], None],
            "struct": [{"x": 1, "y": "é"}, {"x": None, "y": None}],
            "binary": [b"\xff", None],
            "day": [date(2026, 9, 1), None],
            "length": [timedelta(seconds=3), None],
            "kind": pl.Series(["k", None], dtype=pl.Categorical),
            "nothing": [None, None],
            "decimal": pl.Series([Decimal("1.20"), None], dtype=pl.Decimal(10, 2)),
        }
    )
    assert of(own) == of(own.reverse())
    for name in own.columns:
        if name != "nothing":
            assert of(own.with_columns(pl.col(name).reverse())) != of(own)


def test_rules_that_mean_the_same_are_the_same():
    """Amounts and instants are compared by value, whatever they are written like and the decimal context is."""
    east = timezone(timedelta(hours=8))
    start, end = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
    one = Asked(Rating(connect_fee="0.10"), Decimal("0.0050"), "UTC", (start, end))
    other = Asked(Rating(connect_fee=Decimal("0.1")), Decimal("0.005"), "UTC", (start.astimezone(east), end))
    with localcontext(prec=2):
        assert rules(one, USUAL) == rules(other, USUAL)


def test_every_rule_counts():
    """Whatever the user can state is part of the rules."""
    start, end = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
    empty = cdr.empty().lazy()
    stated = [
        provenance(empty, 0, NOTHING, USUAL),
        provenance(empty, 0, Asked(Rating(), None, "UTC", None), USUAL),
        provenance(empty, 0, Asked(Rating(increments="total"), None, "UTC", None), USUAL),
        provenance(empty, 0, Asked(None, Decimal(0), "UTC", None), USUAL),
        provenance(empty, 0, Asked(None, None, "Asia/Shanghai", None), USUAL),
        provenance(empty, 0, Asked(None, None, "UTC", (start, end)), USUAL),
        provenance(empty, 0, NOTHING, USUAL | {("cost", "A"): "off"}),
        provenance(empty, 0, Asked(None, None, "UTC", None, deck()), USUAL),
        provenance(empty, 0, Asked(None, None, "UTC", None, deck({"rate": Decimal(1)})), USUAL),
        provenance(empty, 0, Asked(None, None, "UTC", None, None, HELD), USUAL),
    ]
    assert len({each.rules for each in stated}) == len(stated)
    assert len({each.records for each in stated}) == 1


def test_it_introduces_itself(frame):
    """The repr is one line that tells data, rules and version apart; the text has the digests in full."""
    said: Provenance = provenance(frame.lazy(), frame.height, NOTHING, USUAL)
    assert repr(said) == (
        f"Provenance(records {said.records[:16]}… of {frame.height:,} rows, rules {said.rules[:16]}…, "
        f"callkit {said.version})"
    )
    assert said.records in str(said)
    assert said.rules in str(said)
    assert said == provenance(frame.reverse().lazy(), frame.height, NOTHING, USUAL)
