"""`monitoring_config` and its overrides, in the forms of the developer guide and of the SDK."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from tests.unit.image_monitoring.tabular import schemas

from image_monitoring.comparison.reference import Reference, read_constraints
from image_monitoring.contract import InputError
from image_monitoring.monitoring_config import of_feature
from image_monitoring.tabular.constraints import Constraints

OFF = {"evaluate_constraints": "Disabled"}
NOT_COMPARED = {"distribution_constraints": {"perform_comparison": "Disabled"}}
NAMES = ("monitoringConfigOverrides", "monitoring_config_overrides")
CONFIG = {
    "evaluate_constraints": "Enabled",
    "emit_metrics": "Enabled",
    "datatype_check_threshold": 0.1,
    "domain_content_threshold": 0.1,
    "distribution_constraints": {
        "perform_comparison": "Enabled",
        "comparison_threshold": 0.1,
        "comparison_method": "Simple",
        "categorical_comparison_threshold": 0.1,
        "categorical_drift_method": "LInfinity",
    },
}
SCHEMAS = (
    json.loads((Path(__file__).with_name("schemas") / "constraints.json").read_text()),
    schemas.CONSTRAINTS,
)


def constraints(config: dict[str, Any] | None = None, **feature: Any) -> dict[str, Any]:
    """Return a document as in "Schema for Constraints" of the developer guide."""
    feature = {"name": "brightness", "inferred_type": "Fractional", "completeness": 1.0, **feature}
    other = {"name": "color", "inferred_type": "String", "completeness": 0.5, "string_constraints": {"domains": ["a"]}}
    return {"version": 0, "features": [feature, other], "monitoring_config": {**CONFIG, **(config or {})}}


@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("overrides", [{}, OFF, NOT_COMPARED, CONFIG])
def test_the_schemas_accept_the_documented_forms(schema: Any, name: str, overrides: Any) -> None:
    jsonschema.validate(constraints(**{name: overrides}), schema)


@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize("overrides", [{"evaluate_constraint": "Disabled"}, {"evaluate_constraints": "off"}, []])
def test_the_schemas_refuse_misspelled_overrides(schema: Any, overrides: Any) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(constraints(monitoringConfigOverrides=overrides), schema)


@pytest.mark.parametrize("name", NAMES)
def test_overrides_change_only_what_they_name(name: str) -> None:
    merged = of_feature(CONFIG, {name: NOT_COMPARED})
    distribution = {**CONFIG["distribution_constraints"], "perform_comparison": "Disabled"}  # type: ignore[dict-item]
    assert merged == {**CONFIG, "distribution_constraints": distribution}


@pytest.mark.parametrize("name", NAMES)
def test_a_feature_can_be_left_out_of_both_analyses(name: str) -> None:
    document = constraints(**{name: OFF})
    images, tables = Reference({}, {}, {}, document), Constraints.read(document)
    assert [images.evaluates(feature) for feature in ("brightness", "color", "embedding")] == [False, True, True]
    assert [feature.is_evaluated for feature in tables.features] == [False, True]


def test_only_the_comparison_of_a_feature_can_be_left_out() -> None:
    images = Reference({}, {}, {}, constraints(monitoringConfigOverrides=NOT_COMPARED))
    assert (images.evaluates("brightness"), images.compares("brightness")) == (True, False)
    assert images.compares("color")


@pytest.mark.parametrize(
    "document",
    [
        {"features": [{"inferred_type": "String"}]},
        {"features": ["brightness"]},
        {"features": [{"name": "brightness", "monitoringConfigOverrides": "off"}]},
        {"features": [], "monitoring_config": "off"},
        {"features": [{"name": "a"}], "monitoring_config": {"distribution_constraints": "off"}},
    ],
)
def test_constraints_that_are_not_as_documented_are_named(document: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "constraints.json").write_text(json.dumps(document))
    with pytest.raises(InputError, match=r"constraints\.json of the baseline is not as documented"):
        read_constraints(tmp_path / "constraints.json")


def test_all_violations_and_metrics_can_be_switched_off() -> None:
    images = Reference({}, {}, {}, constraints({**OFF, "emit_metrics": "Disabled"}))
    assert not any(images.evaluates(name) or images.compares(name) for name in ("brightness", "embedding", "accuracy"))
    assert not images.emits_metrics
    assert Reference({}, {}, {}, {}).emits_metrics
