"""Models, endpoint configurations and tags: created once, described, deleted, and what depends on them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError


def invoked(runtime: Any, endpoint: str, body: bytes = b"hello", **more: Any) -> dict[str, Any]:
    answer = runtime.invoke_endpoint(EndpointName=endpoint, Body=body, ContentType="text/plain", **more)
    return {**answer, "Body": json.loads(answer["Body"].read())}


def test_models_and_configurations_are_created_described_and_deleted(hosting: Any, sagemaker: Any) -> None:
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


def test_a_configuration_with_a_missing_model_is_refused(hosting: Any) -> None:
    with pytest.raises(ClientError, match='Could not find model "'):
        hosting.config("orphan", {"VariantName": "AllTraffic", "ModelName": "never-made"})


def test_a_configuration_with_online_explanations_is_refused_by_name(hosting: Any) -> None:
    hosting.model("explained")
    shap = {"ShapBaselineConfig": {"ShapBaseline": "1,2"}}
    with pytest.raises(ClientError, match=r"ExplainerConfig, .* is not emulated"):
        hosting.config(
            "explained",
            {"VariantName": "AllTraffic", "ModelName": "explained"},
            ExplainerConfig={"ClarifyExplainerConfig": {"ShapConfig": shap}},
        )


def test_a_configuration_whose_model_was_deleted_is_refused(hosting: Any, sagemaker: Any) -> None:
    hosting.model("vanished")
    hosting.config("vanished", {"VariantName": "AllTraffic", "ModelName": "vanished"})
    sagemaker.delete_model(ModelName="vanished")
    with pytest.raises(ClientError, match='Could not find model "'):
        sagemaker.create_endpoint(EndpointName="vanished", EndpointConfigName="vanished")


def test_an_endpoint_outlives_its_configuration_and_its_model(hosting: Any, runtime: Any, sagemaker: Any) -> None:
    hosting.model("rootless")
    hosting.config("rootless", {"VariantName": "AllTraffic", "ModelName": "rootless"})
    sagemaker.create_endpoint(EndpointName="rootless", EndpointConfigName="rootless")
    sagemaker.delete_endpoint_config(EndpointConfigName="rootless")
    sagemaker.delete_model(ModelName="rootless")
    endpoint = hosting.settled("rootless")
    assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == ("InService", "rootless")
    assert invoked(runtime, "rootless")["Body"]["model"] == "v1"


def test_an_endpoint_its_configuration_and_its_model_are_found_by_names_in_any_case(
    hosting: Any, runtime: Any, sagemaker: Any, until: Any
) -> None:
    hosting.model("Mixed-Case")
    hosting.config("Mixed-Case", {"VariantName": "AllTraffic", "ModelName": "mixed-case"})
    hosting.endpoint("Mixed-Case", "mixed-case")
    assert sagemaker.describe_endpoint(EndpointName="mixed-case")["EndpointName"] == "Mixed-Case"
    assert invoked(runtime, "Mixed-Case")["InvokedProductionVariant"] == "AllTraffic"
    with pytest.raises(runtime.exceptions.ValidationError):  # "must be matched in InvokeEndpoint": CreateEndpoint
        invoked(runtime, "mixed-case")
    weights = [{"VariantName": "AllTraffic", "DesiredWeight": 2}]
    sagemaker.update_endpoint_weights_and_capacities(EndpointName="MIXED-case", DesiredWeightsAndCapacities=weights)
    hosting.settled("mixed-case")
    sagemaker.delete_endpoint(EndpointName="mixed-case")
    until(lambda: not sagemaker.list_endpoints(NameContains="Mixed-Case")["Endpoints"], "the endpoint to be deleted")
    sagemaker.delete_endpoint_config(EndpointConfigName="mixed-case")
    sagemaker.delete_model(ModelName="mixed-case")
    assert not sagemaker.list_models(NameContains="Mixed-Case")["Models"]


def test_describe_shows_the_defaults_that_aws_describes(hosting: Any, sagemaker: Any) -> None:
    hosting.model("defaults")
    variant = {"VariantName": "a", "ModelName": "defaults", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    sagemaker.create_endpoint_config(EndpointConfigName="defaults", ProductionVariants=[variant])
    model = sagemaker.describe_model(ModelName="defaults")
    assert (model["EnableNetworkIsolation"], model["PrimaryContainer"]["Mode"]) == (False, "SingleModel")
    config = sagemaker.describe_endpoint_config(EndpointConfigName="defaults")
    assert config["ProductionVariants"][0]["InitialVariantWeight"] == 1.0


@pytest.mark.parametrize(
    ("keys", "text"), [(["team", "team"], "must be unique .*: 'team' occurs 2 times"), (["AWS:x"], "reserved for AWS")]
)
def test_tag_keys_that_occur_twice_or_are_reserved_are_refused(sagemaker: Any, keys: list[str], text: str) -> None:
    arn = "arn:aws:sagemaker:us-east-1:000000000000:model/any"
    with pytest.raises(ClientError, match=text) as error:
        sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": key, "Value": "1"} for key in keys])
    assert error.value.response["Error"]["Code"] == "ValidationException"


def test_tags_are_added_listed_and_removed(hosting: Any, sagemaker: Any) -> None:
    hosting.model("tagged")
    arn = sagemaker.describe_model(ModelName="tagged")["ModelArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["a"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    with pytest.raises(ClientError, match="Could not find resource"):
        sagemaker.list_tags(ResourceArn=arn + "x")
