"""Processing step: split the table into rows to train with and rows to evaluate with."""

import csv
from pathlib import Path

BASE = Path("/opt/ml/processing")

(table,) = (BASE / "input").glob("*.csv")
with table.open() as file:
    rows = list(csv.reader(file))
for name, part in (("train", rows[: len(rows) * 3 // 4]), ("test", rows[len(rows) * 3 // 4 :])):
    (BASE / name).mkdir(parents=True, exist_ok=True)
    with (BASE / name / f"{name}.csv").open("w", newline="") as file:
        csv.writer(file).writerows(part)
