"""The check section: by which rating, deck, invoice and tolerance the charges are held against what was due."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

import ipywidgets as widgets

from callkit.billing import Rating
from callkit.invoice import Invoice
from callkit.rates import RateDeck
from callkit.reconciliation.result import RatingUsed
from callkit.sandbox import Sandbox
from callkit.widgets.workbench.papers import Paper
from callkit.widgets.workbench.pieces import Message, Section, button, labelled, quiet, row, shown

_UNITS: list[tuple[str, int | str]] = [
    ("a minute", 60),
    ("a second", 1),
    ("an hour", 3600),
    ("a step of the bill period", "block"),
]
_ROUNDINGS = ["half_up", "half_even", "up", "down"]
_MEANINGS = [("a, then steps of b", "after_first"), ("steps of b, at least a", "total")]


class CheckSection(Section):
    """How the charges are checked.

    Attributes
    ----------
    rating : ipywidgets.Dropdown
        `inferred` from the records, or `stated` in the fields below.
    per_seconds, decimals, rounding, connect_fee, attempt_fee, increments : ipywidgets widgets
        The stated rating, as in `callkit.Rating`. After a reconciliation they hold the rating that was found.
    tolerance : ipywidgets.Text
        In the currency; empty: half a unit of the vendor's last decimal.
    deck, invoice : Paper
        The rate deck and the invoice.
    go : ipywidgets.Button
        Reconciles.
    message : Message
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self.rating = labelled(
            widgets.Dropdown,
            "Rating",
            options=[("inferred from the records", "inferred"), ("as stated here", "stated")],
        )
        self.per_seconds = labelled(widgets.Dropdown, "A rate is for", options=_UNITS, value=60)
        self.decimals = labelled(widgets.BoundedIntText, "Decimals", "10em", value=6, min=0, max=10)
        self.rounding = labelled(widgets.Dropdown, "Rounded", options=_ROUNDINGS)
        self.connect_fee = labelled(widgets.Text, "Connect fee", "11em", value="0", continuous_update=False)
        self.attempt_fee = labelled(widgets.Text, "Attempt fee", "11em", value="0", continuous_update=False)
        self.increments = labelled(widgets.Dropdown, "a+b means", options=_MEANINGS)
        self.tolerance = labelled(
            widgets.Text, "Tolerance", "18em", placeholder="half the last decimal", continuous_update=False
        )
        self.deck: Paper[RateDeck] = Paper("Rate deck", RateDeck.read, "ck.RateDeck.read", changed)
        self.invoice: Paper[Invoice] = Paper("Invoice", Invoice.read, "ck.Invoice.read", changed)
        self.found = widgets.HTML()
        self.message = Message()
        self.go = button("Reconcile", "Recompute every charge", main=True)
        self._stated = row(
            self.per_seconds,
            self.decimals,
            self.rounding,
            self.connect_fee,
            self.attempt_fee,
            self.increments,
        )
        super().__init__(
            4,
            "Check",
            "recompute every charge",
            [
                row(self.rating, self.tolerance),
                self._stated,
                self.found,
                self.deck,
                self.invoice,
                row(self.go),
                self.message,
            ],
        )
        self.rating.observe(self._turned, "value")
        self._turned()

    @property
    def stated(self) -> Rating | None:
        """The stated rating; None where it is to be inferred."""
        if self.rating.value == "inferred":
            return None
        return Rating(
            per_seconds=self.per_seconds.value,
            decimals=self.decimals.value,
            rounding=self.rounding.value,
            connect_fee=_amount("Connect fee", self.connect_fee.value),
            attempt_fee=_amount("Attempt fee", self.attempt_fee.value),
            increments=self.increments.value,
        )

    @property
    def allowed(self) -> Decimal | None:
        """The tolerance; None for the usual one."""
        text = self.tolerance.value.strip()
        return _amount("Tolerance", text) if text else None

    def of_sandbox(self, sandbox: Callable[[], Sandbox] | None, vendor: str) -> None:
        """Offer the sandbox's papers: the price list of the one vendor that is asked, and ITNIO's invoice."""
        one = sandbox is not None and vendor in ("itnio", "nx")
        source = "nx-whatsapp" if vendor == "nx" else "itnio-voice"
        self.deck.offer(
            (lambda: sandbox().rate_deck(source)) if sandbox is not None and one else None,
            f"sandbox.rate_deck({source!r})",
        )
        self.invoice.offer(
            (lambda: sandbox().invoice()) if sandbox is not None and vendor != "nx" else None,
            "sandbox.invoice()",
        )

    def tell(self, used: RatingUsed) -> None:
        """Show the rating that was used, and put it into the fields, ready to be stated otherwise."""
        self.found.value = quiet(f"Rating used: {used}.")
        if self.rating.value == "inferred":
            units = [value for _, value in _UNITS]
            if used.rating.per_seconds in units:
                self.per_seconds.value = used.rating.per_seconds
            self.decimals.value = used.rating.decimals
            self.rounding.value = used.rating.rounding
            self.connect_fee.value = f"{Decimal(used.rating.connect_fee):f}"
            self.attempt_fee.value = f"{Decimal(used.rating.attempt_fee):f}"
            self.increments.value = used.rating.increments

    def untell(self) -> None:
        """Show no rating: there is no result any more."""
        self.found.value = ""

    def _turned(self, _change: object = None) -> None:
        shown(self._stated, yes=self.rating.value == "stated")


def _amount(what: str, text: str) -> Decimal:
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise ValueError(f"{what}: write an amount such as 0.005, got {text!r}")
    return amount
