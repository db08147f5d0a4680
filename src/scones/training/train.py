"""The command `scones train`: start a training job for the staged data, or follow the one that is running."""

from collections.abc import Callable

from botocore.exceptions import ClientError

from scones.aws_errors import message_of
from scones.context import Context
from scones.dataset import staged
from scones.dataset.manifests import SPLITS, Dataset
from scones.errors import SettingsError, TrainingError
from scones.polling import poll
from scones.settings import PROJECT_TAG
from scones.stack.outputs import sagemaker_role
from scones.training import training_job
from scones.training.following import MAX_RUN_S, completed
from scones.training.training_job import TrainingJob, hyperparameters

# IAM takes a while until all services know a new role.
ROLE_DELAY_S = 60


def train(context: Context) -> TrainingJob:
    dataset = staged.recorded(context.data_bucket)
    require_classes(context, dataset)
    job, name = latest(context, dataset)
    if job is not None and job.status == "Completed":
        context.console.done(f"Training job {job.name} is Completed already, for this data and these hyperparameters")
        return job
    if job is None:
        start(context, dataset, name)
        context.console.say(f"Started training job {name} on {context.settings.training_instance_type}")
    else:
        context.console.say(f"Training job {name} is already running: following it")
    return completed(context, name)


def trained(context: Context) -> TrainingJob:
    """Return the completed job for the staged data.

    Raises:
        TrainingError: there is none.
    """
    job, name = latest(context, staged.recorded(context.data_bucket))
    if job is None or job.status != "Completed":
        raise TrainingError(f"there is no completed training job {name}: run `scones train` first")
    return job


def latest(context: Context, dataset: Dataset) -> tuple[TrainingJob | None, str]:
    bucket = context.data_bucket
    base = training_job.base_name(context.settings, bucket.name, dataset)
    return training_job.latest(context.client("sagemaker"), bucket, base)


def require_classes(context: Context, dataset: Dataset) -> None:
    if dataset.classes != context.settings.classes:
        staged_classes, chosen = (",".join(names) for names in (dataset.classes, context.settings.classes))
        raise SettingsError(
            f"s3://{context.data_bucket.name} holds {staged_classes}, but CLASSES is {chosen}: "
            "run `scones stage`, or set CLASSES"
        )


def channels(bucket: str) -> dict[str, str]:
    """Return the S3 prefix of each channel. The algorithm's validation images are the test images."""
    root = f"s3://{bucket}"
    return {
        "train": f"{root}/train/",
        "validation": f"{root}/test/",
        "train_lst": f"{root}/train.lst",
        "validation_lst": f"{root}/test.lst",
    }


def start(context: Context, dataset: Dataset, name: str) -> None:
    settings, bucket = context.settings, context.data_bucket
    for split in SPLITS:
        staged.require_images(bucket, split)
    role = sagemaker_role(context)
    context.console.say("Loading the SageMaker SDK")
    # Importing the SDK takes seconds, and only starting a job needs it.
    from scones.training import estimator

    request = estimator.TrainingJobRequest(
        name=name,
        image_uri=settings.image_uri or estimator.built_in_image_uri(context.region),
        role=role,
        bucket=bucket.name,
        instance_type=settings.training_instance_type,
        hyperparameters=hyperparameters(settings, dataset),
        channels=channels(bucket.name),
        max_run_s=MAX_RUN_S,
        tags=(PROJECT_TAG,),
    )
    session = context.sagemaker.sdk_session()
    retry_until_role_is_known(lambda: estimator.start_training_job(request, session))


def retry_until_role_is_known(
    start: Callable[[], None], timeout_s: float = ROLE_DELAY_S, interval_s: float = 5
) -> None:
    """Call start again while AWS cannot assume the role, which may be new."""
    refusal: ClientError | None = None
    for _ in poll(timeout_s, interval_s):
        try:
            return start()
        except ClientError as error:
            if "assume" not in message_of(error).lower():
                raise
            refusal = error
    raise refusal or TrainingError(f"no training job could be started within {timeout_s} s")
