"""The report: one page that opens offline, prints well, and needs nothing beside itself."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import polars as pl

from callkit.cdr import MONEY
from callkit.export.bridge_sheet import Basis, parts
from callkit.export.bridge_sheet import table as bridge_table
from callkit.export.demand import DEMAND, TOTALS
from callkit.export.invoiced import Table, columns_of, plain, sums
from callkit.export.method import coverage_of, method_of, provenance_of, reading
from callkit.export.pack import Pack, facts_of
from callkit.export.page import Shown, facts, table, text
from callkit.export.page_calls import claims, undercharges
from callkit.export.whole import whole_file
from callkit.export.words import LEVELS, NO_CURRENCY, amount, cause_in_words, counted, decimals_of

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<header>
{head}
</header>
<main>
{body}
</main>
<footer>
{foot}
</footer>
</body>
</html>
"""


def write_report(pack: Pack, path: str | Path, most: int) -> Path:
    """Write the page: the whole file, or none."""
    target = Path(path)
    if target.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"{target.name} ends neither in .html nor in .htm")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {target.parent} to write to: make it first")
    wanted: object = most
    if isinstance(wanted, bool) or not isinstance(wanted, int) or wanted < 0:
        raise ValueError(f"most_claims must be a whole number from 0 on, got {wanted!r}")
    page = report(pack, most)
    with whole_file(target) as partial:
        partial.write_text(page, encoding="utf-8", newline="\n")
    return target


def report(pack: Pack, most: int) -> str:
    """Make the page."""
    title = "Dispute of charges" + (f", invoice {pack.cover.invoice}" if pack.cover.invoice else "")
    sections = {
        "Totals": _totals(pack),
        "From billed to expected": _bridges(pack),
        **({"Invoice": _invoice(pack)} if pack.tie_out is not None else {}),
        "Claims by cause": _causes(pack),
        "What repeats": _patterns(pack),
        "Claims": claims(pack, most),
        "Undercharges": undercharges(pack, most),
        "Questions and further findings": _questions(pack),
        "Method": _method(pack),
    }
    body = "\n".join(
        f"<section><h2>{title}</h2>\n{section}\n</section>" for title, section in sections.items()
    )
    origin = "".join(f"{text(name)}: <code>{text(said)}</code><br>" for name, said in provenance_of(pack))
    return _PAGE.format(
        title=text(title),
        style=files("callkit.export").joinpath("report.css").read_text(encoding="utf-8"),
        head=f"<h1>{text(title)}</h1>\n{_demanded(pack)}\n{facts(facts_of(pack))}",
        body=body,
        foot=f"<p>The same records, rules and package give the same report.</p><p>{origin}</p>",
    )


def _demanded(pack: Pack) -> str:
    told = [
        f"<li><strong>{amount(sum_)} {text(currency or NO_CURRENCY)}</strong>demanded for {counted(claims, 'call')}, "
        f"of {amount(billed)} billed</li>"
        for currency, sum_, claims, billed in pack.demand.select(
            "currency", "demanded", "demanded_claims", "billed"
        ).iter_rows()
        if claims
    ]
    return f'<ul class="sums">{"".join(told)}</ul>' if told else "<p>Nothing is demanded.</p>"


