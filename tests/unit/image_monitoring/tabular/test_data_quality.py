"""Data quality jobs, from a dataset to the documents: formats, baselines, and each of the six checks."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from tests.unit.image_monitoring.tabular import schemas
from tests.unit.image_monitoring.tabular.jobs import CAPTURE, HOUR, WINDOW, Job, captured

from image_monitoring.contract import InputError

CSV = json.dumps({"csv": {"header": True, "output_columns_position": "START"}})
ROWS = "price,kind\n" + "".join(f"{number % 10}.5,{'ab'[number % 2]}\n" for number in range(100))


@pytest.fixture
def job(tmp_path: Path) -> Callable[[str], Job]:
    return lambda name: Job(tmp_path / name)


@pytest.fixture
def baseline(job: Callable[[str], Job]) -> Job:
    made = job("baseline").dataset("train.csv", ROWS)
    assert made.run(CSV) == "Completed: Job completed successfully with no violations."
    return made


def window(job: Callable[[str], Job], baseline: Job, rows: list[tuple[str, str]]) -> Job:
    """Analyze captured rows of price (the answer) and kind (the request)."""
    made = job("window").captured([captured(kind, price) for price, kind in rows]).baseline(baseline)
    made.run(CAPTURE, **WINDOW, publish_cloudwatch_metrics="Enabled")
    return made


def usual(count: int = 100) -> list[tuple[str, str]]:
    return [(f"{number % 10}.5", "ab"[number % 2]) for number in range(count)]


def checks(made: Job) -> set[tuple[str, str]]:
    return {(one["feature_name"], one["constraint_check_type"]) for one in made.violations}


def test_a_baseline_suggests_what_it_has_seen(baseline: Job) -> None:
    assert baseline.feature("constraints", "price") == {
        "name": "price",
        "inferred_type": "Fractional",
        "completeness": 1.0,
        "num_constraints": {"is_non_negative": True},
    }
    assert baseline.feature("constraints", "kind")["string_constraints"] == {"domains": ["a", "b"]}
    assert baseline.document("statistics")["dataset"] == {"item_count": 100}


def test_the_documents_fit_the_documented_schemas(job: Any, baseline: Job) -> None:
    found = window(job, baseline, [("red", "c"), *usual(10)])
    for made in (baseline, found):
        jsonschema.validate(made.document("statistics"), schemas.STATISTICS)
        jsonschema.validate(made.document("constraints"), schemas.CONSTRAINTS)
    assert found.violations
    jsonschema.validate(found.document("constraint_violations"), schemas.VIOLATIONS)


def test_usual_records_violate_nothing(job: Any, baseline: Job) -> None:
    made = window(job, baseline, usual())
    assert made.violations == []
    assert made.message == "Completed: Job completed successfully with no violations."


def test_text_among_numbers_fails_the_data_type_check(job: Any, baseline: Job) -> None:
    made = window(job, baseline, [*usual(99), ("red", "a")])
    assert checks(made) == {("price", "data_type_check")}
    assert made.violations[0]["description"] == (
        "Data type match requirement is not met. Expected data type: Fractional, Expected match: 100.0%. "
        "Observed: Only 99.0% of data is Fractional."
    )
    assert made.message == "CompletedWithViolations: Job completed successfully with 1 violations."


def test_missing_values_fail_the_completeness_check(job: Any, baseline: Job) -> None:
    rows = [(price if number % 4 else "", kind) for number, (price, kind) in enumerate(usual())]
    assert ("price", "completeness_check") in checks(window(job, baseline, [(price, kind) for price, kind in rows]))


def test_an_unknown_category_fails_the_categorical_values_check(job: Any, baseline: Job) -> None:
    assert checks(window(job, baseline, [*usual(), ("3.5", "c")])) == {("kind", "categorical_values_check")}


def test_other_values_fail_the_baseline_drift_check(job: Any, baseline: Job) -> None:
    made = window(job, baseline, [(f"{100 + number}.5", "ab"[number % 2]) for number in range(100)])
    assert checks(made) == {("price", "baseline_drift_check")}
    distance = 1 - 1.8 * (200 / 10_000) ** 0.5
    assert made.violations[0]["description"] == f"Baseline drift distance: {distance} exceeds threshold: 0.1"


def test_other_shares_of_categories_fail_the_baseline_drift_check(job: Any, baseline: Job) -> None:
    assert checks(window(job, baseline, [(f"{number % 10}.5", "a") for number in range(100)])) == {
        ("kind", "baseline_drift_check")
    }


def test_another_column_fails_the_extra_column_check(job: Any, baseline: Job) -> None:
    made = job("window").captured([captured("a,9", price) for price, _ in usual()]).baseline(baseline)
    made.run(CAPTURE, **WINDOW)
    (violation,) = [one for one in made.violations if one["constraint_check_type"] == "extra_column_check"]
    assert violation["feature_name"] == "Extra columns"
    assert "current dataset: 3, Number of columns in baseline constraints: 2" in violation["description"]


def test_a_column_less_fails_the_missing_column_check(job: Any, baseline: Job) -> None:
    records = [captured("a", price) for price, _ in usual()]
    for record in records:
        del record["captureData"]["endpointInput"]
    made = job("window").captured(records).baseline(baseline)
    made.run(CAPTURE, **WINDOW)
    assert checks(made) == {("Missing columns", "missing_column_check")}


@pytest.mark.parametrize(
    ("config", "override", "found"),
    [
        ({"evaluate_constraints": "Disabled"}, {}, False),
        ({"datatype_check_threshold": 0.9}, {}, False),
        ({}, {"datatype_check_threshold": 0.9}, False),
        ({}, {"evaluate_constraints": "Disabled"}, False),
        ({"datatype_check_threshold": 0.9}, {"datatype_check_threshold": 1.0}, True),
    ],
)
def test_thresholds_can_be_edited_for_all_features_and_for_one(
    job: Any, baseline: Job, config: Any, override: Any, found: bool
) -> None:
    path = baseline.base / "processing/output/constraints.json"
    document = json.loads(path.read_text())
    document["monitoring_config"].update(config)
    document["features"][0]["monitoring_config_overrides"] = override
    path.write_text(json.dumps(document))
    assert bool(window(job, baseline, [*usual(99), ("red", "a")]).violations) is found


def test_records_outside_of_the_window_do_not_count(job: Any, baseline: Job) -> None:
    late = captured("c", "9.5")
    late["eventMetadata"]["inferenceTime"] = "2026-11-27T10:00:00Z"
    made = job("window").captured([*(captured(kind, price) for price, kind in usual()), late]).baseline(baseline)
    made.run(CAPTURE, **WINDOW)
    assert made.document("statistics")["dataset"]["item_count"] == 100


def test_captured_json_has_the_columns_of_both_sides(job: Any) -> None:
    made = job("json").captured(
        [captured('{"a": 1, "b": {"c": "x"}}', '{"scores": [0.5, 0.25]}', encoding="JSON") for _ in range(3)]
    )
    made.run(CAPTURE)
    assert [one["name"] for one in made.document("constraints")["features"]] == ["scores0", "scores1", "a", "b.c"]


@pytest.mark.usefixtures("no_garbage")
def test_a_record_that_is_no_table_is_left_out_and_named(job: Any, capsys: pytest.CaptureFixture[str]) -> None:
    bad = [captured(text, "0.5", encoding="JSON") for text in ("not json", "[" * 100_000)]
    made = job("mixed").captured([captured('{"a": 1}', "0.5", encoding="JSON"), *bad])
    made.run(CAPTURE)
    assert made.document("statistics")["dataset"]["item_count"] == 1
    assert "2 records cannot be read: a payload cannot be read as JSON" in capsys.readouterr().out


def test_captured_base64_is_read_by_its_content_type(job: Any) -> None:
    record = captured("1,2", "0.5")
    for side in record["captureData"].values():
        side.update(data=base64.b64encode(side["data"].encode()).decode(), encoding="BASE64")
    made = job("base64").captured([record])
    made.run(CAPTURE)
    assert [one["name"] for one in made.document("constraints")["features"]] == ["_c0", "_c1", "_c2"]


def test_a_preprocessing_script_makes_the_columns(job: Any) -> None:
    script = (
        "import json\n"
        "def preprocess_handler(inference_record):\n"
        "    data = json.loads(inference_record.endpoint_input.data)\n"
        "    if inference_record.event_metadata.event_time < '2026-11-27T09:01':\n"
        "        return []\n"
        "    return {'width': len(data['pixels']), 'score': float(inference_record.endpoint_output.data)}\n"
    )
    records = [captured('{"pixels": [1, 2]}', "0.5", minute, "JSON") for minute in range(3)]
    made = job("script").captured(records).file("record_preprocessor_script", "pre.py", script)
    made.run(CAPTURE)
    assert made.document("statistics")["dataset"]["item_count"] == 2
    assert made.feature("statistics", "width")["numerical_statistics"]["mean"] == 2


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("def other():\n    pass\n", "no function preprocess_handler"),
        ("raise ValueError('no')", "cannot be imported"),
        ("def preprocess_handler(record):\n    return 3\n", "must return an object"),
        ("def preprocess_handler(record):\n    raise KeyError('x')\n", "preprocess_handler failed"),
    ],
)
def test_a_script_that_cannot_be_used_is_named(job: Any, script: str, reason: str) -> None:
    made = job("script").captured([captured("1", "2")]).file("record_preprocessor_script", "pre.py", script)
    with pytest.raises(InputError, match=reason):
        made.run(CAPTURE)


def test_a_postprocessing_script_runs_after_the_analysis(job: Any, tmp_path: Path) -> None:
    script = f"import pathlib\ndef postprocess_handler():\n    pathlib.Path({str(tmp_path / 'ran')!r}).touch()\n"
    job("post").dataset("a.csv", ROWS).file("post_analytics_processor_script", "post.py", script).run(CSV)
    assert (tmp_path / "ran").exists()


def test_metrics_are_left_for_cloudwatch(job: Any, baseline: Job) -> None:
    made = window(job, baseline, usual())
    metrics = {one["MetricName"]: one for one in made.metrics}
    assert metrics["feature_data_price"]["StatisticValues"] == {
        "SampleCount": 100,
        "Sum": 500.0,
        "Minimum": 0.5,
        "Maximum": 9.5,
    }
    assert metrics["feature_non_null_kind"]["StatisticValues"]["Sum"] == 100
    assert metrics["feature_baseline_drift_price"]["Value"] == 0.0
    assert metrics["feature_data_price"]["Timestamp"] == "2026-11-27T10:00:00Z"


@pytest.mark.parametrize(
    ("dataset_format", "name", "text"),
    [
        (CSV, "a.csv", "x,y\n1,2\n3,\n"),
        ('{"csv": {"header": "true"}}', "a.csv", "x,y\n1,2\n3,\n"),
        ('{"json": {"lines": true}}', "a.json", '{"x": 1, "y": 2}\n{"x": 3, "y": null}\n'),
        ('{"json": {"lines": false}}', "a.json", '[{"x": 1, "y": 2}, {"x": 3, "y": null}]'),
    ],
)
def test_the_formats_of_a_baseline(job: Any, dataset_format: str, name: str, text: str) -> None:
    made = job("formats").dataset(name, text)
    made.run(dataset_format)
    assert made.feature("constraints", "x")["completeness"] == 1.0
    assert made.feature("constraints", "y")["completeness"] == 0.5


def test_csv_without_a_header_has_numbered_columns(job: Any) -> None:
    made = job("headless").dataset("a.csv", "1,2\n3,4\n")
    made.run('{"csv": {"header": false}}')
    assert [one["name"] for one in made.document("constraints")["features"]] == ["_c0", "_c1"]


@pytest.mark.parametrize(
    ("dataset_format", "text", "reason"),
    [
        ('{"parquet": {}}', "x", "are analyzed"),
        ("nonsense", "x", "not JSON"),
        ('{"json": {"lines": true}}', "nonsense", "cannot be read as JSON"),
        (CSV, "x,y\n", "has no rows"),
        (CAPTURE, "nonsense\n", "1 records cannot be read: a line is not a captured record"),
        ("[1]", "x", "are analyzed"),
        ('{"csv": {}}', "x" * 200_000, "cannot be read as CSV"),
    ],
)
def test_a_dataset_that_cannot_be_used_is_named(job: Any, dataset_format: str, text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        job("bad").dataset(f"{HOUR}/a", text).run(dataset_format)


def test_constraints_that_are_not_as_documented_are_refused(job: Any) -> None:
    made = job("bad").captured([captured("1", "2")]).file("baseline_constraints", "constraints.json", '{"features": 3}')
    with pytest.raises(InputError, match="not as documented"):
        made.run(CAPTURE)
