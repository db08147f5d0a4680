"""Pipelines and their versions, as boto3 sees them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.contract.pipeline_definitions import ROLE, Pipelines, condition, definition, equals, fail, get, training

ARN = "arn:aws:sagemaker:us-east-1:000000000000:pipeline"
TOKEN = "token-" * 6


@pytest.fixture(scope="module")
def pipelines(sagemaker: Any, until: Any) -> Pipelines:
    return Pipelines(sagemaker, until)


def refusal(call: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_pipeline_is_described_as_it_was_created(sagemaker: Any) -> None:
    text = definition(fail("End"))
    arn = sagemaker.create_pipeline(
        PipelineName="Described",
        PipelineDisplayName="Shown",
        PipelineDefinition=text,
        PipelineDescription="for a test",
        RoleArn=ROLE,
        ParallelismConfiguration={"MaxParallelExecutionSteps": 3},
        Tags=[{"Key": "team", "Value": "bikes"}],
    )["PipelineArn"]
    pipeline = sagemaker.describe_pipeline(PipelineName="Described")
    assert arn == pipeline["PipelineArn"] == f"{ARN}/described"
    assert pipeline["PipelineDefinition"] == text
    assert pipeline["PipelineDisplayName"] == "Shown"
    assert pipeline["PipelineStatus"] == "Active"
    assert pipeline["ParallelismConfiguration"] == {"MaxParallelExecutionSteps": 3}
    assert pipeline["RoleArn"] == ROLE
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "bikes"}]


def test_a_pipeline_is_described_by_its_arn(pipelines: Pipelines, sagemaker: Any) -> None:
    arn = pipelines.create("by-arn", fail("End"))
    assert sagemaker.describe_pipeline(PipelineName=arn)["PipelineName"] == "by-arn"


def test_a_definition_may_be_in_s3(sagemaker: Any, s3: Any) -> None:
    text = definition(fail("End"))
    s3.put_object(Bucket="contract", Key="pipelines/definition.json", Body=text.encode())
    location = {"Bucket": "contract", "ObjectKey": "pipelines/definition.json"}
    sagemaker.create_pipeline(PipelineName="in-s3", PipelineDefinitionS3Location=location, RoleArn=ROLE)
    assert sagemaker.describe_pipeline(PipelineName="in-s3")["PipelineDefinition"] == text


def test_a_second_pipeline_of_the_same_name_is_refused(pipelines: Pipelines, sagemaker: Any) -> None:
    pipelines.create("twice", fail("End"))
    code, message = refusal(
        sagemaker.create_pipeline, PipelineName="twice", PipelineDefinition=definition(fail("End")), RoleArn=ROLE
    )
    assert code == "ValidationException"
    assert message == (
        "Pipeline names must be unique within an AWS account and region. Pipeline with name (twice) already exists."
    )


def test_a_token_that_was_used_returns_the_pipeline_that_it_created(sagemaker: Any) -> None:
    request = {"PipelineName": "token", "PipelineDefinition": definition(fail("End")), "RoleArn": ROLE}
    created = [sagemaker.create_pipeline(**request, ClientRequestToken=TOKEN)["PipelineArn"] for _ in range(2)]
    assert created == [f"{ARN}/token"] * 2


def test_a_missing_pipeline_is_resource_not_found(sagemaker: Any) -> None:
    for call in (sagemaker.describe_pipeline, sagemaker.delete_pipeline, sagemaker.start_pipeline_execution):
        assert refusal(call, PipelineName="missing") == (
            "ResourceNotFound",
            f"Pipeline '{ARN}/missing' does not exist.",
        )


def test_a_refused_definition_names_the_step_and_the_member(sagemaker: Any) -> None:
    step = training("Train")
    step["Arguments"]["Unknown"] = 1
    code, message = refusal(
        sagemaker.create_pipeline, PipelineName="refused", PipelineDefinition=definition(step), RoleArn=ROLE
    )
    assert code == "ValidationException"
    assert message == (
        "Unable to parse pipeline definition. Step 'Train': Unknown Argument member 'Unknown' at Arguments."
    )


@pytest.mark.parametrize("type_name", ["EMR", "ClarifyCheck", "AutoML", "NotebookJob"])
def test_a_type_of_step_that_is_not_emulated_is_refused_by_name(sagemaker: Any, type_name: str) -> None:
    step = {"Name": "Other", "Type": type_name, "Arguments": {}}
    _, message = refusal(
        sagemaker.create_pipeline, PipelineName="other", PipelineDefinition=definition(step), RoleArn=ROLE
    )
    assert f"Step 'Other': steps of type {type_name} are not emulated" in message


def test_a_role_that_does_not_exist_is_refused(sagemaker: Any) -> None:
    role = ROLE.replace("sagemaker", "nobody")
    _, message = refusal(
        sagemaker.create_pipeline, PipelineName="role", PipelineDefinition=definition(fail("End")), RoleArn=role
    )
    assert message.startswith(f"Could not assume role {role}.")


def test_a_new_definition_is_a_new_version(pipelines: Pipelines, sagemaker: Any) -> None:
    arn = pipelines.create("versions", fail("First"))
    updated = sagemaker.update_pipeline(PipelineName="versions", PipelineDefinition=definition(fail("Second")))
    assert updated == {**updated, "PipelineArn": arn, "PipelineVersionId": 2}
    sagemaker.update_pipeline(PipelineName="versions", PipelineDescription="the same definition")
    listed = sagemaker.list_pipeline_versions(PipelineName="versions")["PipelineVersionSummaries"]
    assert [one["PipelineVersionId"] for one in listed] == [2, 1]
    first = sagemaker.describe_pipeline(PipelineName="versions", PipelineVersionId=1)["PipelineDefinition"]
    last = sagemaker.describe_pipeline(PipelineName="versions")
    assert "First" in first
    assert "Second" in last["PipelineDefinition"]
    assert last["PipelineDescription"] == "the same definition"


def test_an_alias_belongs_to_one_version(pipelines: Pipelines, sagemaker: Any) -> None:
    arn = pipelines.create("aliases", fail("First"))
    sagemaker.update_pipeline(PipelineName="aliases", PipelineDefinition=definition(fail("Second")))
    for number in (1, 2):
        sagemaker.update_pipeline_version(
            PipelineArn=arn,
            PipelineVersionId=number,
            PipelineVersionDisplayName=f"version-{number}",
            PipelineVersionAliasOperations={"Add": ["live"]},
        )
    described = sagemaker.describe_pipeline(PipelineName="aliases", PipelineVersionAlias="live")
    assert "Second" in described["PipelineDefinition"]
    listed = sagemaker.list_pipeline_versions(PipelineName="aliases", SortOrder="Ascending")["PipelineVersionSummaries"]
    assert [one.get("PipelineVersionAliases") for one in listed] == [None, ["live"]]
    assert [one["PipelineVersionDisplayName"] for one in listed] == ["version-1", "version-2"]


def test_an_execution_runs_the_version_that_the_request_names(pipelines: Pipelines, sagemaker: Any) -> None:
    pipelines.create("old", fail("Old", "old"))
    sagemaker.update_pipeline(PipelineName="old", PipelineDefinition=definition(fail("New", "new")))
    arn = pipelines.start("old", PipelineVersionId=1)
    assert pipelines.ended(arn)["PipelineVersionId"] == 1
    assert list(pipelines.steps(arn)) == ["Old"]
    text = sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)["PipelineDefinition"]
    assert json.loads(text)["Steps"][0]["Name"] == "Old"


def test_pipelines_are_listed_by_prefix_in_pages(pipelines: Pipelines, sagemaker: Any) -> None:
    for number in range(3):
        pipelines.create(f"listed-{number}", fail("End"))
    pages = list(
        sagemaker.get_paginator("list_pipelines").paginate(
            PipelineNamePrefix="listed", SortBy="Name", SortOrder="Ascending", PaginationConfig={"PageSize": 2}
        )
    )
    assert [[one["PipelineName"] for one in page["PipelineSummaries"]] for page in pages] == [
        ["listed-0", "listed-1"], ["listed-2"],
    ]  # fmt: skip


def test_a_deleted_pipeline_is_gone_with_its_executions(pipelines: Pipelines, sagemaker: Any) -> None:
    arn = pipelines.run("deleted", condition("Check", [equals(1, 1)]))
    sagemaker.delete_pipeline(PipelineName="deleted")
    assert refusal(sagemaker.describe_pipeline, PipelineName="deleted")[0] == "ResourceNotFound"
    assert refusal(sagemaker.describe_pipeline_execution, PipelineExecutionArn=arn)[0] == "ResourceNotFound"


def test_a_pipeline_with_an_execution_under_way_cannot_be_deleted(pipelines: Pipelines, sagemaker: Any) -> None:
    pipelines.create("busy", training("Train", {"seconds": "600"}))
    arn = pipelines.start("busy")
    assert refusal(sagemaker.delete_pipeline, PipelineName="busy")[0] == "ConflictException"
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    pipelines.ended(arn)
    sagemaker.delete_pipeline(PipelineName="busy")


def test_a_reference_to_a_parameter_that_does_not_exist_is_refused(sagemaker: Any) -> None:
    text = definition(fail("End", get("Parameters.Missing")))
    _, message = refusal(sagemaker.create_pipeline, PipelineName="leads", PipelineDefinition=text, RoleArn=ROLE)
    assert "Step 'End': the reference 'Parameters.Missing' leads nowhere." in message
