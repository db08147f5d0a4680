"""Pipelines that the SageMaker Python SDK v2 builds, with only the endpoint configured, run as they do on AWS."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import WaiterError
from tests.contract.sdk_v2 import sdk_surroundings

from scones.sagemaker_sdk import CONFIG, quiet

with quiet():
    from sagemaker.estimator import Estimator
    from sagemaker.inputs import TrainingInput
    from sagemaker.lambda_helper import Lambda
    from sagemaker.model import Model
    from sagemaker.processing import ProcessingInput, ProcessingOutput, Processor
    from sagemaker.transformer import Transformer
    from sagemaker.tuner import ContinuousParameter, HyperparameterTuner
    from sagemaker.workflow.callback_step import CallbackOutput, CallbackOutputTypeEnum, CallbackStep
    from sagemaker.workflow.condition_step import ConditionStep
    from sagemaker.workflow.conditions import ConditionLessThanOrEqualTo
    from sagemaker.workflow.execution_variables import ExecutionVariables
    from sagemaker.workflow.fail_step import FailStep
    from sagemaker.workflow.functions import Join, JsonGet
    from sagemaker.workflow.lambda_step import LambdaOutput, LambdaOutputTypeEnum, LambdaStep
    from sagemaker.workflow.model_step import ModelStep
    from sagemaker.workflow.parallelism_config import ParallelismConfiguration
    from sagemaker.workflow.parameters import ParameterFloat, ParameterInteger, ParameterString
    from sagemaker.workflow.pipeline import Pipeline
    from sagemaker.workflow.pipeline_context import PipelineSession
    from sagemaker.workflow.properties import PropertyFile
    from sagemaker.workflow.retry import SageMakerJobExceptionTypeEnum, SageMakerJobStepRetryPolicy
    from sagemaker.workflow.selective_execution_config import SelectiveExecutionConfig
    from sagemaker.workflow.steps import CacheConfig, ProcessingStep, TrainingStep, TransformStep, TuningStep

# Some of the SDK's own calls to pandas and boto3 are deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/contract:1"
ROLE = "arn:aws:iam::000000000000:role/sagemaker"
BUCKET = "contract"
MACHINE: dict[str, Any] = {"instance_count": 1, "instance_type": "ml.m5.large"}
FOLDER = "/opt/ml/processing"
CACHE = CacheConfig(enable_caching=True, expire_after="PT1H")


@pytest.fixture(scope="module")
def session(emulator: Any) -> Iterator[PipelineSession]:
    with sdk_surroundings(emulator.url):
        yield PipelineSession(boto_session=boto3.Session(), default_bucket=BUCKET, sagemaker_config=CONFIG)


Process = Callable[..., Any]


@pytest.fixture(scope="module")
def process(session: PipelineSession) -> Process:
    """Return a function that returns the arguments of a step whose container copies its input."""

    def arguments(name: str, source: Any, count: Any = 1) -> Any:
        processor = Processor(
            ROLE, IMAGE, instance_count=count, instance_type="ml.m5.large", base_job_name=name,
            sagemaker_session=session,
        )  # fmt: skip
        return processor.run(
            inputs=[ProcessingInput(source, f"{FOLDER}/input", input_name="source")],
            outputs=[ProcessingOutput(source=f"{FOLDER}/output", output_name="rows")],
            arguments=[f"copy={FOLDER}/input:{FOLDER}/output"],
        )

    return arguments


@pytest.fixture(scope="module")
def estimator(session: PipelineSession) -> Callable[..., Estimator]:
    def make(hyperparameters: dict[str, Any], **members: Any) -> Estimator:
        return Estimator(
            IMAGE, ROLE, **MACHINE, output_path=f"s3://{BUCKET}/sdk2/pipeline", hyperparameters=hyperparameters,
            sagemaker_session=session, **members,
        )  # fmt: skip

    return make


@pytest.fixture(scope="module")
def rows(s3: Any) -> str:
    s3.put_object(Bucket=BUCKET, Key="sdk2/rows/report.json", Body=json.dumps({"metrics": {"mse": 4.5}}).encode())
    return f"s3://{BUCKET}/sdk2/rows/"


def abalone(session: PipelineSession, process: Process, estimator: Callable[..., Estimator], rows: str) -> Pipeline:
    """Build the pipeline of AWS's introduction: process, train, evaluate, and register the model if it is good."""
    data, count = ParameterString("InputData", rows), ParameterInteger("Count", 1)
    threshold, approval = ParameterFloat("Threshold", 6.0), ParameterString("Approval", "PendingManualApproval")
    processed = ProcessingStep("AbaloneProcess", step_args=process("abalone", data, count), cache_config=CACHE)
    uri = processed.properties.ProcessingOutputConfig.Outputs["rows"].S3Output.S3Uri
    trained = TrainingStep(
        "AbaloneTrain",
        step_args=estimator({"model": "abalone", "count": count}).fit({"train": TrainingInput(uri)}),
        cache_config=CACHE,
    )
    report = PropertyFile("Report", "rows", "algo-1/algo-1/report.json")
    evaluated = ProcessingStep("AbaloneEval", step_args=process("evaluate", uri), property_files=[report])
    model = Model(
        IMAGE, trained.properties.ModelArtifacts.S3ModelArtifacts, ROLE, sagemaker_session=session, name="abalone"
    )
    registered = ModelStep(
        "AbaloneRegister",
        step_args=model.register(
            content_types=["text/csv"],
            response_types=["text/csv"],
            inference_instances=["ml.m5.large"],
            transform_instances=["ml.m5.large"],
            model_package_group_name="abalone",
            approval_status=approval,
        ),
    )
    created = ModelStep("AbaloneCreate", step_args=model.create(instance_type="ml.m5.large"))
    transformer = Transformer(
        created.properties.ModelName, **MACHINE, output_path=f"s3://{BUCKET}/sdk2/predicted", sagemaker_session=session
    )
    predicted = TransformStep("AbalonePredict", step_args=transformer.transform(data))
    mse = JsonGet(step_name=evaluated.name, property_file=report, json_path="metrics.mse")
    too_bad = FailStep("AbaloneFail", error_message=Join(on=" ", values=["MSE above", threshold]))
    check = ConditionStep(
        "AbaloneCheck",
        conditions=[ConditionLessThanOrEqualTo(left=mse, right=threshold)],
        if_steps=[registered, created, predicted],
        else_steps=[too_bad],
    )
    return Pipeline(
        "AbalonePipeline",
        parameters=[data, count, threshold, approval],
        steps=[processed, trained, evaluated, check],
        sagemaker_session=session,
    )


