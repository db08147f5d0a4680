"""All settings, in the order of docs/settings.md."""

from collections.abc import Callable
from dataclasses import dataclass

from scones.errors import SettingsError
from scones.settings.parsers import (
    BUCKET,
    EMAIL,
    ENDPOINT_NAME,
    INSTANCE_TYPE,
    NAME,
    ROLE,
    SCHEDULE,
    boolean,
    names,
    pairs,
    path,
    percentage,
    positive,
    share,
    up_to_an_hour,
)
from scones.settings.project import PROJECT, results_folder


@dataclass(frozen=True)
class Setting:
    """One setting. Its option is --name, its environment variable NAME."""

    name: str
    parse: Callable[[str], object]
    default: str | None
    help: str

    @property
    def variable(self) -> str:
        return self.name.upper()

    def value(self, text: str, source: str) -> object:
        try:
            return self.parse(text)
        except ValueError as error:
            raise SettingsError(f"{source} is {text!r}: it must be {error}") from error


SETTINGS = (
    Setting("dataset", path, None, "Archive in CIFAR-100's format to use instead of downloading CIFAR-100."),
    Setting(
        "fallback_dataset",
        path,
        str(PROJECT / "data" / "sample.tar.gz"),
        "Archive to use when CIFAR-100 cannot be downloaded.",
    ),
    Setting(
        "bucket",
        BUCKET,
        None,
        "S3 bucket (default: scones-unlimited-<account>-<region>). `scones deploy` creates it if it is missing.",
    ),
    Setting("role", ROLE, None, "Execution role for SageMaker (default: the role in the stack)."),
    Setting("image_uri", str, None, "Image of the algorithm (default: AWS's built-in image-classification)."),
    Setting("training_instance_type", INSTANCE_TYPE, "ml.p3.2xlarge", "Instance type for training."),
    Setting("endpoint_instance_type", INSTANCE_TYPE, "ml.m5.xlarge", "Instance type for the endpoint."),
    Setting(
        "hyperparameters",
        pairs,
        "",
        "Hyperparameters in addition to those of the target, such as 'epochs=20 optimizer=adam'.",
    ),
    Setting(
        "endpoint_name",
        ENDPOINT_NAME,
        "scones-vehicles",
        "Name of the endpoint, and prefix of the names of jobs, models and endpoint configurations.",
    ),
    Setting("stack", NAME, "scones-unlimited", "Name of the CloudFormation stack."),
    Setting("threshold", share, "0.93", "Lowest confidence at which the workflow accepts a prediction."),
    Setting(
        "classes",
        names,
        "bicycle,motorcycle",
        "CIFAR-100's fine labels to classify, in the order of the endpoint's answer.",
    ),
    Setting(
        "near_classes", names, "bicycle", "Classes that receive the orders nearby. The others receive the far orders."
    ),
    Setting("images", positive, "40", "How many test images `scones classify` sends."),
    Setting("concurrency", positive, "8", "How many executions run at the same time."),
    Setting(
        "tolerated_failure_percentage",
        percentage,
        "10",
        "Percentage of a batch's images that may fail before the whole batch fails.",
    ),
    Setting(
        "accuracy_at_least",
        share,
        "0.8",
        "Lowest accuracy on the test images, which are also the validation images, for a model to pass the gate.",
    ),
    Setting(
        "accuracy_tolerance", share, "0.02", "How much lower the accuracy may be than that of the model in service."
    ),
    Setting("latency_at_most_ms", positive, "1000", "Longest time for one answer in the pipeline's smoke test."),
    Setting(
        "canary_wait_s",
        up_to_an_hour,
        "300",
        "How many seconds alarms are watched after the pipeline has sent a tenth of the requests to the new model, and "
        "again after it has sent all.",
    ),
    Setting(
        "pipeline_on_new_data", boolean, "no", "Start the pipeline whenever a new train.lst arrives in the bucket."
    ),
    Setting(
        "monitor_schedule",
        SCHEDULE,
        "rate(1 hour)",
        "Schedule on which the monitor compares the last hour's traffic with the baseline, or off.",
    ),
    Setting("monitor_instance_type", INSTANCE_TYPE, "ml.m5.large", "Instance type of the monitor's jobs."),
    Setting("monitor_image", str, None, "Image of the monitor's jobs (default: AWS's public scikit-learn image)."),
    Setting("pipeline_on_drift", boolean, "no", "Start the pipeline when a drift or a fall in quality begins."),
    Setting("alarm_on_no_traffic", boolean, "no", "Raise an alarm when the endpoint has no invocation for an hour."),
    Setting("notification_email", EMAIL, None, "Email address for failures, reviews and alarms."),
    Setting("endpoint_scaling", boolean, "no", "Scale the endpoint's instances with its load."),
    Setting(
        "stack_shared_with",
        NAME,
        None,
        "Profile that uses the same stack and bucket in the same AWS: `scones destroy` keeps both for it.",
    ),
    Setting("confirm", boolean, "yes", "Show the costs and ask for consent before deploying or destroying."),
    Setting("yes", boolean, "no", "Do not ask for consent. CI needs this, because it has no terminal."),
    Setting("out", path, str(results_folder(PROJECT) / "report"), "Folder of the report."),
)
BY_NAME = {setting.name: setting for setting in SETTINGS}
