"""What an analyst decides survives the round trip through a workbook, whatever was done to it on the way."""

from __future__ import annotations

import tempfile
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import callkit as ck
from callkit.export.decided import DECISIONS, EDITED, SCHEMA, STATUSES
from callkit.export.decisions import with_decisions
from export.packs import as_they_are, over, result, rows, sheets, spread
from reconciliation.calls import itnio, whatsapp

# What has a shape: control characters are replaced where they are shown, in notes as everywhere.
notes = st.text(st.characters(exclude_categories=("C",)) | st.just("\n"), min_size=1, max_size=40).filter(
    str.strip
)
credits_ = st.decimals(0, 10**8, places=10, allow_nan=False) | st.decimals(0, 100, places=2, allow_nan=False)
edits = st.fixed_dictionaries(
    {
        "decision": st.none() | st.sampled_from(DECISIONS),
        "note": st.none() | notes | st.sampled_from(["=1+1", "'", "@x", "12.50", "true", "<r>a</r>"]),
        "status": st.none() | st.sampled_from(STATUSES),
        "credit_received": st.none() | credits_,
    }
)

MADE = result(*spread(3), whatsapp(charged_duration=42, cost=Decimal("0.0933333333")))
CLAIMS = MADE.claims


def decided(*told: dict[str, Any], claims: pl.DataFrame = CLAIMS) -> pl.DataFrame:
    """Decisions about claims, in their order; what is all empty is none."""
    said = claims.head(len(told)).select("source", "call_id", "billed")
    columns = [
        pl.Series(name, [edit.get(name) for edit in told], dtype=dtype) for name, dtype in EDITED.items()
    ]
    filled = pl.any_horizontal(pl.col(EDITED.names()).is_not_null())
    return said.with_columns(columns).filter(filled).sort(pl.all(), nulls_last=True)


@settings(max_examples=15)
@given(st.lists(edits, min_size=4, max_size=4))
def test_what_is_written_is_read(told: list[dict[str, Any]]) -> None:
    """Decisions that go into a workbook come back as they were: every text, every digit, none lost and none made up."""
    expected = decided(*told)
    with tempfile.TemporaryDirectory() as folder:
        path = MADE.to_excel(Path(folder) / "a.xlsx", decisions=expected, masked=False)
        assert ck.read_decisions(path).equals(expected)
        assert ck.read_decisions(path).schema == SCHEMA


def edited(path: Path, **cells: Any) -> Any:
    """Write into the claims' columns of a workbook: `decision_2="hold"` in row 2 of `decision`."""
    book = openpyxl.load_workbook(path)
    sheet = book["claims"]
    places = {cell.value: cell.column for cell in sheet[1]}
    for name, value in cells.items():
        title, _, row = name.rpartition("_")
        cell = sheet.cell(int(row), places[title.replace("_", " ")])
        cell.value = value
        if isinstance(value, str) and value.startswith("="):
            cell.data_type = "s"
    return book


def test_a_workbook_may_be_worked_in(tmp_path: Path) -> None:
    """Rows sorted, hidden and deleted, columns and sheets moved and added, rows above the header: all of it is read."""
    path = MADE.to_excel(tmp_path / "a.xlsx", masked=False)
    book = edited(
        path, decision_2=" Hold ", note_3="ask Wei", status_3="In  Review", credit_received_5=0.0133
    )
    sheet = book["claims"]
    table = [list(row) for row in sheet.iter_rows(values_only=True)]
    head, body = table[0], table[1:]
    other = book.create_sheet("my copy", 0)
    other.append(["worked on by me"])
    other.append([])
    swapped = [*reversed(range(len(head)))]
    other.append([None, "mine", *(str(head[at]).upper() if head[at] else None for at in swapped)])
    for row in reversed(body):
        other.append([None, 7, *(row[at] for at in swapped)])
    other.row_dimensions[5].hidden = True
    del book["claims"]
    book.save(path)
    told = ck.read_decisions(path)
    by_call = {row["call_id"]: row for row in told.iter_rows(named=True)}
    ids = CLAIMS["call_id"].to_list()
    assert by_call[ids[0]]["decision"] == "hold"
    assert (by_call[ids[1]]["note"], by_call[ids[1]]["status"]) == ("ask Wei", "in review")
    assert by_call[ids[3]]["credit_received"] == Decimal("0.0133")
    assert told.height == 3


