"""How to reach a running sandbox, in words; and serving one in a terminal."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from callkit.sandbox.sandbox import ITNIO_PATH, NX_PATH

if TYPE_CHECKING:
    from callkit.sandbox.sandbox import Sandbox

__all__ = ["describe", "serve"]


def describe(sandbox: Sandbox) -> str:
    """Say how to reach a running sandbox: addresses, example credentials, the period, and a line to paste.

    The lines compute the time and the signature anew whenever they are run, as every request must.

    Parameters
    ----------
    sandbox
        A sandbox that is running.

    Returns
    -------
    str
        Plain text of several lines.

    Examples
    --------
    >>> from callkit.sandbox import Sandbox, describe
    >>> with Sandbox(calls=50) as sandbox:
    ...     print(describe(sandbox).splitlines()[1])
    Calls from 2026-09-01T00:00:00+00:00 to 2026-10-01T00:00:00+00:00.
    """
    start, end = (_text(moment) for moment in sandbox.period)
    itnio, nx = sandbox.credentials["itnio"], sandbox.credentials["nx"]
    there = {record["call_id"] for record in sandbox.records("nx")} - sandbox.late_call_ids
    call_id = next((one for one in sandbox.call_ids if one in there and one.startswith("outgoing")), "")
    body = json.dumps({"appkey": nx["app_key"], "business_phone": nx["business_phone"], "call_id": call_id})
    signed = f"accessKey={nx['access_key']}&action=mt&bizType=2&ts=$TS&body=$BODY&accessSecret={nx['access_secret']}"
    return f"""\
Both vendors' APIs, on this machine only. Seed {sandbox.seed}: the same calls every time.
Calls from {start} to {end}.
The vendors' clock stands at {_text(sandbox.now)}: the two months before it can be asked for.
Timestamps are checked against real time.

ITNIO Tech voice     POST {sandbox.url}{ITNIO_PATH}
  Api-Key {itnio["api_key"]}   secret {itnio["api_secret"]}

  TS=$(date +%s); curl -sS {sandbox.url}{ITNIO_PATH} \\
    -H 'Content-Type: application/json;charset=UTF-8' -H 'Api-Key: {itnio["api_key"]}' -H "Timestamp: $TS" \\
    -H "Sign: $(printf %s "{itnio["api_key"]}{itnio["api_secret"]}$TS" | md5sum | cut -c1-32)" \\
    -d '{{"current":1,"size":2,"params":{{"strTime":"{start}","endTime":"{end}"}}}}'

NXCloud WhatsApp     POST {sandbox.url}{NX_PATH}
  accessKey {nx["access_key"]}   secret {nx["access_secret"]}
  appkey {nx["app_key"]}   business_phone {nx["business_phone"]}

  TS=$(date +%s)000; BODY='{body}'; \\
  curl -sS {sandbox.url}{NX_PATH} -H 'Content-Type: application/json' \\
    -H 'accessKey: {nx["access_key"]}' -H "ts: $TS" -H 'bizType: 2' -H 'action: mt' \\
    -H "sign: $(printf %s "{signed}" | md5sum | cut -c1-32)" \\
    -d "$BODY"

callkit itself
  CALLKIT_ITNIO_API_KEY={itnio["api_key"]} CALLKIT_ITNIO_API_SECRET={itnio["api_secret"]} \\
    callkit fetch itnio --base-url {sandbox.url}/voice --from {start} --to {end} --out calls.parquet
"""


def serve(
    sandbox: Sandbox, show: Callable[[str], object] = print, until: threading.Event | None = None
) -> None:
    """Serve in the foreground: start, show how to reach it, and wait for Ctrl-C.

    Parameters
    ----------
    sandbox
        A sandbox that is not running yet.
    show
        What is done with the description.
    until
        An event that ends it, too.
    """
    until = until or threading.Event()
    with sandbox:
        show(describe(sandbox))
        try:
            while not until.wait(1.0):  # a wait without end would not notice Ctrl-C on every platform
                pass
        except KeyboardInterrupt:
            show("Stopped.")


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
