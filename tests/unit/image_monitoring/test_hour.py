"""An hour of traffic in windows of a minute, by the clock of the records: nothing fires until a shift is injected."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.image_monitoring.pictures import BEGAN, Images, captured, pictures, png

from image_monitoring.__main__ import main

MINUTES, A_MINUTE = 60, 30  # records of each window


def lines(images: Images, minute: int, seed: int) -> str:
    """Return the records of a minute, two seconds apart. The answers are certain of one class, as a model's are."""
    generator = np.random.default_rng(seed)
    records = []
    for number, image in enumerate(images):
        probability = float(generator.beta(8, 1))
        answer = [probability, 1 - probability] if generator.random() < 0.5 else [1 - probability, probability]
        record = captured(png(image), answer, number)
        time = BEGAN + timedelta(minutes=minute, seconds=2 * number)
        record["eventMetadata"] = {"eventId": f"{minute}-{number}", "inferenceTime": f"{time:%Y-%m-%dT%H:%M:%SZ}"}
        records.append(json.dumps(record) + "\n")
    return "".join(records)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a job's folder with a baseline, an hour of traffic like it, and a minute of dark images."""
    base = tmp_path_factory.mktemp("hour")
    dataset = base / "processing" / "input" / "dataset"
    traffic = base / "processing" / "input" / "captured" / f"{BEGAN:%Y/%m/%d/%H}"
    for folder in (dataset, traffic):
        folder.mkdir(parents=True)
    (dataset / "baseline.jsonl").write_text(lines(pictures(200, 1), 0, seed=1))
    for minute in range(MINUTES + 1):
        light = 1.0 if minute < MINUTES else 0.4
        images = pictures(A_MINUTE, 100 + minute, brightness=light)
        (traffic / f"{minute:02d}-00-000-file.jsonl").write_text(lines(images, minute, 100 + minute))
    run(base, dataset_source="/opt/ml/processing/input/dataset", output_path="/opt/ml/processing/baseline")
    return base


def run(base: Path, **variables: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAGEMAKER_BASE_DIR", str(base))
        for name, value in variables.items():
            patch.setenv(name, value)
        assert main([]) == 0


def analyzed(base: Path, minute: int) -> dict[str, Any]:
    """Analyze the window of a minute as a schedule does, and return its report."""
    output = f"/opt/ml/processing/runs/{minute}"
    run(
        base,
        dataset_source="/opt/ml/processing/input/captured",
        output_path=output,
        baseline_statistics="/opt/ml/processing/baseline/statistics.json",
        baseline_constraints="/opt/ml/processing/baseline/constraints.json",
        start_time=f"{BEGAN + timedelta(minutes=minute):%Y-%m-%dT%H:%M:%SZ}",
        end_time=f"{BEGAN + timedelta(minutes=minute + 1):%Y-%m-%dT%H:%M:%SZ}",
    )
    report: dict[str, Any] = json.loads((base / "processing" / "runs" / str(minute) / "report.json").read_text())
    assert report["metrics"]["records"] == A_MINUTE
    return report


def test_nothing_fires_in_an_hour_of_unshifted_traffic(base: Path) -> None:
    reports = [analyzed(base, minute) for minute in range(MINUTES)]
    assert [report["metrics"]["drift"] for report in reports] == [0.0] * MINUTES
    assert not any(report["has_violations"] or report["since"] for report in reports)


def test_a_shift_is_found_in_the_first_window_that_has_it(base: Path) -> None:
    report = analyzed(base, MINUTES)
    assert (report["has_violations"], report["metrics"]["drift"]) == (True, 1.0)
    assert report["since"] == f"{BEGAN + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
