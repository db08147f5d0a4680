"""Search over resources, as boto3 sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sagemaker_emulator.search.records import Records
from sagemaker_emulator.search.search import Search

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/contract:1"
METRICS = [{"Name": "validation:accuracy", "Regex": r"Validation-accuracy=(\S+)"}]

Find = Callable[..., list[str]]


def filters(*triples: tuple[str, str, str]) -> list[dict[str, str]]:
    return [
        {"Name": name, "Operator": operator, **({"Value": value} if value else {})} for name, operator, value in triples
    ]


@pytest.fixture(scope="module")
def components(sagemaker: Any) -> None:
    """Three components: two of the experiment `compared`, one of none."""
    sagemaker.create_experiment(ExperimentName="compared", Tags=[{"Key": "team", "Value": "bikes"}])
    sagemaker.create_trial(TrialName="compared-trial", ExperimentName="compared")
    rates = {"find-a": 0.1, "find-b": 0.02, "find-c": 0.3}
    for name, rate in rates.items():
        sagemaker.create_trial_component(
            TrialComponentName=name,
            Parameters={"learning.rate": {"NumberValue": rate}, "optimizer": {"StringValue": f"opt-{name[-1]}"}},
            InputArtifacts={"data": {"MediaType": "text/csv", "Value": f"s3://contract/{name}"}},
            Tags=[{"Key": "letter", "Value": name[-1]}],
        )
        if name != "find-c":
            sagemaker.associate_trial_component(TrialName="compared-trial", TrialComponentName=name)


@pytest.fixture
def find(sagemaker: Any, components: None) -> Find:
    """Return a function that returns the names of the components that an expression finds, in order."""

    def found(*triples: tuple[str, str, str], sort: str = "TrialComponentName", **expression: Any) -> list[str]:
        if triples:
            expression["Filters"] = filters(*triples)
        answer = sagemaker.search(
            Resource="ExperimentTrialComponent", SearchExpression=expression, SortBy=sort, SortOrder="Ascending"
        )
        return [one["TrialComponent"]["TrialComponentName"] for one in answer["Results"]]

    return found


OURS = ("TrialComponentName", "Contains", "find-")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (("TrialComponentName", "Equals", "find-a"), ["find-a"]),
        (("TrialComponentName", "NotEquals", "find-a"), ["find-b", "find-c"]),
        (("TrialComponentName", "In", "find-c, find-a"), ["find-a", "find-c"]),
        (("Parameters.learning.rate", "GreaterThan", "0.02"), ["find-a", "find-c"]),
        (("Parameters.learning.rate", "GreaterThanOrEqualTo", "0.1"), ["find-a", "find-c"]),
        (("Parameters.learning.rate", "LessThan", "0.1"), ["find-b"]),
        (("Parameters.learning.rate", "LessThanOrEqualTo", "0.1"), ["find-a", "find-b"]),
        (("parameters.optimizer", "Equals", "opt-c"), ["find-c"]),
        (("InputArtifacts.data.Value", "Contains", "find-b"), ["find-b"]),
        (("Tags.letter", "Equals", "b"), ["find-b"]),
        (("Parents.ExperimentName", "Equals", "compared"), ["find-a", "find-b"]),
        (("Parents.TrialName", "NotExists", ""), ["find-c"]),
        (("Parents.TrialName", "Exists", ""), ["find-a", "find-b"]),
        (("CreationTime", "GreaterThan", "2020-01-01T00:00:00"), ["find-a", "find-b", "find-c"]),
        (("CreationTime", "LessThan", "2020-01-01T00:00:00"), []),
    ],
)
def test_each_operator_selects(find: Find, condition: tuple[str, str, str], expected: list[str]) -> None:
    assert find(OURS, condition) == expected


def test_an_expression_joins_its_parts_by_and_unless_it_says_or(find: Find) -> None:
    both = (("TrialComponentName", "Equals", "find-a"), ("TrialComponentName", "Equals", "find-b"))
    assert find(*both) == []
    assert find(*both, Operator="Or") == ["find-a", "find-b"]
    inner = {"Filters": filters(*both), "Operator": "Or"}
    assert find(("Tags.letter", "Equals", "b"), SubExpressions=[inner]) == ["find-b"]


def test_tags_can_be_nested(find: Find) -> None:
    pair = filters(("Key", "Equals", "letter"), ("Value", "Equals", "b"))
    assert find(OURS, NestedFilters=[{"NestedPropertyName": "Tags", "Filters": pair}]) == ["find-b"]


def test_results_are_sorted_and_come_in_pages(sagemaker: Any, components: None) -> None:
    request = {
        "Resource": "ExperimentTrialComponent",
        "SearchExpression": {"Filters": filters(OURS)},
        "SortBy": "Parameters.learning.rate",
        "MaxResults": 2,
    }
    first = sagemaker.search(**request)
    second = sagemaker.search(**request, NextToken=first["NextToken"])
    found = [one["TrialComponent"]["TrialComponentName"] for one in (*first["Results"], *second["Results"])]
    assert found == ["find-c", "find-a", "find-b"]  # descending unless the request says otherwise
    assert "NextToken" not in second
    assert first["TotalHits"] == {"Value": 3, "Relation": "EqualTo"}


def test_a_record_has_parents_tags_and_values(sagemaker: Any, components: None) -> None:
    expression = {"Filters": filters(("TrialComponentName", "Equals", "find-a"))}
    [one] = sagemaker.search(Resource="ExperimentTrialComponent", SearchExpression=expression)["Results"]
    record = one["TrialComponent"]
    assert record["Parents"] == [{"TrialName": "compared-trial", "ExperimentName": "compared"}]
    assert record["Tags"] == [{"Key": "letter", "Value": "a"}]
    assert record["Parameters"]["learning.rate"] == {"NumberValue": 0.1}


def test_experiments_and_trials_are_found(sagemaker: Any, components: None) -> None:
    tagged = {"Filters": filters(("Tags.team", "Equals", "bikes"))}
    [experiment] = sagemaker.search(Resource="Experiment", SearchExpression=tagged)["Results"]
    assert experiment["Experiment"]["ExperimentName"] == "compared"
    named = {"Filters": filters(("ExperimentName", "Equals", "compared"))}
    [trial] = sagemaker.search(Resource="ExperimentTrial", SearchExpression=named)["Results"]
    listed = [one["TrialComponentName"] for one in trial["Trial"]["TrialComponentSummaries"]]
    assert sorted(listed) == ["find-a", "find-b"]


def test_training_jobs_are_found_by_metrics_hyperparameters_and_channels(sagemaker: Any, jobs: Any) -> None:
    specification = {"TrainingImage": IMAGE, "TrainingInputMode": "File", "MetricDefinitions": METRICS}
    for name, rate in (("searched-a", "0.7"), ("searched-b", "1.7")):
        jobs.create(name, {"rate": rate}, AlgorithmSpecification=specification)
        jobs.ended(name)

    def found(expression: dict[str, Any]) -> list[str]:
        expression.setdefault("Filters", []).extend(filters(("TrainingJobName", "Contains", "searched-")))
        results = sagemaker.search(Resource="TrainingJob", SearchExpression=expression, SortBy="TrainingJobName")
        return sorted(one["TrainingJob"]["TrainingJobName"] for one in results["Results"])

    assert found({"Filters": filters(("Metrics.validation:accuracy", "GreaterThan", "0.8"))}) == [
        "searched-a", "searched-b",
    ]  # fmt: skip
    assert found({"Filters": filters(("HyperParameters.rate", "LessThan", "1.5"))}) == ["searched-a"]
    assert found({"Filters": filters(("HyperParameters.rate", "Equals", "1"))}) == ["searched-b"]  # as an integer
    channel = "InputDataConfig.ChannelName"
    uri = "InputDataConfig.DataSource.S3DataSource.S3Uri"

    def nested(channel_name: str) -> dict[str, Any]:
        pair = filters((channel, "Equals", channel_name), (uri, "Equals", "s3://contract/input/"))
        return {"NestedFilters": [{"NestedPropertyName": "InputDataConfig", "Filters": pair}]}

    assert found(nested("train")) == ["searched-a", "searched-b"]
    assert found(nested("test")) == []


def test_the_other_resources_are_found(sagemaker: Any, hosting: Any) -> None:
    hosting.simple("searched-endpoint")
    definition = (
        '{"Version": "2020-12-01", "Steps": [{"Name": "F", "Type": "Fail", "Arguments": {"ErrorMessage": "f"}}]}'
    )
    role = "arn:aws:iam::000000000000:role/sagemaker"
    sagemaker.create_pipeline(PipelineName="searched-pipeline", PipelineDefinition=definition, RoleArn=role)
    arn = sagemaker.start_pipeline_execution(PipelineName="searched-pipeline")["PipelineExecutionArn"]
    sagemaker.create_model_package_group(ModelPackageGroupName="searched-group")
    specification = {
        "Containers": [{"Image": IMAGE}], "SupportedContentTypes": ["a/b"], "SupportedResponseMIMETypes": ["a/b"],
    }  # fmt: skip
    sagemaker.create_model_package(ModelPackageGroupName="searched-group", InferenceSpecification=specification)

    def one(resource: str, name: str, value: str, member: str = "") -> dict[str, Any]:
        expression = {"Filters": filters((name, "Equals", value))}
        [result] = sagemaker.search(Resource=resource, SearchExpression=expression)["Results"]
        record: dict[str, Any] = result[member or resource]
        return record

    assert one("Endpoint", "EndpointName", "searched-endpoint")["EndpointStatus"] == "InService"
    assert one("Model", "Model.ModelName", "searched-endpoint")["Model"]["PrimaryContainer"]["Image"] == IMAGE
    assert one("Pipeline", "PipelineName", "searched-pipeline")["RoleArn"] == role
    assert one("PipelineExecution", "PipelineExecutionArn", arn)["PipelineVersionId"] == 1
    assert one("PipelineVersion", "LastExecutedPipelineExecutionArn", arn)["PipelineVersionId"] == 1
    assert one("ModelPackageGroup", "ModelPackageGroupName", "searched-group")["ModelPackageGroupStatus"] == "Completed"
    assert one("ModelPackage", "ModelPackageGroupName", "searched-group")["ModelApprovalStatus"] == (
        "PendingManualApproval"
    )


class StoreMeanwhile:
    """An emulator's store, of which something is deleted when it has just been read."""

    def __init__(self, store: Any, delete: Callable[[], None]) -> None:
        self._store, self._delete = store, delete

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def all(self, type_: Any) -> list[Any]:
        resources = list(self._store.all(type_))
        self._delete()
        return resources


