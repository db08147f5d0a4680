"""SageMaker's resource types of CloudFormation, which the emulator makes."""

import io
import json
import tarfile
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from .conftest import COLOR_MODEL

END_TIMEOUT_S = 300.0
GOOD = {"means": [[1.0, 0, 0], [0, 0, 1.0]], "at_endpoint": "answer"}
ROLE = "arn:aws:iam::000000000000:role/any"
AnyClient = Callable[[str], Any]


def archive(model: dict[str, Any]) -> bytes:
    content, data = json.dumps(model).encode(), io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as packed:
        member = tarfile.TarInfo("model.json")
        member.size = len(content)
        packed.addfile(member, io.BytesIO(content))
    return data.getvalue()


class Hosting:
    """A stack of a model, a configuration and an endpoint, with a bucket of model data."""

    def __init__(self, client: AnyClient) -> None:
        self.cloudformation, self.sagemaker, self.s3 = client("cloudformation"), client("sagemaker"), client("s3")
        self.runtime = client("sagemaker-runtime")
        self.name = f"hosting-{uuid4().hex[:8]}"
        self.s3.create_bucket(Bucket=self.name)
        self.s3.put_object(Bucket=self.name, Key="good.tar.gz", Body=archive(GOOD))

        self.s3.put_object(Bucket=self.name, Key="bad.tar.gz", Body=archive(GOOD | {"at_endpoint": "refuse"}))
        self.id = ""

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
        body = self.template(*template, **properties)
        self.id = self.cloudformation.create_stack(StackName=self.name, TemplateBody=body)["StackId"]
        return self.ended()

    def update(self, *template: Any, **properties: Any) -> Any:
        body = self.template(*template, **properties)
        self.cloudformation.update_stack(StackName=self.name, TemplateBody=body)
        return self.ended()

    def delete(self) -> Any:
        self.cloudformation.delete_stack(StackName=self.name)
        return self.ended()

    def ended(self) -> Any:
        deadline = time.monotonic() + END_TIMEOUT_S
        while time.monotonic() < deadline:
            (stack,) = self.cloudformation.describe_stacks(StackName=self.id)["Stacks"]
            if not stack["StackStatus"].endswith("IN_PROGRESS"):
                return stack
            time.sleep(0.1)
        raise AssertionError(f"{self.name} is {stack['StackStatus']} after {END_TIMEOUT_S:g} s")

    def outputs(self) -> dict[str, str]:
        return {item["OutputKey"]: item["OutputValue"] for item in self.ended().get("Outputs", [])}

    def reasons(self) -> str:
        events = self.cloudformation.describe_stack_events(StackName=self.id)["StackEvents"]
        return "\n".join(event.get("ResourceStatusReason") or "" for event in events)

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
    if hosting.id and hosting.ended()["StackStatus"] != "DELETE_COMPLETE":
        assert hosting.delete()["StackStatus"] == "DELETE_COMPLETE"
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


def test_a_model_package_is_registered_approved_and_removed(client: AnyClient) -> None:
    name, cloudformation, registry = f"registry-{uuid4().hex[:8]}", client("cloudformation"), client("sagemaker")

    def template(status: str) -> str:
        containers = [{"Image": COLOR_MODEL, "ModelDataUrl": "s3://bucket/model.tar.gz"}]
        types = {"SupportedContentTypes": ["image/png"], "SupportedResponseMIMETypes": ["application/json"]}
        package = sagemaker(
            "ModelPackage",
            ModelPackageGroupName=name,
            ModelApprovalStatus=status,
            InferenceSpecification={"Containers": containers, **types},
        )
        group = sagemaker("ModelPackageGroup", ModelPackageGroupName=name)
        outputs = {
            "Arn": {"Value": {"Ref": "Package"}},
            "Status": {"Value": {"Fn::GetAtt": ["Package", "ModelPackageStatus"]}},
        }
        resources = {"Group": group, "Package": {**package, "DependsOn": "Group"}}
        return json.dumps({"Resources": resources, "Outputs": outputs})

    cloudformation.create_stack(StackName=name, TemplateBody=template("PendingManualApproval"))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    outputs = {item["OutputKey"]: item["OutputValue"] for item in stack["Outputs"]}
    assert (outputs["Arn"].rpartition(":")[2], outputs["Status"]) == (f"model-package/{name}/1", "Completed")
    cloudformation.update_stack(StackName=name, TemplateBody=template("Approved"))
    cloudformation.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    assert registry.describe_model_package(ModelPackageName=outputs["Arn"])["ModelApprovalStatus"] == "Approved"
    cloudformation.delete_stack(StackName=name)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    assert registry.list_model_package_groups(NameContains=name)["ModelPackageGroupSummaryList"] == []