def test_bad_cells_are_named(tmp_path: Path) -> None:
    """Every cell that cannot be read is told by sheet, row and column, with what was expected; nothing is guessed."""
    path = MADE.to_excel(tmp_path / "a.xlsx")
    edited(path, decision_2="maybe", credit_received_3="1,50", status_4=7, credit_received_5=-1).save(path)
    with pytest.raises(ck.SchemaError) as raised:
        ck.read_decisions(path)
    told = str(raised.value).splitlines()
    assert told[0] == f"{path}: mend these cells and save it again."
    amount = "expected an amount like 12.5, without a currency and without separators"
    assert sorted(told[1:]) == [
        "sheet 'claims', row 2, column 'decision': expected one of dispute, hold, withdraw; got 'maybe'",
        f"sheet 'claims', row 3, column 'credit received': {amount}; got '1,50'",
        f"sheet 'claims', row 4, column 'status': expected one of {', '.join(STATUSES)}; got '7'",
        f"sheet 'claims', row 5, column 'credit received': {amount}; got '-1'",
    ]


def test_a_decision_must_be_about_a_call(tmp_path: Path) -> None:
    """A row that lost its id, or whose id became a number, is named rather than left out."""
    path = MADE.to_excel(tmp_path / "a.xlsx")
    edited(path, decision_2="hold", call_id_2=None, decision_3="hold", call_id_3=2609291650381004061).save(
        path
    )
    with pytest.raises(ck.SchemaError) as raised:
        ck.read_decisions(path)
    assert "row 2, column 'call id': expected what the claim is about" in str(raised.value)
    assert "row 3, column 'call id': expected text, because a number of more than 15 digits" in str(
        raised.value
    )


def test_other_files_are_refused(tmp_path: Path) -> None:
    """A file that is no workbook, or no dispute workbook, or not there, is told as that."""
    (tmp_path / "a.xlsx").write_text("no")
    openpyxl.Workbook().save(tmp_path / "b.xlsx")
    with pytest.raises(ck.SchemaError, match="is not a workbook that can be read"):
        ck.read_decisions(tmp_path / "a.xlsx")
    with pytest.raises(ck.SchemaError, match="no sheet has the headers 'source', 'call id' and 'decision'"):
        ck.read_decisions(tmp_path / "b.xlsx")
    with pytest.raises(FileNotFoundError, match="there is no file"):
        ck.read_decisions(tmp_path / "c.xlsx")


def test_masked_ids_are_known_again(tmp_path: Path) -> None:
    """What was decided in a masked workbook reaches the calls that it is about, also in a full one, and back."""
    masked = MADE.to_excel(tmp_path / "a.xlsx")
    edited(masked, **{f"decision_{row}": "hold" for row in (2, 3, 4, 5)}).save(masked)
    full = MADE.to_excel(tmp_path / "b.xlsx", decisions=masked, masked=False)
    assert ck.read_decisions(full)["call_id"].to_list() == sorted(CLAIMS["call_id"])
    again = MADE.to_excel(tmp_path / "c.xlsx", decisions=full)
    assert ck.read_decisions(again).equals(ck.read_decisions(masked))


def test_decisions_without_a_claim_are_kept(tmp_path: Path) -> None:
    """What was decided about calls that are no claims any more stands on a sheet of its own, pack after pack."""
    told = decided(
        {"decision": "withdraw", "note": "ours"}, {"status": "credited", "credit_received": Decimal("0.01")}
    )
    fewer = as_they_are(itnio())
    path = fewer.to_excel(tmp_path / "a.xlsx", decisions=told, masked=False)
    assert len(rows(sheets(path)["earlier decisions"])) == 2
    assert ck.read_decisions(path).equals(told)
    again = fewer.to_excel(tmp_path / "b.xlsx", decisions=path)
    assert ck.read_decisions(fewer.to_excel(tmp_path / "c.xlsx", decisions=again)).equals(
        ck.read_decisions(again)
    )
    back = MADE.to_excel(tmp_path / "d.xlsx", decisions=again, masked=False)
    assert "earlier decisions" not in sheets(back)
    assert ck.read_decisions(back).equals(told)


def test_a_restated_amount_keeps_its_decision() -> None:
    """A decision belongs to the call, too: a changed amount does not part them, unless several records have the id."""
    told = decided({"decision": "hold"})
    restated = CLAIMS.with_columns(pl.col("billed") + Decimal("0.5"))
    beside, orphans = with_decisions(restated, told)
    assert beside["decision"].drop_nulls().to_list() == ["hold"]
    assert orphans.is_empty()
    twice = pl.concat([restated.head(1), restated.head(1).with_columns(pl.col("billed") + Decimal("0.5"))])
    beside, orphans = with_decisions(twice, told)
    assert beside["decision"].null_count() == 2
    assert orphans.equals(told)


