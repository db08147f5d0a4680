"""Start training jobs through the SageMaker Python SDK's Estimator.

Importing the SDK takes seconds: import this module only when it is needed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from scones.sagemaker_sdk import quiet

with quiet():
    import sagemaker.utils
    from sagemaker import image_uris
    from sagemaker.estimator import Estimator
    from sagemaker.inputs import TrainingInput
    from sagemaker.session import Session

CONTENT_TYPE = "application/x-image"

# The session has validated its configuration. The SDK would do so again at each of the 22 look-ups that start a job,
# together with the schema itself, which takes two seconds.
sagemaker.utils.validate_sagemaker_config = lambda sagemaker_config=None: None


@dataclass(frozen=True)
class TrainingJobRequest:
    """What to train. channels: S3 prefix by channel name."""

    name: str
    image_uri: str
    role: str
    bucket: str
    instance_type: str
    hyperparameters: Mapping[str, str]
    channels: Mapping[str, str]
    max_run_s: int
    tags: tuple[dict[str, str], ...] = ()


def built_in_image_uri(region: str) -> str:
    """Return the URI of AWS's image-classification algorithm."""
    return str(image_uris.retrieve("image-classification", region))


def start_training_job(request: TrainingJobRequest, session: Session) -> None:
    with quiet():
        estimator = Estimator(
            image_uri=request.image_uri,
            role=request.role,
            instance_count=1,
            instance_type=request.instance_type,
            output_path=f"s3://{request.bucket}/models",
            max_run=request.max_run_s,
            hyperparameters=dict(request.hyperparameters),
            sagemaker_session=session,
            tags=list(request.tags),
            disable_profiler=True,
        )
        inputs = {
            name: TrainingInput(uri, content_type=CONTENT_TYPE, s3_data_type="S3Prefix")
            for name, uri in request.channels.items()
        }
        estimator.fit(inputs, job_name=request.name, wait=False)
