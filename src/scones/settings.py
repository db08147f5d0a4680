"""The settings of a command, read once.

Precedence: argument, environment variable, the target's section of targets.toml, default.
"""

import re
import shlex
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scones.errors import SettingsError

PROJECT = Path(__file__).resolve().parents[2]
# Installed as a package, PROJECT is a folder in the user's cache.
IS_CHECKOUT = (PROJECT / "pyproject.toml").is_file()
TRUE, FALSE = {"yes", "true", "1", "on"}, {"no", "false", "0", "off"}
HYPERPARAMETERS = {"image_shape": "3,32,32"}
# The SageMaker SDK's names for its local mode, which trains and serves in containers on this machine.
LOCAL_MODE_INSTANCE_TYPES = ("local", "local_gpu")
# The tag of everything that the application creates. `scones destroy` removes nothing without it.
HOUR_S = 3600

PROJECT_TAG = {"Key": "project", "Value": "scones-unlimited"}


def results_folder(project: Path) -> Path:
    """Return `out` in the checkout. Installed as a package: in the folder in which the command runs."""
    return (project if IS_CHECKOUT else Path.cwd()) / "out"


def targets_file() -> Path:
    """Return the kit's `targets.toml`. Where the kit was installed as a package, one in this folder takes its place."""
    own = Path.cwd() / "targets.toml"
    return own if not IS_CHECKOUT and own.is_file() else PROJECT / "targets.toml"


@dataclass(frozen=True)
class Settings:
    target: str
    dataset: Path | None
    fallback_dataset: Path
    bucket: str | None
    role: str | None
    image_uri: str | None
    training_instance_type: str
    endpoint_instance_type: str
    hyperparameters: Mapping[str, str]
    endpoint_name: str
    stack: str
    threshold: float
    classes: tuple[str, ...]
    near_classes: tuple[str, ...]
    images: int
    concurrency: int
    tolerated_failure_percentage: float
    accuracy_at_least: float
    accuracy_tolerance: float
    latency_at_most_ms: int
    canary_wait_s: int
    pipeline_on_new_data: bool
    monitor_schedule: str
    monitor_instance_type: str
    monitor_image: str | None
    pipeline_on_drift: bool
    alarm_on_no_traffic: bool
    notification_email: str | None
    endpoint_scaling: bool
    stack_shared_with: str | None
    confirm: bool
    yes: bool
    out: Path
    project: Path = PROJECT

    @property
    def downloads(self) -> Path:
        return self.project / "data"

    @property
    def staged(self) -> Path:
        return results_folder(self.project) / "staged"


def positive(text: str) -> int:
    if not re.fullmatch(r"[0-9]+", text) or int(text) < 1:
        raise ValueError("a whole number of at least 1")
    return int(text)


def up_to_an_hour(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", text) or int(text) > HOUR_S:
        raise ValueError(f"a whole number of seconds from 0 to {HOUR_S}")
    return int(text)


def boolean(text: str) -> bool:
    """Parse yes or no, in the spellings of TOML, make and people."""
    if (word := text.lower()) not in TRUE | FALSE:
        raise ValueError("yes or no")
    return word in TRUE


def share(text: str) -> float:
    if not re.fullmatch(r"[0-9]+\.?[0-9]*|\.[0-9]+", text) or not 0 <= float(text) <= 1:
        raise ValueError("a number from 0 to 1")
    return float(text)


def percentage(text: str) -> float:
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) or float(text) > 100:
        raise ValueError("a number from 0 to 100")
    return float(text)


def names(text: str) -> tuple[str, ...]:
    """Parse `bicycle,motorcycle`: fine labels in CIFAR-100's spelling."""
    labels = tuple(name.strip() for name in text.split(","))
    if not all(re.fullmatch(r"[a-z][a-z_]*", label) for label in labels) or len(set(labels)) < len(labels):
        raise ValueError("CIFAR-100's fine labels, each once, such as bicycle,motorcycle,pickup_truck")
    return labels


