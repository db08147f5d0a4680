"""The program `python -m image_monitoring` finds out whether a job is about tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.image_monitoring.tabular.jobs import CAPTURE, MERGE, Job, captured, labeled

from image_monitoring.__main__ import is_for_tables, main
from image_monitoring.contract import Contract

PATHS = {"dataset_source": "/opt/ml/processing/input", "output_path": "/opt/ml/processing/output"}


def image() -> dict[str, object]:
    record = captured("eA==", "[0.5, 0.5]")
    record["captureData"]["endpointInput"].update(observedContentType="application/x-image", encoding="BASE64")
    return record


@pytest.mark.parametrize(
    ("dataset_format", "records", "script", "expected"),
    [
        ('{"csv": {"header": true}}', [], False, True),
        ('{"json": {"lines": true}}', [], False, True),
        (CAPTURE, [captured("1,2", "3")], False, True),
        (CAPTURE, [captured('{"a": 1}', "3", encoding="JSON")], False, True),
        (MERGE, [labeled("1", "1")], False, True),
        (CAPTURE, [image()], False, False),
        (CAPTURE, [image()], True, True),
        (CAPTURE, [], False, False),
    ],
)
def test_the_dataset_decides(
    tmp_path: Path, dataset_format: str, records: list[dict[str, object]], script: bool, expected: bool
) -> None:
    Job(tmp_path).captured(records)
    variables = {**PATHS, "dataset_format": dataset_format}
    if script:
        variables["record_preprocessor_script"] = "/opt/ml/processing/code/pre.py"
    assert is_for_tables(Contract(tmp_path, variables)) is expected


def test_a_job_leaves_its_message_and_a_failed_one_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job(tmp_path).dataset("a.csv", "x,y\n1,2\n")
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(tmp_path))
    monkeypatch.setenv("dataset_format", '{"csv": {"header": true}}')
    for name, value in PATHS.items():
        monkeypatch.setenv(name, value)
    assert main([]) == 0
    assert (tmp_path / "output/message").read_text().startswith("Completed")
    assert job.document("statistics")["dataset"]["item_count"] == 1
    (job.input / "a.csv").write_text("x,y\n")
    assert main([]) == 1
    assert "has no rows" in (tmp_path / "output/message").read_text()
