"""Each type of step does its work: models, versions, transforms, tuning, functions, callbacks, quality checks."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.contract.pipeline_definitions import (
    BUCKET,
    IMAGE,
    INPUT,
    OUTPUT,
    ROLE,
    Pipelines,
    condition,
    equals,
    fail,
    get,
    join,
    processing,
    step,
    training,
)

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function"
MODEL = get("Steps.Train.ModelArtifacts.S3ModelArtifacts")
Function = Callable[[dict[str, Any]], Any]


class Functions(BaseHTTPRequestHandler):
    """Lambda's operation Invoke. The last word of a function's ARN is the name of a Python function."""

    known: dict[str, Function] = {}  # noqa: RUF012 - shared by all requests on purpose

    def do_POST(self) -> None:
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = self.path.split("/")[3].replace("%3A", ":").rpartition(":")[2]
        headers: dict[str, str] = {}
        try:
            answer = self.known[name](event)
        except ValueError as error:
            headers, answer = {"X-Amz-Function-Error": "Unhandled"}, {"errorMessage": str(error)}
        body = json.dumps(answer).encode()
        self.send_response(200)
        for header, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(header, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        return


@pytest.fixture(scope="module")
def functions() -> Iterator[dict[str, Function]]:
    """Serve functions to the emulator, whose client finds them by the variable of AWS's SDKs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Functions)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL_LAMBDA", f"http://127.0.0.1:{server.server_port}")
        yield Functions.known
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def pipelines(functions: dict[str, Function], sagemaker: Any, s3: Any, until: Any) -> Pipelines:
    s3.put_object(Bucket=BUCKET, Key="pipelines/in/one.txt", Body=b"one")
    return Pipelines(sagemaker, until)


def lambda_step(name: str, function: str, arguments: dict[str, Any], **outputs: str) -> dict[str, Any]:
    declared = [{"OutputName": name, "OutputType": type_name} for name, type_name in outputs.items()]
    return step(name, "Lambda", arguments, FunctionArn=f"{FUNCTION}:{function}", OutputParameters=declared)


def test_a_trained_model_is_created_registered_and_used(pipelines: Pipelines, sagemaker: Any, s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="pipelines/rows/a.csv", Body=b"1,2")
    container = {"Image": IMAGE, "ModelDataUrl": MODEL}
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/pipelines/rows/"}}
    specification = {
        "Containers": [container], "SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["text/csv"],
    }  # fmt: skip
    arn = pipelines.run(
        "whole",
        training("Train", {"model": "from a pipeline"}),
        step("Create", "Model", {"PrimaryContainer": container, "ExecutionRoleArn": ROLE}),
        step(
            "Register",
            "RegisterModel",
            {
                "ModelPackageGroupName": "from-pipeline",
                "InferenceSpecification": specification,
                "ModelApprovalStatus": "Approved",
            },
        ),
        step(
            "Predict",
            "Transform",
            {
                "ModelName": get("Steps.Create.ModelName"),
                "TransformInput": {"DataSource": source},
                "TransformOutput": {"S3OutputPath": f"s3://{BUCKET}/pipelines/predicted"},
                "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
            },
        ),
        condition("Check", [equals(get("Steps.Register.ModelPackageVersion"), 1)], [], [fail("Version")]),
    )
    steps = pipelines.steps(arn)
    assert {name: one["StepStatus"] for name, one in steps.items()} == dict.fromkeys(
        ("Train", "Create", "Register", "Predict", "Check"), "Succeeded"
    ), steps
    (package,) = sagemaker.list_model_packages(ModelPackageGroupName="from-pipeline")["ModelPackageSummaryList"]
    assert steps["Register"]["Metadata"] == {"RegisterModel": {"Arn": package["ModelPackageArn"]}}
    assert steps["Create"]["Metadata"]["Model"]["Arn"].startswith("arn:aws:sagemaker:us-east-1:000000000000:model/pipe")
    body = s3.get_object(Bucket=BUCKET, Key="pipelines/predicted/a.csv.out")["Body"].read()
    assert json.loads(body)["model"] == "from a pipeline"


def test_a_tuning_step_gives_its_best_training_job(pipelines: Pipelines) -> None:
    program = "print(f'score={float(parameters[\"rate\"])}', flush=True)"
    definition = {
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "score", "Regex": r"score=(\S+)"}],
        },
        "RoleArn": ROLE,
        "Environment": {"PROGRAM": program},
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/pipelines/tuned"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    }
    config = {
        "Strategy": "Grid",
        "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "score"},
        "ResourceLimits": {"MaxParallelTrainingJobs": 2},
        "ParameterRanges": {"CategoricalParameterRanges": [{"Name": "rate", "Values": ["0.25", "0.75"]}]},
    }
    best = "Steps.A_long-name-of-a-step.BestTrainingJob"
    arn = pipelines.run(
        "tuned",
        step(
            "A_long-name-of-a-step",
            "Tuning",
            {"HyperParameterTuningJobConfig": config, "TrainingJobDefinition": definition},
        ),
        fail("Show", get(f"{best}.FinalHyperParameterTuningJobObjectiveMetric.Value")),
    )
    steps = pipelines.steps(arn)
    assert steps["Show"]["FailureReason"] == "0.75"
    name = steps["A_long-name-of-a-step"]["Metadata"]["TuningJob"]["Arn"].rpartition("/")[2]
    assert name.startswith(f"{arn.rpartition('/')[2]}-a-long-n-")
    assert len(name) <= 32


