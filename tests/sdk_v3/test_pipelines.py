"""Pipelines that the SageMaker Python SDK v3 builds run with only the endpoint configured."""

from __future__ import annotations

import json
import os
import warnings
from typing import Any

import boto3
import pytest
from botocore.exceptions import WaiterError

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")  # the SDK creates clients while it is imported

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip("sagemaker.mlops", reason="the SDK v3 is in a separate environment: make test-sdk3")
    from sagemaker.core import shapes
    from sagemaker.core.processing import Processor
    from sagemaker.core.workflow.conditions import ConditionLessThanOrEqualTo
    from sagemaker.core.workflow.functions import Join, JsonGet
    from sagemaker.core.workflow.parameters import ParameterFloat, ParameterString
    from sagemaker.core.workflow.pipeline_context import PipelineSession
    from sagemaker.core.workflow.properties import PropertyFile
    from sagemaker.mlops.workflow.condition_step import ConditionStep
    from sagemaker.mlops.workflow.fail_step import FailStep
    from sagemaker.mlops.workflow.pipeline import Pipeline
    from sagemaker.mlops.workflow.steps import CacheConfig, ProcessingStep, TrainingStep
    from sagemaker.train import ModelTrainer
    from sagemaker.train.configs import Compute, InputData, OutputDataConfig, StoppingCondition

pytestmark = pytest.mark.filterwarnings("ignore")

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/contract:1"
ROLE = "arn:aws:iam::111122223333:role/sagemaker"
BUCKET = "sdk3-pipelines"
FOLDER = "/opt/ml/processing"
CACHE = CacheConfig(enable_caching=True, expire_after="PT1H")


@pytest.fixture(scope="module")
def session(aws: None, unvalidated_settings: None) -> PipelineSession:
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    report = json.dumps({"metrics": {"mse": 4.5}}).encode()
    boto3.client("s3").put_object(Bucket=BUCKET, Key="rows/report.json", Body=report)
    return PipelineSession(boto_session=boto3.Session(), default_bucket=BUCKET)


def processed(session: PipelineSession, name: str, source: Any, **members: Any) -> ProcessingStep:
    """Return a step whose container copies its input."""
    processor = Processor(
        role=ROLE, image_uri=IMAGE, instance_count=1, instance_type="ml.m5.large", sagemaker_session=session
    )
    input_ = shapes.ProcessingS3Input(
        s3_uri=source, local_path=f"{FOLDER}/input", s3_data_type="S3Prefix", s3_input_mode="File"
    )
    output = shapes.ProcessingS3Output(
        s3_uri=f"s3://{BUCKET}/{name}", local_path=f"{FOLDER}/output", s3_upload_mode="EndOfJob"
    )
    arguments = processor.run(
        inputs=[shapes.ProcessingInput(input_name="source", s3_input=input_)],
        outputs=[shapes.ProcessingOutput(output_name="rows", s3_output=output)],
        arguments=[f"copy={FOLDER}/input:{FOLDER}/output"],
    )
    return ProcessingStep(name=name, step_args=arguments, **members)


def pipeline_of(session: PipelineSession) -> Pipeline:
    data, threshold = ParameterString("InputData", f"s3://{BUCKET}/rows/"), ParameterFloat("Threshold", 6.0)
    report = PropertyFile(name="Report", output_name="rows", path="algo-1/report.json")
    evaluated = processed(session, "Evaluate", data, property_files=[report], cache_config=CACHE)
    uri = evaluated.properties.ProcessingOutputConfig.Outputs["rows"].S3Output.S3Uri
    trainer = ModelTrainer(
        training_image=IMAGE,
        role=ROLE,
        hyperparameters={"model": "from sdk v3"},
        compute=Compute(instance_type="ml.m5.large", instance_count=1, volume_size_in_gb=1),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=600),
        output_data_config=OutputDataConfig(s3_output_path=f"s3://{BUCKET}/models"),
        input_data_config=[InputData(channel_name="train", data_source=uri)],
        sagemaker_session=session,
    )
    trained = TrainingStep(name="Train", step_args=trainer.train())
    mse = JsonGet(step_name="Evaluate", property_file=report, json_path="metrics.mse")
    message = Join(on=" ", values=["MSE above", threshold])
    check = ConditionStep(
        name="Check",
        conditions=[ConditionLessThanOrEqualTo(left=mse, right=threshold)],
        if_steps=[trained],
        else_steps=[FailStep(name="TooBad", error_message=message)],
    )
    return Pipeline(
        name="Sdk3Pipeline", parameters=[data, threshold], steps=[evaluated, check], sagemaker_session=session
    )


def test_a_pipeline_of_the_sdk_v3_runs_and_uses_its_cache(session: PipelineSession) -> None:
    pipeline = pipeline_of(session)
    pipeline.upsert(role_arn=ROLE)
    execution = pipeline.start()
    execution.wait(delay=1, max_attempts=300)
    steps = {step["StepName"]: step for step in execution.list_steps()}
    assert {name: step["StepStatus"] for name, step in steps.items()} == dict.fromkeys(
        ("Evaluate", "Check", "Train"), "Succeeded"
    )
    job = steps["Train"]["Metadata"]["TrainingJob"]["Arn"].rpartition("/")[2]
    assert job.startswith(f"pipelines-{execution.arn.rpartition('/')[2]}-train-")

    second = pipeline.start(parameters={"Threshold": 1.0})
    with pytest.raises(WaiterError):
        second.wait(delay=1, max_attempts=300)
    steps = {step["StepName"]: step for step in second.list_steps()}
    assert steps["TooBad"]["FailureReason"] == "MSE above 1.0"
    assert steps["Evaluate"]["CacheHitResult"] == {"SourcePipelineExecutionArn": execution.arn}
    pipeline.delete()
