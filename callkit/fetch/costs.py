"""NXCloud's cost lines: one object or an array of them, in one currency or several."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from callkit.fetch.exact import Json
from callkit.fetch.kinds import Unreadable, exact_amount
from callkit.fetch.tables import Record

__all__ = ["with_costs"]


def with_costs(call: Record, aside: Record) -> tuple[Record, Record]:
    """Work out direction, price and currency of a call from its cost lines.

    Parameters
    ----------
    call
        The vendor's record, in which `costs` is an object or an array of `{direction, currency, price}`.
    aside
        What goes to `extra` beside the record's unknown fields.

    Returns
    -------
    tuple
        The record with `costs.direction`, `costs.price` and `costs.currency` in place of `costs` (what cannot be
        worked out as it came, for `extra`'s `unreadable`), and `aside` with the lines themselves.
    """
    costs = call.get("costs")
    rest = {name: value for name, value in call.items() if name != "costs"}
    if costs is None or costs in ([], {}, ""):
        return rest, aside
    lines = [costs] if isinstance(costs, dict) else costs
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        return {**rest, "costs": costs}, aside
    aside = {**aside, "costs": costs}
    directions = {str(line.get("direction")) for line in lines if line.get("direction") not in (None, "")}
    currencies = {line.get("currency") or None for line in lines if _is_label(line.get("currency"))}
    rest["costs.direction"] = (
        next((line["direction"] for line in lines if line.get("direction") not in (None, "")), None)
        if len(directions) <= 1
        else sorted(directions)
    )
    if not all(_is_label(line.get("currency")) for line in lines):
        rest["costs.currency"] = [line.get("currency") for line in lines]
    elif len(currencies) == 1:
        rest["costs.currency"] = currencies.pop()
    else:
        return rest, aside
    rest["costs.price"] = _sum([line.get("price") for line in lines])
    return rest, aside


def _is_label(value: Json) -> bool:
    return value is None or isinstance(value, str)


def _sum(prices: Sequence[Json]) -> Json:
    """Add up, exactly; a price that cannot be read makes the sum unreadable, as the list of what came."""
    try:
        amounts = [amount for price in prices if (amount := exact_amount(price)) is not None]
    except Unreadable:
        return list(prices) if len(prices) > 1 else prices[0]
    if not amounts:
        return None
    return _exactly(amounts)


def _exactly(amounts: Sequence[Decimal]) -> Decimal:
    # Decimal's context would round a sum to 28 digits; integers do not.
    total = sum(int(amount.scaleb(10)) for amount in amounts)
    return Decimal(total).scaleb(-10)
