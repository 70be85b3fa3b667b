"""One writer at a time: a lock file beside a table on this machine's disks.

The file says who writes, and its time of change says that the writer lives: a thread renews it. A lock whose process is
gone, or that was not renewed for a minute, is taken over. That can go wrong only where a writer was asleep for longer
than that, a closed laptop for one: it then finds the lock gone and stops, and behind it Delta's own transactions
refuse what does not follow on the table as it is. An object store has no lock file; there, those transactions are all
there is.
"""

from __future__ import annotations

import json
import os
import socket
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from callkit.errors import ArchiveBusy

__all__ = ["Lock"]

_BEAT = 10.0
_SILENT = 60.0
_POLL = 0.2


class Lock:
    """Held inside of a `with` block.

    Parameters
    ----------
    path
        The lock file; None where there can be none.
    wait
        Seconds to wait for another writer before giving up.
    """

    def __init__(self, path: Path | None, wait: float = 0.0) -> None:
        if isinstance(wait, bool) or not isinstance(wait, int | float):
            raise TypeError(f"wait must be seconds, got {wait!r:.60}")
        self._path = path
        self._wait = wait
        self._token = uuid4().hex
        self._done = Event()

    def __enter__(self) -> Self:
        if self._path is None:
            return self
        patience = time.monotonic() + self._wait
        while not self._taken(self._path):
            holder = _read(self._path)
            if holder is not None and _is_gone(self._path, holder):
                self._take_over(self._path, holder)
                continue
            if time.monotonic() >= patience:
                raise ArchiveBusy(_told(self._path, holder))
            time.sleep(_POLL)
        Thread(target=self._renew, args=(self._path,), name="callkit-archive-lock", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        if self._path is not None and self._is_ours(self._path):
            self._path.unlink(missing_ok=True)

    def check(self) -> None:
        """Make sure that nobody took the lock over meanwhile.

        Raises
        ------
        ArchiveBusy
            If somebody did: nothing more may be written.
        """
        if self._path is not None and not self._is_ours(self._path):
            raise ArchiveBusy(
                f"{_told(self._path, _read(self._path))} This one was silent for more than {_SILENT:.0f} s and lost "
                f"its lock; what it wrote before is kept."
            )

    def _taken(self, path: Path) -> bool:
        said = {
            "token": self._token,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        # Written beside first: a lock that is there is whole, however this process may end. Linking refuses where
        # the name is taken, at once for everybody.
        beside = path.with_name(f"{path.name}.{self._token}")
        beside.write_text(json.dumps(said))
        try:
            os.link(beside, path)
        except FileExistsError:
            return False
        finally:
            beside.unlink()
        return True

    def _take_over(self, path: Path, gone: dict[str, Any]) -> None:
        """Move a dead writer's lock away; if somebody else was faster, it is theirs that was moved: give it back."""
        moved = path.with_name(f"{path.name}.{self._token}.gone")
        try:
            path.rename(moved)
        except FileNotFoundError:
            return
        if (_read(moved) or gone).get("token") != gone.get("token"):
            with suppress(FileExistsError):
                os.link(moved, path)
        moved.unlink(missing_ok=True)

    def _is_ours(self, path: Path) -> bool:
        return (_read(path) or {}).get("token") == self._token

    def _renew(self, path: Path) -> None:
        while not self._done.wait(_BEAT):
            if not self._is_ours(path):
                return
            try:
                os.utime(path)
            except OSError:
                return


def _read(path: Path) -> dict[str, Any] | None:
    try:
        said = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _is_gone(path: Path, holder: dict[str, Any]) -> bool:
    try:
        silent = time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return False
    if silent > _SILENT:
        return True
    pid = holder.get("pid")
    return holder.get("host") == socket.gethostname() and isinstance(pid, int) and not _lives(pid)


def _lives(pid: int) -> bool:
    if os.name == "nt":  # a signal would end the process there
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _told(path: Path, holder: dict[str, Any] | None) -> str:
    who = holder or {}
    return (
        f"another process writes to this archive: {who.get('pid', 'unknown')} on {who.get('host', 'unknown')}, since "
        f"{who.get('since', 'unknown')} ({path}). Wait for it to end, or let this one wait (wait=, --wait)."
    )
