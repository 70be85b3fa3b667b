"""The vendor's own PHP program, against the sandbox."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import callkit as ck

SAMPLES = Path(__file__).parent.parent / "data" / "itnio_record_group_query.txt"


def printed_program() -> str:
    """The PHP program as it stands on the vendor's page."""
    page = SAMPLES.read_text(encoding="utf-8")
    last = "var_dump($output);"
    return page[page.index("$apiKey = ") : page.index(last) + len(last)]


def test_the_vendors_php_program_runs_when_only_address_keys_and_dates_are_changed(
    php: str, tmp_path: Path
) -> None:
    """Whoever has a client for the vendor can point it at the sandbox."""
    with ck.Sandbox(calls=200, seed=7) as sandbox:
        keys = sandbox.credentials["itnio"]
        start, end = sandbox.period
        program = printed_program()
        for old, new in (
            ('"your api key"', f'"{keys["api_key"]}"'),
            ('"your api secret"', f'"{keys["api_secret"]}"'),
            ("https://api.itniotech.com", sandbox.url),
            ("2022-04-01T00:00:00+08:00", start.isoformat()),
            ("2022-04-31T00:00:00+08:00", end.isoformat()),
        ):
            assert old in program
            program = program.replace(old, new)
        file = tmp_path / "sample.php"
        file.write_text(f"<?php\n{program}", encoding="utf-8")
        printed = subprocess.run([php, str(file)], check=True, capture_output=True, text=True).stdout
    answer = json.loads(printed[printed.index("{") : printed.rindex("}") + 1])
    assert answer["status"] == "0"
    assert len(answer["data"]["records"]) == answer["data"]["size"] == 10
