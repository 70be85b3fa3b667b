"""What a result can be sent as: a workbook, a page, a letter. All of it is made by `callkit.export`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from callkit.export.cover import Cover
    from callkit.export.materiality import Materiality
    from callkit.reconciliation.result import Reconciliation


class Sendable:
    """The part of a result that leaves the house."""

    __slots__ = ()

    def to_excel(
        self,
        path: str | Path,
        *,
        cover: Cover | None = None,
        masked: bool | None = None,
        materiality: Materiality | None = None,
        decisions: pl.DataFrame | str | Path | None = None,
        tie_out: object = None,
    ) -> Path:
        """Write the dispute pack as a workbook: what is claimed, the evidence for it, and how it was found.

        Sheets: cover, bridge (with charts), findings, claims (one row of evidence each, with columns to fill in),
        undercharges, questions (grade D), further findings, method; earlier decisions, invoice, long texts where there
        are any. Nothing in it runs or links. The same result and arguments give the same bytes.

        Parameters
        ----------
        path : str or Path
            Ends in `.xlsx`. The whole file is written, or none.
        cover : Cover, optional
            The parties, the invoice, the deadline: what the records do not say.
        masked : bool, optional
            Whether telephone numbers are hidden: by default, unless it is the vendor's copy (`Cover.vendor_copy`).
        materiality : Materiality, optional
            From what amount on claims are demanded. By default all are. Claims below stay listed, marked.
        decisions : pl.DataFrame or path, optional
            What `callkit.read_decisions` read from an earlier pack, or the earlier pack itself: carried on beside the
            claims. Decisions about what is no claim any more are kept on a sheet of their own.
        tie_out : TieOut, optional
            What `callkit.tie_out` found on the invoice: added as sheets.

        Returns
        -------
        Path
            Where it was written.

        Raises
        ------
        ValueError, TypeError, FileNotFoundError
            For an argument that is not as above; before anything is written.

        Examples
        --------
        >>> import callkit as ck
        >>> from tempfile import TemporaryDirectory
        >>> with ck.Sandbox(calls=200, seed=7) as sandbox:
        ...     result = ck.reconcile(sandbox.nx_whatsapp().fetch(sandbox.call_ids))
        >>> with TemporaryDirectory() as folder:
        ...     result.to_excel(f"{folder}/dispute.xlsx", cover=ck.Cover(invoice="INV-2026-09")).name
        'dispute.xlsx'
        """
        from callkit.export import pack, workbook  # noqa: PLC0415 - export knows reconciliation

        told = pack.gather(
            cast("Reconciliation", self),
            cover=cover,
            masked=masked,
            materiality=materiality,
            decisions=decisions,
            tie_out=tie_out,
        )
        return workbook.write_workbook(told, path)

    def to_html(
        self,
        path: str | Path,
        *,
        cover: Cover | None = None,
        masked: bool | None = None,
        materiality: Materiality | None = None,
        decisions: pl.DataFrame | str | Path | None = None,
        tie_out: object = None,
        most_claims: int = 250,
    ) -> Path:
        """Write the dispute pack as one page that opens offline and prints well, without a script.

        Parameters
        ----------
        path : str or Path
            Ends in `.html`. The whole file is written, or none.
        cover, masked, materiality, decisions, tie_out
            As in `to_excel`.
        most_claims : int
            So many claims are listed per currency, the largest; the page says how many are left out.

        Returns
        -------
        Path
            Where it was written.

        Raises
        ------
        ValueError, TypeError, FileNotFoundError
            For an argument that is not as above; before anything is written.
        """
        from callkit.export import pack, report  # noqa: PLC0415 - export knows reconciliation

        told = pack.gather(
            cast("Reconciliation", self),
            cover=cover,
            masked=masked,
            materiality=materiality,
            decisions=decisions,
            tie_out=tie_out,
        )
        return report.write_report(told, path, most_claims)

    def claim_letter(
        self,
        *,
        cover: Cover | None = None,
        masked: bool | None = None,
        materiality: Materiality | None = None,
        decisions: pl.DataFrame | str | Path | None = None,
        samples: int = 3,
    ) -> str:
        """Write the letter that claims the money back: plain text, by currency, cause and route.

        It has what Recommendation ITU-T D.170 asks of a disputed account: the period, the route, both totals, the
        difference, its cause and sample calls. Reconcile the calls of one vendor to write to that vendor.

        Parameters
        ----------
        cover, masked, materiality, decisions
            As in `to_excel`.
        samples : int
            How many calls are told in full per cause and currency, the dearest first.

        Examples
        --------
        >>> import callkit as ck
        >>> with ck.Sandbox(calls=200, seed=7) as sandbox:
        ...     result = ck.reconcile(sandbox.nx_whatsapp().fetch(sandbox.call_ids))
        >>> print(result.claim_letter(cover=ck.Cover(invoice="INV-2026-09")).partition("Period")[0].rstrip())
        Dispute of charges
        <BLANKLINE>
        Invoice:  INV-2026-09
        """
        from callkit.export import letter, pack  # noqa: PLC0415 - export knows reconciliation

        told = pack.gather(
            cast("Reconciliation", self),
            cover=cover,
            masked=masked,
            materiality=materiality,
            decisions=decisions,
        )
        return letter.letter(told, samples)
