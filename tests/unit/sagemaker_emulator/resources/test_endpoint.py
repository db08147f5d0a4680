"""The moves of an endpoint, and the revisions that it serves."""

from itertools import product
from typing import Any

import pytest

from sagemaker_emulator.resources.endpoint import Endpoint, EndpointStatus, Revision, VariantTarget
from sagemaker_emulator.resources.endpoint_config import EndpointConfig
from sagemaker_emulator.resources.model import Model

E = EndpointStatus
LEGAL = {
    E.CREATING: {E.IN_SERVICE, E.FAILED, E.DELETING},
    E.UPDATING: {E.IN_SERVICE, E.ROLLING_BACK, E.FAILED, E.DELETING},
    E.ROLLING_BACK: {E.IN_SERVICE, E.UPDATE_ROLLBACK_FAILED, E.FAILED, E.DELETING},
    E.UPDATE_ROLLBACK_FAILED: {E.UPDATING, E.SYSTEM_UPDATING, E.DELETING, E.FAILED},
    E.IN_SERVICE: {E.UPDATING, E.SYSTEM_UPDATING, E.DELETING, E.FAILED},
    E.SYSTEM_UPDATING: {E.SYSTEM_UPDATING, E.IN_SERVICE, E.FAILED},
    E.DELETING: {E.FAILED},
    E.FAILED: {E.DELETING, E.UPDATING},
}
SETTLED = {E.IN_SERVICE, E.FAILED, E.UPDATE_ROLLBACK_FAILED}
CAPTURE = {"InitialSamplingPercentage": 50, "DestinationS3Uri": "s3://bucket/capture", "CaptureOptions": []}


def variant(name: str, weight: float = 1.0, count: int = 1) -> dict[str, Any]:
    return {"VariantName": name, "ModelName": "m", "InitialInstanceCount": count, "InitialVariantWeight": weight}


def revision(id_: str, *variants: dict[str, Any], **request: Any) -> Revision:
    config = EndpointConfig(f"config-{id_}", "arn", {"ProductionVariants": [*variants], **request}, 1)
    return Revision.of(id_, config, (Model("m", "arn", {}, 1), Model("n", "arn", {}, 1)), 2)


def endpoint(status: EndpointStatus = E.CREATING) -> Endpoint:
    return Endpoint("scones", "arn", revision("r1", variant("a")), 1, 1, status)


@pytest.mark.parametrize(("status", "following"), [*product(E, E)])
def test_an_endpoint_makes_the_moves_of_aws_and_no_others(status: EndpointStatus, following: EndpointStatus) -> None:
    if following in LEGAL[status]:
        moved = endpoint(status).moved_to(following, 5)
        assert (moved.status, moved.modified, moved.created) == (following, 5, 1)
        return
    with pytest.raises(ValueError, match=f"^endpoint 'scones' cannot go from {status} to {following}$"):
        endpoint(status).moved_to(following, 5)


@pytest.mark.parametrize(("reason", "kept"), [("Because.", "Because."), ("", None), ("x" * 1025, "x" * 1024)])
def test_a_failure_reason_has_at_most_1024_characters(reason: str, kept: str | None) -> None:
    assert endpoint().moved_to(E.FAILED, 5, reason).failure_reason == kept
    assert endpoint(E.FAILED).moved_to(E.UPDATING, 6).failure_reason is None


@pytest.mark.parametrize(("status", "in_progress"), [(s, s not in SETTLED) for s in E])
def test_an_endpoint_is_in_progress_until_it_serves_or_failed(status: EndpointStatus, in_progress: bool) -> None:
    assert endpoint(status).is_in_progress is in_progress


def test_the_old_revision_serves_until_the_pending_one_does() -> None:
    pending = revision("r2", variant("b"))
    updating = endpoint(E.IN_SERVICE).updating_to(pending, 5, {"BlueGreen": {}})
    assert (updating.status, updating.modified, updating.config_name) == (E.UPDATING, 5, "config-r1")
    assert (updating.pending, updating.deployment_config) == (pending, {"BlueGreen": {}})
    serving = updating.serving(pending)
    assert (serving.revision, serving.pending, serving.config_name) == (pending, None, "config-r2")


def test_a_revision_holds_all_that_it_serves() -> None:
    made = revision("r1", variant("a", 2.0, 3), variant("b"), DataCaptureConfig=CAPTURE)
    assert made.targets == (VariantTarget("a", 2.0, 3), VariantTarget("b", 1.0, 1))
    assert (made.id, made.started, made.config.name) == ("r1", 2, "config-r1")
    assert (made.model("n").name, made.target("b").name) == ("n", "b")
    assert made.data_capture is not None
    assert made.data_capture.sampling_percentage == 50


def test_weights_and_counts_change_for_the_variants_that_are_named() -> None:
    made = revision("r1", variant("a", 2.0, 3), variant("b", 1.0, 1))
    assert made.with_targets({"b": 5.0}, {"a": 7}).targets == (VariantTarget("a", 2.0, 7), VariantTarget("b", 5.0, 1))
    assert made.with_targets({}, {}).targets == made.targets


@pytest.mark.parametrize(
    ("excluded", "weight", "count", "captures"),
    [
        (set(), 9.0, 8, True),
        ({"DesiredWeight"}, 1.0, 8, True),
        ({"DesiredInstanceCount"}, 9.0, 1, True),
        ({"DataCaptureConfig"}, 9.0, 8, False),
        ({"DesiredWeight", "DesiredInstanceCount", "DataCaptureConfig"}, 1.0, 1, False),
    ],
)
def test_an_update_retains_all_variant_properties_but_the_excluded(
    excluded: set[str], weight: float, count: int, captures: bool
) -> None:
    current = revision("r1", variant("a", 9.0, 8), DataCaptureConfig=CAPTURE)
    retained = revision("r2", variant("a")).retaining(current, frozenset(excluded))
    assert retained.targets == (VariantTarget("a", weight, count),)
    assert (retained.data_capture is not None, retained.id) == (captures, "r2")


def test_an_update_from_serverless_to_instances_starts_as_many_as_the_new_configuration_says() -> None:
    serverless = {
        "VariantName": "a",
        "ModelName": "m",
        "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 2},
    }
    current = revision("r1", serverless).with_targets({"a": 9.0}, {})
    retained = revision("r2", variant("a", count=3)).retaining(current, frozenset())
    assert retained.targets == (VariantTarget("a", 9.0, 3),)
