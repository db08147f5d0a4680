"""The whole program, as a processing job runs it: folders and variables in, documents and a message out."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import torch
from tests.unit.image_monitoring.pictures import BEGAN, Images, answers, captured, pictures, png, write_capture

from image_classification.network.classifier import Classifier
from image_classification.network.onnx_export import to_onnx
from image_classification.network.resnets import network

SCHEMAS = Path(__file__).with_name("schemas")
COMMAND = [sys.executable, "-m", "image_monitoring"]
SHAPES = {"num_classes": 2, "preparation": {"channels": 3, "height": 16, "width": 16, "resize": None}}


def run(base: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables, "SAGEMAKER_BASE_DIR": str(base)}
    return subprocess.run([*COMMAND, *arguments], env=environment, capture_output=True, text=True, check=False)


def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text())
    schema = SCHEMAS / path.name
    if schema.is_file():
        jsonschema.validate(document, json.loads(schema.read_text()))
    return document


def model_archive(path: Path) -> None:
    torch.manual_seed(2)
    model = Classifier(network(None, 3, 2), torch.full((3,), 120.0), torch.full((3,), 60.0), True)
    graph = to_onnx(model.eval(), (3, 16, 16), 2, False).SerializeToString()
    path.parent.mkdir(parents=True)
    with tarfile.open(path, "w:gz") as archive:
        for name, data in {"model.onnx": graph, "model-shapes.json": json.dumps(SHAPES).encode()}.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


def put_images(folder: Path, images: Images) -> None:
    folder.mkdir(parents=True)
    for number, image in enumerate(images):
        (folder / f"{number}.png").write_bytes(png(image))


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a baseline that the kit's job made."""
    base = tmp_path_factory.mktemp("job")
    inputs = base / "processing" / "input"
    put_images(inputs / "held_out", pictures(80, 1))
    put_images(inputs / "training", pictures(150, 2))
    model_archive(inputs / "model" / "model.tar.gz")
    (inputs / "labels").mkdir()
    (inputs / "labels" / "test.lst").write_text("".join(f"{row}\t{row % 2}\t{row}.png\n" for row in range(80)))
    job = run(base)
    assert job.returncode == 0, job.stderr
    message = (base / "output" / "message").read_text()
    assert message.startswith("Completed: Baseline of 80 images, pixels of 230. Accuracy ")
    return base / "processing" / "output"


def analyzed(tmp_path: Path, baseline: Path, images: Images, **variables: str) -> Path:
    """Analyze a window of these images, and return the container's base folder."""
    write_capture(tmp_path / "processing" / "input" / "captured", images)
    job = run(
        tmp_path,
        dataset_source="/opt/ml/processing/input/captured",
        baseline_statistics=str(baseline / "statistics.json"),
        baseline_constraints=str(baseline / "constraints.json"),
        publish_cloudwatch_metrics="Enabled",
        sagemaker_endpoint_name="scones",
        sagemaker_monitoring_schedule_name="hourly",
        start_time=f"{BEGAN:%Y-%m-%dT%H:%M:%SZ}",
        end_time=f"{BEGAN + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
        **variables,
    )
    assert job.returncode == 0, job.stderr
    return tmp_path


def test_a_baseline_has_documents_as_aws_documents_them(baseline: Path) -> None:
    statistics, constraints = read(baseline / "statistics.json"), read(baseline / "constraints.json")
    names = [feature["name"] for feature in statistics["features"]]
    assert {"brightness", "sharpness", "confidence", "predicted_class"} <= set(names)
    assert sorted(names) == sorted(feature["name"] for feature in constraints["features"])
    assert statistics["multiclass_classification_metrics"]["accuracy"]["items"] == 80
    assert (baseline / "model.onnx").is_file()


def test_a_dark_window_is_a_violation_that_a_person_understands(tmp_path: Path, baseline: Path) -> None:
    base = analyzed(tmp_path, baseline, pictures(60, 3, brightness=0.4), drifting_since="2026-01-31T07:00:00Z")
    output = base / "processing" / "output"
    violations = read(output / "constraint_violations.json")["violations"]
    assert "brightness" in [violation.get("feature_name") for violation in violations]
    assert read(output / "constraints_violations.json") == read(output / "constraint_violations.json")
    message = (base / "output" / "message").read_text()
    assert message.startswith(
        "CompletedWithViolations: scones has drifted, first found in the window from 2026-01-31 07:00 UTC: "
    )
    assert "Window: 2026-01-31 09:00 to 2026-01-31 10:00 UTC, 60 records." in message
    examples = read(output / "report.json")["examples"]
    assert len(examples) == 3
    assert all((output / name).read_bytes().startswith(b"\x89PNG") for name in examples)


