"""SageMaker Pipelines on the whole cloud: a pipeline with functions and a queue, started by the SDK and by a state
machine, and the abalone example.

The first run installs scikit-learn's environment for the example into the user's cache, which takes minutes.
"""

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from tests.integration.conftest import COLOR_MODEL
from tests.integration.lambda_functions import Deploy
from tests.integration.red_and_blue import TRAIN_IMAGES, put_images, put_manifest
from tests.waiting import until

from scones.sagemaker_sdk import CONFIG, quiet

from .sdk_session import sdk_session

with quiet():
    import sagemaker.utils
    from sagemaker import ModelPackage, Predictor
    from sagemaker.estimator import Estimator
    from sagemaker.inputs import TrainingInput
    from sagemaker.lambda_helper import Lambda
    from sagemaker.model import Model
    from sagemaker.workflow.callback_step import CallbackStep
    from sagemaker.workflow.condition_step import ConditionStep
    from sagemaker.workflow.conditions import ConditionGreaterThanOrEqualTo
    from sagemaker.workflow.fail_step import FailStep
    from sagemaker.workflow.lambda_step import LambdaOutput, LambdaOutputTypeEnum, LambdaStep
    from sagemaker.workflow.model_step import ModelStep
    from sagemaker.workflow.parameters import ParameterFloat, ParameterString
    from sagemaker.workflow.pipeline import Pipeline
    from sagemaker.workflow.pipeline_context import PipelineSession
    from sagemaker.workflow.steps import CacheConfig, TrainingStep

# Some of the SDK's own calls to pandas and boto3 are deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")

EXAMPLE = Path(__file__).parents[2] / "examples" / "abalone" / "pipeline.py"
ABALONE = f"abalone-{uuid4().hex[:8]}"
TRIES = {"delay": 1, "max_attempts": 1200}
ROLE = "arn:aws:iam::000000000000:role/sagemaker"
COUNT = """
import boto3

def lambda_handler(event, context):
    body = boto3.client("s3").get_object(Bucket=event["bucket"], Key="train.lst")["Body"].read()
    return {"images": len(body.splitlines())}
"""
STATUSES = {
    "CountImages": "Succeeded",
    "TrainColors": "Succeeded",
    "CheckAccuracy": "Succeeded",
    "AskSomebody": "Succeeded",
    "RegisterColors-RegisterModel": "Succeeded",
}


@pytest.fixture
def bucket() -> Iterator[str]:
    name = f"model-building-{uuid4().hex[:8]}"
    s3 = boto3.resource("s3")
    s3.create_bucket(Bucket=name)
    put_images(name)
    for split in ("train", "test"):
        put_manifest(name, split)
    yield name
    s3.Bucket(name).objects.delete()
    s3.Bucket(name).delete()


@pytest.fixture
def queue() -> Iterator[str]:
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName=f"model-building-{uuid4().hex[:8]}")["QueueUrl"]
    yield url
    sqs.delete_queue(QueueUrl=url)


def channel(bucket: str, key: str) -> TrainingInput:
    return TrainingInput(f"s3://{bucket}/{key}", content_type="application/x-image")


def pipeline_of(name: str, bucket: str, queue: str, function: str) -> Pipeline:
    """Build a pipeline: count the images, train, ask somebody if the model is good, and register it."""
    session = PipelineSession(boto_session=boto3.Session(), default_bucket=bucket, sagemaker_config=CONFIG)
    source, least = ParameterString("Bucket", bucket), ParameterFloat("AccuracyAtLeast", 0.9)
    arn = boto3.client("lambda").get_function(FunctionName=function)["Configuration"]["FunctionArn"]
    counted = LambdaStep(
        "CountImages",
        lambda_func=Lambda(function_arn=arn, session=session),
        inputs={"bucket": source},
        outputs=[LambdaOutput("images", LambdaOutputTypeEnum.Integer)],
    )
    estimator = Estimator(
        COLOR_MODEL, ROLE, instance_count=1, instance_type="ml.m5.large", output_path=f"s3://{bucket}/models",
        hyperparameters={"num_training_samples": counted.properties.Outputs["images"]},
        metric_definitions=[{"Name": "validation:accuracy", "Regex": r"Validation-accuracy=(\S+)"}],
        sagemaker_session=session,
    )  # fmt: skip
    trained = TrainingStep(
        "TrainColors",
        step_args=estimator.fit(
            {
                "train": channel(bucket, "train/"), "train_lst": channel(bucket, "train.lst"),
                "validation": channel(bucket, "test/"), "validation_lst": channel(bucket, "test.lst"),
            }
        ),
        cache_config=CacheConfig(enable_caching=True, expire_after="PT1H"),
    )  # fmt: skip
    accuracy = trained.properties.FinalMetricDataList["validation:accuracy"].Value
    asked = CallbackStep("AskSomebody", queue, {"accuracy": accuracy}, [])
    model = Model(COLOR_MODEL, trained.properties.ModelArtifacts.S3ModelArtifacts, ROLE, sagemaker_session=session)
    registered = ModelStep(
        "RegisterColors",
        step_args=model.register(
            content_types=["application/x-image"],
            response_types=["application/json"],
            model_package_group_name=name,
        ),
        depends_on=[asked],
    )
    check = ConditionStep(
        "CheckAccuracy",
        conditions=[ConditionGreaterThanOrEqualTo(left=accuracy, right=least)],
        if_steps=[asked, registered],
        else_steps=[FailStep("TooBad", error_message="the model is too bad")],
    )
    return Pipeline(name, parameters=[source, least], steps=[counted, trained, check], sagemaker_session=session)


