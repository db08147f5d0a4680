"""The SageMaker Python SDK v3 deploys inference components, by ModelBuilder and by its resource classes."""

from __future__ import annotations

import io
import json
import os
import tarfile
import warnings
from typing import Any

import boto3
import pytest

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")  # the SDK creates clients while it is imported

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip("sagemaker.serve", reason="the SDK v3 is in a separate environment: make test-sdk3")
    from sagemaker.core import resources, shapes
    from sagemaker.core.helper.session_helper import Session
    from sagemaker.core.resource_requirements import ResourceRequirements
    from sagemaker.serve.mode.function_pointers import Mode
    from sagemaker.serve.model_builder import ModelBuilder

pytestmark = pytest.mark.filterwarnings("ignore")

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/contract:1"
ROLE = "arn:aws:iam::111122223333:role/sagemaker"
BUCKET = "sdk3-components"
TYPE = "ml.m5.large"
TIMEOUT_S = 120


@pytest.fixture(scope="module")
def session(aws: None, unvalidated_settings: None) -> Session:
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    return Session(boto_session=boto3.Session(), default_bucket=BUCKET)


def model_data(name: str) -> str:
    """Upload a model whose answers have its name; return its URI."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        info = tarfile.TarInfo("model.txt")
        info.size = len(name)
        tar.addfile(info, io.BytesIO(name.encode()))
    boto3.client("s3").put_object(Bucket=BUCKET, Key=f"{name}/model.tar.gz", Body=packed.getvalue())
    return f"s3://{BUCKET}/{name}/model.tar.gz"


def answer(endpoint: resources.Endpoint, component: str) -> Any:
    response = endpoint.invoke(body=b"bay", content_type="text/plain", inference_component_name=component)
    return json.loads(response.body.read())["model"]


def in_service(name: str) -> resources.InferenceComponent:
    component = resources.InferenceComponent.get(inference_component_name=name)
    component.wait_for_status("InService", poll=1, timeout=TIMEOUT_S)
    return component


def removed(endpoint: resources.Endpoint, *components: resources.InferenceComponent) -> None:
    for component in components:
        component.delete()
        component.wait_for_delete(poll=1, timeout=TIMEOUT_S)
    endpoint.delete()
    endpoint.wait_for_delete(poll=1, timeout=TIMEOUT_S)


def test_two_models_of_the_model_builder_share_an_endpoint_as_components(session: Session) -> None:
    requirements = ResourceRequirements(requests={"num_cpus": 1, "memory": 128, "copies": 2})
    for name in ("sdk3-left", "sdk3-right"):
        builder = ModelBuilder(
            image_uri=IMAGE,
            s3_model_data_url=model_data(name),
            role_arn=ROLE,
            instance_type=TYPE,
            mode=Mode.SAGEMAKER_ENDPOINT,
            sagemaker_session=session,
        )
        builder.build(model_name=name)
        endpoint = builder.deploy(
            endpoint_name="sdk3-shared", inference_config=requirements, inference_component_name=name
        )
    components = [in_service(name) for name in ("sdk3-left", "sdk3-right")]
    assert components[0].runtime_config.current_copy_count == 2
    assert [answer(endpoint, name) for name in ("sdk3-left", "sdk3-right")] == ["sdk3-left", "sdk3-right"]
    removed(endpoint, *components)


def test_a_component_is_created_scaled_listed_and_deleted(session: Session) -> None:
    resources.EndpointConfig.create(
        endpoint_config_name="sdk3-host",
        execution_role_arn=ROLE,
        production_variants=[
            shapes.ProductionVariant(variant_name="AllTraffic", instance_type=TYPE, initial_instance_count=1)
        ],
    )
    endpoint = resources.Endpoint.create(endpoint_name="sdk3-host", endpoint_config_name="sdk3-host")
    endpoint.wait_for_status("InService", poll=1, timeout=TIMEOUT_S)
    container = shapes.InferenceComponentContainerSpecification(image=IMAGE, artifact_url=model_data("sdk3-part"))
    needed = shapes.InferenceComponentComputeResourceRequirements(
        number_of_cpu_cores_required=1, min_memory_required_in_mb=128
    )
    resources.InferenceComponent.create(
        inference_component_name="sdk3-part",
        endpoint_name="sdk3-host",
        variant_name="AllTraffic",
        specification=shapes.InferenceComponentSpecification(container=container, compute_resource_requirements=needed),
        runtime_config=shapes.InferenceComponentRuntimeConfig(copy_count=1),
    )
    component = in_service("sdk3-part")
    assert answer(endpoint, "sdk3-part") == "sdk3-part"

    component.update_runtime_configs(shapes.InferenceComponentRuntimeConfig(copy_count=2))
    component.wait_for_status("InService", poll=1, timeout=TIMEOUT_S)
    component.refresh()
    assert component.runtime_config.current_copy_count == 2
    listed = resources.InferenceComponent.get_all(endpoint_name_equals="sdk3-host")
    assert [one.inference_component_name for one in listed] == ["sdk3-part"]
    removed(endpoint, component)
    assert list(resources.InferenceComponent.get_all(endpoint_name_equals="sdk3-host")) == []
