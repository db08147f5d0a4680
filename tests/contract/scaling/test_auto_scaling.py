"""Application Auto Scaling on the emulator's own port: instance counts follow the load."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.contract.scaling.variants import MINUTE_S, variant_of

METRIC = "SageMakerVariantInvocationsPerInstance"
TRACKING = {
    "TargetValue": 60.0,
    "PredefinedMetricSpecification": {"PredefinedMetricType": METRIC},
    "ScaleOutCooldown": 0,
    "ScaleInCooldown": 0,
}


def tracked(scaling: Any, endpoint: str, maximum: int = 3, **changes: Any) -> str:
    scaling.register_scalable_target(**variant_of(endpoint), MinCapacity=1, MaxCapacity=maximum)
    answer = scaling.put_scaling_policy(
        **variant_of(endpoint),
        PolicyName="load",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={**TRACKING, **changes},
    )
    return str(answer["PolicyARN"])


def instances(client: Any, endpoint: str) -> int:
    shown = client.describe_endpoint(EndpointName=endpoint)
    return int(shown["ProductionVariants"][0]["CurrentInstanceCount"]) if shown["EndpointStatus"] == "InService" else -1


def test_an_endpoint_scales_out_under_load_and_in_afterwards(
    scaling: Any, hosting: Any, sagemaker: Any, runtime: Any, until: Any
) -> None:
    hosting.simple("busy")
    tracked(scaling, "busy")

    def scaled_out() -> bool:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: runtime.invoke_endpoint(EndpointName="busy", Body=b"hello"), range(8)))
        return instances(sagemaker, "busy") == 3

    until(scaled_out, "three instances under load")
    until(lambda: instances(sagemaker, "busy") == 1, "one instance without load")
    until(
        lambda: [one["StatusCode"] for one in activities(scaling, "busy")] == ["Successful"] * 2,
        "two activities that have ended",
    )
    assert [one["Description"] for one in activities(scaling, "busy")] == [
        "Setting desired instance count to 1.",
        "Setting desired instance count to 3.",
    ]


def activities(scaling: Any, endpoint: str) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = scaling.describe_scaling_activities(**variant_of(endpoint))["ScalingActivities"]
    return answer


def test_a_target_and_its_policy_are_described_changed_and_removed(scaling: Any, hosting: Any) -> None:
    hosting.simple("described")
    arn = tracked(scaling, "described", TargetValue=1e9)
    (target,) = scaling.describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[variant_of("described")["ResourceId"]]
    )["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 3)
    assert ":scalable-target/" in target["ScalableTargetARN"]
    assert target["SuspendedState"]["DynamicScalingInSuspended"] is False
    scaling.register_scalable_target(**variant_of("described"), MaxCapacity=5)
    (policy,) = scaling.describe_scaling_policies(**variant_of("described"))["ScalingPolicies"]
    assert policy["PolicyARN"] == arn
    assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 1e9
    assert tracked(scaling, "described", TargetValue=2e9) == arn
    scaling.delete_scaling_policy(**variant_of("described"), PolicyName="load")
    assert scaling.describe_scaling_policies(**variant_of("described"))["ScalingPolicies"] == []
    scaling.deregister_scalable_target(**variant_of("described"))
    refused = "for service namespace: sagemaker, resource ID: endpoint/described/variant/AllTraffic"
    with pytest.raises(ClientError, match=f"ObjectNotFoundException.*No scalable target found {refused}"):
        scaling.deregister_scalable_target(**variant_of("described"))
    with pytest.raises(ClientError, match=f"ObjectNotFoundException.*No scaling policy found {refused}"):
        scaling.delete_scaling_policy(**variant_of("described"), PolicyName="load")
    with pytest.raises(ClientError, match=f"ObjectNotFoundException.*No scalable target registered {refused}"):
        scaling.put_scaling_policy(**variant_of("described"), PolicyName="load", PolicyType="StepScaling")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ServiceNamespace": "ecs"}, "namespace ecs is not emulated"),
        ({"ScalableDimension": "ecs:service:DesiredCount"}, "ecs:service:DesiredCount is not emulated"),
        ({"ResourceId": "endpoint/nowhere/variant/AllTraffic"}, "nowhere/variant/AllTraffic does not exist"),
        ({"ResourceId": "service/a/b"}, "Unsupported resource ID service/a/b"),
        ({"MinCapacity": 4}, "Maximum capacity cannot be less than minimum capacity"),
        ({"MinCapacity": -1}, "MinCapacity -1 must not be negative"),
    ],
)
def test_an_invalid_target_is_refused(scaling: Any, hosting: Any, changes: dict[str, Any], message: str) -> None:
    if not hosting.client.list_endpoints(NameContains="refusing")["Endpoints"]:
        hosting.simple("refusing")
    with pytest.raises(ClientError, match=message):
        scaling.register_scalable_target(**{**variant_of("refusing"), "MinCapacity": 1, "MaxCapacity": 3, **changes})


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"PolicyType": "PredictiveScaling"}, "PredictiveScaling is not emulated"),
        ({"PolicyType": "TargetTrackingScaling"}, "TargetTrackingScalingPolicyConfiguration is required"),
        (
            {
                "PolicyType": "TargetTrackingScaling",
                "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 1.0},
            },
            "either PredefinedMetricSpecification or CustomizedMetricSpecification",
        ),
        (
            {
                "PolicyType": "TargetTrackingScaling",
                "TargetTrackingScalingPolicyConfiguration": {
                    "TargetValue": 1.0,
                    "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
                },
            },
            "ECSServiceAverageCPUUtilization is not emulated here",
        ),
        ({"PolicyType": "StepScaling", "StepScalingPolicyConfiguration": {}}, "needs an AdjustmentType"),
    ],
)
def test_an_invalid_policy_is_refused(scaling: Any, hosting: Any, policy: dict[str, Any], message: str) -> None:
    if not hosting.client.list_endpoints(NameContains="policed")["Endpoints"]:
        hosting.simple("policed")
        scaling.register_scalable_target(**variant_of("policed"), MinCapacity=1, MaxCapacity=1)
    with pytest.raises(ClientError, match=message):
        scaling.put_scaling_policy(**variant_of("policed"), PolicyName="refused", **policy)


def test_descriptions_come_in_pages(scaling: Any, hosting: Any) -> None:
    for name in ("page-one", "page-two"):
        hosting.simple(name)
        scaling.register_scalable_target(**variant_of(name), MinCapacity=1, MaxCapacity=1)
    pages = scaling.get_paginator("describe_scalable_targets").paginate(
        ServiceNamespace="sagemaker", PaginationConfig={"PageSize": 1}
    )
    seen = [target["ResourceId"] for page in pages for target in page["ScalableTargets"]]
    assert len(seen) == len(set(seen)) >= 2
    with pytest.raises(ClientError, match="InvalidNextTokenException"):
        scaling.describe_scalable_targets(ServiceNamespace="sagemaker", NextToken="that")


def test_operations_that_are_not_emulated_are_refused_by_name(scaling: Any) -> None:
    with pytest.raises(ClientError, match="GetPredictiveScalingForecast is not emulated"):
        scaling.get_predictive_scaling_forecast(**variant_of("nowhere"), PolicyName="p", StartTime=0, EndTime=3600)


def test_scaling_goes_on_after_a_restart(restartable: Any, make_hosting: Any, s3: Any, until: Any) -> None:
    with restartable(scaling_minute_s=MINUTE_S) as emulator:
        make_hosting(emulator.client("sagemaker"), s3).simple("restarted")
        tracked(emulator.client("application-autoscaling"), "restarted")
    with restartable(scaling_minute_s=MINUTE_S) as emulator:
        client, runtime = emulator.client("sagemaker"), emulator.client("sagemaker-runtime")
        make_hosting(client, s3).settled("restarted")

        def scaled_out() -> bool:
            for _ in range(8):
                runtime.invoke_endpoint(EndpointName="restarted", Body=b"hello")
            return instances(client, "restarted") == 3

        until(scaled_out, "three instances under load")
