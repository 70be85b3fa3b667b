from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, localcontext
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import callkit as ck
import reference_reconciliation as naive
from callkit import cdr
from callkit.reconciliation.checks import CHECKS
from callkit.reconciliation.ledger import COMPUTED
from reconciliation.calls import NOON, cdrs, itnio, missing, numbered, random_calls, seconds, whatsapp

FRAMES = ("cdrs", "findings", "claims", "bridge", "summary", "totals")

mixed = st.builds(random_calls, st.integers(1, 40), st.integers(0, 10**6), st.just(ck.Rating()))
# Shrinking a seed says nothing, and takes minutes.
some = settings(max_examples=5, phases=[Phase.explicit, Phase.reuse, Phase.generate])


def same(one: ck.Reconciliation, other: ck.Reconciliation) -> None:
    """Compare every public frame row by row, in its stated order."""
    for name in FRAMES:
        ours, theirs = getattr(one, name), getattr(other, name)
        assert ours.schema == theirs.schema, name
        assert ours.equals(theirs), name


def summed(result: ck.Reconciliation, basis: str = "quoted") -> dict[tuple[Any, ...], Decimal]:
    rows = result.bridge.filter(pl.col("basis") == basis)
    return {
        (row["currency"], row["step"]): row["amount"] for row in rows.iter_rows(named=True) if row["amount"]
    }


@some
@given(calls=mixed, seed=st.integers(0, 99))
def test_order_does_not_matter(calls, seed):
    """Rows in another order give the same frames, finding ids and all."""
    frame = cdrs(*calls)
    shuffled = frame.sample(fraction=1, shuffle=True, seed=seed)
    same(ck.reconcile(frame), ck.reconcile(shuffled))


@some
@given(calls=mixed, cuts=st.lists(st.integers(0, 40), max_size=4))
def test_chunks_do_not_matter(calls, cuts):
    """A frame of several chunks gives the same as one of one chunk."""
    frame = cdrs(*calls)
    edges = sorted({0, frame.height, *(cut for cut in cuts if cut < frame.height)})
    pieces = [frame[start:end] for start, end in pairwise(edges)]
    chunked = pl.concat(pieces, rechunk=False)
    assert chunked.n_chunks() == len(pieces)
    same(ck.reconcile(frame), ck.reconcile(chunked))


def test_eager_lazy_and_scanned_are_the_same(tmp_path):
    """A frame, a LazyFrame and a scan of a Parquet file with many row groups give the same."""
    frame = cdrs(*random_calls(700, 3, ck.Rating()))
    frame.write_parquet(tmp_path / "cdrs.parquet", row_group_size=50)
    eager = ck.reconcile(frame)
    for lazy in (frame.lazy(), pl.scan_parquet(tmp_path / "cdrs.parquet")):
        result = ck.reconcile(lazy)
        same(eager, result)
        assert isinstance(result.lazy, pl.LazyFrame)
        assert result.bridge_by("destination").equals(eager.bridge_by("destination"))


@some
@given(calls=mixed)
def test_reconciling_the_answer_changes_nothing(calls):
    """`.cdrs` is a CDR frame again: reconciled once more it gives the same."""
    once = ck.reconcile(cdrs(*calls))
    same(once, ck.reconcile(once.cdrs))


@some
@given(calls=mixed, times=st.integers(2, 3))
def test_exact_copies_change_nothing(calls, times):
    """A record that stands there twice, in every field alike, is billed once."""
    frame = cdrs(*calls)
    same(ck.reconcile(frame), ck.reconcile(pl.concat([frame] * times)))


def test_same_input_same_bytes():
    """Two runs over the same records give the same bytes, finding ids included."""
    frame = cdrs(*random_calls(400, 5, ck.Rating()))
    one, other = ([getattr(ck.reconcile(frame), name).write_json() for name in FRAMES] for _ in range(2))
    assert one == other


def test_finding_ids_are_unique_and_stay():
    """A finding keeps its id when other calls come or go, and no two share one."""
    calls = naive.distinct(random_calls(300, 6, ck.Rating()))
    whole = ck.reconcile(cdrs(*calls), tolerance=0).findings
    assert whole["finding_id"].is_unique().all()
    charged = pl.col("check").is_in(["charged_duration", "bill_period", "timeline"])
    part = ck.reconcile(cdrs(*calls[:150]), tolerance=0).findings.filter(charged)
    # Doubles of what is left out are no doubles any more, so only what is found in both is compared.
    both = part.join(whole, on=["source", "call_id", "check", "reported", "expected"])
    assert both.height > 50
    assert (both["finding_id"] == both["finding_id_right"]).mean() > 0.95


def conversations(count: int, seed: int) -> list[naive.Call]:
    """Random calls without doubles, conflicts and copies among them, whose failures cost nothing alike."""
    calls = naive.distinct(random_calls(count, seed, ck.Rating()))
    return [
        call | {"call_id": f"id-{at}", "callee": f"49151{at:08}", "answered_at": NOON + seconds(at * 60)}
        for at, call in enumerate(calls)
    ]


