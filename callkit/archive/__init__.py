"""Keep call records beyond the vendors' memory. Read `archive` first: it says how the parts hold together."""

from callkit.archive.archive import Archive
from callkit.archive.coverage import COVERAGE
from callkit.archive.readings import Synced
from callkit.archive.schemas import CDRS, INVOICED, LEDGER, RESTATEMENTS
from callkit.archive.verify import VERIFIED

__all__ = ["CDRS", "COVERAGE", "INVOICED", "LEDGER", "RESTATEMENTS", "VERIFIED", "Archive", "Synced"]
