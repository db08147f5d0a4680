"""Lineage: artifacts, contexts, actions, associations, and what SageMaker adds by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

ARN = "arn:aws:sagemaker:us-east-1:000000000000"
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/contract:1"


def refused(call: Callable[..., Any], code: str, match: str, **request: Any) -> None:
    with pytest.raises(ClientError, match=match) as error:
        call(**request)
    assert error.value.response["Error"]["Code"] == code


def artifact(sagemaker: Any, uri: str, type_: str = "DataSet", **more: Any) -> str:
    answer = sagemaker.create_artifact(Source={"SourceUri": uri}, ArtifactType=type_, **more)
    return str(answer["ArtifactArn"])


@pytest.fixture(scope="module")
def chain(sagemaker: Any) -> dict[str, str]:
    """Return the ARNs of a chain: data, job, model, deployment, endpoint."""
    arns = {
        "data": artifact(sagemaker, "s3://chain/data", Properties={"rows": "10"}),
        "job": sagemaker.create_trial_component(TrialComponentName="chain-job")["TrialComponentArn"],
        "model": artifact(sagemaker, "s3://chain/model", "Model"),
        "deployment": sagemaker.create_action(
            ActionName="chain-deployment", ActionType="ModelDeployment", Source={"SourceUri": "chain"}
        )["ActionArn"],
        "endpoint": sagemaker.create_context(
            ContextName="chain-endpoint", ContextType="Endpoint", Source={"SourceUri": f"{ARN}:endpoint/chain"}
        )["ContextArn"],
    }
    types = ("ContributedTo", "Produced", "ContributedTo", "AssociatedWith")
    for source, destination, type_ in zip(list(arns), list(arns)[1:], types, strict=False):
        sagemaker.add_association(SourceArn=arns[source], DestinationArn=arns[destination], AssociationType=type_)
    return arns


def vertices(sagemaker: Any, start: str, **request: Any) -> set[str]:
    return {one["Arn"] for one in sagemaker.query_lineage(StartArns=[start], **request)["Vertices"]}


def test_an_artifact_is_described_updated_and_deleted(sagemaker: Any) -> None:
    source = {"SourceUri": "s3://one/data", "SourceTypes": [{"SourceIdType": "S3ETag", "Value": "e"}]}
    arn = sagemaker.create_artifact(
        ArtifactName="one", Source=source, ArtifactType="DataSet", Properties={"a": "1", "b": "2"},
        Tags=[{"Key": "team", "Value": "bikes"}],
    )["ArtifactArn"]  # fmt: skip
    sagemaker.update_artifact(ArtifactArn=arn, ArtifactName="two", Properties={"b": "3"}, PropertiesToRemove=["a"])
    described = sagemaker.describe_artifact(ArtifactArn=arn)
    assert (described["ArtifactName"], described["Source"], described["ArtifactType"]) == ("two", source, "DataSet")
    assert described["Properties"] == {"b": "3"}
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"][0]["Value"] == "bikes"
    listed = sagemaker.list_artifacts(SourceUri="s3://one/data")["ArtifactSummaries"]
    assert [one["ArtifactArn"] for one in listed] == [arn]
    assert sagemaker.delete_artifact(Source=source)["ArtifactArn"] == arn
    refused(sagemaker.describe_artifact, "ResourceNotFound", "does not exist", ArtifactArn=arn)


def test_there_is_one_artifact_for_each_source(sagemaker: Any) -> None:
    artifact(sagemaker, "s3://single/data")
    refused(artifact, "ValidationException", "already exists", sagemaker=sagemaker, uri="s3://single/data")


def test_an_action_and_a_context_are_described_listed_updated_and_deleted(sagemaker: Any) -> None:
    source = {"SourceUri": "s3://listed/source", "SourceType": "S3"}
    sagemaker.create_action(ActionName="listed", ActionType="Step", Source=source, Status="InProgress")
    sagemaker.update_action(ActionName="listed", Status="Completed", Description="done")
    action = sagemaker.describe_action(ActionName=f"{ARN}:action/listed")
    assert (action["Status"], action["Description"], action["ActionType"]) == ("Completed", "done", "Step")
    sagemaker.create_context(ContextName="listed", ContextType="Group", Source=source)
    sagemaker.update_context(ContextName="LISTED", Properties={"a": "1"})
    assert sagemaker.describe_context(ContextName="listed")["Properties"] == {"a": "1"}
    actions = sagemaker.list_actions(SourceUri=source["SourceUri"], ActionType="Step")["ActionSummaries"]
    contexts = sagemaker.list_contexts(ContextType="Group")["ContextSummaries"]
    assert [actions[0]["ActionName"], contexts[0]["ContextName"]] == ["listed", "listed"]
    sagemaker.delete_action(ActionName="listed")
    sagemaker.delete_context(ContextName="listed")
    assert sagemaker.list_actions(ActionType="Step")["ActionSummaries"] == []
    refused(sagemaker.describe_context, "ResourceNotFound", "Context .* does not exist", ContextName="listed")


def test_associations_are_listed_by_ends_and_types(sagemaker: Any, chain: dict[str, str]) -> None:
    [one] = sagemaker.list_associations(SourceArn=chain["data"])["AssociationSummaries"]
    assert (one["DestinationArn"], one["AssociationType"], one["SourceType"]) == (
        chain["job"], "ContributedTo", "DataSet",
    )  # fmt: skip
    assert one["DestinationName"] == "chain-job"
    [other] = sagemaker.list_associations(DestinationArn=chain["endpoint"], SourceType="ModelDeployment")[
        "AssociationSummaries"
    ]
    assert other["SourceArn"] == chain["deployment"]
    assert sagemaker.list_associations(DestinationArn=chain["job"], SourceType="Image")["AssociationSummaries"] == []
    job = chain["job"].replace("chain-job", "Chain-Job")
    for end in ({"DestinationArn": job}, {"SourceArn": job}):
        assert len(sagemaker.list_associations(**end)["AssociationSummaries"]) == 1
    ordered = sagemaker.list_associations(SortBy="SourceType", SortOrder="Ascending", MaxResults=100)
    types = [one.get("SourceType", "") for one in ordered["AssociationSummaries"]]
    assert types == sorted(types)


def test_an_association_needs_two_entities_and_is_made_once(sagemaker: Any, chain: dict[str, str]) -> None:
    pair = {"SourceArn": chain["data"], "DestinationArn": chain["job"]}
    refused(sagemaker.add_association, "ValidationException", "already exists", **pair)
    missing = {**pair, "DestinationArn": f"{ARN}:action/none"}
    refused(sagemaker.add_association, "ResourceNotFound", "action/none' does not exist", **missing)
    refused(sagemaker.delete_association, "ResourceNotFound", "does not exist", **missing)


def test_an_entity_with_associations_cannot_be_deleted(sagemaker: Any) -> None:
    ends = [artifact(sagemaker, f"s3://held/{number}") for number in range(2)]
    sagemaker.add_association(SourceArn=ends[0], DestinationArn=ends[1])
    for arn in ends:
        refused(sagemaker.delete_artifact, "ValidationException", "cannot be deleted", ArtifactArn=arn)
    sagemaker.delete_association(SourceArn=ends[0], DestinationArn=ends[1])
    for arn in ends:
        sagemaker.delete_artifact(ArtifactArn=arn)


def test_a_query_goes_up_or_down_or_both(sagemaker: Any, chain: dict[str, str]) -> None:
    model = chain["model"]
    assert vertices(sagemaker, model, Direction="Ascendants") == {chain["job"], chain["data"]}
    assert vertices(sagemaker, model, Direction="Descendants") == {chain["deployment"], chain["endpoint"]}
    assert vertices(sagemaker, model, Direction="Both") == set(chain.values()) - {model}
    assert vertices(sagemaker, model, Direction="Ascendants", MaxDepth=1) == {chain["job"]}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"Types": ["DataSet"]}, {"data"}),
        ({"LineageTypes": ["TrialComponent", "Action"]}, {"job", "deployment"}),
        ({"Properties": {"rows": "10", "other": "x"}}, {"data"}),
        ({"CreatedBefore": datetime.now(UTC) - timedelta(days=1)}, set()),
        ({"ModifiedAfter": datetime.now(UTC) - timedelta(days=1), "Types": ["Model"]}, {"model"}),
    ],
)
def test_a_query_filters(sagemaker: Any, chain: dict[str, str], filters: Any, expected: set[str]) -> None:
    found = vertices(sagemaker, chain["endpoint"], Direction="Ascendants", Filters=filters)
    assert found == {chain[name] for name in expected}


def test_a_query_with_edges_has_the_path_to_what_it_found(sagemaker: Any, chain: dict[str, str]) -> None:
    answer = sagemaker.query_lineage(
        StartArns=[chain["endpoint"]], Direction="Ascendants", IncludeEdges=True, Filters={"Types": ["Model"]}
    )
    edges = {(one["SourceArn"], one["DestinationArn"]) for one in answer["Edges"]}
    assert edges == {(chain["model"], chain["deployment"]), (chain["deployment"], chain["endpoint"])}
    assert {one["Arn"] for one in answer["Vertices"]} == {chain["model"], chain["deployment"]}
    without = sagemaker.query_lineage(StartArns=[chain["endpoint"]], Direction="Ascendants")
    assert without["Edges"] == []


def test_a_query_comes_in_pages(sagemaker: Any, chain: dict[str, str]) -> None:
    request = {"StartArns": [chain["endpoint"]], "Direction": "Ascendants", "MaxResults": 3}
    first = sagemaker.query_lineage(**request)
    second = sagemaker.query_lineage(**request, NextToken=first["NextToken"])
    assert (len(first["Vertices"]), len(second["Vertices"])) == (3, 1)
    assert "NextToken" not in second


def test_a_query_ends_in_spite_of_a_cycle(sagemaker: Any) -> None:
    ends = [artifact(sagemaker, f"s3://cycle/{number}") for number in range(2)]
    for source, destination in (ends, reversed(ends)):
        sagemaker.add_association(SourceArn=source, DestinationArn=destination)
    assert vertices(sagemaker, ends[0]) == {ends[1]}


def test_a_query_needs_a_start_that_exists(sagemaker: Any) -> None:
    refused(sagemaker.query_lineage, "ValidationException", "StartArns must name one entity", StartArns=[])
    refused(sagemaker.query_lineage, "ResourceNotFound", "does not exist", StartArns=[f"{ARN}:artifact/none"])


def test_the_lineage_of_an_endpoint_leads_back_to_the_data_of_its_model(
    sagemaker: Any, jobs: Any, hosting: Any
) -> None:
    jobs.create("lineage-trained")
    uri = jobs.ended("lineage-trained")["ModelArtifacts"]["S3ModelArtifacts"]
    container = {"Image": IMAGE, "ModelDataUrl": uri}
    role = "arn:aws:iam::000000000000:role/sagemaker"
    sagemaker.create_model(ModelName="lineage-model", PrimaryContainer=container, ExecutionRoleArn=role)
    hosting.config("lineage-config", {"VariantName": "AllTraffic", "ModelName": "lineage-model"})
    endpoint = hosting.endpoint("lineage-endpoint", "lineage-config")["EndpointArn"]
    [context] = sagemaker.list_contexts(SourceUri=endpoint)["ContextSummaries"]
    answer = sagemaker.query_lineage(StartArns=[context["ContextArn"]], Direction="Ascendants")
    found = {(one["LineageType"], one["Type"]) for one in answer["Vertices"]}
    assert found == {
        ("Action", "ModelDeployment"),
        ("Artifact", "Model"),
        ("Artifact", "Image"),
        ("Artifact", "DataSet"),
        ("TrialComponent", "TrainingJob"),
    }
    [data] = sagemaker.list_artifacts(SourceUri="s3://contract/input/")["ArtifactSummaries"]
    assert data["ArtifactArn"] in {one["Arn"] for one in answer["Vertices"]}


def test_an_update_of_an_endpoint_is_a_deployment_of_its_own(sagemaker: Any, hosting: Any) -> None:
    hosting.simple("redeployed")
    hosting.model("redeployed-2", "v2")
    hosting.config("redeployed-2", {"VariantName": "AllTraffic", "ModelName": "redeployed-2"})
    sagemaker.update_endpoint(EndpointName="redeployed", EndpointConfigName="redeployed-2")
    arn = hosting.settled("redeployed")["EndpointArn"]
    actions = sagemaker.list_actions(SourceUri=arn, ActionType="ModelDeployment")["ActionSummaries"]
    assert len(actions) == 2


def test_a_model_package_has_an_artifact_a_group_and_its_approvals(sagemaker: Any) -> None:
    sagemaker.create_model_package_group(ModelPackageGroupName="lineage-group")
    specification = {
        "Containers": [{"Image": IMAGE, "ModelDataUrl": "s3://contract/packaged/model.tar.gz"}],
        "SupportedContentTypes": ["text/plain"],
        "SupportedResponseMIMETypes": ["text/plain"],
    }
    package = sagemaker.create_model_package(
        ModelPackageGroupName="lineage-group", InferenceSpecification=specification
    )["ModelPackageArn"]
    sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
    actions = sagemaker.list_actions(SourceUri=package, ActionType="Approval")["ActionSummaries"]
    assert len(actions) == 2
    [found] = sagemaker.list_artifacts(SourceUri=package)["ArtifactSummaries"]
    group = f"{ARN}:context/lineage-group-aws-model-group"
    assert group in vertices(sagemaker, found["ArtifactArn"], Direction="Descendants")
    [model] = sagemaker.list_artifacts(SourceUri="s3://contract/packaged/model.tar.gz")["ArtifactSummaries"]
    assert model["ArtifactArn"] in vertices(sagemaker, found["ArtifactArn"], Direction="Ascendants")
