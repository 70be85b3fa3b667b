"""The countries of telephone numbers, and the names that vendors give them."""

from callkit.numbers.names import country_name, meant_by
from callkit.numbers.plans import LEADING, bare, country, leading, valid

__all__ = ["LEADING", "bare", "country", "country_name", "leading", "meant_by", "valid"]