@pytest.mark.parametrize("seed", range(3))
def test_twice_as_many_conversations_are_twice_the_money(seed):
    """A frame doubled with new ids and new numbers doubles every amount of the bridge, on both bases."""
    calls = conversations(150, seed)
    again = [call | {"call_id": call["call_id"] + "-2", "callee": "33" + call["callee"]} for call in calls]
    # The fee of failed attempts and the decimals are facts about all calls: the same for both halves.
    single, double = ck.reconcile(cdrs(*calls)), ck.reconcile(cdrs(*calls, *again))
    for basis in ("quoted", "settled"):
        assert summed(double, basis) == {key: 2 * amount for key, amount in summed(single, basis).items()}


@pytest.mark.parametrize("seed", range(3))
def test_the_same_conversations_again_are_double_billing(seed):
    """A frame doubled with new ids, the numbers kept, adds exactly the double billing of what was answered."""
    calls = [call for call in conversations(150, seed) if (call["call_duration"] or 0) > 0]
    again = [call | {"call_id": call["call_id"] + "-2"} for call in calls]
    single, double = summed(ck.reconcile(cdrs(*calls))), summed(ck.reconcile(cdrs(*calls, *again)))
    billed: dict[Any, Decimal] = {}
    for call in calls:
        billed[call["currency"]] = billed.get(call["currency"], Decimal(0)) + (call["cost"] or 0)
    added = {(currency, "double_billed"): amount for currency, amount in billed.items() if amount}
    assert double == single | added


def test_an_empty_frame():
    """Nothing in, nothing out: every frame is empty and has its documented columns and dtypes."""
    for given_ in (cdr.empty(), cdr.empty().lazy()):
        result = ck.reconcile(given_)
        for name in FRAMES:
            assert getattr(result, name).is_empty()
        same(result, ck.reconcile(cdr.empty()))
        assert "0 calls" in repr(result)


def test_frames_of_others_are_accepted():
    """A pandas frame, a pyarrow table and a chunked frame of the documented columns are as good as a Polars one."""
    frame = numbered(itnio(), itnio(charged_duration=42, cost=Decimal("0.0933")), whatsapp())
    ours = ck.reconcile(frame)
    same(ours, ck.reconcile(frame.to_pandas(use_pyarrow_extension_array=True)))
    same(ours, ck.reconcile(frame.to_arrow()))


def test_a_wrong_frame_is_refused_by_name():
    """A missing or wrong column raises SchemaError with its name, before anything is computed."""
    frame = cdrs(itnio())
    with pytest.raises(ck.SchemaError, match="column 'rate' missing"):
        ck.reconcile(frame.drop("rate"))
    with pytest.raises(ck.SchemaError, match=r"column 'cost': expected .*, got Float64"):
        ck.reconcile(frame.with_columns(pl.col("cost").cast(pl.Float64)).lazy())
    with pytest.raises(TypeError, match="expected a frame of CDRs"):
        ck.reconcile("cdrs.parquet")


@pytest.mark.parametrize("name", ["cost", "settle_cost"])
@pytest.mark.parametrize("sign", [1, -1])
def test_amounts_beyond_sense_are_refused(name, sign):
    """An amount so large that sums would wrap around raises SchemaError instead of giving a wrong total."""
    most = Decimal(10) ** 18
    assert ck.reconcile(cdrs(itnio(**{name: most * sign}))).bridge.height
    with pytest.raises(ck.SchemaError, match=r"more than 10\^18"):
        ck.reconcile(cdrs(itnio(**{name: sign * (most + Decimal("1e-9"))})))


def test_own_columns_are_kept():
    """A user's own columns stay behind the known ones, and can group the bridge."""
    result = ck.reconcile(cdrs(itnio(team="red"), whatsapp(team="blue")))
    assert result.cdrs.columns == [*cdr.SCHEMA, "team", *COMPUTED]
    assert result.bridge_by("team")["team"].unique().sort().to_list() == ["blue", "red"]