def test_a_function_gets_the_arguments_and_gives_typed_outputs(
    pipelines: Pipelines, functions: dict[str, Function]
) -> None:
    functions["double"] = lambda event: {"doubled": event["number"] * 2, "text": "x", "statusCode": 200}
    arn = pipelines.run(
        "function",
        lambda_step("Call", "double", {"number": 21}, doubled="Integer", text="String"),
        condition("Check", [equals(get("Steps.Call.OutputParameters['doubled']"), 42)], [], [fail("Wrong")]),
    )
    assert pipelines.statuses(arn) == {"Call": "Succeeded", "Check": "Succeeded"}
    assert pipelines.steps(arn)["Check"]["Metadata"]["Condition"]["Outcome"] == "True"
    assert pipelines.steps(arn)["Call"]["Metadata"]["Lambda"] == {
        "Arn": f"{FUNCTION}:double",
        "OutputParameters": [{"Name": "doubled", "Value": "42"}, {"Name": "text", "Value": "x"}],
    }


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"other": 1}, "The output parameter 'number' is missing."),
        ({"number": "many"}, "The output parameter 'number': 'many' is not of type Integer."),
        (None, "The output parameter 'number' is missing."),
    ],
)
def test_a_function_without_the_declared_outputs_fails_its_step(
    pipelines: Pipelines, functions: dict[str, Function], answer: Any, words: str
) -> None:
    functions["wrong"] = lambda _: answer
    arn = pipelines.run(f"wrong-function-{len(json.dumps(answer))}", lambda_step("Call", "wrong", {}, number="Integer"))
    assert words in pipelines.steps(arn)["Call"]["FailureReason"]


def test_a_function_that_raises_fails_its_step(pipelines: Pipelines, functions: dict[str, Function]) -> None:
    def raising(_: dict[str, Any]) -> Any:
        raise ValueError("no such bay")

    functions["raising"] = raising
    arn = pipelines.run("raising", lambda_step("Call", "raising", {}))
    reason = pipelines.steps(arn)["Call"]["FailureReason"]
    assert reason.startswith(f"ClientError: The Lambda function {FUNCTION}:raising failed (Unhandled): ")
    assert "no such bay" in reason


def test_a_stopped_execution_waits_for_its_function(
    pipelines: Pipelines, functions: dict[str, Function], sagemaker: Any
) -> None:
    may_answer = threading.Event()

    def waiting(_: dict[str, Any]) -> Any:
        assert may_answer.wait(120)
        return {}

    functions["waiting"] = waiting
    pipelines.create("waiting", lambda_step("Call", "waiting", {}))
    arn = pipelines.start("waiting")
    pipelines.until_step(arn, "Call")
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    pipelines.until_step(arn, "Call", "Stopping")
    may_answer.set()
    assert pipelines.ended(arn)["PipelineExecutionStatus"] == "Stopped"
    assert pipelines.statuses(arn) == {"Call": "Succeeded"}


@pytest.fixture
def queue(request: pytest.FixtureRequest) -> Callable[[], list[dict[str, Any]]]:
    """Return a function that receives messages from a new queue; its attribute `url` is the queue's URL."""
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName=request.node.name[:80])["QueueUrl"]
    seen: list[dict[str, Any]] = []

    def read() -> list[dict[str, Any]]:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        seen.extend(json.loads(message["Body"]) for message in messages)
        return seen

    read.url = url  # type: ignore[attr-defined]
    return read


def callback(name: str, queue: Any, **outputs: str) -> dict[str, Any]:
    declared = [{"OutputName": name, "OutputType": type_name} for name, type_name in outputs.items()]
    arguments = {"bay": join("bay-", 7), "number": 5}
    return step(name, "Callback", arguments, SqsQueueUrl=queue.url, OutputParameters=declared)


def test_a_callback_is_answered_with_outputs(pipelines: Pipelines, sagemaker: Any, queue: Any, until: Any) -> None:
    pipelines.create(
        "callback", callback("Ask", queue, count="Integer"), fail("Show", get("Steps.Ask.OutputParameters['count']"))
    )
    arn = pipelines.start("callback")
    (message,) = until(queue, "the message")
    assert message == {
        "token": message["token"],
        "pipelineExecutionArn": arn,
        "arguments": {"bay": "bay-7", "number": 5},
        "status": "Executing",
    }
    token = message["token"]
    metadata = pipelines.until_step(arn, "Ask")["Metadata"]
    assert metadata == {"Callback": {"CallbackToken": token, "SqsQueueUrl": queue.url}}
    outputs = [{"Name": "count", "Value": "3"}]
    answer = sagemaker.send_pipeline_execution_step_success(CallbackToken=token, OutputParameters=outputs)
    assert answer["PipelineExecutionArn"] == arn
    pipelines.ended(arn)
    assert pipelines.steps(arn)["Show"]["FailureReason"] == "3"
    assert pipelines.steps(arn)["Ask"]["Metadata"]["Callback"]["OutputParameters"] == outputs
    with pytest.raises(ClientError, match="ResourceNotFound"):
        sagemaker.send_pipeline_execution_step_success(CallbackToken=token)