def statuses(execution: Any) -> dict[str, str]:
    return {step["StepName"]: step["StepStatus"] for step in execution.list_steps()}


def test_the_abalone_pipeline_registers_its_model_and_uses_its_cache(
    session: PipelineSession, process: Process, estimator: Callable[..., Estimator], rows: str
) -> None:
    pipeline = abalone(session, process, estimator, rows)
    pipeline.upsert(role_arn=ROLE, parallelism_config=ParallelismConfiguration(4))
    assert pipeline.upsert(role_arn=ROLE, tags=[{"Key": "team", "Value": "bikes"}])["PipelineVersionId"] == 2
    execution = pipeline.start(execution_display_name="first")
    execution.wait(delay=1)
    assert statuses(execution) == dict.fromkeys(
        (
            "AbaloneProcess", "AbaloneTrain", "AbaloneEval", "AbaloneCheck", "AbaloneRegister-RegisterModel",
            "AbaloneCreate-CreateModel", "AbalonePredict",
        ),
        "Succeeded",
    )  # fmt: skip
    (package,) = session.sagemaker_client.list_model_packages(ModelPackageGroupName="abalone")[
        "ModelPackageSummaryList"
    ]
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    assert execution.describe()["PipelineExperimentConfig"]["ExperimentName"] == "AbalonePipeline"

    second = pipeline.start(parameters={"Threshold": 1.0})
    with pytest.raises(WaiterError):
        second.wait(delay=1)
    steps = {step["StepName"]: step for step in second.list_steps()}
    assert {name for name, step in steps.items() if "CacheHitResult" in step} == {"AbaloneProcess", "AbaloneTrain"}
    assert steps["AbaloneFail"]["FailureReason"] == "MSE above 1.0"
    assert "AbaloneRegister-RegisterModel" not in steps
    assert pipeline.build_parameters_from_execution(second.arn)["Threshold"] == "1.0"