def matching(pattern: str, meaning: str) -> Callable[[str], str]:
    """Return a parser for text that matches the pattern. The meaning describes it in the error."""

    def parse(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(meaning)
        return text

    return parse


def path(text: str) -> Path:
    try:
        return Path(text).expanduser().resolve()
    except RuntimeError as error:
        raise ValueError("a path; the user after its ~ does not exist") from error


PAIRS = "pairs such as 'epochs=20 optimizer=adam'"


def pairs(text: str) -> Mapping[str, str]:
    """Parse `epochs=20 optimizer=adam`."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ValueError(f"{PAIRS} ({error})") from error
    if any(not re.fullmatch(r"\w+=.+", word) for word in words):
        raise ValueError(PAIRS)
    return dict(word.split("=", 1) for word in words)


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


INSTANCE_TYPE = matching(
    rf"ml\.[a-z0-9-]+\.[a-z0-9]+|{'|'.join(LOCAL_MODE_INSTANCE_TYPES)}",
    "an instance type such as ml.m5.xlarge, or local for the SageMaker SDK's local mode",
)
NAME = matching(r"[a-zA-Z][-a-zA-Z0-9]{0,62}", "letters, digits and hyphens, beginning with a letter, at most 63")
BUCKET = matching(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "a bucket's name: 3 to 63 of a-z, 0-9, dot and hyphen")
ENDPOINT_NAME = matching(r"[a-z0-9](-*[a-z0-9]){0,39}", "lower-case letters, digits and inner hyphens, at most 40")
SCHEDULE = matching(
    r"off|rate\([1-9][0-9]* (minutes?|hours?|days?)\)|cron\([^()]+\)",
    "off, or a schedule of EventBridge such as rate(1 hour) or cron(0 6 * * ? *)",
)
EMAIL = matching(r"[^@\s]+@[^@\s]+\.[^@\s]+", "an e-mail address")
ROLE = matching(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/.+", "a role's ARN, arn:aws:iam::<account>:role/<name>")

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


def target_section(file: Path, target: str) -> Mapping[str, object]:
    """Return the target's section of the file, or `[default]` if it has none."""
    if not file.is_file():
        return {}
    try:
        sections = tomllib.loads(file.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} is not TOML: {error}") from error
    name = target if target in sections else "default"
    section = sections.get(name, {})
    if not isinstance(section, dict):
        raise SettingsError(f"{file}: {name} is {section!r}: it must be a section [{name}]")
    if unknown := sorted(set(section) - set(BY_NAME)):
        raise SettingsError(
            f"{file}: [{name}] has {unknown[0]!r}, which is not a setting; the settings are {', '.join(BY_NAME)}"
        )
    return section


def _file_hyperparameters(section: Mapping[str, object], file: Path) -> dict[str, str]:
    table = section.get("hyperparameters", {})
    if not isinstance(table, dict):
        raise SettingsError(f"{file}: hyperparameters is {table!r}: it must be a table of name = value")
    return {name: str(value) for name, value in table.items()}


def check_classes(loaded: Settings) -> None:
    if len(loaded.classes) < 2:
        raise SettingsError(f"CLASSES is {','.join(loaded.classes)!r}: it must name at least two classes")
    if unknown := [name for name in loaded.near_classes if name not in loaded.classes]:
        raise SettingsError(
            f"NEAR_CLASSES has {unknown[0]!r}, which is not among CLASSES ({','.join(loaded.classes)}): set both"
        )


def load(arguments: Mapping[str, str], environ: Mapping[str, str], target: str, file: Path) -> Settings:
    """Return the settings for a target, which is the name of an AWS profile.

    Raises:
        SettingsError: a value is invalid; names the argument, variable or file that it came from.
    """
    section = target_section(file, target)

    def resolved(setting: Setting) -> object:
        if (text := arguments.get(setting.name)) is not None:
            return setting.value(text, f"--{setting.name.replace('_', '-')}")
        if text := environ.get(setting.variable):
            return setting.value(text, setting.variable)
        if setting.name in section and setting.name != "hyperparameters":
            return setting.value(str(section[setting.name]), f"{setting.name} in {file}")
        return None if setting.default is None else setting.value(setting.default, setting.variable)

    values: dict[str, Any] = {setting.name: resolved(setting) for setting in SETTINGS}
    values["hyperparameters"] = HYPERPARAMETERS | _file_hyperparameters(section, file) | values["hyperparameters"]
    loaded = Settings(target=target, **values)
    check_classes(loaded)
    return loaded
