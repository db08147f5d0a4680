"""Inference components: several models on one endpoint, each with copies of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::000000000000:role/sagemaker"
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/contract:1"
VARIANT = "AllTraffic"
RESOURCES = {"NumberOfCpuCoresRequired": 1, "MinMemoryRequiredInMb": 128}
HOST = {"VariantName": VARIANT, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
SCALING = {"Status": "ENABLED", "MinInstanceCount": 1, "MaxInstanceCount": 2}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory, serve_with: Any) -> Iterator[Any]:
    """An emulator whose scaling takes a quarter of a second for a minute."""
    with serve_with(tmp_path_factory.mktemp("state"), scaling_minute_s=0.25) as emulator:
        yield emulator


@pytest.fixture(scope="module", autouse=True)
def endpoint(hosting: Any, sagemaker: Any) -> dict[str, Any]:
    """An endpoint for components, with the name `shared`."""
    sagemaker.create_endpoint_config(
        EndpointConfigName="shared",
        ExecutionRoleArn=ROLE,
        ProductionVariants=[
            {**HOST, "ManagedInstanceScaling": SCALING, "RoutingConfig": {"RoutingStrategy": "RANDOM"}}
        ],
    )
    return hosting.endpoint("shared", "shared")  # type: ignore[no-any-return]


def specification(model: str) -> dict[str, Any]:
    return {"ModelName": model, "ComputeResourceRequirements": RESOURCES}


def create(client: Any, name: str, copies: int = 1, **changes: Any) -> None:
    request = {
        "InferenceComponentName": name,
        "EndpointName": "shared",
        "VariantName": VARIANT,
        "Specification": specification(name),
        "RuntimeConfig": {"CopyCount": copies},
    }
    client.create_inference_component(**{**request, **changes})


@pytest.fixture
def settled(sagemaker: Any, until: Any) -> Callable[[str], dict[str, Any]]:
    """Wait until a component is InService or Failed; return its description."""

    def wait(name: str) -> dict[str, Any]:
        def description() -> dict[str, Any] | None:
            shown = sagemaker.describe_inference_component(InferenceComponentName=name)
            return shown if shown["InferenceComponentStatus"] in ("InService", "Failed") else None

        return until(description, f"inference component {name} to settle")  # type: ignore[no-any-return]

    return wait


def invoked(runtime: Any, component: str | None, endpoint: str = "shared") -> Any:
    named = {"InferenceComponentName": component} if component else {}
    answer = runtime.invoke_endpoint(EndpointName=endpoint, Body=b"hello", **named)
    return json.loads(answer["Body"].read())["model"]


def test_an_endpoint_without_models_is_in_service_and_shows_its_scaling(endpoint: dict[str, Any]) -> None:
    assert endpoint["EndpointStatus"] == "InService"
    (shown,) = endpoint["ProductionVariants"]
    assert (shown["CurrentInstanceCount"], shown["ManagedInstanceScaling"]) == (1, SCALING)
    assert shown["RoutingConfig"] == {"RoutingStrategy": "RANDOM"}


def test_two_components_answer_beside_each_other_each_under_its_name(
    hosting: Any, sagemaker: Any, runtime: Any, settled: Any
) -> None:
    for name in ("left", "right"):
        hosting.model(name, f"the {name} one")
        create(sagemaker, name, copies=2 if name == "left" else 1)
    left, _ = settled("left"), settled("right")
    assert left["InferenceComponentStatus"] == "InService"
    assert left["RuntimeConfig"] == {"DesiredCopyCount": 2, "CurrentCopyCount": 2}
    assert left["Specification"]["ModelName"] == "left"
    assert left["EndpointArn"].endswith(":endpoint/shared")
    assert [invoked(runtime, name) for name in ("left", "right")] == ["the left one", "the right one"]
    listed = sagemaker.list_inference_components(EndpointNameEquals="shared", SortBy="Name", SortOrder="Ascending")
    assert {"left", "right"} <= {one["InferenceComponentName"] for one in listed["InferenceComponents"]}
    assert sagemaker.list_inference_components(EndpointNameEquals="other")["InferenceComponents"] == []


def test_a_component_can_have_a_container_in_the_place_of_a_model(
    hosting: Any, sagemaker: Any, runtime: Any, settled: Any
) -> None:
    hosting.model("contained", "from a container")
    container = {"Image": IMAGE, "ArtifactUrl": "s3://contract/models/contained/model.tar.gz"}
    create(
        sagemaker,
        "contained",
        Specification={"Container": container, "ComputeResourceRequirements": RESOURCES},
    )
    shown = settled("contained")["Specification"]["Container"]
    assert (shown["DeployedImage"]["SpecifiedImage"], shown["ArtifactUrl"]) == (IMAGE, container["ArtifactUrl"])
    assert invoked(runtime, "contained") == "from a container"


def test_copies_are_scaled_even_to_zero(hosting: Any, sagemaker: Any, runtime: Any, settled: Any) -> None:
    hosting.model("scaled")
    create(sagemaker, "scaled")
    settled("scaled")
    for count in (3, 0, 1):
        sagemaker.update_inference_component_runtime_config(
            InferenceComponentName="scaled", DesiredRuntimeConfig={"CopyCount": count}
        )
        assert settled("scaled")["RuntimeConfig"] == {"DesiredCopyCount": count, "CurrentCopyCount": count}
        if not count:
            with pytest.raises(ClientError, match="has no healthy instance"):
                invoked(runtime, "scaled")
    assert invoked(runtime, "scaled") == "v1"


def test_another_specification_replaces_the_copies_and_one_that_fails_does_not(
    hosting: Any, sagemaker: Any, runtime: Any, settled: Any
) -> None:
    hosting.model("replaced", "old")
    hosting.model("replaced-new", "new")
    hosting.model("replaced-bad", environment={"REFUSE_TO_START": "1"})
    create(sagemaker, "replaced")
    settled("replaced")
    sagemaker.update_inference_component(InferenceComponentName="replaced", Specification=specification("replaced-new"))
    assert settled("replaced")["Specification"]["ModelName"] == "replaced-new"
    assert invoked(runtime, "replaced") == "new"
    sagemaker.update_inference_component(InferenceComponentName="replaced", Specification=specification("replaced-bad"))
    shown = settled("replaced")
    assert "this model is no good" in shown["FailureReason"]
    assert (shown["InferenceComponentStatus"], shown["Specification"]["ModelName"]) == ("InService", "replaced-new")
    assert invoked(runtime, "replaced") == "new"


def test_a_component_that_cannot_start_has_failed(hosting: Any, sagemaker: Any, settled: Any) -> None:
    hosting.model("broken", environment={"REFUSE_TO_START": "1"})
    create(sagemaker, "broken")
    shown = settled("broken")
    assert shown["InferenceComponentStatus"] == "Failed"
    assert "this model is no good" in shown["FailureReason"]


def test_a_component_is_deleted_and_only_then_its_endpoint_can_be(
    hosting: Any, sagemaker: Any, runtime: Any, until: Any
) -> None:
    sagemaker.create_endpoint_config(EndpointConfigName="deleted", ExecutionRoleArn=ROLE, ProductionVariants=[HOST])
    hosting.endpoint("deleted", "deleted")
    hosting.model("deleted")
    create(sagemaker, "deleted", EndpointName="deleted")
    until(lambda: status(sagemaker, "deleted") == "InService", "the component")
    with pytest.raises(ClientError, match="it has the inference components deleted"):
        sagemaker.delete_endpoint(EndpointName="deleted")
    sagemaker.delete_inference_component(InferenceComponentName="deleted")
    until(lambda: status(sagemaker, "deleted") is None, "the component to be gone")
    with pytest.raises(ClientError, match="Inference Component deleted of endpoint deleted not found"):
        invoked(runtime, "deleted", "deleted")
    sagemaker.delete_endpoint(EndpointName="deleted")


def status(client: Any, name: str) -> str | None:
    listed = client.list_inference_components(NameContains=name)["InferenceComponents"]
    return str(listed[0]["InferenceComponentStatus"]) if listed else None


def test_the_name_of_a_component_is_required_and_only_where_there_are_some(hosting: Any, runtime: Any) -> None:
    hosting.simple("without-components")
    with pytest.raises(ClientError, match="Inference Component Name header is required for endpoints to which"):
        invoked(runtime, None)
    with pytest.raises(ClientError, match="Inference Component Name header is not allowed for endpoints to which"):
        invoked(runtime, "left", "without-components")


def test_copies_follow_the_load(
    emulator: Any, hosting: Any, sagemaker: Any, runtime: Any, settled: Any, until: Any
) -> None:
    hosting.model("busy")
    create(sagemaker, "busy")
    settled("busy")
    scaling = emulator.client("application-autoscaling")
    dimension = "sagemaker:inference-component:DesiredCopyCount"
    target = {"ServiceNamespace": "sagemaker", "ResourceId": "inference-component/busy", "ScalableDimension": dimension}
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2)
    metric = {"PredefinedMetricType": "SageMakerInferenceComponentInvocationsPerCopy"}
    scaling.put_scaling_policy(
        **target,
        PolicyName="load",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={"TargetValue": 1.0, "PredefinedMetricSpecification": metric},
    )

    def scaled_out() -> bool:
        invoked(runtime, "busy")
        shown = sagemaker.describe_inference_component(InferenceComponentName="busy")
        return bool(shown["RuntimeConfig"]["CurrentCopyCount"] == 2)

    until(scaled_out, "two copies under load")
    activities = scaling.describe_scaling_activities(**target)["ScalingActivities"]
    assert activities[0]["Description"] == "Setting desired copy count to 2."


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"EndpointName": "never-made"}, "Could not find endpoint"),
        ({"VariantName": "Other"}, 'Could not find variant "Other"'),
        ({"Specification": specification("never-made")}, "Could not find model"),
        ({"Specification": {"ModelName": "refused"}}, "needs ComputeResourceRequirements"),
        ({"Specification": {"ComputeResourceRequirements": RESOURCES}}, "either ModelName or Container"),
        (
            {"Specification": {**specification("refused"), "BaseInferenceComponentName": "base"}},
            "BaseInferenceComponentName: adapters of a base inference component are not emulated",
        ),
        ({"EndpointName": "with-a-model"}, "inference components need a variant without ModelName"),
    ],
)
def test_an_invalid_component_is_refused(hosting: Any, sagemaker: Any, changes: dict[str, Any], message: str) -> None:
    if not sagemaker.list_endpoints(NameContains="with-a-model")["Endpoints"]:
        hosting.simple("with-a-model")
        hosting.model("refused")
    with pytest.raises(ClientError, match=message):
        create(sagemaker, "refused", **changes)


@pytest.mark.parametrize(
    ("variants", "changes", "message"),
    [
        ([HOST], {}, "ExecutionRoleArn is required"),
        ([{"VariantName": VARIANT}], {"ExecutionRoleArn": ROLE}, "InstanceType is required"),
        (
            [HOST, {**HOST, "VariantName": "Other", "ModelName": "left"}],
            {"ExecutionRoleArn": ROLE},
            "ModelName is missing in production variant",
        ),
    ],
)
def test_a_configuration_that_cannot_host_components_is_refused(
    sagemaker: Any, variants: list[dict[str, Any]], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message):
        sagemaker.create_endpoint_config(EndpointConfigName="unfit", ProductionVariants=variants, **changes)


def test_components_serve_again_after_a_restart(
    restartable: Any, make_hosting: Any, s3: Any, until: Any, tmp_path: Path
) -> None:
    with restartable() as emulator:
        client = emulator.client("sagemaker")
        hosting = make_hosting(client, s3)
        client.create_endpoint_config(EndpointConfigName="shared", ExecutionRoleArn=ROLE, ProductionVariants=[HOST])
        hosting.endpoint("shared", "shared")
        hosting.model("again")
        create(client, "again", copies=2)
        until(lambda: status(client, "again") == "InService", "the component")
    with restartable() as emulator:
        client, runtime = emulator.client("sagemaker"), emulator.client("sagemaker-runtime")
        until(lambda: status(client, "again") == "InService", "the component after the restart")
        make_hosting(client, s3).settled("shared")
        assert invoked(runtime, "again") == "v1"
        shown = client.describe_inference_component(InferenceComponentName="again")
        assert shown["RuntimeConfig"]["CurrentCopyCount"] == 2
