"""Operations of SageMaker Pipelines, which AWS also calls Model Building Pipelines."""

from sagemaker_emulator.operations.model_building import pipeline_executions, pipelines

__all__ = ["pipeline_executions", "pipelines"]
