"""The input of the pipeline's state machine, from the settings.

`scones pipeline` starts the pipeline with it. `scones deploy` puts it into the stack, for the rule that starts the
pipeline on new data.
"""

from typing import Any

from scones.context import Context


def pipeline_input(context: Context) -> dict[str, Any]:
    """Return the input.

    Raises:
        SettingsError: Step Functions cannot start jobs on the back end in use.
    """
    settings = context.settings
    context.sagemaker.require_pipelines()
    return {
        "image": settings.image_uri or _built_in_image_uri(context.region),
        "training_instance_type": settings.training_instance_type,
        "endpoint_instance_type": settings.endpoint_instance_type,
        "hyperparameters": dict(settings.hyperparameters),
        "gate": {"accuracy_at_least": settings.accuracy_at_least, "tolerance": settings.accuracy_tolerance},
        "latency_at_most_ms": settings.latency_at_most_ms,
        "canary_wait_s": settings.canary_wait_s,
    }


def _built_in_image_uri(region: str) -> str:
    # Importing the SDK takes seconds.
    from scones.training import estimator

    return estimator.built_in_image_uri(region)
