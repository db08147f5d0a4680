"""Parsing the requests that create, update and rescale endpoints."""

from __future__ import annotations

from typing import Any

import pytest

from sagemaker_emulator.hosting.requests import (
    CreateEndpointRequest,
    RescaleEndpointRequest,
    UpdateEndpointRequest,
)
from sagemaker_emulator.wire import AwsError

NAMES = {"EndpointName": "scones", "EndpointConfigName": "scones-1"}
ALL_AT_ONCE = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
SIZE = {"Type": "INSTANCE_COUNT", "Value": 1}
BLUE_GREEN = {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": ALL_AT_ONCE, "TerminationWaitInSeconds": 7}}


def test_a_create_request_has_its_tags_by_key() -> None:
    tags = [{"Key": "team", "Value": "bakery"}]
    request = CreateEndpointRequest.parse({**NAMES, "Tags": tags, "DeploymentConfig": BLUE_GREEN})
    assert request == CreateEndpointRequest("scones", "scones-1", BLUE_GREEN, {"team": "bakery"})


def test_an_update_retains_nothing_by_default() -> None:
    assert UpdateEndpointRequest.parse(NAMES) == UpdateEndpointRequest(
        "scones", "scones-1", {}, False, frozenset(), False
    )


def test_an_update_can_retain_all_variant_properties_except_some() -> None:
    request = UpdateEndpointRequest.parse(
        {
            **NAMES,
            "RetainAllVariantProperties": True,
            "ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DesiredWeight"}],
            "RetainDeploymentConfig": True,
        }
    )
    assert request.retains_variant_properties
    assert request.not_retained == {"DesiredWeight"}
    assert request.retains_deployment_config


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (BLUE_GREEN | {"RollingUpdatePolicy": {"MaximumBatchSize": SIZE, "WaitIntervalInSeconds": 0}}, "not both"),
        ({"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": "CANARY"}}}, "CanarySize is required"),
        ({"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": "LINEAR"}}}, "LinearStepSize is required"),
    ],
)
@pytest.mark.parametrize("request_type", [CreateEndpointRequest, UpdateEndpointRequest])
def test_deployments_that_contradict_themselves_are_refused(
    request_type: Any, config: dict[str, Any], message: str
) -> None:
    with pytest.raises(AwsError, match=message):
        request_type.parse({**NAMES, "DeploymentConfig": config})


def test_a_rescaling_changes_only_the_variants_that_it_names() -> None:
    desired = [
        {"VariantName": "Blue", "DesiredWeight": 0.0},
        {"VariantName": "Green", "DesiredInstanceCount": 0},
    ]
    request = RescaleEndpointRequest.parse({"EndpointName": "scones", "DesiredWeightsAndCapacities": desired})
    assert request == RescaleEndpointRequest("scones", frozenset({"Blue", "Green"}), {"Blue": 0.0}, {"Green": 0})


@pytest.mark.parametrize(
    ("desired", "message"),
    [
        ([{"VariantName": "Blue"}] * 2, 'The variant name "Blue" was non-unique within the request'),
        ([{"VariantName": "Blue", "DesiredInstanceCount": 21}], "'variant Blue for endpoint usage' is 20 Instances"),
    ],
)
def test_an_impossible_rescaling_is_refused(desired: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(AwsError, match=message):
        RescaleEndpointRequest.parse({"EndpointName": "scones", "DesiredWeightsAndCapacities": desired})
