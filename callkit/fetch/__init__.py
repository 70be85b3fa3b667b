"""Fetch call records from the vendors, completely, exactly, and without leaking anything.

Read it from the bottom up: `exact` (JSON) and `deadline` (connections) know nobody; `transport` asks one question and
answers for retries; `tables` holds records as they came, `kinds` and `records` make frames of them; `readings` and
`paging` make windows complete; `itnio` and `nxcloud` say what is particular about a vendor.
"""

from callkit.fetch.itnio import ItnioVoice
from callkit.fetch.nxcloud import NxWhatsApp

__all__ = ["ItnioVoice", "NxWhatsApp"]
