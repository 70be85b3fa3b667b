"""What Polars does that callkit is built on or around.

Nothing here tests callkit. When an upgrade of Polars turns one of these red, the sentence says what changed, and
the code that rests on it (mostly `cdr.py`, `billing.py` and the readers of vendors' answers) wants a look.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest

from callkit import MONEY


def money(*amounts: str, dtype: pl.Decimal = MONEY) -> pl.DataFrame:
    return pl.DataFrame({"money": pl.Series([Decimal(amount) for amount in amounts], dtype=dtype)})


def integers(*values: int) -> pl.DataFrame:
    return pl.DataFrame({"whole": pl.Series(values, dtype=pl.Int128)})


class TestWhatComesIn:
    def test_from_dicts_loses_money_given_as_text(self):
        """Records with amounts as text become nulls without a word: text goes through a String column and a cast."""
        assert pl.from_dicts([{"cost": "0.5"}], schema={"cost": MONEY}, strict=True).item() is None

    def test_from_dicts_cuts_text_to_whole_numbers(self):
        """Records with "6.7" under Int64 become 6 without a word."""
        assert pl.from_dicts([{"seconds": "6.7"}], schema={"seconds": pl.Int64}).item() == 6

    def test_from_dicts_drops_keys_it_was_not_told(self):
        """A key outside of the schema, or one that first comes after the rows looked at, is gone."""
        assert pl.from_dicts([{"cost": Decimal(1), "new": 1}], schema={"cost": MONEY}).columns == ["cost"]
        rows = [{"a": 1}] * 100 + [{"a": 1, "late": 2}]
        assert pl.from_dicts(rows, infer_schema_length=100).columns == ["a"]

    def test_strict_casts_of_text_name_column_and_value(self):
        """A String column that is cast to money raises for what it cannot read, and says where and what."""
        costs = pl.DataFrame({"cost": ["0.5", "free"]})
        with pytest.raises(pl.exceptions.InvalidOperationError, match=r"column 'cost'.*\[\"free\"\]"):
            costs.select(pl.col("cost").cast(MONEY))

    def test_text_with_more_digits_is_rounded_half_even(self):
        """A cast of text to money drops the eleventh decimal without a word: digits must be counted before."""
        costs = pl.Series(["0.00000000005", "0.00000000015"]).cast(MONEY)
        assert costs.to_list() == [0, Decimal("0.0000000002")]

    def test_decimals_with_more_digits_are_rounded(self):
        """A series of Python Decimals loses the eleventh decimal without a word, too."""
        assert pl.Series([Decimal("0.12345678909")], dtype=MONEY).item() == Decimal("0.1234567891")

    def test_a_decimal_that_is_no_number_panics(self, capfd):
        """NaN ends in a panic that `except Exception` does not catch: it is refused where JSON is read."""
        with pytest.raises(BaseException) as raised:  # noqa: PT011 - its type is not importable
            pl.Series([Decimal("NaN")])
        assert not isinstance(raised.value, Exception)
        capfd.readouterr()  # the panic's own backtrace

    def test_instants_are_parsed_to_utc(self):
        """Text with an offset becomes UTC; a zone written as Z is not an offset for %z; a cast is refused."""
        text = pl.Series(["2022-01-01T00:00:00+08:00"])
        parsed = text.str.to_datetime("%Y-%m-%dT%H:%M:%S%z")
        assert parsed.dtype == pl.Datetime("us", "UTC")
        assert parsed.item() == datetime(2021, 12, 31, 16, tzinfo=UTC)
        with pytest.raises(pl.exceptions.InvalidOperationError):
            pl.Series(["2022-01-01T00:00:00Z"]).str.to_datetime("%Y-%m-%dT%H:%M:%S%z")
        with pytest.raises(pl.exceptions.InvalidOperationError):
            text.cast(pl.Datetime("us", "UTC"))

    def test_epochs_have_no_zone(self):
        """Epoch seconds become a naive datetime, whose zone must be said."""
        assert pl.from_epoch(pl.Series([1]), "s").dtype == pl.Datetime("us")


class TestDecimals:
    def test_concat_rounds_to_the_first_scale(self):
        """Frames of different scale are stacked by rounding, and by nulls where digits do not fit, silently."""
        short, long = money("1.1", dtype=pl.Decimal(38, 1)), money("0.125", dtype=pl.Decimal(38, 3))
        assert pl.concat([short, long])["money"].to_list() == [Decimal("1.1"), Decimal("0.1")]
        large = money("1" + "0" * 30, dtype=pl.Decimal(38, 0))
        assert pl.concat([money("1"), large])["money"].to_list() == [1, None]

    def test_each_step_rounds_to_the_larger_scale(self):
        """A rate per minute, divided first, can vanish: division keeps the scale of its inputs."""
        rates = money("1.2", dtype=pl.Decimal(38, 1))
        assert rates.select(pl.col("money") / 60 * 20).item() == 0
        assert money("0.00001").select(pl.col("money") * pl.col("money")).item() == Decimal("0.0000000001")

    def test_rounding_after_division_rounds_twice(self):
        """A quotient just under a half becomes the half at ten decimals, and then rounds up."""
        quotient = money("0.0000299999").select(pl.col("money") / 60)
        assert quotient.item() == Decimal("0.0000005")
        rounded = quotient.select(pl.col("money").round(6, mode="half_away_from_zero"))
        assert rounded.item() == Decimal("0.000001")

    def test_default_rounding_is_half_even_and_none_is_to_zero(self):
        """`round` without a mode is half-even, and truncation is not among its modes for Decimals."""
        assert money("0.125", "0.135")["money"].round(2).to_list() == [Decimal("0.12"), Decimal("0.14")]
        with pytest.raises(ValueError, match="must be one of"):
            money("0.125")["money"].round(2, mode="to_zero")

    def test_a_float_literal_makes_floats(self):
        """One float in an expression turns money into Float64, as does a mean."""
        assert money("1.2").select(pl.col("money") * 0.5).schema["money"] == pl.Float64
        assert money("1.2").select(pl.col("money").mean()).schema["money"] == pl.Float64

    @pytest.mark.parametrize("engine", ["streaming", "in-memory"])
    def test_sums_stay_money(self, engine):
        """A sum is exact and of the same dtype, in groups as well, and an overflow raises."""
        tenths = money("0.1", "0.1", "0.1").lazy()
        for total in (
            tenths.select(pl.sum("money")).collect(engine=engine),
            tenths.group_by(pl.lit(1).alias("all")).agg(pl.sum("money")).drop("all").collect(engine=engine),
        ):
            assert total.schema == {"money": MONEY}
            assert total.item() == Decimal("0.3")
        with pytest.raises(pl.exceptions.ComputeError, match="overflow"):
            money("9" + "0" * 27, "9" + "0" * 27).lazy().select(pl.sum("money")).collect(engine=engine)

    def test_casts_that_do_not_fit_raise(self):
        """A Decimal too large for money raises; one with more decimals is rounded without a word."""
        with pytest.raises(pl.exceptions.InvalidOperationError):
            money("1" + "0" * 30, dtype=pl.Decimal(38, 0)).cast(MONEY)
        assert money("0.125", dtype=pl.Decimal(38, 3)).cast(pl.Decimal(38, 1)).item() == Decimal("0.1")

    def test_division_by_zero_raises_for_the_whole_expression(self):
        """One zero in a column of divisors stops the query, unless `when` keeps that row out."""
        frame = money("1", "1").with_columns(by=pl.Series([Decimal(0), Decimal(1)], dtype=MONEY))
        quotient = pl.col("money") / pl.col("by")
        with pytest.raises(pl.exceptions.ComputeError, match="division by zero"):
            frame.select(quotient)
        kept = frame.select(pl.when(pl.col("by") != 0).then(quotient))
        assert kept["money"].to_list() == [None, 1]


class TestTheIntegersBehind:
    def test_money_is_int128_units(self):
        """The physical value of money is its amount times 10¹⁰, as Int128, in both directions of sign."""
        units = money("-0.0000000001", "123456789012345678.0000000001")["money"].to_physical()
        assert units.dtype == pl.Int128
        assert units.to_list() == [-1, 1234567890123456780000000001]

    @pytest.mark.parametrize("engine", ["streaming", "in-memory"])
    def test_units_become_money_by_a_product(self, engine):
        """Units as Decimal(38, 0) times 10⁻¹⁰ are exact money again, up to the largest amounts."""
        largest = 9 * 10**36 + 1
        back = pl.col("whole").cast(pl.Decimal(38, 0)) * pl.lit(Decimal("1e-10"), dtype=MONEY)
        result = integers(largest, -1).lazy().select(back).collect(engine=engine)
        assert result.schema == {"whole": MONEY}
        assert result["whole"].to_physical().to_list() == [largest, -1]

    def test_int128_wraps_around(self):
        """An overflowing product is a wrong number and no error: limits must be kept by the code."""
        assert integers(2**126).select(pl.col("whole") * 4).item() == 0

    def test_whole_division_is_exact_and_floors(self):
        """`//` on Int128 is exact beyond 2⁶⁴ and rounds down, below zero too; by zero it is null."""
        large = 10**37 + 1
        assert integers(large, -7, 7).select(pl.col("whole") // 2)["whole"].to_list() == [large // 2, -4, 3]
        assert integers(1).select(pl.col("whole") // pl.lit(0, pl.Int128)).item() is None

    def test_signs_and_sizes_of_int128(self):
        """`abs` and `sign` hold for Int128, and comparison with a Python integer beyond 2⁶⁴ is exact."""
        frame = integers(-(10**30), 10**30 + 1)
        assert frame.select(pl.col("whole").abs())["whole"].to_list() == [10**30, 10**30 + 1]
        assert frame.select(pl.col("whole").sign())["whole"].to_list() == [-1, 1]
        assert frame.select(pl.col("whole") <= 10**30)["whole"].to_list() == [True, False]


class TestExpressions:
    def test_patterns_end_where_the_text_ends(self):
        """`$` does not match before a trailing line feed, and `\\d` means digits of every script."""
        assert not pl.Series(["6+6\n"]).str.contains(r"6$").item()
        assert pl.Series(["٦"]).str.contains(r"^\d$").item()

    def test_groups_of_no_match_are_null(self):
        """Text that does not match gives null groups, whose cast stays null."""
        groups = pl.DataFrame({"x": ["?"]}).select(
            pl.col("x").str.extract_groups("(6)").struct.field("1").cast(pl.Int64)
        )
        assert groups.rows() == [(None,)]

    @pytest.mark.parametrize("engine", ["streaming", "in-memory"])
    def test_an_exception_in_a_batch_keeps_its_type(self, engine):
        """What `map_batches` raises comes out of `collect` as itself, in both engines, with text added at most."""

        class OurError(Exception):
            pass

        def refuse(series: pl.Series) -> pl.Series:
            raise OurError(f"got {series.dtype}")

        query = (
            integers(1)
            .lazy()
            .select(pl.col("whole").map_batches(refuse, return_dtype=pl.Int128, is_elementwise=True))
        )
        with pytest.raises(OurError, match=r"^got Int128"):
            query.collect(engine=engine)

    def test_largest_of_columns_ignores_nulls(self):
        """`max_horizontal` takes a null for nothing: where null means unknown, it must be asked for first."""
        assert pl.DataFrame({"a": [1], "b": [None]}).select(pl.max_horizontal("a", "b")).item() == 1

    def test_explode_drops_empty_lists_unless_told(self):
        """A call without cost lines is a lost row, but for `empty_as_null`."""
        lines = pl.DataFrame({"lines": [[1], []]})
        assert lines.explode("lines").height == 1
        assert lines.explode("lines", empty_as_null=True).height == 2

    def test_zones_do_not_compare(self):
        """Instants of different zones are not compared but refused: everything is UTC inside."""
        frame = pl.DataFrame({"a": pl.Series([0]).cast(pl.Datetime("us", "UTC"))})
        with pytest.raises(pl.exceptions.SchemaError):
            frame.select(pl.col("a") < pl.col("a").dt.convert_time_zone("Asia/Shanghai"))