@pytest.mark.parametrize("resource", ["Pipeline", "PipelineVersion", "PipelineExecution"])
def test_what_is_deleted_during_a_search_is_left_out(sagemaker: Any, emulator: Any, until: Any, resource: str) -> None:
    definition = '{"Version": "2020-12-01", "Steps": []}'
    role = "arn:aws:iam::000000000000:role/sagemaker"
    name = f"deleted-{resource}"
    sagemaker.create_pipeline(PipelineName=name, PipelineDefinition=definition, RoleArn=role)
    arn = sagemaker.start_pipeline_execution(PipelineName=name)["PipelineExecutionArn"]
    until(
        lambda: (
            sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"] == "Succeeded"
        ),
        "the execution to end",
    )
    instance = emulator.instance
    others = (instance.tracking, instance.endpoints, instance.tuning_jobs, instance.pipeline_executions)
    store: Any = StoreMeanwhile(instance.store, lambda: sagemaker.delete_pipeline(PipelineName=name))
    before = sagemaker.search(Resource=resource, MaxResults=100)["TotalHits"]["Value"]
    _, _, count = Search(Records(store, *others)).page({"Resource": resource})
    assert count == before - 1


@pytest.mark.parametrize(
    ("request_", "match"),
    [
        ({"Filters": filters(("NoSuchThing", "Equals", "x"))}, "Unknown property name: NoSuchThing"),
        ({"Filters": filters(("TrialComponentName", "GreaterThan", "x"))}, "not supported for the property"),
        ({"Filters": filters(("CreationTime", "Contains", "x"))}, "only supported for text"),
        ({"Filters": filters(("CreationTime", "LessThan", "yesterday"))}, "must be a time such as"),
        ({"Filters": filters(("Metrics.loss.Max", "LessThan", "low"))}, "must be a number"),
        ({"Filters": [{"Name": "TrialComponentName"}]}, "needs a Value"),
        ({"Operator": "Or"}, "at least one filter"),
        (
            {"Filters": filters(("StatusMessage", "Contains", "x"), ("Source.SourceArn", "Contains", "y"))},
            "'CONTAINS' operator usage limit of 1 exceeded.",
        ),
        (
            {"NestedFilters": [{"NestedPropertyName": "DisplayName", "Filters": filters(("a", "Equals", "b"))}]},
            "cannot have nested filters",
        ),
        (
            {"NestedFilters": [{"NestedPropertyName": "Tags.letter", "Filters": filters(("Key", "Equals", "b"))}]},
            "Unknown property name: Tags.letter",
        ),
        (
            {"NestedFilters": [{"NestedPropertyName": "Metrics.loss", "Filters": filters(("Max", "Equals", "1"))}]},
            "Unknown property name: Metrics.loss",
        ),
        (
            {"SubExpressions": [{"Filters": filters(*[("DisplayName", "Equals", "a")] * 20)}] * 3},
            "at most 50 elements, not 63",
        ),
    ],
)
def test_an_expression_that_makes_no_sense_is_refused(sagemaker: Any, request_: dict[str, Any], match: str) -> None:
    with pytest.raises(ClientError, match=match) as error:
        sagemaker.search(Resource="ExperimentTrialComponent", SearchExpression=request_)
    assert error.value.response["Error"]["Code"] == "ValidationException"


def test_a_resource_that_is_not_emulated_is_refused_by_name(sagemaker: Any) -> None:
    with pytest.raises(ClientError, match="Searching for FeatureGroup is not emulated"):
        sagemaker.search(Resource="FeatureGroup")


def test_suggestions_are_the_properties_that_contain_the_hint(sagemaker: Any) -> None:
    query = {"PropertyNameQuery": {"PropertyNameHint": "S3Uri"}}
    answer = sagemaker.get_search_suggestions(Resource="TrainingJob", SuggestionQuery=query)
    names = [one["PropertyName"] for one in answer["PropertyNameSuggestions"]]
    assert "InputDataConfig.DataSource.S3DataSource.S3Uri" in names
    assert all("s3uri" in name.lower() for name in names)