@pytest.mark.parametrize("name", ["_double_of", "_billed", "_first", "_anything"])
def test_names_that_are_used_within_are_refused(name):
    """A column of the user's own could be taken for one of the ledger's: its name is refused."""
    with pytest.raises(ck.SchemaError, match=f"column '{name}': names that begin with an underscore"):
        ck.reconcile(cdrs(itnio(**{name: "1"})))


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"rating": "60+60"}, TypeError, "rating must be a callkit.Rating or None, got str"),
        ({"tolerance": 0.005}, TypeError, "never a float"),
        ({"tolerance": True}, TypeError, "tolerance must be a Decimal"),
        ({"tolerance": "half"}, ValueError, "tolerance must be an amount like"),
        ({"tolerance": "-0.1"}, ValueError, "tolerance must be from 0"),
        ({"tolerance": "NaN"}, ValueError, "tolerance must be from 0"),
        ({"tolerance": "0.00000000001"}, ValueError, "at most 10 decimals"),
        ({"tz": "Mars/Olympus"}, ValueError, "tz must be the name of a time zone"),
        ({"tz": None}, ValueError, "tz must be the name of a time zone"),
        ({"period": ("2026-10-01", "2026-11-01T00:00:00Z")}, ValueError, "has no zone"),
        ({"period": ("yesterday", "2026-11-01T00:00:00Z")}, ValueError, "cannot read 'yesterday'"),
        ({"period": (NOON, NOON)}, ValueError, "must lie before the end"),
        ({"period": (NOON, 5)}, TypeError, "expected datetimes or ISO 8601 text, got int"),
        ({"period": 5}, TypeError, "period must be a pair"),
        ({"period": "2026-10-01T00:00:00Z"}, TypeError, "period must be a pair"),
        ({"period": (NOON,)}, TypeError, "period must be a pair"),
        ({"severity": "off"}, TypeError, "severity must be a mapping"),
        ({"severity": ["cost"]}, TypeError, "severity must be a mapping"),
        ({"severity": {"costs": "off"}}, ValueError, "no check named 'costs'; there are double_billed"),
        ({"severity": {"cost": "fatal"}}, ValueError, "severity of 'cost' must be one of error, warning"),
        ({"tolerence": 0}, TypeError, "tolerence"),
        ({"severities": {}}, TypeError, "severities"),
    ],
)
def test_bad_arguments_are_refused(arguments, error, said):
    """A typo in a keyword, a check, a severity, a tolerance, a zone or a period raises and says what is wrong."""
    with pytest.raises(error, match=said):
        ck.reconcile(cdrs(itnio()), **arguments)


def everything_wrong() -> list[naive.Call]:
    return [
        *random_calls(600, 8, ck.Rating()),
        missing(),
        whatsapp(call_id="in", direction="in", callee="1"),
        itnio(call_id="odd", callee="2", extra='{"unreadable": {"cost": "x"}}'),
    ]


def test_severities_can_be_changed():
    """Any check can be made an error, a warning or an info; nothing else about its findings changes."""
    frame = cdrs(*everything_wrong())
    usual = ck.reconcile(frame).findings
    changed = ck.reconcile(frame, severity={check.name: "info" for check in CHECKS}).findings
    assert set(changed["severity"]) == {"info"}
    by = ["check", "source", "call_id", "finding_id"]
    kept = pl.all().exclude("severity")
    assert changed.select(kept).sort(by).equals(usual.select(kept).sort(by))


def test_checks_can_be_switched_off():
    """A check that is off finds nothing and changes nothing about the others, the bridge and the verdicts."""
    frame = cdrs(*everything_wrong())
    usual = ck.reconcile(frame)
    names = usual.findings["check"].unique().to_list()
    for off in (names[:4], names[4:9]):
        result = ck.reconcile(frame, severity=dict.fromkeys(off, "off"))
        assert result.findings.equals(usual.findings.filter(~pl.col("check").is_in(off)))
        assert result.bridge.equals(usual.bridge)
        assert result.cdrs.equals(usual.cdrs)
    silent = ck.reconcile(frame, severity={check.name: "off" for check in CHECKS})
    assert silent.findings.schema == usual.findings.schema
    assert silent.findings.is_empty()


def test_findings_come_in_the_stated_order():
    """Errors come first, then by check in the order of the checks, then the most money."""
    findings = ck.reconcile(cdrs(*everything_wrong())).findings
    severities, checks = ["error", "warning"], list(dict.fromkeys(check.name for check in CHECKS))
    keys = [
        (severities.index(row["severity"]), checks.index(row["check"]), -abs(row["amount"] or 0))
        for row in findings.iter_rows(named=True)
    ]
    assert keys == sorted(keys)
    assert len({check for _, check, _ in keys}) > 9


def test_a_narrow_decimal_context_changes_nothing():
    """A caller whose decimal context keeps few digits gets the same answer, tolerance and fees included."""
    frame = cdrs(*random_calls(60, 9, ck.Rating()))
    rating = ck.Rating(connect_fee="0.0123456789", attempt_fee="123456.0000000001")

    def run() -> list[str]:
        result = ck.reconcile(frame, rating=rating, tolerance="1234.0000000001")
        return [repr(result), *(getattr(result, name).write_json() for name in FRAMES)]

    usual = run()
    with localcontext(prec=4):
        assert run() == usual


def test_periods_in_every_form():
    """A period may be aware datetimes of any zone or ISO text with an offset: the same instants, the same findings."""
    frame = cdrs(*random_calls(60, 10, ck.Rating()))
    shanghai = timezone(timedelta(hours=8))
    forms = [
        (NOON, datetime(2026, 10, 5, 12, 10, tzinfo=UTC)),
        (NOON.astimezone(shanghai), "2026-10-05T20:10:00+08:00"),
        ("2026-10-05T12:00:00Z", "2026-10-05T12:10:00+00:00"),
    ]
    told = [ck.reconcile(frame, period=form).findings for form in forms]
    assert told[0].filter(pl.col("check") == "out_of_period").height
    assert told[0].equals(told[1])
    assert told[0].equals(told[2])
