"""AWS's abalone pipeline: process, train, evaluate, check, and register the model if it is good enough.

`python pipeline.py` on the local AWS (after `eval "$(scones env)"`) or on AWS: the profile decides. The table is drawn,
not measured.
"""

import random
from pathlib import Path

import sagemaker
from sagemaker.inputs import TrainingInput
from sagemaker.model_metrics import MetricsSource, ModelMetrics
from sagemaker.processing import ProcessingInput, ProcessingOutput
from sagemaker.sklearn import SKLearn, SKLearnModel
from sagemaker.sklearn.processing import SKLearnProcessor
from sagemaker.workflow.condition_step import ConditionStep
from sagemaker.workflow.conditions import ConditionLessThanOrEqualTo
from sagemaker.workflow.fail_step import FailStep
from sagemaker.workflow.functions import Join, JsonGet
from sagemaker.workflow.model_step import ModelStep
from sagemaker.workflow.parameters import ParameterFloat, ParameterString
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.pipeline_context import PipelineSession
from sagemaker.workflow.properties import PropertyFile
from sagemaker.workflow.steps import CacheConfig, ProcessingStep, TrainingStep

HERE = Path(__file__).parent
VERSION = "1.2-1"  # of the scikit-learn image
MACHINE = {"instance_type": "ml.m5.large", "instance_count": 1}
CACHE = CacheConfig(enable_caching=True, expire_after="P1D")


def draw_table(rows: int = 400) -> str:
    """Return rows of rings, length, diameter, height and weight as CSV."""
    numbers, lines = random.Random(1), []
    for _ in range(rows):
        length = numbers.uniform(0.1, 0.8)
        measures = [length, 0.8 * length, 0.3 * length, 2.5 * length**3]
        rings = 2 + 12 * length + numbers.gauss(0, 1)
        lines.append(",".join(f"{value:.4f}" for value in [rings, *measures]))
    return "\n".join(lines) + "\n"


def build(session: PipelineSession, role: str, name: str = "Abalone") -> Pipeline:
    bucket = session.default_bucket()
    table = sagemaker.s3.S3Uploader.upload_string_as_file_body(
        draw_table(), f"s3://{bucket}/{name}/table/abalone.csv", sagemaker_session=session
    )
    data = ParameterString("InputData", table)
    approval = ParameterString("ModelApprovalStatus", "PendingManualApproval")
    threshold = ParameterFloat("MseThreshold", 6.0)
    processor = SKLearnProcessor(VERSION, role, **MACHINE, base_job_name="abalone", sagemaker_session=session)

    process = ProcessingStep(
        "AbaloneProcess",
        step_args=processor.run(
            code=str(HERE / "preprocess.py"),
            inputs=[ProcessingInput(data, "/opt/ml/processing/input")],
            outputs=[
                ProcessingOutput(output_name=part, source=f"/opt/ml/processing/{part}") for part in ("train", "test")
            ],
        ),
        cache_config=CACHE,
    )
    outputs = process.properties.ProcessingOutputConfig.Outputs
    estimator = SKLearn(
        "train.py", VERSION, source_dir=str(HERE), role=role, hyperparameters={"alpha": 0.1}, **MACHINE,
        sagemaker_session=session,
    )  # fmt: skip
    train = TrainingStep(
        "AbaloneTrain",
        step_args=estimator.fit({"train": TrainingInput(outputs["train"].S3Output.S3Uri)}),
        cache_config=CACHE,
    )
    artifacts = train.properties.ModelArtifacts.S3ModelArtifacts

    report = PropertyFile("EvaluationReport", "evaluation", "evaluation.json")
    evaluate = ProcessingStep(
        "AbaloneEval",
        step_args=processor.run(
            code=str(HERE / "evaluate.py"),
            inputs=[
                ProcessingInput(artifacts, "/opt/ml/processing/model"),
                ProcessingInput(outputs["test"].S3Output.S3Uri, "/opt/ml/processing/test"),
            ],
            outputs=[ProcessingOutput(output_name="evaluation", source="/opt/ml/processing/evaluation")],
        ),
        property_files=[report],
    )
    evaluation = evaluate.properties.ProcessingOutputConfig.Outputs["evaluation"].S3Output.S3Uri
    model = SKLearnModel(
        artifacts, role, "inference.py", framework_version=VERSION, source_dir=str(HERE), sagemaker_session=session
    )
    register = ModelStep(
        "AbaloneRegister",
        step_args=model.register(
            content_types=["text/csv"],
            response_types=["text/csv"],
            inference_instances=["ml.m5.large"],
            transform_instances=["ml.m5.large"],
            model_package_group_name=name,
            approval_status=approval,
            model_metrics=ModelMetrics(
                MetricsSource("application/json", Join(on="/", values=[evaluation, "evaluation.json"]))
            ),
        ),
    )
    mse = JsonGet(step_name=evaluate.name, property_file=report, json_path="regression_metrics.mse.value")
    check = ConditionStep(
        "AbaloneMSECond",
        conditions=[ConditionLessThanOrEqualTo(mse, threshold)],
        if_steps=[register],
        else_steps=[FailStep("AbaloneMSEFail", error_message=Join(on=" ", values=["MSE >", threshold]))],
    )
    return Pipeline(
        name, parameters=[data, approval, threshold], steps=[process, train, evaluate, check],
        sagemaker_session=session,
    )  # fmt: skip


def main() -> None:
    role = sagemaker.get_execution_role()
    pipeline = build(PipelineSession(), role)
    pipeline.upsert(role_arn=role)
    execution = pipeline.start()
    execution.wait(delay=5)
    for step in reversed(execution.list_steps()):
        print(step["StepName"], step["StepStatus"], "from the cache" if "CacheHitResult" in step else "")


if __name__ == "__main__":
    main()
