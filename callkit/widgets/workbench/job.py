"""A fetch in a thread of its own: the kernel is busy while a callback runs, and could not hear of a Cancel."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import polars as pl

from callkit import cdr
from callkit.widgets.workbench.plans import Plan, put_together


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a fetch has come.

    Attributes
    ----------
    name
        Whose records come at present.
    records, expected
        How many came, and how many there will be.
    windows, of_windows
        How many windows of the period are complete; 0 of 0 for a vendor that is asked by id.
    seconds
        Since the beginning.
    """

    name: str = ""
    records: int = 0
    expected: int = 0
    windows: int = 0
    of_windows: int = 0
    seconds: float = 0.0

    @property
    def left(self) -> float | None:
        """How many seconds it will still take, if it goes on as it has gone so far; None as long as nothing came."""
        if not self.records or self.expected <= self.records:
            return None
        return self.seconds * (self.expected - self.records) / self.records

    def __str__(self) -> str:
        """Say it in a line."""
        told = [f"{self.name}: {self.records:,} of {self.expected:,} records"]
        if self.of_windows:
            told.append(f"window {self.windows} of {self.of_windows}")
        if self.left is not None and self.seconds > 1:
            told.append(f"about {_duration(self.left)} left")
        return " · ".join(told)


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{max(1, round(seconds))} s"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a fetch ended: with a frame, with an error, or called off.

    Attributes
    ----------
    cdrs
        The records, complete; None where they are not.
    counted
        By part: its name, how many records came, how many of them the vendor has.
    error
        What went wrong.
    cancelled
        Whether somebody called it off.
    notices
        What is odd but no error, in sentences.
    """

    cdrs: pl.DataFrame | None = None
    counted: list[tuple[str, int, int]] = field(default_factory=list)
    error: BaseException | None = None
    cancelled: bool = False
    notices: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Job:
    """Carries out a plan; `tell` hears of the progress and `end` of the outcome, both in the job's thread."""

    def __init__(self, plan: Plan, tell: Callable[[Progress], None], end: Callable[[Outcome], None]) -> None:
        self._plan, self._tell, self._end = plan, tell, end
        self._called_off = threading.Event()
        self._stop: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=self._run, name="callkit-workbench", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it is under way."""
        return self._thread.is_alive()

    def cancel(self) -> None:
        """Call it off; it ends within a fraction of a second."""
        self._called_off.set()
        self._stop()

    def wait(self, timeout: float | None = None) -> None:
        """Wait until it has ended, and its thread with it."""
        if self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _run(self) -> None:
        outcome = Outcome()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                outcome = self._carried_out()
            except (Exception, pl.exceptions.PanicException) as error:  # noqa: BLE001 - told in words, where the cause is
                cancelled = self._called_off.is_set()
                outcome = Outcome(error=None if cancelled else error, cancelled=cancelled)
        notices = [str(warning.message) for warning in caught if issubclass(warning.category, UserWarning)]
        self._end(replace(outcome, notices=notices))

    def _carried_out(self) -> Outcome:
        began = time.monotonic()
        frames, counted = [], []
        with self._plan.opened:
            parts = self._plan.parts()
            for part in parts:
                self._stop = part.stop
                self._going_on()
                progress = Progress(part.name, 0, part.expected(), 0, part.windows)
                self._tell(progress)
                batches = [cdr.empty()]
                started = time.monotonic()
                for batch in part.batches():
                    self._going_on()
                    batches.append(batch.frame)
                    progress = replace(
                        progress,
                        records=progress.records + batch.frame.height,
                        windows=progress.windows + batch.windows,
                        seconds=time.monotonic() - started,
                    )
                    self._tell(progress)
                frame = pl.concat(batches[1:] or batches, how="diagonal")
                frames.append(frame)
                found = int(frame["found"].fill_null(value=True).sum()) if frame.width else 0
                counted.append((part.name, frame.height, found))
            self._going_on()
        return Outcome(put_together(frames, parts), counted, seconds=time.monotonic() - began)

    def _going_on(self) -> None:
        if self._called_off.is_set():
            raise _CalledOffError


class _CalledOffError(Exception):
    """Somebody does not want it any more."""
