"""A chart as a file, without a network."""

from __future__ import annotations

import json
import re
import struct
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import vl_convert as vlc
from altair.utils._importers import vl_version_for_vl_convert

from callkit.charts.dressing import Chart

__all__ = ["save"]

# The editor's entry would send the data to somebody else's site.
EMBED = {
    "mode": "vega-lite",
    "actions": {"export": True, "source": False, "compiled": False, "editor": False},
}
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ufffe\uffff]")  # all but the line break
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_EVERYTHING = "window.vegaEmbed = vegaEmbed;"
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>body {{ margin: 16px; background: {background}; }}</style>
</head>
<body>
<div id="chart"></div>
<script type="module">{library}</script>
<script type="module">vegaEmbed("#chart", {spec}, {options});</script>
</body>
</html>
"""


def save(chart: Chart, path: str | Path, *, scale: float = 2.0) -> Path:
    """Write a chart into a file that needs nothing else: a picture, or a page that opens offline.

    Parameters
    ----------
    chart : Altair chart
        Of `callkit.charts`, or any other.
    path : str or Path
        Ends in `.png`, `.svg` or `.html`. The page keeps tooltips and selections, and carries its
        JavaScript (about 1 MB).
    scale : float
        Pixels of a PNG per pixel of the chart.

    Returns
    -------
    Path
        Where it is now.

    Raises
    ------
    ValueError
        If the name ends in something else.

    Examples
    --------
    >>> import tempfile, callkit as ck
    >>> with ck.Sandbox(calls=200, seed=7) as sandbox:
    ...     cdrs = sandbox.nx_whatsapp().fetch(sandbox.call_ids)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ck.charts.save(ck.charts.daily(cdrs), f"{folder}/calls.svg").name
    'calls.svg'
    """
    path = Path(path)
    match path.suffix.lower():
        case ".png":
            path.write_bytes(png(chart.to_dict(), scale=scale))
        case ".svg":
            path.write_text(vlc.vegalite_to_svg(_printable(chart.to_dict())), encoding="utf-8")
        case ".html":
            path.write_text(_page(chart.to_dict()), encoding="utf-8")
        case _:
            raise ValueError(f"a chart is saved as .png, .svg or .html; got {str(path)!r}")
    return path


def png(spec: dict[str, Any], *, scale: float) -> bytes:
    """Draw a chart's specification as a PNG."""
    return _packed(bytes(vlc.vegalite_to_png(_printable(spec), scale=scale)))


def _packed(png: bytes) -> bytes:
    """Pack the same pixels better: the renderer is quick about it, and its pictures are four times the size."""
    chunks, at = [], len(_SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        chunks.append((png[at + 4 : at + 8], png[at + 8 : at + 8 + length]))
        at += length + 12
    pixels = zlib.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT"))
    before = [chunk for chunk in chunks if chunk[0] not in (b"IDAT", b"IEND")]
    packed = [*before, (b"IDAT", zlib.compress(pixels, 9)), (b"IEND", b"")]
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in packed
    )


def _printable(value: Any) -> Any:
    """Put a mark in place of control characters in vendors' texts: they end the whole process inside of vl-convert."""
    if isinstance(value, str):
        return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, list):
        return [_printable(item) for item in value]
    if isinstance(value, dict):
        return {key: _printable(item) for key, item in value.items()}
    return value


@cache
def _library() -> str:
    """Vega, Vega-Lite and their embedding, out of the package of vl-convert."""
    bundle: str = vlc.javascript_bundle(_EVERYTHING, vl_version=vl_version_for_vl_convert())
    return bundle.replace("</script", "<\\/script")


def _page(spec: dict[str, Any]) -> str:
    # A destination called "</script>…" must not end the script: in JSON, < may be written as an escape.
    data = json.dumps(spec).replace("<", "\\u003c")
    background = spec.get("config", {}).get("background", "white")
    return _PAGE.format(
        title="callkit", background=background, library=_library(), spec=data, options=json.dumps(EMBED)
    )
