"""The claim letter has the fields of ITU-T D.170, per currency, and says nothing that the records do not."""

from __future__ import annotations

import re
from decimal import Decimal
from textwrap import dedent

import polars as pl
import pytest

import callkit as ck
from export.packs import HOSTILE, as_they_are, mixed, over, result, spread
from reconciliation.calls import failed, itnio, random_calls, seconds, whatsapp

COVER = ck.Cover(
    customer="Example Trading Ltd",
    vendor="ITNIO Tech",
    account="ACC-42",
    invoice="INV-7",
    invoice_date="2026-11-02",
    product="Voice",
    contact="billing@example.com",
    period=("2026-10-01T00:00:00+08:00", "2026-11-01T00:00:00+08:00"),
    tz="Asia/Shanghai",
)


def test_the_whole_letter() -> None:
    """Who, what, when, how much, why, where to, and which calls: all of it, and nothing else."""
    calls = [*spread(2), over(destination="Peru(Lima)"), itnio(), itnio()]
    assert result(*calls).claim_letter(cover=COVER, samples=1) == dedent(
        """\
        Dispute of charges

        To:       ITNIO Tech
        From:     Example Trading Ltd
        Account:  ACC-42
        Invoice:  INV-7 of 2026-11-02
        Product:  Voice
        Period:   2026-10-01 00:00 +08:00 to 2026-11-01 00:00 +08:00 (Asia/Shanghai)

        We have recomputed the charge of each call from the call detail records that you gave us. More was
        billed than is due for 3 calls: USD 0.03999 (3 calls). Please credit these amounts, or name the
        clause of our agreement by which each charge is due.

        USD
        ===
        Billed by your records    0.43989 USD   5 calls
        Not disputed              0.39990 USD
        Disputed                  0.03999 USD   3 calls

        1. More seconds are charged than the bill period allows
           Basis: the vendor's own record contradicts itself (check charged_duration, grade A).

           Route            Calls  Period                    Your total  Our total  Difference
           Germany(Mobile)      2  2026-10-05 to 2026-10-06     0.18662    0.15996     0.02666
           Peru(Lima)           1  2026-10-05                   0.09331    0.07998     0.01333
           Together             3  2026-10-05 to 2026-10-06     0.27993    0.23994     0.03999

           Sample calls:
           - call-176234a114ea, 2026-10-05 20:00:00 +08:00, 8613•••••••00 to 4915•••••••00: 31 s on 6+6: the
             first 6 s, then 25 s in steps of 6 s → 36 s. Charged 42 s: 6 s too much, worth 0.01333 USD. By
             your own record USD 0.07998 is due, USD 0.09331 was billed.

        The evidence of every disputed call is in the workbook that belongs to this letter. Please keep the
        records of these calls until the dispute is settled: the first of them will be 2 months old on
        2026-12-05 20:00 +08:00. Telephone numbers are masked in this copy.

        Questions are answered by billing@example.com.
        """
    )


def test_every_currency_has_its_own_account() -> None:
    """Amounts of different currencies stand under their own heads, and are never added up."""
    made = result()
    letter = made.claim_letter()
    heads = re.findall(r"^(.+)\n=+$", letter, re.MULTILINE)
    assert heads == made.claims["currency"].unique(maintain_order=True).to_list() == ["EUR", "USD"]
    for row in made.totals.filter(pl.col("currency").is_in(heads)).iter_rows(named=True):
        billed = (
            rf"^Billed by your records +{float(row['billed'])}\d* {row['currency']}   {row['calls']} calls$"
        )
        assert re.search(billed, letter, re.MULTILINE)


def test_the_sections_add_up() -> None:
    """In every currency the differences of the causes add up to what is disputed, and your total less ours is each."""
    made = as_they_are(*random_calls(400, 5, ck.Rating()))
    letter = made.claim_letter(samples=0)
    accounts = re.split(r"\n(?=.+\n=+\n)", letter)[1:]
    assert len(accounts) == made.claims["currency"].n_unique() > 2
    number = r"([−\d,.]+)"
    for account in accounts:
        (disputed,) = re.findall(rf"^Disputed +{number}", account, re.MULTILINE)
        told = Decimal(0)
        for section in re.split(r"\n(?=\d+\. )", account)[1:]:
            lines = [
                re.findall(rf" {number}(?= |$)", line)[-3:]
                for line in section.splitlines()[4:]
                if line.strip()
            ]
            amounts = [[_decimal(cell) for cell in line] for line in lines if len(line) == 3]
            assert all(theirs - ours == difference for theirs, ours, difference in amounts)
            *parts, together = amounts
            assert not parts or sum(row[2] for row in parts) == together[2]
            told += together[2]
        assert told == _decimal(disputed)


