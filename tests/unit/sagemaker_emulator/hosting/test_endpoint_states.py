"""The statuses of an endpoint, the moves between them, and what an update retains."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from sagemaker_emulator.hosting.descriptions import describe_endpoint
from sagemaker_emulator.resources.endpoint import Endpoint, Revision
from sagemaker_emulator.resources.endpoint import EndpointStatus as Status
from sagemaker_emulator.resources.endpoint_config import EndpointConfig
from sagemaker_emulator.resources.model import Model

MOVES = {
    (Status.CREATING, Status.IN_SERVICE),
    (Status.CREATING, Status.FAILED),
    (Status.CREATING, Status.DELETING),
    (Status.UPDATING, Status.IN_SERVICE),
    (Status.UPDATING, Status.ROLLING_BACK),
    (Status.UPDATING, Status.FAILED),
    (Status.UPDATING, Status.DELETING),
    (Status.ROLLING_BACK, Status.IN_SERVICE),
    (Status.ROLLING_BACK, Status.UPDATE_ROLLBACK_FAILED),
    (Status.ROLLING_BACK, Status.FAILED),
    (Status.ROLLING_BACK, Status.DELETING),
    (Status.UPDATE_ROLLBACK_FAILED, Status.UPDATING),
    (Status.UPDATE_ROLLBACK_FAILED, Status.SYSTEM_UPDATING),
    (Status.UPDATE_ROLLBACK_FAILED, Status.DELETING),
    (Status.UPDATE_ROLLBACK_FAILED, Status.FAILED),
    (Status.IN_SERVICE, Status.UPDATING),
    (Status.IN_SERVICE, Status.SYSTEM_UPDATING),
    (Status.IN_SERVICE, Status.DELETING),
    (Status.IN_SERVICE, Status.FAILED),
    (Status.SYSTEM_UPDATING, Status.SYSTEM_UPDATING),  # killed while it was started again
    (Status.SYSTEM_UPDATING, Status.IN_SERVICE),
    (Status.SYSTEM_UPDATING, Status.FAILED),
    (Status.DELETING, Status.FAILED),
    (Status.FAILED, Status.DELETING),
    (Status.FAILED, Status.UPDATING),
}


def revision(name: str = "one", **variant: object) -> Revision:
    wire = {"VariantName": "AllTraffic", "ModelName": "model", "InitialInstanceCount": 1, **variant}
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://bucket/{name}/",
        "CaptureOptions": [],
    }
    request = {"ProductionVariants": [wire], "DataCaptureConfig": capture}
    model = Model("model", "arn:model", {"PrimaryContainer": {"Image": "image:1"}}, 1.0)
    return Revision.of(f"id-{name}", EndpointConfig(name, f"arn:{name}", request, 1.0), (model,), 2.0)


def endpoint(status: Status) -> Endpoint:
    return Endpoint("scones", "arn:scones", revision(), created=1.0, modified=1.0, status=status)


@pytest.mark.parametrize(("before", "after"), list(product(Status, Status)))
def test_an_endpoint_makes_exactly_the_moves_of_awss_endpoint(before: Status, after: Status) -> None:
    if (before, after) in MOVES:
        moved = endpoint(before).moved_to(after, 5.0, "reason")
        assert (moved.status, moved.modified, moved.failure_reason) == (after, 5.0, "reason")
        return
    with pytest.raises(ValueError, match=f"cannot go from {before} to {after}"):
        endpoint(before).moved_to(after, 5.0)


def test_a_failure_reason_is_cut_to_awss_limit_and_disappears_with_the_next_move() -> None:
    failed = endpoint(Status.CREATING).moved_to(Status.FAILED, 5.0, "x" * 2000)
    assert len(failed.failure_reason or "") == 1024
    assert failed.moved_to(Status.UPDATING, 6.0).failure_reason is None


def test_exactly_the_stable_statuses_accept_a_change() -> None:
    stable = {status for status in Status if not endpoint(status).is_in_progress}
    assert stable == {Status.IN_SERVICE, Status.UPDATE_ROLLBACK_FAILED, Status.FAILED}


def test_an_update_retains_weights_counts_and_capture_unless_excluded() -> None:
    current = revision("old").with_targets({"AllTraffic": 3.0}, {"AllTraffic": 4})
    new = revision("new")
    retained = new.retaining(current, frozenset())
    assert (retained.targets, retained.data_capture) == (current.targets, current.data_capture)
    assert retained.id == new.id
    everything = frozenset({"DesiredWeight", "DesiredInstanceCount", "DataCaptureConfig"})
    assert new.retaining(current, everything) == new
    (target,) = new.retaining(current, frozenset({"DesiredWeight"})).targets
    assert (target.weight, target.instance_count) == (1.0, 4)


def test_a_new_endpoint_describes_its_pending_deployment_and_no_variants() -> None:
    description = describe_endpoint(endpoint(Status.CREATING))
    assert "ProductionVariants" not in description
    summary = description["PendingDeploymentSummary"]
    assert summary["EndpointConfigName"] == "one"
    (variant,) = summary["ProductionVariants"]
    assert (variant["CurrentWeight"], variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]) == (0.0, 0, 1)
    assert variant["VariantStatus"] == [{"Status": "Creating", "StartTime": 2.0}]


def test_an_updating_endpoint_describes_both_revisions() -> None:
    updating = endpoint(Status.IN_SERVICE).updating_to(revision("two", InstanceType="ml.m5.large"), 5.0, {})
    description = describe_endpoint(updating)
    assert description["EndpointConfigName"] == "one"
    assert description["ProductionVariants"][0]["DeployedImages"][0]["SpecifiedImage"] == "image:1"
    summary = description["PendingDeploymentSummary"]
    assert summary["EndpointConfigName"] == "two"
    assert summary["ProductionVariants"][0]["InstanceType"] == "ml.m5.large"


def test_an_endpoint_that_failed_describes_its_reason_and_no_variants() -> None:
    failed = replace(endpoint(Status.FAILED), failure_reason="no such bay")
    description = describe_endpoint(failed)
    assert description["FailureReason"] == "no such bay"
    assert "ProductionVariants" not in description
    assert "PendingDeploymentSummary" not in description