def test_constraints_that_a_person_has_switched_off_are_no_violations(tmp_path: Path, baseline: Path) -> None:
    edited = tmp_path / "edited"
    edited.mkdir()
    for path in baseline.iterdir():
        (edited / path.name).write_bytes(path.read_bytes())
    constraints = read(baseline / "constraints.json")
    constraints["monitoring_config"] |= {"evaluate_constraints": "Disabled", "emit_metrics": "Disabled"}
    named = next(one for one in constraints["features"] if one["name"] == "brightness")
    named["monitoringConfigOverrides"] = {"evaluate_constraints": "Enabled"}
    (edited / "constraints.json").write_text(json.dumps(constraints))
    base = analyzed(tmp_path, edited, pictures(60, 3, brightness=0.4))
    violations = read(base / "processing/output/constraint_violations.json")["violations"]
    assert [violation["feature_name"] for violation in violations] == ["brightness"]
    assert read(base / "processing/output/constraints.json") == constraints
    assert not (base / "output" / "metrics").exists()


def test_a_window_of_the_same_kind_is_completed(tmp_path: Path, baseline: Path) -> None:
    # The untrained model's answers stand in the records of both: random numbers would be a drift.
    base = analyzed(tmp_path, answered_by(baseline), pictures(60, 4))
    output = base / "processing" / "output"
    assert read(output / "constraint_violations.json") == {"violations": []}
    assert read(output / "statistics.json")["dataset"] == {"item_count": 60}
    assert (base / "output" / "message").read_text().startswith("Completed: scones has not drifted.")


def answered_by(baseline: Path) -> Path:
    """Return a copy of the baseline without answers, because those of the records are random."""
    copy = baseline.parent / "without_answers"
    copy.mkdir(exist_ok=True)
    for path in baseline.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    statistics = read(baseline / "statistics.json")
    kept = [
        one for one in statistics["features"] if not one["name"].startswith(("confidence", "probability", "predicted"))
    ]
    (copy / "statistics.json").write_text(json.dumps({**statistics, "features": kept}))
    return copy


def test_metrics_are_lines_of_the_container_contract(tmp_path: Path, baseline: Path) -> None:
    base = analyzed(tmp_path, baseline, pictures(60, 3, brightness=0.4))
    lines = (base / "output" / "metrics" / "cloudwatch" / "cloudwatch_metrics.jsonl").read_text().splitlines()
    metrics = {line["MetricName"]: line for line in map(json.loads, lines)}
    assert metrics["drift"]["Value"] == 1
    assert metrics["records"]["Value"] == 60
    assert 0 < metrics["feature_baseline_drift_brightness"]["Value"] <= 1
    assert metrics["drift"]["Dimensions"] == [
        {"Name": "Endpoint", "Value": "scones"},
        {"Name": "MonitoringSchedule", "Value": "hourly"},
    ]


def test_a_window_that_is_too_small_gets_no_verdict(tmp_path: Path, baseline: Path) -> None:
    base = analyzed(tmp_path, baseline, pictures(5, 3, brightness=0.4))
    message = (base / "output" / "message").read_text()
    assert message.startswith("Completed: scones: 5 records are too few to compare with the baseline; 10 are needed.")
    assert read(base / "processing" / "output" / "report.json")["minimum_records"] == 10


def test_an_image_that_is_sent_again_counts_once(tmp_path: Path, baseline: Path) -> None:
    """`scones load` sends 40 images in a loop, which is no drift."""
    base = analyzed(tmp_path, answered_by(baseline), pictures(40, 4).repeat(6, axis=0))
    message = (base / "output" / "message").read_text()
    assert message.startswith("Completed: scones has not drifted.")
    assert "UTC, 240 records of 40 different images." in message


def test_too_few_different_images_get_no_verdict(tmp_path: Path, baseline: Path) -> None:
    base = analyzed(tmp_path, baseline, pictures(4, 3, brightness=0.4).repeat(10, axis=0))
    message = (base / "output" / "message").read_text()
    assert message.startswith("Completed: scones: 40 records of 4 different images are too few to compare")
    assert read(base / "processing" / "output" / "report.json")["different_images"] == 4


def test_a_window_without_a_verdict_does_not_end_a_drift(tmp_path: Path, baseline: Path) -> None:
    base = analyzed(tmp_path, baseline, pictures(5, 3), drifting_since="2026-01-31T07:00:00Z")
    report = read(base / "processing" / "output" / "report.json")
    assert (report["has_violations"], report["since"]) == (False, "2026-01-31T07:00:00Z")


def test_a_window_with_a_verdict_ends_a_drift(tmp_path: Path, baseline: Path) -> None:
    base = analyzed(tmp_path, answered_by(baseline), pictures(60, 4), drifting_since="2026-01-31T07:00:00Z")
    assert read(base / "processing" / "output" / "report.json")["since"] == ""


