from typing import Any

import boto3
import pytest

from localstack_plugin.cloudformation.sagemaker.properties import arguments

SAGEMAKER = boto3.client("sagemaker", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")


def converted(operation: str, **properties: Any) -> dict[str, Any]:
    return arguments(SAGEMAKER, operation, properties)


def test_text_is_converted_to_the_type_of_the_property() -> None:
    variant = {"InitialInstanceCount": "2", "InitialVariantWeight": "0.5", "VariantName": "a"}
    capture = {"EnableCapture": "true", "InitialSamplingPercentage": "50"}
    assert converted("CreateEndpointConfig", ProductionVariants=[variant], DataCaptureConfig=capture) == {
        "ProductionVariants": [{"InitialInstanceCount": 2, "InitialVariantWeight": 0.5, "VariantName": "a"}],
        "DataCaptureConfig": {"EnableCapture": True, "InitialSamplingPercentage": 50},
    }


def test_a_number_is_text_where_text_is_due() -> None:
    container = {"Environment": {"EPOCHS": 1, "DEBUG": True}}
    environment = converted("CreateModel", PrimaryContainer=container)["PrimaryContainer"]["Environment"]
    assert environment == {"EPOCHS": "1", "DEBUG": "true"}


def test_properties_of_other_operations_are_left_out() -> None:
    assert converted("DeleteModel", ModelName="a", ExecutionRoleArn="b") == {"ModelName": "a"}


def test_a_property_that_the_api_lacks_stays_for_botocore_to_refuse() -> None:
    assert converted("CreateModel", PrimaryContainer={"Imge": 1}) == {"PrimaryContainer": {"Imge": 1}}


@pytest.mark.parametrize("value", ["yes", "1", ""])
def test_another_text_is_no_boolean(value: str) -> None:
    with pytest.raises(ValueError, match="is not a boolean"):
        converted("CreateModel", EnableNetworkIsolation=value)
