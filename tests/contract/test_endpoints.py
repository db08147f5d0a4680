"""Models, endpoint configurations, endpoints and InvokeEndpoint, as boto3 sees them."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError


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


def test_a_container_that_answers_too_late_is_a_model_error(hosting: Any, runtime: Any) -> None:
    hosting.simple("late")
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