def test_a_window_without_records_gets_no_verdict(tmp_path: Path, baseline: Path) -> None:
    base = analyzed(tmp_path, baseline, pictures(0, 3))
    assert "0 records are too few" in (base / "output" / "message").read_text()


def test_answers_that_people_contradict_are_a_violation(tmp_path: Path, baseline: Path) -> None:
    truth = tmp_path / "processing" / "groundtruth"
    truth.mkdir(parents=True)
    with (truth / "labels.jsonl").open("w") as file:
        for number, (first, second) in enumerate(answers(60, 0)):
            label = {"data": str(int(first > second)), "encoding": "CSV"}
            metadata = {"eventId": f"event-{number}"}
            file.write(json.dumps({"groundTruthData": label, "eventMetadata": metadata, "eventVersion": "0"}) + "\n")
    base = analyzed(tmp_path, baseline, pictures(60, 3), ground_truth_source="/opt/ml/processing/groundtruth")
    violations = read(base / "processing" / "output" / "constraint_violations.json")["violations"]
    assert "accuracy" in [violation.get("metric_name") for violation in violations]
    section = read(base / "processing/output/statistics.json")["multiclass_classification_metrics"]
    assert section["accuracy"]["value"] == 0


@pytest.mark.parametrize("labeled", [False, True])
def test_a_job_of_model_quality_has_metrics_and_none_of_drift(tmp_path: Path, baseline: Path, labeled: bool) -> None:
    truth = tmp_path / "processing" / "groundtruth"
    truth.mkdir(parents=True)
    label = {"groundTruthData": {"data": "1", "encoding": "CSV"}, "eventVersion": "0"}
    events = [f"event-{number}" if labeled else f"other-{number}" for number in range(60)]
    lines = [json.dumps({**label, "eventMetadata": {"eventId": event}}) + "\n" for event in events]
    (truth / "labels.jsonl").write_text("".join(lines))
    variables = {"analysis_type": "MODEL_QUALITY", "ground_truth_source": "/opt/ml/processing/groundtruth"}
    base = analyzed(tmp_path, baseline, pictures(60, 3, brightness=0.4), **variables)
    names = {metric["MetricName"] for metric in read(base / "processing/output/report.json")["metric_data"]}
    assert not names & {"drift", "records", "violations"}
    assert ("low_quality" in names) is labeled
    assert "labeled_records" in names
    message = (base / "output" / "message").read_text()
    assert "drifted" not in message
    assert (
        "The quality of scones is below the baseline's, first found in the window from 2026-01-31 09:00 UTC: "
        in message
    ) is labeled


def test_a_baseline_of_captured_records_is_what_the_sdk_asks_for(tmp_path: Path) -> None:
    write_capture(tmp_path / "processing" / "input" / "baseline_dataset_input", pictures(40, 1))
    job = run(tmp_path, dataset_source="/opt/ml/processing/input/baseline_dataset_input")
    assert job.returncode == 0, job.stderr
    statistics = read(tmp_path / "processing" / "output" / "statistics.json")
    assert statistics["dataset"]["item_count"] == 40
    read(tmp_path / "processing" / "output" / "constraints.json")


def test_a_missing_baseline_fails_the_job_and_the_message_says_why(tmp_path: Path) -> None:
    job = run(tmp_path, baseline_constraints="/opt/ml/processing/none.json")
    assert job.returncode == 1
    assert (tmp_path / "output" / "message").read_text().startswith("Error: ")


def test_more_records_need_no_more_memory(tmp_path: Path, baseline: Path) -> None:
    """Two windows, of 2,500 and 7,500 records, end with about the same peak."""
    peaks = [peak_kb(tmp_path / str(count), baseline, count) for count in (2500, 7500)]
    assert peaks[1] < peaks[0] + 30_000


def peak_kb(base: Path, baseline: Path, count: int) -> int:
    folder = base / "processing" / "input" / "captured"
    folder.mkdir(parents=True)
    image, answer = png(pictures(1, 1)[0]), [0.3, 0.7]
    with (folder / "all.jsonl").open("w") as file:
        for number in range(count):
            file.write(json.dumps(captured(image, answer, number)) + "\n")
    code = (
        "import resource, runpy, sys; sys.argv = ['image_monitoring']\n"
        "try: runpy.run_module('image_monitoring', run_name='__main__')\n"
        "except SystemExit as end: assert not end.code\n"
        "print('peak', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    variables = {
        "SAGEMAKER_BASE_DIR": str(base),
        "dataset_source": "/opt/ml/processing/input/captured",
        "baseline_statistics": str(baseline / "statistics.json"),
        "baseline_constraints": str(baseline / "constraints.json"),
    }
    job = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **variables}, capture_output=True, text=True, check=True
    )
    return int(job.stdout.rsplit("peak", 1)[1])
