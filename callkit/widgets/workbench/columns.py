"""What the columns of somebody else's file are, as it is typed."""

from __future__ import annotations


def mapping(text: str) -> dict[str, str]:
    """Read `Theirs = ours, Other = ours` into a mapping.

    Raises
    ------
    ValueError
        If a part has no equals sign.
    """
    told = {}
    for part in text.split(","):
        if not part.strip():
            continue
        theirs, sign, ours = part.rpartition("=")
        if not sign or not theirs.strip() or not ours.strip():
            raise ValueError(
                f"Columns: write 'their name = our name', separated by commas; got {part.strip()!r}"
            )
        told[theirs.strip()] = ours.strip()
    return told
