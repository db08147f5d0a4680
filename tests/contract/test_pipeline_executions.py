"""Executions of pipelines: order, parameters, failures, retries, caching, stops, selective execution."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.contract.pipeline_definitions import (
    BUCKET,
    INPUT,
    OUTPUT,
    Pipelines,
    condition,
    equals,
    fail,
    get,
    join,
    processing,
    training,
)

CACHED = {"CacheConfig": {"Enabled": True, "ExpireAfter": "PT1H"}}
COPY = f"copy={INPUT}:{OUTPUT}"
TOKEN = "token-" * 6


@pytest.fixture(scope="module")
def pipelines(sagemaker: Any, s3: Any, until: Any) -> Pipelines:
    s3.put_object(Bucket=BUCKET, Key="pipelines/in/report.json", Body=json.dumps({"metrics": [{"mse": 4.5}]}).encode())
    return Pipelines(sagemaker, until)


def refused(call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**request)
    return str(caught.value)


def test_steps_wait_for_those_that_they_refer_to(pipelines: Pipelines, s3: Any) -> None:
    arn = pipelines.run(
        "order",
        processing("Last", "say=last", source=get("Steps.First.ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri")),
        processing("First", COPY),
    )
    steps = pipelines.steps(arn)
    assert list(steps) == ["Last", "First"]
    assert steps["First"]["EndTime"] <= steps["Last"]["StartTime"]
    assert {one["StepStatus"] for one in steps.values()} == {"Succeeded"}


def test_an_execution_is_described_as_on_aws(pipelines: Pipelines, sagemaker: Any) -> None:
    experiment = {"ExperimentName": get("Execution.PipelineName"), "TrialName": get("Execution.PipelineExecutionId")}
    arn = pipelines.run("described-run", condition("Check", [equals(1, 1)]), PipelineExperimentConfig=experiment)
    execution = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    name = arn.rpartition("/")[2]
    assert re.fullmatch(r"[a-z0-9]{12}", name)
    assert arn == f"{execution['PipelineArn']}/execution/{name}"
    assert execution["PipelineExecutionStatus"] == "Succeeded"
    assert re.fullmatch(r"execution-\d{13}", execution["PipelineExecutionDisplayName"])
    assert execution["PipelineExperimentConfig"] == {"ExperimentName": "described-run", "TrialName": name}
    listed = sagemaker.list_pipeline_executions(PipelineName="described-run")["PipelineExecutionSummaries"]
    assert [one["PipelineExecutionArn"] for one in listed] == [arn]
    assert sagemaker.describe_pipeline(PipelineName="described-run")["LastRunTime"] == listed[0]["StartTime"]


def test_names_of_jobs_are_formed_as_on_aws(pipelines: Pipelines, sagemaker: Any) -> None:
    arn = pipelines.run("names", training("A_step-with-a-name-of-more-than-20"))
    job = pipelines.steps(arn)["A_step-with-a-name-of-more-than-20"]["Metadata"]["TrainingJob"]["Arn"]
    execution = arn.rpartition("/")[2]
    assert re.search(rf"training-job/pipelines-{execution}-a-step-with-a-name-o-[a-z0-9]{{10}}$", job)
    (named,) = sagemaker.list_training_jobs(NameContains=execution)["TrainingJobSummaries"]
    assert named["TrainingJobArn"] == job


def test_parameters_reach_the_steps_with_their_types(pipelines: Pipelines, sagemaker: Any, s3: Any) -> None:
    parameters: list[dict[str, Any]] = [
        {"Name": "Word", "Type": "String", "DefaultValue": "default", "EnumValues": ["default", "other"]},
        {"Name": "Count", "Type": "Integer", "DefaultValue": 7},
        {"Name": "Rate", "Type": "Float", "DefaultValue": 0.5},
        {"Name": "Flag", "Type": "Boolean", "DefaultValue": True},
    ]
    words = [f"Parameters.{one['Name']}" for one in parameters]
    text = join(*[get(word) for word in words], get("Execution.PipelineName"), on="/")
    arn = pipelines.run("values", fail("Show", text), parameters=parameters, values={"Word": "other", "Count": "8"})
    assert pipelines.steps(arn)["Show"]["FailureReason"] == "other/8/0.5/true/values"
    listed = sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)["PipelineParameters"]
    assert {one["Name"]: one["Value"] for one in listed} == {
        "Word": "other", "Count": "8", "Rate": "0.5", "Flag": "true",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"Other": "1"}, "Unknown parameters ['Other']"),
        ({"Count": "many"}, "Parameter 'Count': the value 'many' is not of type Integer."),
        ({}, "Parameter 'Count' has no DefaultValue"),
        ({"Count": "1", "Word": "third"}, "'third' is not one of EnumValues"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(
    pipelines: Pipelines, sagemaker: Any, values: dict[str, str], words: str
) -> None:
    word = {"Name": "Word", "Type": "String", "DefaultValue": "a", "EnumValues": ["a", "b"]}
    name = f"wrong-{len(words)}"
    pipelines.create(name, fail("End"), parameters=[{"Name": "Count", "Type": "Integer"}, word])
    with pytest.raises(ClientError, match="ValidationException") as caught:
        pipelines.start(name, values)
    assert words in str(caught.value)


def test_a_token_that_was_used_returns_the_execution_that_it_started(pipelines: Pipelines) -> None:
    pipelines.create("token-run", fail("End"))
    first, second = (pipelines.start("token-run", ClientRequestToken=TOKEN) for _ in range(2))
    assert first == second


def test_a_condition_reads_a_property_file_and_runs_one_branch(pipelines: Pipelines) -> None:
    files = [{"PropertyFileName": "Report", "OutputName": "out", "FilePath": "algo-1/report.json"}]
    mse = {"Std:JsonGet": {"PropertyFile": get("Steps.Evaluate.PropertyFiles.Report"), "Path": "metrics[0].mse"}}
    low = {"Type": "LessThanOrEqualTo", "LeftValue": mse, "RightValue": 6.0}
    arn = pipelines.run(
        "branches",
        processing("Evaluate", COPY, PropertyFiles=files),
        condition("Good", [low], [processing("Yes", "say=yes")], [fail("No")]),
        processing("After", "say=after", DependsOn=["No"]),
    )
    steps = pipelines.steps(arn)
    assert set(steps) == {"Evaluate", "Good", "Yes"}
    assert steps["Good"]["Metadata"] == {"Condition": {"Outcome": "True"}}


def test_a_failed_step_fails_the_execution_in_aws_words(pipelines: Pipelines, sagemaker: Any) -> None:
    arn = pipelines.run("failing", training("Train", {"failure": "no bay", "exit_code": "1"}), fail("Later", "x"))
    step = pipelines.steps(arn)["Train"]
    assert step["StepStatus"] == "Failed"
    assert step["FailureReason"] == "ClientError: AlgorithmError: no bay, exit code: 1"
    execution = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    assert execution["FailureReason"] == "Step failure: One or multiple steps failed."


def test_after_a_failure_in_one_branch_the_other_branch_only_ends_what_runs(pipelines: Pipelines) -> None:
    arn = pipelines.run(
        "two-conditions",
        condition("Right", [equals(1, 2)], [], [processing("Runs"), {**fail("RightBad"), "DependsOn": ["Runs"]}]),
        condition("Left", [equals(1, 1)], [fail("LeftBad")], []),
    )
    conditions = {"Left": "Succeeded", "Right": "Succeeded"}
    assert pipelines.statuses(arn) == {**conditions, "Runs": "Succeeded", "LeftBad": "Failed"}
    assert pipelines.ended(arn)["PipelineExecutionStatus"] == "Failed"


def test_steps_after_a_failed_one_do_not_run(pipelines: Pipelines) -> None:
    arn = pipelines.run("stops-there", fail("Bad", "it is bad"), processing("After", DependsOn=["Bad"]))
    assert pipelines.statuses(arn) == {"Bad": "Failed"}
    assert pipelines.steps(arn)["Bad"]["Metadata"] == {"Fail": {"ErrorMessage": "it is bad"}}


def test_a_job_that_is_refused_fails_the_step_in_aws_words(pipelines: Pipelines) -> None:
    resources = {"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 99, "VolumeSizeInGB": 1}}
    arn = pipelines.run("too-many", training("Train", arguments=resources))
    reason = pipelines.steps(arn)["Train"]["FailureReason"]
    assert reason.startswith(
        "ClientError: Failed to invoke sagemaker:CreateTrainingJob. Error Details: The account-level service limit"
    )
    assert reason.endswith(
        f"\nRetry not appropriate on execution of step with PipelineExecutionArn {arn} and StepId Train. "
        "No retry policy configured for the exception type SAGEMAKER_RESOURCE_LIMIT."
    )


def test_a_retry_policy_tries_again_and_gives_up(pipelines: Pipelines) -> None:
    resources = {"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 99, "VolumeSizeInGB": 1}}
    policy = {"ExceptionType": ["SageMaker.RESOURCE_LIMIT"], "IntervalSeconds": 0, "BackoffRate": 1, "MaxAttempts": 2}
    arn = pipelines.run("policy", training("Train", arguments=resources, RetryPolicies=[policy]))
    step = pipelines.steps(arn)["Train"]
    assert (step["StepStatus"], step["AttemptCount"]) == ("Failed", 3)
    assert "The retry policy allows no further attempt" in step["FailureReason"]


def test_a_second_run_uses_a_cached_result(pipelines: Pipelines) -> None:
    steps = [
        processing("First", COPY, **CACHED),
        processing("Last", "say=last", source=get("Steps.First.ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri")),
    ]
    first = pipelines.run("cached", *steps)
    second = pipelines.start("cached")
    pipelines.ended(second)
    step = pipelines.steps(second)["First"]
    assert step["CacheHitResult"] == {"SourcePipelineExecutionArn": first}
    assert step["Metadata"] == pipelines.steps(first)["First"]["Metadata"]
    assert pipelines.statuses(second) == {"First": "Succeeded", "Last": "Succeeded"}
    assert "CacheHitResult" not in pipelines.steps(second)["Last"]


def test_other_arguments_are_not_cached(pipelines: Pipelines) -> None:
    parameters = [{"Name": "Word", "Type": "String"}]
    step = processing("Say", join("say=", get("Parameters.Word")), **CACHED)
    pipelines.run("uncached", step, parameters=parameters, values={"Word": "one"})
    second = pipelines.start("uncached", {"Word": "two"})
    pipelines.ended(second)
    assert "CacheHitResult" not in pipelines.steps(second)["Say"]


def test_a_retried_execution_runs_the_failed_step_and_those_after_it(
    pipelines: Pipelines, sagemaker: Any, s3: Any
) -> None:
    source = f"s3://{BUCKET}/pipelines/late/"
    s3.delete_object(Bucket=BUCKET, Key="pipelines/late/one.txt")
    arn = pipelines.run(
        "retried", processing("Done", COPY), processing("Late", COPY, source=source, DependsOn=["Done"]),
        condition("After", [equals(get("Steps.Late.ProcessingJobStatus"), "Completed")]),
    )  # fmt: skip
    done = pipelines.steps(arn)["Done"]
    assert pipelines.statuses(arn) == {"Done": "Succeeded", "Late": "Failed"}
    assert "No S3 objects found under S3 URL" in pipelines.steps(arn)["Late"]["FailureReason"]
    s3.put_object(Bucket=BUCKET, Key="pipelines/late/one.txt", Body=b"one")
    assert sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionArn"] == arn
    assert pipelines.ended(arn)["PipelineExecutionStatus"] == "Succeeded", pipelines.steps(arn)
    steps = pipelines.steps(arn)
    assert pipelines.statuses(arn) == {"Done": "Succeeded", "Late": "Succeeded", "After": "Succeeded"}
    assert steps["Done"] == done
    assert steps["Late"]["AttemptCount"] == 2
    assert "FailureReason" not in steps["Late"]


def test_an_execution_that_succeeded_cannot_be_retried_or_stopped(pipelines: Pipelines, sagemaker: Any) -> None:
    arn = pipelines.run("over", condition("Check", [equals(1, 1)]))
    assert "Only pipelines with 'Failed' or 'Stopped' status can be retried" in refused(
        sagemaker.retry_pipeline_execution, PipelineExecutionArn=arn
    )
    assert "Only pipelines with 'Executing' status can be stopped" in refused(
        sagemaker.stop_pipeline_execution, PipelineExecutionArn=arn
    )


def test_a_stopped_execution_stops_its_jobs_and_is_resumed(pipelines: Pipelines, sagemaker: Any) -> None:
    pipelines.create("stopped", training("Train", {"seconds": "600"}), processing("After", DependsOn=["Train"]))
    arn = pipelines.start("stopped")
    job = pipelines.until_step(arn, "Train")["Metadata"]["TrainingJob"]["Arn"].rpartition("/")[2]
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    assert pipelines.ended(arn)["PipelineExecutionStatus"] == "Stopped"
    assert pipelines.statuses(arn) == {"Train": "Stopped"}
    (stopped,) = sagemaker.list_training_jobs(NameContains=arn.rpartition("/")[2])["TrainingJobSummaries"]
    assert (stopped["TrainingJobName"].lower(), stopped["TrainingJobStatus"]) == (job, "Stopped")
    sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn)
    pipelines.until_step(arn, "Train")
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    assert pipelines.ended(arn)["PipelineExecutionStatus"] == "Stopped"


def test_parallel_steps_keep_to_the_limit(pipelines: Pipelines, sagemaker: Any, until: Any) -> None:
    names = [f"Side{number}" for number in range(3)]
    pipelines.create("limited", *[training(name, {"seconds": "600"}) for name in names])
    arn = pipelines.start("limited", ParallelismConfiguration={"MaxParallelExecutionSteps": 2})
    until(lambda: len(pipelines.steps(arn)) == 2, "two steps")
    assert len(pipelines.steps(arn)) == 2
    sagemaker.update_pipeline_execution(
        PipelineExecutionArn=arn,
        PipelineExecutionDisplayName="wider",
        ParallelismConfiguration={"MaxParallelExecutionSteps": 3},
    )
    until(lambda: len(pipelines.steps(arn)) == 3, "the third step")
    assert sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionDisplayName"] == "wider"
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    pipelines.ended(arn)


def test_selected_steps_run_with_results_of_another_execution(pipelines: Pipelines) -> None:
    source = get("Steps.First.ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri")
    steps = [processing("First", COPY), processing("Second", COPY, source=source), fail("Third", "x")]
    steps[2]["DependsOn"] = ["Second"]
    first = pipelines.run("selective", *steps)
    config = {"SourcePipelineExecutionArn": first, "SelectedSteps": [{"StepName": "Second"}]}
    second = pipelines.start("selective", SelectiveExecutionConfig=config)
    assert pipelines.ended(second)["SelectiveExecutionConfig"] == config
    listed = pipelines.steps(second)
    assert {name: one["StepStatus"] for name, one in listed.items()} == {"First": "Succeeded", "Second": "Succeeded"}
    assert listed["First"]["SelectiveExecutionResult"] == {"SourcePipelineExecutionArn": first}
    assert "SelectiveExecutionResult" not in listed["Second"]


@pytest.mark.parametrize(
    ("selected", "words"),
    [
        (["Nowhere"], "the pipeline has no steps ['Nowhere']"),
        (["Second"], "step 'Second' needs the result of step 'First'"),
        (["First", "Third"], "step 'Second' is on a path"),
    ],
)
def test_a_selection_that_cannot_run_is_refused(pipelines: Pipelines, selected: list[str], words: str) -> None:
    name = f"unselectable-{len(selected)}-{selected[0].lower()}"
    steps = [processing("First"), processing("Second", DependsOn=["First"]), processing("Third", DependsOn=["Second"])]
    pipelines.create(name, *steps)
    with pytest.raises(ClientError) as caught:
        pipelines.start(name, SelectiveExecutionConfig={"SelectedSteps": [{"StepName": one} for one in selected]})
    assert words in str(caught.value)


def test_a_missing_execution_is_resource_not_found(sagemaker: Any) -> None:
    arn = "arn:aws:sagemaker:us-east-1:000000000000:pipeline/none/execution/abcdefghijkl"
    for call in (
        sagemaker.describe_pipeline_execution,
        sagemaker.list_pipeline_execution_steps,
        sagemaker.list_pipeline_parameters_for_execution,
        sagemaker.describe_pipeline_definition_for_execution,
        sagemaker.stop_pipeline_execution,
        sagemaker.retry_pipeline_execution,
        sagemaker.update_pipeline_execution,
    ):
        assert "ResourceNotFound" in refused(call, PipelineExecutionArn=arn)


def test_an_execution_adds_its_jobs_to_an_experiment(pipelines: Pipelines, sagemaker: Any) -> None:
    experiment = {"ExperimentName": get("Execution.PipelineName"), "TrialName": get("Execution.PipelineExecutionId")}
    arn = pipelines.run("tracked-run", training("First"), training("Second"), PipelineExperimentConfig=experiment)
    trial = sagemaker.describe_trial(TrialName=arn.rpartition("/")[2])
    assert trial["ExperimentName"] == "tracked-run"
    assert trial["Source"] == {"SourceArn": arn, "SourceType": "SageMakerPipelineExecution"}
    components = sagemaker.list_trial_components(TrialName=trial["TrialName"])["TrialComponentSummaries"]
    sources = {one["TrialComponentSource"]["SourceArn"] for one in components}
    assert sources == {one["Metadata"]["TrainingJob"]["Arn"] for one in pipelines.steps(arn).values()}