def test_a_callback_fails_with_the_reason(pipelines: Pipelines, sagemaker: Any, queue: Any, until: Any) -> None:
    pipelines.create("callback-fails", callback("Ask", queue))
    arn = pipelines.start("callback-fails")
    (message,) = until(queue, "the message")
    sagemaker.send_pipeline_execution_step_failure(CallbackToken=message["token"], FailureReason="nobody is there")
    assert pipelines.ended(arn)["PipelineExecutionStatus"] == "Failed"
    assert pipelines.steps(arn)["Ask"]["FailureReason"] == "nobody is there"


def test_a_stopped_execution_tells_the_queue_and_waits_for_the_answer(
    pipelines: Pipelines, sagemaker: Any, queue: Any, until: Any
) -> None:
    pipelines.create("callback-stops", callback("Ask", queue))
    arn = pipelines.start("callback-stops")
    pipelines.until_step(arn, "Ask")
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    messages = until(lambda: len(queue()) == 2 and queue(), "two messages")
    assert sorted(message["status"] for message in messages) == ["Executing", "Stopping"]
    assert pipelines.statuses(arn) == {"Ask": "Stopping"}
    sagemaker.send_pipeline_execution_step_success(CallbackToken=messages[0]["token"])
    assert pipelines.ended(arn)["PipelineExecutionStatus"] == "Stopped"


def test_a_queue_that_does_not_exist_fails_the_step(pipelines: Pipelines, queue: Any) -> None:
    ask = callback("Ask", queue)
    ask["SqsQueueUrl"] = f"{queue.url}-none"
    arn = pipelines.run("no-queue", ask)
    reason = pipelines.steps(arn)["Ask"]["FailureReason"]
    assert reason.startswith("ClientError: Failed to invoke sqs:SendMessage. Error Details: ")


def quality_check(name: str, **members: Any) -> dict[str, Any]:
    """Return a check whose container copies the test's input folder: statistics, constraints, report."""
    job = processing(name, f"copy={INPUT}:{OUTPUT}", "show=baseline_constraints")["Arguments"]
    job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"] = f"s3://{BUCKET}/checks/{name}"
    job["ProcessingInputs"][0]["S3Input"]["S3Uri"] = f"s3://{BUCKET}/checks/input/"
    return step(name, "QualityCheck", job, CheckType="DATA_QUALITY", **members)


def test_a_quality_check_compares_with_a_baseline(pipelines: Pipelines, s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="checks/input/statistics.json", Body=b"{}")
    s3.put_object(Bucket=BUCKET, Key="checks/baseline/constraints.json", Body=b"{}")
    violation = {"feature_name": "red", "constraint_check_type": "baseline_drift_check", "description": "drift"}
    report = json.dumps({"violations": [violation]}).encode()
    s3.put_object(Bucket=BUCKET, Key="checks/Checked/constraint_violations.json", Body=report)
    s3.put_object(Bucket=BUCKET, Key="checks/Lenient/constraint_violations.json", Body=report)
    supplied = f"s3://{BUCKET}/checks/baseline/constraints.json"
    arn = pipelines.run(
        "checked",
        quality_check("First", RegisterNewBaseline=True),
        quality_check("Skipped", SkipCheck=True, SuppliedBaselineConstraints=supplied),
        quality_check("Lenient", FailOnViolation=False, SuppliedBaselineConstraints=supplied),
        {
            **quality_check("Checked", SuppliedBaselineConstraints=supplied),
            "DependsOn": ["First", "Skipped", "Lenient"],
        },
    )
    steps = pipelines.steps(arn)
    assert pipelines.statuses(arn) == {
        "First": "Succeeded", "Skipped": "Succeeded", "Lenient": "Succeeded", "Checked": "Failed",
    }, steps  # fmt: skip
    first, lenient = (steps[name]["Metadata"]["QualityCheck"] for name in ("First", "Lenient"))
    assert first["CalculatedBaselineConstraints"] == f"s3://{BUCKET}/checks/First/constraints.json"
    assert first["BaselineUsedForDriftCheckConstraints"] == first["CalculatedBaselineConstraints"]
    assert lenient["BaselineUsedForDriftCheckConstraints"] == supplied
    assert lenient["ViolationReport"] == f"s3://{BUCKET}/checks/Lenient/constraint_violations.json"
    assert steps["Checked"]["FailureReason"].startswith("ClientError: The check found 1 constraint violations")