def test_a_model_with_a_script_is_repacked_before_it_is_registered(
    session: PipelineSession, estimator: Callable[..., Estimator], rows: str, tmp_path: Path
) -> None:
    """The SDK adds a training step that packs the script into the model's archive."""
    script = tmp_path / "inference.py"
    script.write_text("def model_fn(folder):\n    return None\n")
    trained = TrainingStep("Train", step_args=estimator({}).fit({"train": TrainingInput(rows)}))
    model = Model(
        IMAGE, trained.properties.ModelArtifacts.S3ModelArtifacts, ROLE, sagemaker_session=session,
        entry_point="inference.py", source_dir=str(tmp_path), name="scripted",
    )  # fmt: skip
    registered = ModelStep(
        "Register",
        step_args=model.register(["text/csv"], ["text/csv"], model_package_group_name="repacked"),
        repack_model_step_settings={"image_uri": IMAGE},
    )
    pipeline = Pipeline("RepackedPipeline", steps=[trained, registered], sagemaker_session=session)
    pipeline.create(ROLE)
    execution = pipeline.start()
    execution.wait(delay=1)
    repack = "Register-RepackModel-scripted"
    assert statuses(execution) == dict.fromkeys(("Train", repack, "Register-RegisterModel"), "Succeeded")
    steps = {step["StepName"]: step for step in execution.list_steps()}
    job = session.sagemaker_client.list_training_jobs(NameContains="Register-RepackModel")["TrainingJobSummaries"][0]
    assert steps[repack]["Metadata"]["TrainingJob"]["Arn"] == job["TrainingJobArn"]
    (package,) = session.sagemaker_client.list_model_packages(ModelPackageGroupName="repacked")[
        "ModelPackageSummaryList"
    ]
    described = session.sagemaker_client.describe_model_package(ModelPackageName=package["ModelPackageArn"])
    url = described["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    assert url.endswith(f"{job['TrainingJobName']}/output/model.tar.gz")


def test_a_selective_execution_refers_to_the_latest_one(session: PipelineSession, process: Process, rows: str) -> None:
    first = ProcessingStep("First", step_args=process("first", rows))
    uri = first.properties.ProcessingOutputConfig.Outputs["rows"].S3Output.S3Uri
    last = ProcessingStep("Last", step_args=process("last", uri))
    pipeline = Pipeline("SelectivePipeline", steps=[first, last], sagemaker_session=session)
    pipeline.create(ROLE)
    whole = pipeline.start()
    whole.wait(delay=1)
    selected = pipeline.start(selective_execution_config=SelectiveExecutionConfig(selected_steps=["Last"]))
    selected.wait(delay=1)
    steps = {step["StepName"]: step for step in selected.list_steps()}
    assert steps["First"]["SelectiveExecutionResult"] == {"SourcePipelineExecutionArn": whole.arn}
    assert "SelectiveExecutionResult" not in steps["Last"]


def test_a_tuning_step_gives_the_model_of_its_best_job(
    session: PipelineSession, estimator: Callable[..., Estimator], rows: str
) -> None:
    program = "print(f'score={float(parameters[\"rate\"])}', flush=True)"
    tuner = HyperparameterTuner(
        estimator({}, environment={"PROGRAM": program}),
        "score",
        {"rate": ContinuousParameter(0.1, 0.9)},
        metric_definitions=[{"Name": "score", "Regex": r"score=(\S+)"}],
        strategy="Random",
        max_jobs=2,
        max_parallel_jobs=2,
    )
    tuned = TuningStep("Tune", step_args=tuner.fit({"train": TrainingInput(rows)}, include_cls_metadata=False))
    model = Model(IMAGE, tuned.get_top_model_s3_uri(0, BUCKET, prefix="sdk2/pipeline"), ROLE, sagemaker_session=session)
    created = ModelStep("Best", step_args=model.create(instance_type="ml.m5.large"))
    pipeline = Pipeline("TunedPipeline", steps=[tuned, created], sagemaker_session=session)
    pipeline.create(ROLE)
    execution = pipeline.start()
    execution.wait(delay=1)
    assert statuses(execution) == {"Tune": "Succeeded", "Best-CreateModel": "Succeeded"}


def test_a_failing_step_is_tried_again_and_then_resumed(
    session: PipelineSession, process: Process, estimator: Callable[..., Estimator], rows: str, emulator: Any
) -> None:
    """The container fails three times, twice in the first execution and once after the retry, and then succeeds."""
    tries = emulator.instance.settings.state_dir.parent / "tries"
    program = (
        f"import pathlib; tries = pathlib.Path({str(tries)!r}); tries.open('a').write('x')\n"
        "if len(tries.read_text()) < 4: parameters.update(failure='InternalServerError: flaky', exit_code='1')"
    )
    policy = SageMakerJobStepRetryPolicy(
        failure_reason_types=[SageMakerJobExceptionTypeEnum.INTERNAL_ERROR], interval_seconds=0, max_attempts=1
    )
    done = ProcessingStep("Done", step_args=process("done", rows))
    flaky = TrainingStep(
        "Flaky",
        step_args=estimator({}, environment={"PROGRAM": program}).fit({"train": TrainingInput(rows)}),
        depends_on=[done],
        retry_policies=[policy],
    )
    pipeline = Pipeline("ResumedPipeline", steps=[done, flaky], sagemaker_session=session)
    pipeline.create(ROLE)
    execution = pipeline.start()
    with pytest.raises(WaiterError):
        execution.wait(delay=1)
    before = {step["StepName"]: step for step in execution.list_steps()}
    assert before["Flaky"]["AttemptCount"] == 2
    assert before["Flaky"]["FailureReason"].startswith("ClientError: InternalServerError: flaky")
    session.sagemaker_client.retry_pipeline_execution(PipelineExecutionArn=execution.arn)
    execution.wait(delay=1)
    after = {step["StepName"]: step for step in execution.list_steps()}
    assert after["Flaky"]["AttemptCount"] == 4
    assert after["Done"] == before["Done"]
    assert statuses(execution) == {"Done": "Succeeded", "Flaky": "Succeeded"}


def test_a_callback_step_waits_for_its_token(session: PipelineSession, until: Any) -> None:
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="sdk2-callback")["QueueUrl"]
    output = CallbackOutput("bays", CallbackOutputTypeEnum.Integer)
    asked = CallbackStep("Ask", url, {"pipeline": ExecutionVariables.PIPELINE_NAME}, [output])
    shown = FailStep("Show", error_message=Join(on=" ", values=["bays:", asked.properties.Outputs["bays"]]))
    pipeline = Pipeline("CallbackPipeline", steps=[asked, shown], sagemaker_session=session)
    pipeline.create(ROLE)
    execution = pipeline.start()
    (message,) = until(lambda: sqs.receive_message(QueueUrl=url).get("Messages"), "the message")
    body = json.loads(message["Body"])
    assert body["arguments"] == {"pipeline": "CallbackPipeline"}
    session.sagemaker_client.send_pipeline_execution_step_success(
        CallbackToken=body["token"], OutputParameters=[{"Name": "bays", "Value": "3"}]
    )
    with pytest.raises(WaiterError):
        execution.wait(delay=1)
    (step,) = [one for one in execution.list_steps() if one["StepName"] == "Show"]
    assert step["FailureReason"] == "bays: 3"


def test_a_lambda_step_is_sent_as_the_sdk_builds_it(session: PipelineSession, tmp_path: Path) -> None:
    function = Lambda(function_arn="arn:aws:lambda:us-east-1:000000000000:function:missing", session=session)
    output = LambdaOutput("bays", LambdaOutputTypeEnum.Integer)
    pipeline = Pipeline(
        "LambdaPipeline",
        steps=[LambdaStep("Call", lambda_func=function, inputs={"number": 1}, outputs=[output])],
        sagemaker_session=session,
    )
    pipeline.create(ROLE)
    execution = pipeline.start()
    with pytest.raises(WaiterError):
        execution.wait(delay=1)
    (step,) = execution.list_steps()
    assert "Failed to invoke lambda:Invoke" in step["FailureReason"]
