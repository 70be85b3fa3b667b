"""The sandbox as a source: both vendors on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime

import ipywidgets as widgets

from callkit.sandbox import Sandbox
from callkit.sandbox.settings import NOW, PERIOD
from callkit.widgets.workbench.pieces import labelled, quiet, row
from callkit.widgets.workbench.plans import Plan, of_sandbox
from callkit.widgets.workbench.sources.pane import Between, Pane, Papers

_SERVED = [("ITNIO voice", "itnio"), ("NXCloud WhatsApp", "nx"), ("both vendors", "both")]
_ABOUT = "Both vendors' APIs on this machine, with a month of calls that were billed wrongly on purpose."


class SandboxPane(Pane):
    """A month of the sandbox, or of one that was given from Python.

    Attributes
    ----------
    vendor : ipywidgets.Dropdown
        Whose calls: `itnio`, `nx`, `both`.
    calls, seed : ipywidgets.BoundedIntText
        How many calls, and which month; of no effect where a sandbox was given.
    """

    def __init__(self, changed: Callable[[], None], given: Sandbox | None = None) -> None:
        self._given = given
        self._made: tuple[int, int, Sandbox] | None = None
        self.vendor = labelled(widgets.Dropdown, "Vendor", options=_SERVED, value="itnio")
        self.calls = labelled(
            widgets.BoundedIntText, "Calls", "11em", value=5_000, min=0, max=1_000_000, step=1_000
        )
        self.seed = labelled(widgets.BoundedIntText, "Seed", "9em", value=7, min=0, max=2**31)
        for field in (self.vendor, self.calls, self.seed):
            field.observe(lambda _: changed(), "value")
        asked = row(self.vendor, self.calls, self.seed) if given is None else row(self.vendor)
        said = _ABOUT if given is None else "A sandbox, given from Python."
        super().__init__([asked, widgets.HTML(quiet(said))])

    @property
    def asks_period(self) -> bool:
        """NXCloud alone is asked call by call."""
        return bool(self.vendor.value != "nx")

    @property
    def now(self) -> datetime:
        """The sandbox's clock, which stands still."""
        return NOW if self._given is None else self._given.now

    @property
    def months(self) -> tuple[datetime, datetime]:
        """The sandbox's month."""
        return PERIOD if self._given is None else self._given.period

    @property
    def papers(self) -> Papers:
        """The sandbox has both."""
        return Papers(self._sandbox, self.vendor.value)

    def plan(self, between: Between) -> Plan:
        """Fetch from the vendors that are chosen; the sandbox is made, and served, only then."""
        start, end = between()
        vendor = self.vendor.value
        fetched = []
        if vendor in ("itnio", "both"):
            fetched.append(
                f"sandbox.itnio_voice().fetch({start.isoformat()!r}, {end.isoformat()!r}, progress=False)"
            )
        if vendor in ("nx", "both"):
            fetched.append("sandbox.nx_whatsapp().fetch(sandbox.call_ids, progress=False)")
        cdrs = fetched[0] if len(fetched) == 1 else f"pl.concat([{', '.join(fetched)}])"
        made = (
            f"ck.Sandbox(calls={self.calls.value}, seed={self.seed.value})"
            if self._given is None
            else "sandbox"
        )
        opened: list[Sandbox] = []

        @contextmanager
        def serving() -> Iterator[None]:
            opened[:] = [self._sandbox()]
            with nullcontext() if _runs(opened[0]) else opened[0]:
                yield

        code = [f"with {made} as sandbox:", f"    cdrs = {cdrs}"]
        return Plan(lambda: of_sandbox(opened[0], vendor, start, end), code, serving())

    def forget(self) -> None:
        """Forget the month."""
        self._made = None

    def _sandbox(self) -> Sandbox:
        """Give the sandbox that is the source; a month is made once, and takes its time where it is large."""
        if self._given is not None:
            return self._given
        calls, seed = self.calls.value, self.seed.value
        if self._made is None or self._made[:2] != (calls, seed):
            self._made = (calls, seed, Sandbox(calls, seed))
        return self._made[2]


def _runs(sandbox: Sandbox) -> bool:
    try:
        return bool(sandbox.url)
    except RuntimeError:
        return False
