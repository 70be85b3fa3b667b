"""The fetch section: a bar, a Cancel that works, and what came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from callkit.widgets.workbench.job import Job, Outcome, Progress
from callkit.widgets.workbench.pieces import Message, Section, button, in_words, labelled, row
from callkit.widgets.workbench.plans import Plan

_MOST_NOTES = 6


class FetchSection(Section):
    """Fetches in a thread of its own.

    Attributes
    ----------
    go, cancel : ipywidgets.Button
    bar : ipywidgets.IntProgress
        Records that came, of those that will be.
    told : ipywidgets.Label
        Records, windows, and the time left.
    message : Message
        What came, or what went wrong.
    complete : str
        How complete the records are, in a sentence; empty without any.
    """

    def __init__(self, start: Callable[[], Any], ended: Callable[[Outcome], None]) -> None:
        self._ended = ended
        self._job: Job | None = None
        self._listening, self._under_way = True, False
        self.complete = ""
        self.go = button("Fetch", "Fetch the call records", main=True)
        self.cancel = button("Cancel", "Stop fetching; nothing is kept of it")
        self.cancel.disabled = True
        self.bar = labelled(widgets.IntProgress, "", "min(100%, 26em)", value=0, min=0, max=1)
        self.told = widgets.Label("", layout=widgets.Layout(width="auto"))
        self.message = Message()
        super().__init__(
            3,
            "Fetch",
            "every record that the source has, or an error",
            [row(self.go, self.cancel, self.bar, self.told), self.message],
        )
        self.go.on_click(lambda _: start())
        self.cancel.on_click(lambda _: self.call_off())

    @property
    def running(self) -> bool:
        """Whether a fetch is under way."""
        return self._under_way

    def begin(self, plan: Plan) -> None:
        """Begin to carry out a plan; one that is under way is called off first."""
        self.call_off()
        self.wait()
        self.complete = ""
        self.message.clear()
        self.go.disabled, self.cancel.disabled = True, False
        self.bar.value, self.bar.max, self.bar.bar_style = 0, 1, ""
        self.told.value = "Connecting …"
        self._under_way = True
        self._job = Job(plan, self._progress, self._end)
        self._job.start()

    def begin_anew(self) -> None:
        """Call off what is under way, and forget what was said of other records."""
        self.call_off()
        self.wait()
        self.complete, self.told.value = "", ""
        self.bar.value, self.bar.max, self.bar.bar_style = 0, 1, ""
        self.message.clear()

    def call_off(self) -> None:
        """Cancel what is under way."""
        if self.running and self._job is not None:
            self.told.value = "Cancelling …"
            self._job.cancel()

    def wait(self, timeout: float | None = None) -> None:
        """Wait until nothing is under way."""
        if self._job is not None:
            self._job.wait(timeout)

    def shut(self) -> None:
        """Call off what is under way, and wait for its end; nothing is told any more."""
        self._listening = False
        self.call_off()
        self.wait()

    def _progress(self, progress: Progress) -> None:
        if self._listening:
            self.bar.max = max(1, progress.expected, progress.records)
            self.bar.value = progress.records
            self.told.value = str(progress)

    def _end(self, outcome: Outcome) -> None:
        if outcome.cdrs is not None:
            self.complete = _complete(outcome)
        if self._listening:
            self._ended(outcome)
        # From here on others may go on with what came.
        self._under_way = False
        if self._listening:
            self._told(outcome)

    def _told(self, outcome: Outcome) -> None:
        self.go.disabled, self.cancel.disabled = False, True
        notes = outcome.notices[:_MOST_NOTES]
        if len(outcome.notices) > _MOST_NOTES:
            notes.append(f"and {len(outcome.notices) - _MOST_NOTES} more notes")
        if outcome.cdrs is not None:
            self.bar.max = self.bar.value = max(1, outcome.cdrs.height)
            self.told.value = f"{outcome.seconds:,.1f} s"
            self.message.say(self.complete, "done", notes)
        elif outcome.cancelled:
            self.told.value = "Cancelled."
            self.bar.value = 0
            self.message.say(
                "Cancelled: nothing of it is kept. What was fetched before is still there.", "note", notes
            )
        else:
            self.told.value = "Failed."
            self.bar.bar_style = "danger"
            error = outcome.error or RuntimeError()
            self.message.say(
                f"{in_words(error)}\nNothing of this fetch is kept: mend it and fetch again.", "error", notes
            )


def _complete(outcome: Outcome) -> str:
    told = []
    for name, records, found in outcome.counted:
        if name == "ITNIO voice":
            told.append(f"{name}: {records:,} records, complete by the vendor's own count")
        elif name == "NXCloud WhatsApp":
            lacking = records - found
            none = f", {lacking:,} of them without a record" if lacking else ", every one with a record"
            told.append(f"{name}: {records:,} calls asked for{none}")
        else:
            told.append(f"{name}: {records:,} records")
    return "; ".join(told) + "."
