"""Models, endpoint configurations, endpoints and InvokeEndpoint, as boto3 sees them."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError


def invoked(runtime: Any, endpoint: str, body: bytes = b"hello", **more: Any) -> dict[str, Any]:
    answer = runtime.invoke_endpoint(EndpointName=endpoint, Body=body, ContentType="text/plain", **more)
    return {**answer, "Body": json.loads(answer["Body"].read())}


def test_an_endpoint_comes_into_service_and_answers(hosting: Any, runtime: Any, sagemaker: Any) -> None:
    endpoint = hosting.simple("answers", "v1")
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="answers", WaiterConfig={"Delay": 1})
    assert endpoint["EndpointStatus"] == "InService"
    assert endpoint["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    answer = invoked(runtime, "answers")
    assert answer["Body"] == {"model": "v1", "got": "hello", "type": "text/plain"}
    assert answer["ContentType"] == "application/json"
    assert answer["InvokedProductionVariant"] == "AllTraffic"


def test_custom_attributes_go_there_and_back(hosting: Any, runtime: Any) -> None:
    hosting.simple("attributes")
    assert invoked(runtime, "attributes", CustomAttributes="trace=7")["CustomAttributes"] == "trace=7"


def test_the_containers_error_is_a_model_error_with_its_status(hosting: Any, runtime: Any) -> None:
    hosting.simple("wrong")
    with pytest.raises(runtime.exceptions.ModelError, match=r"Received client error \(415\) from primary") as error:
        invoked(runtime, "wrong", b"status 415")
    response = error.value.response
    assert response["OriginalStatusCode"] == 415
    assert response["OriginalMessage"] == "as you wish"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 424


def test_a_container_that_answers_too_late_is_a_model_error(restartable: Any, make_hosting: Any, s3: Any) -> None:
    with restartable(invocation_timeout_s=1.0) as emulator:
        make_hosting(emulator.client("sagemaker"), s3).simple("late")
        runtime = emulator.client("sagemaker-runtime")
        with pytest.raises(runtime.exceptions.ModelError, match="timed out while waiting for a response"):
            invoked(runtime, "late", b"sleep 3")


def test_a_missing_endpoint_is_a_validation_error(runtime: Any) -> None:
    with pytest.raises(ClientError, match="Endpoint missing of account 000000000000 not found") as error:
        invoked(runtime, "missing")
    assert error.value.response["Error"]["Code"] == "ValidationError"


def test_an_endpoint_that_cannot_start_is_failed_with_the_end_of_its_log(hosting: Any) -> None:
    hosting.model("broken", environment={"REFUSE_TO_START": "1"})
    hosting.config("broken", {"VariantName": "AllTraffic", "ModelName": "broken"})
    endpoint = hosting.endpoint("broken", "broken")
    assert endpoint["EndpointStatus"] == "Failed"
    assert "exited with code 1" in endpoint["FailureReason"]
    assert "this model is no good" in endpoint["FailureReason"]


def test_model_data_that_is_not_there_fails_the_endpoint(hosting: Any, s3: Any) -> None:
    hosting.model("gone")
    s3.delete_object(Bucket="contract", Key="models/gone/model.tar.gz")
    hosting.config("gone", {"VariantName": "AllTraffic", "ModelName": "gone"})
    assert "could not be read from S3" in hosting.endpoint("gone", "gone")["FailureReason"]


def test_an_update_serves_the_new_model_and_drops_no_request(hosting: Any, runtime: Any, sagemaker: Any) -> None:
    hosting.simple("updated", "old")
    hosting.model("updated-new", "new")
    hosting.config("updated-new", {"VariantName": "AllTraffic", "ModelName": "updated-new"})
    sagemaker.update_endpoint(EndpointName="updated", EndpointConfigName="updated-new")
    seen = []
    while sagemaker.describe_endpoint(EndpointName="updated")["EndpointStatus"] != "InService":
        with ThreadPoolExecutor(4) as pool:
            seen += [answer["Body"]["model"] for answer in pool.map(lambda _: invoked(runtime, "updated"), range(8))]
    assert set(seen) <= {"old", "new"}
    assert invoked(runtime, "updated")["Body"]["model"] == "new"
    assert sagemaker.describe_endpoint(EndpointName="updated")["EndpointConfigName"] == "updated-new"


def test_an_update_that_cannot_start_leaves_the_old_one_in_service(hosting: Any, runtime: Any, sagemaker: Any) -> None:
    hosting.simple("kept", "old")
    hosting.model("kept-bad", environment={"REFUSE_TO_START": "1"})
    hosting.config("kept-bad", {"VariantName": "AllTraffic", "ModelName": "kept-bad"})
    sagemaker.update_endpoint(EndpointName="kept", EndpointConfigName="kept-bad")
    endpoint = hosting.settled("kept")
    assert endpoint["EndpointStatus"] == "InService"
    assert endpoint["EndpointConfigName"] == "kept"
    assert "this model is no good" in endpoint["FailureReason"]
    assert invoked(runtime, "kept")["Body"]["model"] == "old"


def test_variants_share_by_weight_and_answer_by_name(hosting: Any, runtime: Any) -> None:
    hosting.model("blue", "blue")
    hosting.model("green", "green")
    hosting.config(
        "two",
        {"VariantName": "Blue", "ModelName": "blue", "InitialVariantWeight": 1.0},
        {"VariantName": "Green", "ModelName": "green", "InitialVariantWeight": 0.0},
    )
    hosting.endpoint("two", "two")
    assert {invoked(runtime, "two")["InvokedProductionVariant"] for _ in range(10)} == {"Blue"}
    assert invoked(runtime, "two", TargetVariant="Green")["Body"]["model"] == "green"
    with pytest.raises(ClientError, match="Variant Red was not found"):
        invoked(runtime, "two", TargetVariant="Red")


def test_two_instances_share_slow_requests(hosting: Any, runtime: Any) -> None:
    hosting.model("pair")
    hosting.config("pair", {"VariantName": "AllTraffic", "ModelName": "pair", "InitialInstanceCount": 2})
    assert hosting.endpoint("pair", "pair")["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: invoked(runtime, "pair", b"sleep 0.2"), range(4)))
    assert len(answers) == 4


def test_a_crashed_instance_is_started_again(hosting: Any, runtime: Any, sagemaker: Any, until: Any) -> None:
    hosting.simple("phoenix")
    with pytest.raises(runtime.exceptions.ModelError):
        invoked(runtime, "phoenix", b"die")

    def answers() -> bool:
        try:
            return bool(invoked(runtime, "phoenix"))
        except ClientError:
            return False

    until(answers, "the instance to answer again")
    assert sagemaker.describe_endpoint(EndpointName="phoenix")["EndpointStatus"] == "InService"


def test_a_deleted_endpoint_is_gone_with_its_containers(hosting: Any, runtime: Any, sagemaker: Any) -> None:
    hosting.simple("deleted")
    sagemaker.delete_endpoint(EndpointName="deleted")
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName="deleted", WaiterConfig={"Delay": 1})
    with pytest.raises(ClientError, match=r'Could not find endpoint "arn:aws:sagemaker:.*:endpoint/deleted"'):
        sagemaker.describe_endpoint(EndpointName="deleted")
    with pytest.raises(ClientError, match="not found"):
        invoked(runtime, "deleted")


def test_records_are_created_once_and_described_and_deleted(hosting: Any, sagemaker: Any) -> None:
    hosting.model("record")
    hosting.config("record", {"VariantName": "AllTraffic", "ModelName": "record"})
    with pytest.raises(ClientError, match="Cannot create already existing model"):
        hosting.model("record")
    with pytest.raises(ClientError, match="Cannot create already existing endpoint configuration"):
        hosting.config("record", {"VariantName": "AllTraffic", "ModelName": "record"})
    assert sagemaker.describe_model(ModelName="record")["PrimaryContainer"]["Image"].endswith("/contract:1")
    config = sagemaker.describe_endpoint_config(EndpointConfigName="record")
    assert config["ProductionVariants"][0]["ModelName"] == "record"
    assert sagemaker.list_models(NameContains="record")["Models"][0]["ModelName"] == "record"
    sagemaker.delete_endpoint_config(EndpointConfigName="record")
    sagemaker.delete_model(ModelName="record")
    with pytest.raises(ClientError, match='Could not find model "'):
        sagemaker.describe_model(ModelName="record")
    with pytest.raises(ClientError, match='Could not find endpoint configuration "'):
        sagemaker.delete_endpoint_config(EndpointConfigName="record")


def test_a_configuration_of_a_missing_model_is_refused(hosting: Any) -> None:
    with pytest.raises(ClientError, match='Could not find model "'):
        hosting.config("orphan", {"VariantName": "AllTraffic", "ModelName": "never-made"})


def test_tags_are_added_listed_and_removed(hosting: Any, sagemaker: Any) -> None:
    hosting.model("tagged")
    arn = sagemaker.describe_model(ModelName="tagged")["ModelArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["a"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    with pytest.raises(ClientError, match="Could not find resource"):
        sagemaker.list_tags(ResourceArn=arn + "x")


def test_invocations_are_counted_in_cloudwatch(hosting: Any, runtime: Any, until: Any) -> None:
    hosting.simple("counted")
    for _ in range(3):
        invoked(runtime, "counted")
    cloudwatch = boto3.client("cloudwatch")
    wanted = {"Namespace": "AWS/SageMaker", "MetricName": "Invocations"}
    dimension = {"Name": "EndpointName", "Value": "counted"}
    until(lambda: cloudwatch.list_metrics(**wanted, Dimensions=[dimension])["Metrics"], "the metric")


def test_an_operation_that_is_not_emulated_says_so(sagemaker: Any) -> None:
    with pytest.raises(ClientError, match="The operation ListClusters is not emulated"):
        sagemaker.list_clusters()


def test_weights_change_at_once_and_capacities_by_instances(hosting: Any, runtime: Any, sagemaker: Any) -> None:
    hosting.model("scaled")
    variants = [{"VariantName": name, "ModelName": "scaled"} for name in ("Blue", "Green")]
    hosting.config("scaled", *variants)
    hosting.endpoint("scaled", "scaled")
    desired = [
        {"VariantName": "Blue", "DesiredWeight": 0.0, "DesiredInstanceCount": 1},
        {"VariantName": "Green", "DesiredWeight": 2.0, "DesiredInstanceCount": 2},
    ]
    sagemaker.update_endpoint_weights_and_capacities(EndpointName="scaled", DesiredWeightsAndCapacities=desired)
    assert {invoked(runtime, "scaled")["InvokedProductionVariant"] for _ in range(5)} == {"Green"}
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="scaled", WaiterConfig={"Delay": 1})
    shown = {one["VariantName"]: one for one in hosting.settled("scaled")["ProductionVariants"]}
    assert [shown[name]["CurrentInstanceCount"] for name in ("Blue", "Green")] == [1, 2]
    assert [shown[name]["CurrentWeight"] for name in ("Blue", "Green")] == [0.0, 2.0]
    assert shown["Green"]["DeployedImages"][0]["SpecifiedImage"].endswith("/contract:1")


@pytest.mark.parametrize(
    ("endpoint", "desired", "message"),
    [
        ("never-made", [{"VariantName": "AllTraffic"}], 'Could not find endpoint "'),
        ("answers", [{"VariantName": "Red"}], 'The variant name\\(s\\) "Red" is/are not present within endpoint conf'),
        ("answers", [{"VariantName": "AllTraffic"}] * 2, 'The variant name "AllTraffic" was non-unique within the req'),
        ("answers", [{"VariantName": "AllTraffic", "DesiredInstanceCount": -1}], "(?s)valid|greater"),
    ],
)
def test_a_scaling_that_makes_no_sense_is_refused(
    sagemaker: Any, endpoint: str, desired: list[dict[str, Any]], message: str
) -> None:
    with pytest.raises((ClientError, ParamValidationError), match=message):
        sagemaker.update_endpoint_weights_and_capacities(EndpointName=endpoint, DesiredWeightsAndCapacities=desired)


def test_an_update_shows_what_is_pending_and_refuses_all_else_meanwhile(
    hosting: Any, sagemaker: Any, tmp_path: Path
) -> None:
    hosting.simple("pending")
    gate = tmp_path / "gate"
    waits = f"import pathlib, time\nwhile not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.01)"
    hosting.model("pending-new", environment={"AT_START": waits})
    hosting.config("pending-new", {"VariantName": "AllTraffic", "ModelName": "pending-new"})
    sagemaker.update_endpoint(EndpointName="pending", EndpointConfigName="pending-new")
    endpoint = sagemaker.describe_endpoint(EndpointName="pending")
    assert endpoint["EndpointStatus"] == "Updating"
    assert endpoint["EndpointConfigName"] == "pending"
    summary = endpoint["PendingDeploymentSummary"]
    assert summary["EndpointConfigName"] == "pending-new"
    assert summary["ProductionVariants"][0]["VariantStatus"][0]["Status"] == "Creating"
    refused = "Cannot update in-progress endpoint"
    with pytest.raises(ClientError, match=refused):
        sagemaker.delete_endpoint(EndpointName="pending")
    with pytest.raises(ClientError, match=refused):
        sagemaker.update_endpoint(EndpointName="pending", EndpointConfigName="pending")
    with pytest.raises(ClientError, match=refused):
        sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="pending", DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredWeight": 1.0}]
        )
    gate.touch()
    assert "PendingDeploymentSummary" not in hosting.settled("pending")


def test_an_update_can_retain_what_was_scaled(hosting: Any, sagemaker: Any) -> None:
    hosting.simple("retained")
    desired = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 2, "DesiredWeight": 3.0}]
    sagemaker.update_endpoint_weights_and_capacities(EndpointName="retained", DesiredWeightsAndCapacities=desired)
    hosting.settled("retained")
    hosting.config("retained-new", {"VariantName": "AllTraffic", "ModelName": "retained"})
    sagemaker.update_endpoint(
        EndpointName="retained",
        EndpointConfigName="retained-new",
        RetainAllVariantProperties=True,
        ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredWeight"}],
    )
    (variant,) = hosting.settled("retained")["ProductionVariants"]
    assert (variant["DesiredInstanceCount"], variant["DesiredWeight"]) == (2, 1.0)


def blue_green(kind: str) -> dict[str, Any]:
    routing: dict[str, Any] = {"Type": kind, "WaitIntervalInSeconds": 0}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}


def test_a_deployment_all_at_once_is_what_an_update_is(hosting: Any, sagemaker: Any) -> None:
    hosting.simple("at-once")
    hosting.config("at-once-new", {"VariantName": "AllTraffic", "ModelName": "at-once"})
    config = blue_green("ALL_AT_ONCE")
    new = {"EndpointName": "at-once", "EndpointConfigName": "at-once-new"}
    sagemaker.update_endpoint(**new, DeploymentConfig=config)
    endpoint = hosting.settled("at-once")
    assert endpoint["EndpointConfigName"] == "at-once-new"
    assert endpoint["LastDeploymentConfig"] == config
    with pytest.raises(ClientError, match="Type LINEAR is not emulated"):
        sagemaker.update_endpoint(**new, DeploymentConfig=blue_green("LINEAR"))


def test_a_failed_endpoint_can_be_updated_or_deleted_and_its_name_used_again(hosting: Any, sagemaker: Any) -> None:
    hosting.model("second", environment={"REFUSE_TO_START": "1"})
    hosting.config("second", {"VariantName": "AllTraffic", "ModelName": "second"})
    assert hosting.endpoint("second", "second")["EndpointStatus"] == "Failed"
    hosting.model("second-good")
    hosting.config("second-good", {"VariantName": "AllTraffic", "ModelName": "second-good"})
    sagemaker.update_endpoint(EndpointName="second", EndpointConfigName="second-good")
    assert hosting.settled("second")["EndpointStatus"] == "InService"
    with pytest.raises(ClientError, match="Cannot create already existing endpoint"):
        sagemaker.create_endpoint(EndpointName="second", EndpointConfigName="second")
    sagemaker.delete_endpoint(EndpointName="second")
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName="second", WaiterConfig={"Delay": 1})
    assert hosting.endpoint("second", "second")["EndpointStatus"] == "Failed"
    sagemaker.delete_endpoint(EndpointName="second")


def test_what_an_endpoint_is_made_of_may_be_deleted_under_it(hosting: Any, runtime: Any, sagemaker: Any) -> None:
    hosting.model("rootless")
    hosting.config("rootless", {"VariantName": "AllTraffic", "ModelName": "rootless"})
    sagemaker.create_endpoint(EndpointName="rootless", EndpointConfigName="rootless")
    sagemaker.delete_endpoint_config(EndpointConfigName="rootless")
    sagemaker.delete_model(ModelName="rootless")
    endpoint = hosting.settled("rootless")
    assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == ("InService", "rootless")
    assert invoked(runtime, "rootless")["Body"]["model"] == "v1"


def test_a_configuration_whose_model_is_gone_makes_no_endpoint(hosting: Any, sagemaker: Any) -> None:
    hosting.model("vanished")
    hosting.config("vanished", {"VariantName": "AllTraffic", "ModelName": "vanished"})
    sagemaker.delete_model(ModelName="vanished")
    with pytest.raises(ClientError, match='Could not find model "'):
        sagemaker.create_endpoint(EndpointName="vanished", EndpointConfigName="vanished")


def test_requests_go_on_to_the_instances_that_live(hosting: Any, runtime: Any) -> None:
    hosting.model("hardy")
    hosting.config("hardy", {"VariantName": "AllTraffic", "ModelName": "hardy", "InitialInstanceCount": 2})
    hosting.endpoint("hardy", "hardy")
    with pytest.raises(runtime.exceptions.ModelError):
        invoked(runtime, "hardy", b"die")
    assert [invoked(runtime, "hardy")["Body"]["model"] for _ in range(20)] == ["v1"] * 20


def test_a_request_that_no_healthy_instance_could_take_is_counted_as_a_servers_error(
    hosting: Any, runtime: Any, until: Any, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    once = f"import os\nif os.path.exists({str(ran)!r}): os._exit(1)\nopen({str(ran)!r}, 'w').close()"
    hosting.model("out", environment={"AT_START": once})
    hosting.config("out", {"VariantName": "AllTraffic", "ModelName": "out"})
    hosting.endpoint("out", "out")
    once_each = Config(retries={"total_max_attempts": 1})
    client = boto3.client("sagemaker-runtime", endpoint_url=runtime.meta.endpoint_url, config=once_each)
    codes = [failure_of(client, "out", b"die") for _ in range(4)]
    assert set(codes) == {"ModelError", "ServiceUnavailable"}
    until(lambda: total("out", "Invocations") == 4, "every request to be counted")
    assert total("out", "Invocation5XXErrors") == 4
    assert total("out", "ModelLatency", "SampleCount") == codes.count("ModelError")


def failure_of(runtime: Any, endpoint: str, body: bytes) -> str:
    with pytest.raises(ClientError) as caught:
        invoked(runtime, endpoint, body)
    return str(caught.value.response["Error"]["Code"])


def total(endpoint: str, metric: str, statistic: str = "Sum") -> float:
    now = datetime.now(UTC)
    dimensions = {"EndpointName": endpoint, "VariantName": "AllTraffic"}
    points = boto3.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=86400,
        Statistics=[statistic],
    )
    return sum(float(point[statistic]) for point in points["Datapoints"])


def test_a_container_that_keeps_dying_is_started_later_and_later(
    hosting: Any, runtime: Any, until: Any, tmp_path: Path
) -> None:
    starts = tmp_path / "starts"
    counts = f"f = open({str(starts)!r}, 'a'); f.write('.'); f.close()"
    counts += "\nimport os\nif os.path.getsize(f.name) > 1: os._exit(1)"
    hosting.model("mortal", environment={"AT_START": counts})
    hosting.config("mortal", {"VariantName": "AllTraffic", "ModelName": "mortal"})
    assert hosting.endpoint("mortal", "mortal")["EndpointStatus"] == "InService"
    with pytest.raises(runtime.exceptions.ModelError):
        invoked(runtime, "mortal", b"die")
    until(lambda: starts.stat().st_size >= 2, "the first restart")
    began = time.monotonic()
    until(lambda: starts.stat().st_size >= 4, "two more restarts")
    assert time.monotonic() - began > 2


@pytest.mark.parametrize(
    "member", [{"TargetModel": "a.tar.gz"}, {"InferenceComponentName": "a"}, {"SessionId": "NEW_SESSION"}]
)
def test_what_the_endpoint_is_not_is_refused_by_name(runtime: Any, member: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match=f"cannot be invoked with {next(iter(member))}") as error:
        invoked(runtime, "answers", **member)
    assert error.value.response["Error"]["Code"] == "ValidationError"
