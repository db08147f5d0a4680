"""Tests with a real endpoint. A training job trains its model once; after that it comes from pytest's cache."""

import boto3
import pytest

import deliveries
from pytest_aws_local.captured import CapturedRecords
from pytest_aws_local.endpoints import EndpointFactory


@pytest.mark.parametrize("label", ["red", "blue"])
def test_a_picture_gets_its_label(sagemaker_endpoint: EndpointFactory, label: str) -> None:
    endpoint = sagemaker_endpoint()
    assert deliveries.label(endpoint.name, endpoint.samples[label], endpoint.labels) == label


def test_a_body_that_is_not_a_picture_is_refused(sagemaker_endpoint: EndpointFactory) -> None:
    endpoint = sagemaker_endpoint()
    with pytest.raises(boto3.client("sagemaker-runtime").exceptions.ModelError):
        deliveries.label(endpoint.name, b"not a picture", endpoint.labels)


def test_every_request_is_captured(sagemaker_endpoint: EndpointFactory, captured_records: CapturedRecords) -> None:
    endpoint = sagemaker_endpoint()
    for label in endpoint.labels:
        deliveries.label(endpoint.name, endpoint.samples[label], endpoint.labels)
    records = captured_records(endpoint, count=2)
    assert [record["captureData"]["endpointInput"]["mode"] for record in records] == ["INPUT", "INPUT"]


def test_no_test_sees_the_endpoint_of_another(sagemaker_endpoint: EndpointFactory) -> None:
    endpoint = sagemaker_endpoint()
    listed = boto3.client("sagemaker").list_endpoints()["Endpoints"]
    assert [each["EndpointName"] for each in listed] == [endpoint.name]
