"""The terminal's side of callkit: `callkit demo`, `fetch`, `sync`, `status`, `reconcile`, `sandbox` and `lab`."""

from callkit.cli.entry import main

__all__ = ["main"]