def _decimal(text: str) -> Decimal:
    return Decimal(text.replace(",", "").replace("−", "-"))


def test_many_routes_are_summed_up() -> None:
    """Beyond a dozen routes the smaller ones are one line; their calls and money are in it."""
    calls = [over(destination=f"Land {at:02}(Mobile)") for at in range(20)]
    letter = result(*calls).claim_letter(samples=0)
    assert re.search(r"8 other routes +8 +2026-10-05 +0.74648 +0.63984 +0.10664", letter)
    assert re.search(r"Together +20 ", letter)


def test_a_route_without_a_name_is_the_country_of_the_number() -> None:
    """WhatsApp calls name no destination: the other party's country stands for it, masked or not."""
    calls = [
        whatsapp(charged_duration=42, cost=Decimal("0.0933")),
        whatsapp(charged_duration=42, cost=Decimal("0.0933"), direction="in", caller="34600123456"),
    ]
    letter = result(*calls).claim_letter()
    assert "Germany" in letter
    assert "from Spain" in letter


def test_the_vendor_s_copy_has_the_numbers() -> None:
    """Masked unless it is the vendor's copy, in which the vendor must find its calls."""
    masked, full = (result(over()).claim_letter(cover=ck.Cover(vendor_copy=copy)) for copy in (False, True))
    assert "8613800000000" not in masked
    assert "8613800000000 to 4915100000000" in full
    assert "masked" not in full


def test_nothing_to_dispute() -> None:
    """Without a claim the letter says that nothing is disputed, and asks for nothing."""
    letter = result(itnio()).claim_letter()
    assert "dispute none of them" in letter
    assert "credit" not in letter


def test_text_of_others_cannot_forge_a_line() -> None:
    """Whatever a vendor sends stays on the line that it belongs to, without control characters."""
    calls = [
        over(destination=text, currency=f"X{at}", caller=f"1\n{text}") for at, text in enumerate(HOSTILE)
    ]
    calls.append(over(currency="USD\n\nDisputed 0.00 USD"))
    letter = result(*calls).claim_letter(masked=False, samples=2)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", letter)
    assert not re.search(r"^Disputed +0\.00 USD$", letter, re.MULTILINE)
    assert max(map(len, letter.splitlines())) < 45_000


def test_credits_received_are_deducted() -> None:
    """What came back already is told, and what is still missing."""
    made = result(*spread(2))
    told = (
        made.claims.head(1)
        .select("source", "call_id", "billed")
        .with_columns(
            decision=pl.lit(None, pl.String),
            note=pl.lit(None, pl.String),
            status=pl.lit("partly accepted"),
            credit_received=pl.lit(Decimal("0.01"), ck.MONEY),
        )
    )
    letter = made.claim_letter(decisions=told)
    assert re.search(r"Credited so far +0\.01000 USD", letter)
    assert re.search(r"Disputed and not credited +0\.01666 USD", letter)


@pytest.mark.parametrize("samples", [-1, 101, True, "3"])
def test_samples_is_a_number(samples: object) -> None:
    """How many samples is a whole number within reason."""
    with pytest.raises(ValueError, match="samples must be a whole number from 0 to 100"):
        result(over()).claim_letter(samples=samples)  # type: ignore[arg-type]  # what is refused


def test_the_same_twice() -> None:
    """Equal results give equal letters, whatever order the records came in."""
    made = result(*mixed(), failed(cost=Decimal("0.05"), submitted_at=itnio()["submitted_at"] + seconds(5)))
    assert made.claim_letter() == ck.reconcile(made.cdrs.reverse()).claim_letter()


def test_several_currencies_are_listed_as_in_a_sentence() -> None:
    """The demands of three currencies are told with a comma, and an `and` before the last."""
    told = " ".join(result(over(), over(currency="EUR"), over(currency="GBP")).claim_letter().split())
    assert "EUR 0.01333 (1 call), GBP 0.01333 (1 call) and USD 0.01333 (1 call). Please" in told
