"""The take away section: files as links made of data, and the code that gives the same."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

import ipywidgets as widgets
import polars as pl

from callkit.cdr import mask_numbers
from callkit.export import Cover, write_csv
from callkit.export.whole import whole_file
from callkit.invoice import Invoice, TieOut
from callkit.reconciliation import Reconciliation
from callkit.widgets.workbench.pieces import Message, Section, button, folded, labelled, quiet, row

LARGEST = 8_000_000
"""Bytes of a file that a link made of data can carry in every browser; larger ones are written beside the notebook."""

_TYPES = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".html": "text/html",
    ".txt": "text/plain;charset=utf-8",
    ".csv": "text/csv;charset=utf-8",
}


class TakeAwaySection(Section):
    """What leaves the house.

    Attributes
    ----------
    customer, vendor, number : ipywidgets.Text
        What stands on the cover: the parties, and the invoice's number.
    vendor_copy : ipywidgets.Checkbox
        Whether it goes to the vendor: numbers in full, decisions left out.
    files : dict
        What was made last: name → bytes, or the path where it was too large for a link.
    links : ipywidgets.HTML
        The links.
    code : ipywidgets.HTML
        The code.
    """

    def __init__(self, selection: Callable[[], pl.DataFrame], folder: Path | None = None) -> None:
        self._selection, self._folder = selection, folder or Path()
        self._result: Reconciliation | None = None
        self._tied: TieOut | None = None
        self.files: dict[str, bytes | Path] = {}
        self._lines: dict[str, str] = {}
        self.customer = labelled(widgets.Text, "Customer", "18em", continuous_update=False)
        self.vendor = labelled(widgets.Text, "Vendor", "18em", continuous_update=False)
        self.number = labelled(widgets.Text, "Invoice number", "21em", continuous_update=False)
        self.vendor_copy = widgets.Checkbox(
            value=False,
            description="Vendor's copy: numbers in full",
            indent=False,
            layout=widgets.Layout(width="auto"),
        )
        self.makers = {
            "callkit-dispute.xlsx": button(
                "Dispute workbook", "The claims with their evidence, as a workbook", main=True
            ),
            "callkit-report.html": button("HTML report", "One page that opens offline"),
            "callkit-claim-letter.txt": button("Claim letter", "Plain text, by currency, cause and route"),
            "callkit-claims.csv": button("Claims as CSV", "One row per claimed call"),
            "callkit-calls.csv": button("Chosen calls as CSV", "The calls that the table shows"),
        }
        for name, maker in self.makers.items():
            maker.on_click(lambda _, name=name: self.make(name))
        self.links, self.code, self.message = widgets.HTML(), widgets.HTML(), Message()
        super().__init__(
            6,
            "Take away",
            "files that can be sent, and the code",
            [
                row(self.customer, self.vendor, self.number, self.vendor_copy),
                row(*self.makers.values()),
                self.message,
                self.links,
                folded("Show me the code", self.code),
            ],
        )
        for field in (self.customer, self.vendor, self.number, self.vendor_copy):
            field.observe(lambda _: self._forget(), "value")
        self.offer(None, None, None, "")

    def offer(
        self, result: Reconciliation | None, tied: TieOut | None, invoice: Invoice | None, code: str
    ) -> None:
        """Offer what can be made of a result; without one, nothing."""
        self._result, self._tied = result, tied
        if invoice is not None:
            self.number.value = self.number.value or invoice.number or ""
            self.vendor.value = self.vendor.value or invoice.vendor or ""
        self._forget()
        for maker in self.makers.values():
            maker.disabled = result is None
        self.say_code(code)

    def say_code(self, code: str) -> None:
        """Show the code."""
        self.code.value = (
            f'<pre class="ckw-pre ckw-code">{escape(code)}</pre>' if code else quiet("Fetch first.")
        )

    @property
    def cover(self) -> Cover:
        """What stands on the cover."""
        invoice = None if self._tied is None else self._tied.invoice
        return Cover(
            customer=self.customer.value.strip() or None,
            vendor=self.vendor.value.strip() or None,
            invoice=self.number.value.strip() or None,
            invoice_date=None if invoice is None else invoice.date,
            account=None if invoice is None else invoice.account,
            vendor_copy=bool(self.vendor_copy.value),
        )

    def make(self, name: str) -> bytes | Path | None:
        """Make one of the files of `makers`, and a link to it.

        Returns
        -------
        bytes or Path or None
            What is in it; its path where it is too large for a link; None without a result, or where it failed: the
            message says why.
        """
        if self._result is None:
            self.message.say("There is no result yet: reconcile first", "error")
            return None
        self.message.say(f"Writing {name} …")
        with self.message.telling():
            with TemporaryDirectory(prefix="callkit-") as folder:
                content = self._written(name, Path(folder, name)).read_bytes()
            made: bytes | Path = content
            if len(content) > LARGEST:
                made = (self._folder / name).resolve()
                with whole_file(made) as target:
                    target.write_bytes(content)
            self.files[name] = made
            self._lines[name] = _link(name, made, len(content))
            self.links.value = "".join(f"<div>{line}</div>" for line in self._lines.values())
            self.message.clear()
            return made
        return None

    def _written(self, name: str, path: Path) -> Path:
        result = self._result
        assert result is not None  # noqa: S101 - looked at by make
        match name:
            case "callkit-dispute.xlsx":
                return result.to_excel(path, cover=self.cover, tie_out=self._tied)
            case "callkit-report.html":
                return result.to_html(path, cover=self.cover, tie_out=self._tied)
            case "callkit-claim-letter.txt":
                path.write_text(result.claim_letter(cover=self.cover), encoding="utf-8")
                return path
            case "callkit-claims.csv":
                return write_csv(self._shown(result.claims), path)
            case "callkit-calls.csv":
                return write_csv(self._shown(self._selection()), path)
        raise ValueError(f"there is no {name!r}; there are {', '.join(self.makers)}")

    def _shown(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame if self.vendor_copy.value else mask_numbers(frame)

    def _forget(self) -> None:
        """What was made before says something else."""
        self.files, self._lines = {}, {}
        self.links.value = ""
        self.message.clear()


def _link(name: str, made: bytes | Path, size: int) -> str:
    told = f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(1, round(size / 1e3))} kB"
    if isinstance(made, Path):
        return f"{escape(name)} ({told}) is too large for a link; it is written to <code>{escape(str(made))}</code>"
    kind = _TYPES[Path(name).suffix]
    data = b64encode(made).decode()
    return f'<a href="data:{kind};base64,{data}" download="{escape(name)}">Save {escape(name)}</a> ({told})'
