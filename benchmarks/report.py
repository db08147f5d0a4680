"""Measure `scones report` in a large account: 10,000 captures, 1,000 jobs, 1,000 executions, a run of 1,000 images.

`scones exec --start -- python benchmarks/report.py` takes half a minute, most of it to fill the account as
large_account.py does, unless that has been done. Use a state folder of its own (SCONES_STATE_DIR).
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import large_account
from aims import Aims
from botocore.exceptions import ClientError

ROUNDS = 5
REPORT_AT_MOST_S, PAGE_AT_MOST_MB = 20.0, 2.0


def main() -> int:
    if not is_filled():
        large_account.main()
    aims = Aims()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LARGE_ACCOUNT_OUT"] = folder
        large_account.fill_run()
        seconds = [report_s(folder) for _ in range(ROUNDS)]
        page_mb = (Path(folder) / "index.html").stat().st_size / 1e6
    sys.stdout.write(f"scones report: {', '.join(f'{each:.2f}' for each in seconds)} s\n")
    aims.at_most("scones report, the median", statistics.median(seconds), REPORT_AT_MOST_S, " s")
    aims.at_most("scones report, the slowest", max(seconds), REPORT_AT_MOST_S, " s")
    aims.at_most("its page", page_mb, PAGE_AT_MOST_MB, " MB")
    return aims.exit_code()


def is_filled() -> bool:
    try:
        large_account.client("cloudformation").describe_stacks(StackName=large_account.NAME)
    except ClientError:
        return False
    return True


def report_s(folder: str) -> float:
    """Return how long the command took, from its start to its end."""
    name = large_account.NAME
    options = ["--stack", name, "--bucket", name, "--endpoint-name", name, "--out", folder]
    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "command_line", "report", *options], check=True, capture_output=True)
    return time.monotonic() - began


if __name__ == "__main__":
    raise SystemExit(main())