def test_records_of_one_id_are_told_apart() -> None:
    """Where the vendor lists an id twice with different amounts, each record has its own decision."""
    calls = [over(), over(cost="0.10", charged_duration=48)]
    claims = as_they_are(*calls).claims
    told = decided({"decision": "hold"}, {"decision": "withdraw"}, claims=claims)
    beside, orphans = with_decisions(claims, told)
    assert claims["call_id"].n_unique() == 1
    assert beside["decision"].to_list() == ["hold", "withdraw"]
    assert orphans.is_empty()


@settings(max_examples=60)
@given(st.data())
def test_no_decision_is_lost_or_told_twice(data: st.DataObject) -> None:
    """Whatever ids and amounts meet: each decision is beside one claim, or kept apart."""
    amounts = st.sampled_from([Decimal(1), Decimal(2)])
    ids = st.sampled_from(["a", "b", "4915112345678", "wacid.x"])
    claims = pl.DataFrame(
        data.draw(st.lists(st.tuples(st.just("s"), ids, amounts), max_size=6)),
        schema={name: SCHEMA[name] for name in ("source", "call_id", "billed")},
        orient="row",
    )
    keys = data.draw(st.lists(st.tuples(st.just("s"), ids, amounts), max_size=6))
    told = pl.DataFrame(
        [(*key, "hold", f"note {at}", None, None) for at, key in enumerate(keys)], schema=SCHEMA, orient="row"
    )
    beside, orphans = with_decisions(claims, told)
    assert beside.select(claims.columns).equals(claims)
    assert sorted([*beside["note"].drop_nulls(), *orphans["note"]]) == sorted(told["note"])


def test_what_is_held_or_withdrawn_is_not_demanded(tmp_path: Path) -> None:
    """Held and withdrawn claims stay listed, are marked, and are left out of what is demanded; credits are deducted."""
    made = result(*spread(3))
    edits = [{"decision": "hold"}, {"decision": "withdraw"}, {"credit_received": Decimal("0.01")}]
    path = made.to_excel(tmp_path / "a.xlsx", decisions=decided(*edits, claims=made.claims))
    marks = [row["demanded"] for row in rows(sheets(path)["claims"])]
    assert sorted(marks) == ["held", "withdrawn", "yes"]
    cover = {row[0]: row[1] for row in sheets(path)["cover"].iter_rows(values_only=True) if row[0]}
    assert cover["Claims"] == 3
    assert cover["Demanded claims"] == 1
    assert (cover["Demanded"], cover["… held or withdrawn"]) == pytest.approx((0.01333, 0.02666))
    assert cover["Demanded and not credited"] == pytest.approx(0.00333)


def test_decisions_are_not_the_vendor_s(tmp_path: Path) -> None:
    """The vendor's copy bears status and credits, but neither decisions nor notes, nor what was decided earlier."""
    told = decided({"decision": "dispute", "note": "our lawyer says", "status": "sent"})
    path = MADE.to_excel(tmp_path / "a.xlsx", decisions=told, cover=ck.Cover(vendor_copy=True))
    assert ck.read_decisions(path).select("note", "decision", "status").rows() == [(None, None, "sent")]
    assert b"lawyer" not in b"".join(_parts(path))


def _parts(path: Path) -> list[bytes]:
    with zipfile.ZipFile(path) as archive:
        return [archive.read(name) for name in archive.namelist()]


@pytest.mark.parametrize(
    ("wrong", "error", "said"),
    [
        (pl.DataFrame({"call_id": ["a"]}), ck.SchemaError, "missing: 'source', 'decision'"),
        (SCHEMA.to_frame().cast({"credit_received": pl.Float64}), ck.SchemaError, "credit_received"),
        (
            decided({"decision": "hold"}).with_columns(decision=pl.lit("no")),
            ValueError,
            "one of dispute, hold",
        ),
        (decided({"status": "open"}).with_columns(status=pl.lit("Open")), ValueError, "got 'Open'"),
    ],
)
def test_decisions_of_one_s_own_are_checked(wrong: pl.DataFrame, error: type[Exception], said: str) -> None:
    """A frame that is not what `read_decisions` returns is refused, and what it lacks is named."""
    with pytest.raises(error, match=said):
        MADE.claim_letter(decisions=wrong)
