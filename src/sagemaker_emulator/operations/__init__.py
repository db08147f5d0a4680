"""The emulated operations. Each translates a request to a call of a service, and its result to the answer."""

from sagemaker_emulator.operations import (
    endpoint_configs,
    endpoints,
    experiments,
    invocations,
    lineage,
    model_building,
    model_packages,
    models,
    monitoring_alerts,
    monitoring_job_definitions,
    monitoring_schedules,
    processing_jobs,
    tags,
    training_jobs,
    transform_jobs,
    tuning_jobs,
)
from sagemaker_emulator.operations.registry import (
    METRICS_OPERATIONS,
    OPERATIONS,
    RUNTIME_OPERATIONS,
    WAITING_OPERATIONS,
)

__all__ = [
    "METRICS_OPERATIONS",
    "OPERATIONS",
    "RUNTIME_OPERATIONS",
    "WAITING_OPERATIONS",
    "endpoint_configs",
    "endpoints",
    "experiments",
    "invocations",
    "lineage",
    "model_building",
    "model_packages",
    "models",
    "monitoring_alerts",
    "monitoring_job_definitions",
    "monitoring_schedules",
    "processing_jobs",
    "tags",
    "training_jobs",
    "transform_jobs",
    "tuning_jobs",
]
