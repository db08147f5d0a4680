"""SageMaker's resource types of CloudFormation, which the emulator makes."""

import io
import json
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.integration.stacks import AnyClient, AnyStack

from .conftest import COLOR_MODEL

GOOD = {"means": [[1.0, 0, 0], [0, 0, 1.0]], "at_endpoint": "answer"}
ROLE = "arn:aws:iam::000000000000:role/any"


def archive(model: dict[str, Any]) -> bytes:
    content, data = json.dumps(model).encode(), io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as packed:
        member = tarfile.TarInfo("model.json")
        member.size = len(content)
        packed.addfile(member, io.BytesIO(content))
    return data.getvalue()


class Hosting(AnyStack):
    """A stack of a model, a configuration and an endpoint, with a bucket of model data."""

    def __init__(self, client: AnyClient) -> None:
        super().__init__(client, "hosting")
        self.sagemaker, self.runtime = client("sagemaker"), client("sagemaker-runtime")
        self.s3.create_bucket(Bucket=self.name)
        self.s3.put_object(Bucket=self.name, Key="good.tar.gz", Body=archive(GOOD))
        self.s3.put_object(Bucket=self.name, Key="bad.tar.gz", Body=archive(GOOD | {"at_endpoint": "refuse"}))

    def template(self, data: str, instances: str = "1", **model: Any) -> str:
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
            # as text, which a parameter of type String or Number is
            "InitialInstanceCount": instances,
            "InitialVariantWeight": "1.0",
            "InstanceType": "ml.m5.large",
        }
        container = {"Image": COLOR_MODEL, "ModelDataUrl": f"s3://{self.name}/{data}", "Environment": {"EPOCHS": 1}}
        names = {"EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]}, "EndpointName": self.name}
        resources = {
            "Model": sagemaker("Model", ExecutionRoleArn=ROLE, PrimaryContainer=container, **model),
            "Config": sagemaker("EndpointConfig", ProductionVariants=[variant]),
            "Endpoint": sagemaker("Endpoint", **names),
        }
        outputs = {
            "ModelArn": {"Value": {"Ref": "Model"}},
            "ModelName": {"Value": {"Fn::GetAtt": ["Model", "ModelName"]}},
            "ConfigArn": {"Value": {"Ref": "Config"}},
            "EndpointArn": {"Value": {"Ref": "Endpoint"}},
            "EndpointName": {"Value": {"Fn::GetAtt": ["Endpoint", "EndpointName"]}},
        }
        return json.dumps({"Resources": resources, "Outputs": outputs})

    def create(self, *template: Any, **properties: Any) -> Any:
        return self.create_from(self.template(*template, **properties))

    def update(self, *template: Any, **properties: Any) -> Any:
        return self.update_to(self.template(*template, **properties))

    def config_in_service(self) -> tuple[str, str]:
        """Return the endpoint's status and configuration, in lower case as in its ARN."""
        endpoint = self.sagemaker.describe_endpoint(EndpointName=self.name)
        return endpoint["EndpointStatus"], endpoint["EndpointConfigName"].lower()

    def names(self) -> list[str]:
        """Return the models that use this stack's data, and whether the endpoint is there."""
        models = self.sagemaker.list_models(MaxResults=100)["Models"]
        data = [
            self.sagemaker.describe_model(ModelName=model["ModelName"])["PrimaryContainer"]["ModelDataUrl"]
            for model in models
        ]
        endpoints = self.sagemaker.list_endpoints(NameContains=self.name)["Endpoints"]
        return sorted([url for url in data if self.name in url] + [item["EndpointName"] for item in endpoints])


def sagemaker(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::SageMaker::{kind}", "Properties": properties}


@pytest.fixture
def hosting(client: AnyClient) -> Iterator[Hosting]:
    hosting = Hosting(client)
    yield hosting
    hosting.remove()
    assert hosting.names() == []
    for key in ("good.tar.gz", "bad.tar.gz"):
        hosting.s3.delete_object(Bucket=hosting.name, Key=key)
    hosting.s3.delete_bucket(Bucket=hosting.name)


def test_an_endpoint_is_in_service_when_its_stack_is_complete(hosting: Hosting) -> None:
    assert hosting.create("good.tar.gz")["StackStatus"] == "CREATE_COMPLETE", hosting.reasons()
    outputs = hosting.outputs()
    assert hosting.config_in_service()[0] == "InService"
    model = hosting.sagemaker.describe_model(ModelName=outputs["ModelName"])
    assert model["ModelArn"] == outputs["ModelArn"]
    assert outputs["ModelName"].startswith("Model-")
    assert model["PrimaryContainer"]["Environment"] == {"EPOCHS": "1"}
    assert outputs["ConfigArn"].rpartition("/")[2] == hosting.config_in_service()[1]
    assert outputs["EndpointArn"].endswith(f":endpoint/{hosting.name}")
    assert outputs["EndpointName"] == hosting.name


def test_another_model_is_deployed_to_the_same_endpoint(hosting: Hosting) -> None:
    hosting.create("good.tar.gz")
    before = hosting.outputs()
    created = hosting.sagemaker.describe_endpoint(EndpointName=hosting.name)["CreationTime"]
    assert hosting.update("good.tar.gz", ModelName=f"{hosting.name}-2")["StackStatus"] == "UPDATE_COMPLETE"
    after = hosting.outputs()
    assert after["ModelName"] == f"{hosting.name}-2"
    assert after["ConfigArn"] != before["ConfigArn"]
    assert hosting.config_in_service() == ("InService", after["ConfigArn"].rpartition("/")[2])
    assert hosting.sagemaker.describe_endpoint(EndpointName=hosting.name)["CreationTime"] == created
    with pytest.raises(ClientError, match="Could not find"):
        hosting.sagemaker.describe_model(ModelName=before["ModelName"])


def test_an_endpoint_that_does_not_start_rolls_the_stack_back(hosting: Hosting) -> None:
    assert hosting.create("bad.tar.gz")["StackStatus"] == "ROLLBACK_COMPLETE"
    assert f"Endpoint {hosting.name} is Failed: " in hosting.reasons()
    assert hosting.names() == []


def test_an_update_that_does_not_start_keeps_the_endpoint_as_it_was(hosting: Hosting) -> None:
    hosting.create("good.tar.gz")
    before = hosting.outputs()
    assert hosting.update("bad.tar.gz")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert hosting.outputs() == before
    assert hosting.config_in_service() == ("InService", before["ConfigArn"].rpartition("/")[2])
    assert hosting.names() == [hosting.name, f"s3://{hosting.name}/good.tar.gz"]


def package_template(group: str, status: str) -> str:
    containers = [{"Image": COLOR_MODEL, "ModelDataUrl": "s3://bucket/model.tar.gz"}]
    types = {"SupportedContentTypes": ["image/png"], "SupportedResponseMIMETypes": ["application/json"]}
    package = sagemaker(
        "ModelPackage",
        ModelPackageGroupName=group,
        ModelApprovalStatus=status,
        InferenceSpecification={"Containers": containers, **types},
    )
    outputs = {
        "Arn": {"Value": {"Ref": "Package"}},
        "Status": {"Value": {"Fn::GetAtt": ["Package", "ModelPackageStatus"]}},
    }
    resources = {
        "Group": sagemaker("ModelPackageGroup", ModelPackageGroupName=group),
        "Package": {**package, "DependsOn": "Group"},
    }
    return json.dumps({"Resources": resources, "Outputs": outputs})


def test_a_model_package_is_registered_approved_and_removed(client: AnyClient) -> None:
    stack, registry = AnyStack(client, "registry"), client("sagemaker")
    created = stack.create_from(package_template(stack.name, "PendingManualApproval"))
    assert created["StackStatus"] == "CREATE_COMPLETE", stack.reasons()
    outputs = stack.outputs()
    assert (outputs["Arn"].rpartition(":")[2], outputs["Status"]) == (f"model-package/{stack.name}/1", "Completed")
    assert stack.update_to(package_template(stack.name, "Approved"))["StackStatus"] == "UPDATE_COMPLETE"
    assert registry.describe_model_package(ModelPackageName=outputs["Arn"])["ModelApprovalStatus"] == "Approved"
    stack.remove()
    assert registry.list_model_package_groups(NameContains=stack.name)["ModelPackageGroupSummaryList"] == []
