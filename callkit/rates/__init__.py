"""Rate decks: what a call to a number should cost, by the contract's own table."""

from callkit.rates.deck import RateDeck

__all__ = ["RateDeck"]
