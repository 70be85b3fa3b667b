"""Threads that can be called off, and what they have to say to the caller: warnings and progress."""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Any, TypeVar

__all__ = ["Notices", "Workers", "progress_bar"]

T = TypeVar("T")


class Workers:
    """A pool of threads whose work ends when the caller leaves.

    Leaving the `with` block for any reason, Ctrl-C and a closed generator among them, sets `stop`: requests
    under way give up within a fraction of a second, waits between attempts at once, and what was queued never begins.
    """

    def __init__(self, count: int) -> None:
        self.stop = threading.Event()
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="callkit-fetch")

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def submit(self, work: Callable[..., T], *args: object) -> Future[T]:
        """Queue a piece of work."""
        return self._pool.submit(work, *args)

    @staticmethod
    def results(futures: Sequence[Future[T]]) -> list[T]:
        """Wait for all, or for the first that fails, and give the results in order."""
        pending: set[Future[T]] = set(futures)
        while pending:
            # A wait without an end cannot be interrupted by Ctrl-C on every platform.
            done, pending = wait(pending, timeout=0.5, return_when=FIRST_EXCEPTION)
            for future in done:
                if future.exception() is not None:
                    future.result()
        return [future.result() for future in futures]

    @staticmethod
    def went_well(future: Future[Any], meanwhile: Sequence[Future[Any]]) -> bool:
        """Wait for one piece of work while others are under way, and say whether it went well, without raising."""
        while not future.done() and not all(other.done() for other in meanwhile):
            wait([future], timeout=0.1)
        return future.done() and future.exception() is None


class Notices:
    """Warnings that arise in threads, or deep inside, and are given where the user called.

    The category is UserWarning.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._texts: list[str] = []

    def add(self, text: str) -> None:
        """Remember a warning; the same text is given once."""
        with self._lock:
            if text not in self._texts:
                self._texts.append(text)

    def give(self) -> None:
        """Issue what has gathered, as a warning of whoever called the method that calls this."""
        with self._lock:
            texts, self._texts = self._texts, []
        for text in texts:
            warnings.warn(text, UserWarning, stacklevel=3)


class _NoBar:
    def update(self, count: int) -> None:
        pass

    def close(self) -> None:
        pass


def progress_bar(shown: bool | None, *, name: str, unit: str, total: int | None = None) -> Any:
    """Make a progress bar when it is asked for, or by default where someone would see it.

    That is a terminal, or a notebook. The bar says the vendor's name and counts; nothing else.
    """
    if shown is not None and not isinstance(shown, bool):
        raise TypeError(f"progress must be True, False or None, got {type(shown).__name__}")
    if shown is None:
        shown = _in_notebook() or (sys.stderr is not None and sys.stderr.isatty())
    if not shown:
        return _NoBar()
    from tqdm.auto import tqdm  # noqa: PLC0415 loads ipywidgets where there is a notebook

    return tqdm(total=total, desc=name, unit=unit, unit_scale=False, leave=True)


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return type(shell).__name__ == "ZMQInteractiveShell"
