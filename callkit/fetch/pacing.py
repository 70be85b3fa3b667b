"""When a request may go, and which time it is signed with: one throttle and one clock per client."""

from __future__ import annotations

import time
from threading import Event, Lock

from callkit.fetch.deadline import Cancelled
from callkit.fetch.http import http_date
from callkit.fetch.workers import Notices

__all__ = ["Clock", "Throttle"]

# The Date header counts whole seconds, and NXCloud accepts a minute: half of it leaves room for both.
_CLEARLY_SKEWED = 30.0
# Less than this is no reason for a refusal.
_SKEWED = 2.0


class Clock:
    """The machine's clock, corrected at most once by the vendor's."""

    def __init__(self, vendor: str, notices: Notices) -> None:
        self._vendor = vendor
        self._notices = notices
        self._lock = Lock()
        self._correction = 0.0
        self._decided = False
        self._refused = False

    def now(self) -> tuple[float, float]:
        """Unix seconds by the vendor's clock, and the correction that is in them."""
        with self._lock:
            return time.time() + self._correction, self._correction

    def compare(self, date: str) -> None:
        """Look at the Date header of a good answer: it may say that we are about to be refused."""
        if not self._decided:
            with self._lock:
                self._correct(date, _CLEARLY_SKEWED)

    def correct(self, date: str, used: float) -> bool:
        """React to a refused timestamp, and say whether asking again can help.

        Parameters
        ----------
        date
            The Date header that came with the refusal.
        used
            The correction in the refused timestamp: another thread may have corrected the clock since.
        """
        with self._lock:
            if used != self._correction:
                return True
            if self._decided and not self._refused and self._correction:
                # Corrected by a Date header alone, and now refused: that header was wrong, our clock was not.
                self._refused, self._correction = True, 0.0
                self._notices.add(
                    f"{self._vendor}: the correction by the server's Date header was wrong; taken back."
                )
                return True
            self._refused = True
            return self._correct(date, _SKEWED)

    def _correct(self, date: str, least: float) -> bool:
        if self._decided:
            return False
        server = http_date(date)
        if server is None or abs(off := server + 0.5 - time.time()) < least:
            return False
        self._decided = True
        self._correction = off
        self._notices.add(
            f"{self._vendor}: this machine's clock is {abs(off):.0f} s {'behind' if off > 0 else 'ahead of'} the "
            f"vendor's (Date header); requests are signed with the vendor's time. Set this "
            f"machine's clock (NTP)."
        )
        return True


class Throttle:
    """At most so many requests a second, over all threads and retries, evenly spaced.

    It waits before the request is signed, so that a timestamp does not grow old in the queue, and the wait can be
    called off.
    """

    def __init__(self, per_second: float | None) -> None:
        self._interval = 0.0 if per_second is None else 1.0 / per_second
        self._next = 0.0
        self._lock = Lock()

    def wait(self, stop: Event) -> None:
        """Wait for this request's turn."""
        if stop.is_set():
            raise Cancelled
        if not self._interval:
            return
        with self._lock:
            turn = max(time.monotonic(), self._next)
            self._next = turn + self._interval
        while (left := turn - time.monotonic()) > 0:
            if stop.wait(left):
                raise Cancelled
