"""callkit: fetch voice call detail records, and check every charge to the cent.

    import callkit as ck

The names here are all that a notebook needs. `callkit --help` shows the same from a terminal.
"""

from callkit.billing import Rating, call_cost, charged_duration
from callkit.cdr import MONEY, mask_numbers
from callkit.errors import (
    AuthenticationError,
    CallkitError,
    IncompleteFetch,
    InvalidRequest,
    OutOfRange,
    RateLimited,
    SchemaError,
    VendorError,
)

__all__ = [
    "MONEY",
    "AuthenticationError",
    "CallkitError",
    "IncompleteFetch",
    "InvalidRequest",
    "OutOfRange",
    "RateLimited",
    "Rating",
    "SchemaError",
    "VendorError",
    "call_cost",
    "charged_duration",
    "mask_numbers",
]