def answer(queue: str) -> dict[str, Any]:
    """Answer the callback whose message comes next; return its arguments."""
    sqs = boto3.client("sqs")
    (message,) = until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"), "the message of the callback")
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    body = json.loads(message["Body"])
    boto3.client("sagemaker").send_pipeline_execution_step_success(CallbackToken=body["token"])
    arguments: dict[str, Any] = body["arguments"]
    return arguments


def ended(arn: str) -> dict[str, Any]:
    def over() -> dict[str, Any]:
        execution: dict[str, Any] = boto3.client("sagemaker").describe_pipeline_execution(PipelineExecutionArn=arn)
        return {} if execution["PipelineExecutionStatus"] == "Executing" else execution

    return until(over, f"the end of {arn}")


def steps_of(arn: str) -> dict[str, Any]:
    listed = boto3.client("sagemaker").list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
    return {step["StepName"]: step for step in listed}


def started_by_a_state_machine(name: str) -> str:
    """Start the pipeline as a task of Step Functions; return the ARN of its execution.

    AWS has no optimized integration for pipelines: the AWS SDK's is used.
    """
    iam, states = boto3.client("iam"), boto3.client("stepfunctions")
    trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]["Arn"]
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sagemaker:startPipelineExecution",
        "Parameters": {"PipelineName": name, "ClientRequestToken.$": "States.UUID()"},
        "End": True,
    }
    definition = json.dumps({"StartAt": "Start", "States": {"Start": task}})
    machine = states.create_state_machine(name=name, definition=definition, roleArn=role)["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=machine, input="{}")["executionArn"]

    def output() -> str:
        return str(states.describe_execution(executionArn=execution).get("output", ""))

    arn: str = json.loads(until(output, "the output of the state machine"))["PipelineExecutionArn"]
    states.delete_state_machine(stateMachineArn=machine)
    iam.delete_role(RoleName=name)
    return arn


def test_a_pipeline_uses_lambda_and_sqs_and_a_state_machine_starts_it_again(
    deploy: Deploy, bucket: str, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The SDK would validate its own settings dozens of times, a third of a second each time.
    monkeypatch.setattr(sagemaker.utils, "validate_sagemaker_config", lambda _: None)
    name = f"colors-{uuid4().hex[:8]}"
    pipeline = pipeline_of(name, bucket, queue, deploy(COUNT).name)
    pipeline.create(ROLE)
    first = pipeline.start().arn
    assert answer(queue) == {"accuracy": 1.0}
    assert ended(first)["PipelineExecutionStatus"] == "Succeeded", steps_of(first)
    steps = steps_of(first)
    assert {step: one["StepStatus"] for step, one in steps.items()} == STATUSES
    outputs = steps["CountImages"]["Metadata"]["Lambda"]["OutputParameters"]
    assert outputs == [{"Name": "images", "Value": str(TRAIN_IMAGES)}]

    second = started_by_a_state_machine(name)
    assert answer(queue) == {"accuracy": 1.0}
    assert ended(second)["PipelineExecutionStatus"] == "Succeeded", steps_of(second)
    assert steps_of(second)["TrainColors"]["CacheHitResult"] == {"SourcePipelineExecutionArn": first}
    sagemaker_client = boto3.client("sagemaker")
    packages = sagemaker_client.list_model_packages(ModelPackageGroupName=name)["ModelPackageSummaryList"]
    assert sorted(package["ModelPackageVersion"] for package in packages) == [1, 2]
    sagemaker_client.delete_pipeline(PipelineName=name)


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    with sdk_session(ABALONE) as session:
        yield session


@pytest.fixture(scope="module")
def pipeline(session: Any) -> Iterator[Any]:
    specification = importlib.util.spec_from_file_location("abalone_pipeline", EXAMPLE)
    assert specification
    assert specification.loader
    example = importlib.util.module_from_spec(specification)
    with quiet():
        specification.loader.exec_module(example)
    building = PipelineSession(boto_session=boto3.Session(), default_bucket=ABALONE, sagemaker_config=CONFIG)
    pipeline = example.build(building, ROLE, ABALONE)
    pipeline.upsert(role_arn=ROLE)
    yield pipeline
    pipeline.delete()


def test_the_abalone_pipeline_registers_a_model_that_serves(pipeline: Any, session: Any) -> None:
    execution = pipeline.start(parameters={"ModelApprovalStatus": "Approved"})
    execution.wait(**TRIES)
    steps = steps_of(execution.arn)
    assert {name: step["StepStatus"] for name, step in steps.items()} == dict.fromkeys(
        (
            "AbaloneProcess", "AbaloneTrain", "AbaloneEval", "AbaloneMSECond",
            "AbaloneRegister-RegisterModel",
        ),
        "Succeeded",
    )  # fmt: skip
    package = ModelPackage(
        ROLE,
        model_package_arn=steps["AbaloneRegister-RegisterModel"]["Metadata"]["RegisterModel"]["Arn"],
        sagemaker_session=session,
    )
    package.predictor_cls = Predictor
    predictor = package.deploy(1, "ml.m5.large")
    rows = b"0.5,0.4,0.15,0.31\n0.7,0.56,0.21,0.86"
    answered = predictor.predict(rows, {"ContentType": "text/csv", "Accept": "text/csv"}).decode()
    predictor.delete_endpoint()
    small, large = (float(rings) for rings in answered.split())
    assert 6 < small < large < 12  # 2 + 12 * length

    again = pipeline.start(parameters={"MseThreshold": 0.01})
    with pytest.raises(Exception, match="terminal failure state"):
        again.wait(**TRIES)
    steps = steps_of(again.arn)
    assert {name for name, step in steps.items() if "CacheHitResult" in step} == {"AbaloneProcess", "AbaloneTrain"}
    assert steps["AbaloneMSEFail"]["FailureReason"] == "MSE > 0.01"