def _totals(pack: Pack) -> str:
    """One column per currency."""
    names = [currency or NO_CURRENCY for currency in pack.demand["currency"]]
    head = "".join(f'<th scope="col" class="number">{text(name)}</th>' for name in names)
    digits = max(decimals_of(pack.demand[name].to_list()) for name, dtype in DEMAND.items() if dtype == MONEY)
    rows = []
    for name, title, strong in TOTALS:
        values = pack.demand[name].to_list()
        whole = DEMAND[name] == pl.Int64
        cells = "".join(
            f'<td class="number">{f"{value:,}" if whole else amount(value, digits)}</td>' for value in values
        )
        rows.append(f'<tr{" class=total" if strong else ""}><th scope="row">{text(title)}</th>{cells}</tr>')
    told = (
        '<div class="wide"><table class="narrow"><caption>Amounts of several currencies are never added up</caption>'
        f'<thead><tr><th scope="col">Of all calls</th>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )
    return told + facts(reading(pack))


def _bridges(pack: Pack) -> str:
    columns = [
        Shown("title", "Step", "short"),
        Shown("meaning", "What it is"),
        Shown("calls", "Calls", "number"),
        Shown("amount", "Amount", "number"),
        Shown("left", "What is left", "number"),
    ]
    told = []
    for (basis, currency), part in parts(pack):
        title = f"{'Settled in ' if basis == 'settled' else ''}{currency or NO_CURRENCY}"
        rows = bridge_table(part)
        rows = rows.filter((pl.col("amount") != 0) | pl.col("title").is_in(LEVELS))
        levels = rows["title"].is_in(LEVELS).arg_true().to_list()
        told.append(
            f'<div class="block"><h3>{text(title)}</h3>{_picture(pack, basis, currency)}'
            f"{table(rows, columns, title, heads=True, strong=levels)}</div>"
        )
    return "\n".join(told) or '<p class="quiet">Nothing was billed.</p>'


def _picture(pack: Pack, basis: Basis, currency: str | None) -> str:
    """The chart twice, on white and on black: the page shows the one that fits."""
    if currency is None:
        return ""  # an amount without a currency is not drawn beside others
    import vl_convert  # noqa: PLC0415 - only pages need it

    from callkit import charts  # noqa: PLC0415 - charts know reconciliation, which knows this package

    told = []
    for theme in ("light", "dark"):
        chart = charts.bridge(pack.result, currency=currency, basis=basis, theme=theme, width=620)
        svg: str = vl_convert.vegalite_to_svg(chart.to_dict())
        hidden = ' aria-hidden="true"' if theme == "dark" else ""
        told.append(f'<div class="{theme}"{hidden}>{svg}</div>')
    return f"<figure>{''.join(told)}</figure>"


def _causes(pack: Pack) -> str:
    columns = [
        Shown("words", "What is wrong"),
        Shown("cause", "Check", "short"),
        Shown("currency", "Currency", "short"),
        Shown("grade", "Grade", "short"),
        Shown("claims", "Claims", "number"),
        Shown("billed", "Billed", "number"),
        Shown("expected", "Expected", "number"),
        Shown("claim", "Claim", "number"),
        Shown("limit", "Materiality limit", "number"),
        Shown("demanded", "Demanded", "number"),
    ]
    if not pack.materiality:
        columns = [column for column in columns if column.name != "limit"]
    causes = pack.causes.with_columns(
        words=pl.col("cause").map_elements(cause_in_words, return_dtype=pl.String, skip_nulls=True)
    )
    return table(causes, columns, "One row per cause and currency", heads=True)


_BOTH = (
    *("currency", "status", "invoice_calls", "cdr_calls", "invoice_seconds", "cdr_seconds"),
    *("invoice_amount", "cdr_amount", "amount_difference", "rounding"),
)


def _invoice(pack: Pack) -> str:
    """What fits a page: of the bridge what is not zero, of the totals both sides, and what lies outside."""
    bridge, totals, *outside = sums(pack.tie_out)
    kept = (pl.col("amount") != 0) | pl.col("step").is_in(LEVELS)
    shown = [
        Table(bridge.title, bridge.frame.filter(kept)),
        Table(totals.title, totals.frame.select(_BOTH).rename({"amount_difference": "difference"})),
        *outside,
    ]
    told = []
    for each in shown:
        words = plain(each.frame).with_columns(
            pl.col(pl.String).exclude("currency").str.replace_all("_", " ")
        )
        columns = [
            Shown(
                column.name,
                f"{column.title[:1].upper()}{column.title[1:]}",
                "number" if column.kind in ("money", "count") else "",
            )
            for column in columns_of(words)
        ]
        told.append(table(words, columns, each.title, heads=True, strong=each.levels()))
    return "\n".join(told)


def _patterns(pack: Pack) -> str:
    sentences = pack.result.patterns["sentence"].to_list()
    if not sentences:
        return '<p class="quiet">Nothing does.</p>'
    return f"<ul>{''.join(f'<li>{text(sentence)}</li>' for sentence in sentences)}</ul>"


def _questions(pack: Pack) -> str:
    columns = [
        Shown("check", "Check", "short"),
        Shown("grade", "Grade", "short"),
        Shown("severity", "Severity", "short"),
        Shown("findings", "Findings", "number"),
        Shown("explanation", "For example", "words"),
    ]
    summed = (
        pl.concat([pack.others, pack.questions])
        .group_by("check", "grade", "severity", maintain_order=True)
        .agg(pl.len().cast(pl.Int64).alias("findings"), pl.col("explanation").first())
    )
    return table(summed, columns, "Each of them is in the workbook", heads=True)


def _method(pack: Pack) -> str:
    columns = [
        Shown("currency", "Currency", "short"),
        Shown("status", "Status"),
        Shown("reason", "Reason"),
        Shown("calls", "Calls", "number"),
        Shown("amount", "Amount", "number"),
    ]
    memo = [
        Shown("source", "Source", "short"),
        Shown("currency", "Currency", "short"),
        Shown("calls", "Calls", "number"),
        Shown("amount", "Amount", "number"),
    ]
    return "\n".join(
        [
            facts(method_of(pack)),
            table(coverage_of(pack), columns, "How much of the bill was verified"),
            table(pack.result.rounding, memo, "What the vendor's rounding costs (below zero: saves)"),
        ]
    )
