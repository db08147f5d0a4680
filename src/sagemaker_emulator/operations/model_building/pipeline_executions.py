"""Executions of pipelines and their steps."""

from __future__ import annotations

from sagemaker_emulator.operations.registry import Request, Response, listed, operation
from sagemaker_emulator.pipelines import descriptions
from sagemaker_emulator.resources.model_building.execution import Answer
from sagemaker_emulator.sagemaker import SageMaker
from sagemaker_emulator.storage.listing import sliced


@operation("StartPipelineExecution", waits=True)
def start_pipeline_execution(sagemaker: SageMaker, request: Request) -> Response:
    """Run the steps through the emulator's own services, Lambda and SQS, in parallel where they do not wait for each
    other, up to 50 at a time by default. Support parameters, versions and aliases, step caching, retry policies and
    selective execution. An execution continues after a restart; a Lambda function that was running then is not invoked
    again, and its step fails. When a step fails, no other begins.
    """
    return {"PipelineExecutionArn": sagemaker.pipeline_executions.start(request).arn}


@operation("StopPipelineExecution")
def stop_pipeline_execution(sagemaker: SageMaker, request: Request) -> Response:
    """Stop the jobs of the steps under way. As on AWS, the execution waits for a Lambda function, and for the answer to
    a callback, whose queue gets a message with the status Stopping.
    """
    return {"PipelineExecutionArn": sagemaker.pipeline_executions.stop(request["PipelineExecutionArn"]).arn}


@operation("RetryPipelineExecution")
def retry_pipeline_execution(sagemaker: SageMaker, request: Request) -> Response:
    """Run again the steps that failed or were stopped, and those after them. Results of other steps are kept."""
    return {"PipelineExecutionArn": sagemaker.pipeline_executions.retry(request).arn}


@operation("UpdatePipelineExecution")
def update_pipeline_execution(sagemaker: SageMaker, request: Request) -> Response:
    """Change the display name and the description; ParallelismConfiguration applies from the next step on."""
    return {"PipelineExecutionArn": sagemaker.pipeline_executions.update(request).arn}


@operation("DescribePipelineExecution")
def describe_pipeline_execution(sagemaker: SageMaker, request: Request) -> Response:
    """Show PipelineExperimentConfig, evaluated. Its experiment and trial are created when the first job begins."""
    executions = sagemaker.pipeline_executions
    execution = executions.get(request["PipelineExecutionArn"])
    return descriptions.describe_execution(
        execution, executions.version_of(execution), executions.experiment_of(execution)
    )


@operation("DescribePipelineDefinitionForExecution")
def describe_pipeline_definition_for_execution(sagemaker: SageMaker, request: Request) -> Response:
    execution = sagemaker.pipeline_executions.get(request["PipelineExecutionArn"])
    version = sagemaker.pipeline_executions.version_of(execution)
    return {"PipelineDefinition": version.definition, "CreationTime": execution.created}


@operation("ListPipelineExecutions")
def list_pipeline_executions(sagemaker: SageMaker, request: Request) -> Response:
    """Filter by time and by the alias of a version; sort and page."""
    pipeline = sagemaker.pipelines.get(request["PipelineName"])
    page = sagemaker.pipeline_executions.page_of(pipeline, request)
    summaries = [descriptions.summarize_execution(execution) for execution in page.resources]
    return listed("PipelineExecutionSummaries", summaries, page.next_token)


@operation("ListPipelineExecutionSteps")
def list_pipeline_execution_steps(sagemaker: SageMaker, request: Request) -> Response:
    """List the steps that have begun, the last one first unless the request says otherwise."""
    if "PipelineExecutionArn" not in request:
        return {"PipelineExecutionSteps": []}
    execution = sagemaker.pipeline_executions.get(request["PipelineExecutionArn"])
    page = sagemaker.pipeline_executions.records.page(execution.name, request)
    summaries = [descriptions.summarize_step(record) for record in page.resources]
    return listed("PipelineExecutionSteps", summaries, page.next_token)


@operation("ListPipelineParametersForExecution")
def list_pipeline_parameters_for_execution(sagemaker: SageMaker, request: Request) -> Response:
    """List all parameters, including those that have their default values."""
    execution = sagemaker.pipeline_executions.get(request["PipelineExecutionArn"])
    values = descriptions.list_parameters(sagemaker.pipeline_executions.parameters_of(execution))
    shown, token = sliced(values, request)
    return listed("PipelineParameters", list(shown), token)


@operation("SendPipelineExecutionStepSuccess")
def send_pipeline_execution_step_success(sagemaker: SageMaker, request: Request) -> Response:
    """Answer a callback step. The step fails if an output that it declares is missing or not of its type."""
    outputs = {one["Name"]: one["Value"] for one in request.get("OutputParameters", ())}
    record = sagemaker.pipeline_executions.answer(request["CallbackToken"], Answer(outputs))
    return {"PipelineExecutionArn": record.execution_arn}


@operation("SendPipelineExecutionStepFailure")
def send_pipeline_execution_step_failure(sagemaker: SageMaker, request: Request) -> Response:
    """Fail a callback step with a reason."""
    reason = request.get("FailureReason", "The callback step failed.")
    record = sagemaker.pipeline_executions.answer(request["CallbackToken"], Answer(failure_reason=reason))
    return {"PipelineExecutionArn": record.execution_arn}
